"""What a wish for a back-test must say, and what is said about everything that is wrong with it."""

from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from django.core.exceptions import ValidationError

from bots.models import Bot
from bots.tests.factories import CHZ, GALA, make_bot, make_paper_account, make_user
from exchanges.history import candles
from exchanges.models import PaperSource
from exchanges.tests.series import BARS, START, candle_dir, pair_of, store_pair, stored_pair  # noqa: F401
from trading.backtests.validation import clean_backtest_data
from trading.tests.backtests.made import END, PARAMETERS, wish

pytestmark = [pytest.mark.django_db, pytest.mark.usefixtures("stored_pair")]

LENGTH = timedelta(minutes=5)


def errors_of(data: Any, user: Any = None) -> dict[str, list[str]]:
    with pytest.raises(ValidationError) as caught:
        clean_backtest_data(user or make_user(), data)
    return dict(caught.value.message_dict)


def clean(user: Any = None, **fields: Any) -> dict[str, Any]:
    return clean_backtest_data(user or make_user(), wish(**fields))


def test_a_good_wish_becomes_the_row_s_columns():
    values = clean()
    assert values.pop("parameters") == PARAMETERS
    assert values == {
        "name": "GALA against CHZ",
        "strategy": "spread",
        "exchange": "binance",
        "market1_symbol": GALA,
        "market2_symbol": CHZ,
        "timeframe": "5m",
        "since": None,
        "until": None,
        "use_funding": True,
        "bot": None,
        "total": BARS,
    }


@pytest.mark.parametrize("spelling", ["GALA/USDT", "GALA-USDT", "gala/usdt:usdt", "GALA-USDT-SWAP"])
def test_markets_in_every_spelling(spelling):
    assert clean(market1_symbol=spelling)["market1_symbol"] == GALA


@pytest.mark.parametrize("data", [None, 1, "x", [], [{}]])
def test_what_is_no_object(data):
    with pytest.raises(ValidationError):
        clean_backtest_data(make_user(), data)


def test_everything_that_is_missing_is_named_at_once():
    assert set(errors_of({})) == {"exchange", "market1_symbol", "market2_symbol", "timeframe", "parameters"}


@pytest.mark.parametrize(
    ("field", "value"),
    [
        ("strategy", "no-such"),
        ("strategy", 1),
        ("exchange", "kraken"),
        ("market1_symbol", "GALA"),
        ("market1_symbol", 1),
        ("market1_symbol", "BTC/USD"),
        ("market2_symbol", "GALA-USDT"),
        ("timeframe", "7m"),
        ("since", "yesterday"),
        ("until", True),
        ("use_funding", "perhaps"),
        ("name", "x" * 81),
        ("name", "two\nlines"),
        ("bot", "one"),
        ("bot", -1),
        ("bot", 2**70),
        ("parameters", []),
        ("parameters", {1: 2}),
        ("untill", "2025-01-02"),
        ("kind", "search"),
        ("owner", 1),
    ],
)
def test_a_field_that_cannot_be_used_is_refused_under_its_name(field, value):
    assert set(errors_of(wish(**{field: value}))) == {field}


def test_markets_that_settle_in_two_currencies():
    store_pair(exchange="okx")
    assert "USDC" in errors_of(wish(market2_symbol="CHZ/USDC"))["market2_symbol"][0]


@pytest.mark.parametrize(
    ("field", "change"),
    [
        ("profit_ratio", {"profit_ratio": 0}),
        ("investment_per_order", {"investment_per_order": "much"}),
        ("dca_config", {"dca_config": []}),
        ("dca_config", {"dca_config": [{"spread": 1}]}),
        ("dca_config", {"max_dca_times": 9}),
        ("taker_fee", {"taker_fee": 1}),
        ("sweat", {"sweat": 1}),
    ],
)
def test_parameters_are_refused_under_their_own_names(field, change):
    assert set(errors_of(wish(parameters=PARAMETERS | change))) == {field}


def test_several_parameters_at_once():
    broken = PARAMETERS | {"profit_ratio": -1, "slippage_bps": "x"}
    assert set(errors_of(wish(parameters=broken, timeframe="x"))) == {"timeframe", "profit_ratio", "slippage_bps"}


def test_a_start_behind_the_last_bar():
    assert set(errors_of(wish(parameters=PARAMETERS | {"start_time": "2026-01-01T00:00Z"}))) == {"start_time"}
    assert clean(parameters=PARAMETERS | {"start_time": (END - LENGTH).isoformat()})


