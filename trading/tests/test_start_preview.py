"""What the dialogue before a start says of a strategy's bot is what its first look does."""

from datetime import timedelta
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest
from django.utils import timezone

from bots.models import Bot
from bots.preview.whole import bot_preview
from bots.services import bot_create, bot_start
from bots.start_preview import start_preview
from bots.tests.factories import make_user
from bots.tests.page_client import page_of
from exchanges.tests.series import START, candle_dir, replay_account, stored_pair  # noqa: F401
from trading.engine import run_tick
from trading.models import Order, Trade
from trading.tests.replays import bot_data

pytestmark = pytest.mark.django_db(transaction=True, databases=["default", "paper"])

DECIDED = """
from typing import Annotated, NamedTuple

from trading.strategies import FLAT, LONG_SPREAD, NONE, OPEN, Decision, Param, Strategy


class Decided(Strategy):
    name = "decided"
    title = "Decided"
    markets = {markets}
    reads = ()

    class Parameters(NamedTuple):
        does: Annotated[int, Param("Does", choices=("waits", "opens", "fails"))] = 0

    @staticmethod
    def decide(params, config, state, quote, features):
        if params.does == 2 and quote.p1 > 0 and quote.bid1 < quote.ask1:
            raise ZeroDivisionError("no signal today")
        opens = params.does == 1 and state.side == FLAT
        return Decision(OPEN if opens else NONE, LONG_SPREAD if opens else FLAT, 0.0)
"""


@pytest.fixture
def make(stored_pair: Any, tmp_path: Path, settings: Any) -> Any:  # noqa: F811
    settings.STRATEGY_DIR = tmp_path / "strategies"
    settings.STRATEGY_DIR.mkdir()

    def made(does: str, *, markets: int = 1, **fields: Any) -> Bot:
        (settings.STRATEGY_DIR / "decided.py").write_text(DECIDED.format(markets=markets))
        user = make_user()
        account = replay_account(user, start=START + 200 * timedelta(minutes=5))
        given = {"strategy": "decided", "strategy_params": {"does": does}} | fields
        if markets == 1:
            given["market2_symbol"] = ""
        return bot_create(actor=user, data=bot_data(account, **given), now=timezone.now())

    return made


def preview(bot: Bot) -> dict[str, Any]:
    return start_preview(bot=Bot.objects.get(pk=bot.pk), now=timezone.now())


def first_look(bot: Bot) -> None:
    bot_start(actor=bot.owner, bot=bot, now=timezone.now())
    assert run_tick(bot.pk, timezone.now())


def dialogue(bot: Bot) -> str:
    return str(page_of(bot.owner, f"/bots/{bot.pk}/confirm/start"))


@pytest.mark.parametrize("markets", [1, 2])
def test_it_says_what_the_first_look_orders(make: Any, markets: int) -> None:
    bot = make("opens", markets=markets)
    shown = preview(bot)
    assert (shown["problems"], shown["action"], shown["side"], shown["level"]) == ([], "open", 1, 1)
    assert shown["notional"] == "100"
    assert "Its strategy opens at once, by the candle that closed last:" in dialogue(bot)
    first_look(bot)
    orders = Order.objects.filter(bot=bot).order_by("leg")
    assert [(order.symbol, order.side) for order in orders] == [(leg["symbol"], leg["side"]) for leg in shown["legs"]]
    for order, leg in zip(orders, shown["legs"], strict=True):
        assert order.amount == pytest.approx(Decimal(leg["amount"]), rel=Decimal("0.02"))


def test_a_far_spread_opens_nothing_that_the_strategy_does_not(make: Any) -> None:
    bot = make("waits", markets=2)
    Bot.objects.filter(pk=bot.pk).update(reference_spread=-50)
    shown = preview(bot)
    assert (shown["action"], shown["legs"], shown["can_reset"]) == ("none", [], False)
    html = dialogue(bot)
    assert "Nothing is traded at once: its strategy waits." in html
    assert "from_here" not in html
    first_look(bot)
    assert not Trade.objects.filter(bot=bot).exists()


def test_a_candle_is_decided_on_once(make: Any) -> None:
    bot = make("waits")
    assert not preview(bot)["waits_for_close"]
    first_look(bot)
    shown = preview(bot)
    assert (shown["waits_for_close"], shown["action"]) == (True, "none")
    Bot.objects.filter(pk=bot.pk).update(status="paused")
    assert "it decides when the next candle closes" in dialogue(bot)


def test_a_venue_that_lags_behind_does_not_have_a_candle_decided_twice(make: Any) -> None:
    bot = make("waits")
    first_look(bot)
    decided = Bot.objects.get(pk=bot.pk).last_candle_at
    assert decided is not None
    Bot.objects.filter(pk=bot.pk).update(last_candle_at=decided + timedelta(minutes=5))
    assert preview(bot)["waits_for_close"]
    Bot.objects.filter(pk=bot.pk).update(last_candle_at=decided + timedelta(days=3))  # its tape was set back since
    assert not preview(bot)["waits_for_close"]


def test_a_strategy_that_fails_is_told_before_the_start(make: Any) -> None:
    bot = make("fails")
    shown = preview(bot)
    assert shown["action"] == "none"
    assert "no signal today" in shown["failed"]
    assert "Its strategy fails, so the bot would stop with an error: decided: decide fails" in dialogue(bot)


def test_its_order_is_as_large_as_its_sizing_says(make: Any) -> None:
    bot = make("opens", sizing={"mode": "equity", "capital": 2_000, "share": 4})
    shown = preview(bot)
    assert Decimal(shown["notional"]) == 80
    [leg] = shown["legs"]
    assert Decimal(leg["amount"]) * Decimal(leg["price"]) == pytest.approx(Decimal(80), rel=Decimal("0.05"))


def test_legs_by_the_hedge_ratio_are_the_same_in_the_form_the_dialogue_and_the_orders(make: Any) -> None:
    params = {"window": 100, "entry": 0.5, "stop": 0, "legs": "hedge ratio"}
    bot = make("waits", markets=2, strategy="z_score", strategy_params=params)
    shown = preview(bot)
    assert (shown["problems"], shown["action"], shown["notional"]) == ([], "open", "100")
    values = [float(leg["amount"]) * float(leg["price"]) for leg in shown["legs"]]
    assert abs(values[1] / values[0] - 1) > 0.06  # further apart than equal legs might ever be
    assert sum(values) == pytest.approx(200, rel=0.02)
    data = bot_data(bot.exchange_account, strategy="z_score", strategy_params=params, timeframe=bot.timeframe)
    level = bot_preview(bot.owner, data, now=timezone.now())["levels"][0]
    assert level["refused"] == ""
    assert [level["amount1"], level["amount2"]] == [leg["amount"] for leg in shown["legs"]]
    first_look(bot)
    orders = Order.objects.filter(bot=bot).order_by("leg")
    assert [order.amount for order in orders] == [Decimal(leg["amount"]) for leg in shown["legs"]]
    assert not orders.exclude(purpose="open").exists()


def test_the_spread_strategy_on_candles_is_asked_about_the_last_one(make: Any) -> None:
    bot = make("waits", markets=2, strategy="spread", strategy_params={})
    Bot.objects.filter(pk=bot.pk).update(reference_spread=-50)
    shown = preview(bot)
    assert (shown["action"], shown["can_reset"], shown["by_spread"]) == ("open", True, True)
    first_look(bot)
    assert not preview(bot)["legs"] or preview(bot)["waits_for_close"]
