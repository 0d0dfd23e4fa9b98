"""The bot form with another strategy than the spread: its fields from its schema, errors beside them, one market."""

from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest

from bots.models import Bot
from bots.strategies.registry import BUILT_IN
from bots.tests.factories import make_user
from bots.tests.page_client import client_of
from exchanges.tests.series import CHZ, GALA, START, candle_dir, replay_account, stored_pair  # noqa: F401

pytestmark = pytest.mark.django_db(transaction=True, databases=["default", "paper"])


@pytest.fixture
def page(stored_pair: Any) -> Any:  # noqa: F811
    user = make_user()
    page: Any = client_of(user)
    page.account = replay_account(user, start=START + 400 * timedelta(minutes=5))
    return page


def typed(page: Any, **values: Any) -> dict[str, Any]:
    return {
        "bot_name": "Mine",
        "exchange_account": page.account.pk,
        "market1_symbol": "GALA/USDT",
        "market2_symbol": "CHZ/USDT",
        "start_time": f"{START:%Y-%m-%dT%H:%M}",
        "investment_per_order": "100",
        "max_position_value": "2,000",
        "leverage": "10",
        "ladder_spread": ["1", "1"],
        "ladder_multiplier": ["1", "1.5"],
        "stop_loss_ratio": "10",
        "timeframe": "5m",
        "strategy": "spread",
    } | values


def post(page: Any, do: str, **values: Any) -> Any:
    return page.post("/bots/new", typed(page, do=do, **values))


def test_every_strategy_can_be_chosen(page: Any) -> None:
    html = page.get("/bots/new").content.decode()
    assert all(f'value="{strategy.name}"' in html for strategy in BUILT_IN)


def test_one_that_is_broken_is_named_with_its_reason(page: Any, settings: Any, tmp_path: Path) -> None:
    settings.STRATEGY_DIR = tmp_path
    (tmp_path / "bad.py").write_text("x = 1\n")
    for address in ("/bots/new", "/backtests/new"):
        html = page.get(address).content.decode()
        assert "The strategy bad cannot be used: bad.py: defines no strategy" in html
        assert str(tmp_path) not in html
        assert 'value="rsi"' in html


@pytest.mark.parametrize("strategy", [it for it in BUILT_IN if it.name != "spread"], ids=lambda it: it.name)
def test_its_parameters_are_fields(page: Any, strategy: Any) -> None:
    html = post(page, "strategy", strategy=strategy.name).content.decode()
    for name in strategy.Parameters._fields:
        assert f'name="strategy_params.{name}"' in html
    assert ('name="market2_symbol"' in html) == (strategy.markets == 2)
    assert html.count('name="ladder_multiplier"') == strategy.levels
    assert ('name="profit_ratio"' in html) == ("profit" in strategy.reads)


def test_what_is_wrong_stands_beside_its_field(page: Any) -> None:
    answer = post(page, "save", strategy="rsi", **{"strategy_params.window": "1", "strategy_params.lower": "x"})
    html = answer.content.decode()
    assert answer.status_code == 400
    assert not Bot.objects.exists()
    assert "Enter at least 2." in html.split('data-field="strategy_params.window"')[1].split("data-field")[0]
    assert "Enter a number." in html.split('data-field="strategy_params.lower"')[1].split("data-field")[0]


def test_a_bot_of_one_market_is_saved(page: Any) -> None:
    answer = post(page, "save", strategy="rsi", **{"strategy_params.window": "9", "strategy_params.lower": "25"})
    assert answer.status_code == 302
    bot = Bot.objects.get()
    assert (bot.strategy, bot.market1_symbol, bot.market2_symbol, bot.decide_on) == ("rsi", GALA, "", "candle_close")
    assert bot.strategy_params == {"window": 9, "lower": 25.0, "upper": 70.0, "exit": 50.0}
    assert bot.market2_start_price == 1
    again = page.get(f"/bots/{bot.pk}/edit").content.decode()
    assert 'name="strategy_params.window" value="9"' in again


def test_a_bot_of_two_markets_is_saved(page: Any) -> None:
    values = {"strategy_params.method": "Kalman", "strategy_params.window": "100"}
    values |= {"strategy_params.legs": "hedge ratio"}
    assert post(page, "save", strategy="z_score", **values).status_code == 302
    bot = Bot.objects.get()
    assert (bot.market2_symbol, bot.strategy_params["method"]) == (CHZ, "Kalman")
    assert bot.strategy_params["legs"] == "hedge ratio"


@pytest.mark.parametrize("name", ["rsi", "z_score"])
def test_it_shows_what_the_strategy_would_have_done(page: Any, name: str) -> None:
    windows = {"strategy_params.window": "20"}
    html = post(page, "check", strategy=name, range="24h", **windows).content.decode()
    assert "This strategy on the 24 hours shown" in html


@pytest.mark.parametrize("strategy", [it for it in BUILT_IN if it.markets == 1], ids=lambda it: it.name)
def test_its_page_shows_one_market(page: Any, strategy: Any) -> None:
    assert post(page, "save", strategy=strategy.name).status_code == 302
    bot = Bot.objects.get()
    for tab in ("", "?tab=orders", "?tab=settings", "?tab=statistics", "?tab=journal", "?tab=cycles"):
        answer = page.get(f"/bots/{bot.pk}/{tab}")
        assert answer.status_code == 200
        assert b"CHZ/USDT" not in answer.content
    assert page.get("/bots/").status_code == 200
    assert page.get("/").status_code == 200
    assert page.get(f"/bots/{bot.pk}/confirm/start").status_code == 200
    assert page.get(f"/api/v1/bots/{bot.pk}").json()["market2_symbol"] == ""
    assert page.get(f"/api/v1/bots/{bot.pk}/spread-history").status_code == 200


def test_the_size_of_orders_is_chosen_and_shown(page: Any) -> None:
    sizes = {"sizing.mode": "equity", "sizing.capital": "2,000", "sizing.share": "4"}
    html = post(page, "check", strategy="rsi", **sizes).content.decode()
    assert 'name="sizing.share" value="4"' in html
    assert 'name="sizing.target"' not in html
    assert "would open with 80.00 USDT a leg" in html
    assert post(page, "save", strategy="rsi", **sizes).status_code == 302
    bot = Bot.objects.get()
    assert (bot.sizing["mode"], bot.sizing["capital"], bot.sizing["share"]) == ("equity", 2000.0, 4.0)


def test_a_size_that_cannot_be_is_said_beside_its_field(page: Any) -> None:
    answer = post(page, "save", **{"sizing.mode": "equity", "sizing.share": "0"})
    assert answer.status_code == 400
    html = answer.content.decode()
    assert "must be above 0" in html.split('data-field="sizing.share"')[1].split("data-field")[0]