# --- what is stored --------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("offset", [timedelta(0), timedelta(minutes=2), LENGTH])
def test_the_whole_time_that_is_stored_can_be_asked_for(offset):
    values = clean(since=(START + offset).isoformat(), until=END.isoformat())
    assert values["since"] == START + offset
    assert values["total"] == BARS - (offset > timedelta(0))


def test_an_end_between_two_bars():
    assert clean(until=(START + 10 * LENGTH).isoformat())["total"] == 10
    assert clean(until=(START + 10 * LENGTH + timedelta(seconds=1)).isoformat())["total"] == 11


@pytest.mark.parametrize(
    ("fields", "refused"),
    [
        ({"since": START - LENGTH}, {"since"}),
        ({"until": END + timedelta(seconds=1)}, {"until"}),
        ({"since": START - LENGTH, "until": END + LENGTH}, {"since", "until"}),
        ({"since": END}, {"since"}),
        ({"until": START}, {"until"}),
        ({"since": END, "until": START}, {"until"}),
        ({"since": START, "until": START}, {"until"}),
        ({"since": START, "until": START + LENGTH}, {"until"}),
        ({"since": END - LENGTH}, {"since"}),
        ({"since": datetime(2000, 1, 1, tzinfo=UTC)}, {"since"}),
    ],
)
def test_times_that_cannot_be_run(fields, refused):
    data = wish(**{name: moment.isoformat() for name, moment in fields.items()})
    assert set(errors_of(data)) == refused


def test_a_time_that_is_not_stored_is_answered_with_what_is():
    sentence = errors_of(wish(since="2024-12-31T00:00Z"))["since"][0]
    assert "2025-01-01 00:00" in sentence
    assert "2025-01-03 02:00" in sentence
    assert "GALA/USDT" in sentence


def test_markets_that_are_not_stored():
    errors = errors_of(wish(market1_symbol="BTC/USDT", market2_symbol="ETH/USDT"))
    assert set(errors) == {"market1_symbol", "market2_symbol"}
    assert "BTC/USDT" in errors["market1_symbol"][0]
    assert "Binance" in errors["market1_symbol"][0]


def test_a_candle_length_that_is_not_stored_is_answered_with_those_that_are():
    assert "5m" in errors_of(wish(timeframe="1h"))["market1_symbol"][0]


def test_series_without_a_common_time():
    candles.save("okx", GALA, "5m", pair_of()[0])
    candles.save("okx", CHZ, "5m", pair_of(start=datetime(2025, 3, 1, tzinfo=UTC))[1])
    assert set(errors_of(wish(exchange="okx"))) == {"market2_symbol"}


# --- from a bot ------------------------------------------------------------------------------------------------------


@pytest.fixture
def bot() -> Bot:
    account = make_paper_account(paper_source=PaperSource.REPLAY)
    return make_bot(account=account, timeframe="5m", profit_ratio="0.8")


def test_a_bot_brings_its_own_settings(bot):
    values = clean_backtest_data(bot.owner, {"bot": bot.pk})
    assert (values["bot"], values["market1_symbol"], values["exchange"]) == (bot, GALA, "binance")
    assert values["parameters"]["profit_ratio"] == "0.8"
    assert values["parameters"]["dca_config"] == bot.dca_config
    assert (values["parameters"]["taker_fee"], values["parameters"]["lot_step1"]) == ("0.0005", "1")


def test_what_is_sent_counts_more_than_the_bot_s(bot):
    data = {"bot": str(bot.pk), "name": "Mine", "parameters": PARAMETERS}
    values = clean_backtest_data(bot.owner, data)
    assert (values["name"], values["parameters"], values["exchange"]) == ("Mine", PARAMETERS, "binance")


def test_a_bot_that_only_wants_out_keeps_the_usual_take_profit(bot):
    bot.profit_ratio = -1
    bot.save()
    assert "profit_ratio" not in clean_backtest_data(bot.owner, {"bot": bot.pk})["parameters"]


def test_somebody_elses_bot_does_not_exist(bot):
    with pytest.raises(Bot.DoesNotExist):
        clean_backtest_data(make_user(), wish(bot=bot.pk))


@pytest.mark.parametrize("empty", [None, ""])
def test_empty_values_count_as_not_sent(empty):
    values = clean(bot=empty, since=empty, until=empty, name=empty, strategy=empty)
    assert (values["bot"], values["since"], values["name"], values["strategy"]) == (None, None, "", "spread")
