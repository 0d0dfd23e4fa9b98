"""Settings as they arrive: what is wrong is named beside its field, all at once, and nothing else ever happens."""

from datetime import UTC, datetime, timedelta
from decimal import Decimal
from typing import Any

import pytest
from django.core.exceptions import ValidationError
from hypothesis import HealthCheck, example, given, settings
from hypothesis import strategies as st

from accounts.models import User
from bots.models import Bot, BotStatus
from bots.settings.fields import READERS
from bots.settings.validation import clean_bot_data
from bots.tests.factories import (
    CHZ,
    GALA,
    SIX_LEVELS,
    bot_settings,
    ladder,
    make_bot,
    make_paper_account,
    make_user,
    make_viewer,
)
from exchanges.models import ExchangeAccount, PaperSource

pytestmark = pytest.mark.django_db(databases=["default", "paper"])

NOW = datetime(2026, 11, 20, tzinfo=UTC)


@pytest.fixture
def user() -> User:
    return make_user()


@pytest.fixture
def account(user: User) -> ExchangeAccount:
    return make_paper_account(user)


def errors_of(account: ExchangeAccount, *, bot: Bot | None = None, **fields: Any) -> dict[str, list[str]]:
    data = fields if bot else bot_settings(account, **fields)
    with pytest.raises(ValidationError) as caught:
        clean_bot_data(account.owner, data, bot=bot, now=NOW)
    return caught.value.message_dict


def codes_of(account: ExchangeAccount, **fields: Any) -> dict[str, list[str | None]]:
    with pytest.raises(ValidationError) as caught:
        clean_bot_data(account.owner, bot_settings(account, **fields), now=NOW)
    return {name: [error.code for error in errors] for name, errors in caught.value.error_dict.items()}


def test_a_good_bot_comes_back_whole(account: ExchangeAccount) -> None:
    clean = clean_bot_data(account.owner, bot_settings(account, leverage="5", profit_ratio="0.8"), now=NOW)
    assert clean["market1_symbol"] == GALA
    assert clean["exchange_account"] == account
    assert clean["exchange_account2"] is None
    assert clean["start_time"] == datetime(2025, 2, 11, 21, tzinfo=UTC)
    assert (clean["investment_per_order"], clean["max_position_value"]) == (Decimal(100), Decimal(2040))
    assert (clean["leverage"], clean["profit_ratio"], clean["max_dca_times"]) == (5, Decimal("0.8"), 6)
    assert clean["market1_start_price"] > 0
    assert clean["market2_start_price"] > 0
    assert clean["pause_after_close"] is True
    Bot(owner=account.owner, **clean).full_clean(exclude=["strategy_params"])


def test_numbers_come_as_text_or_number_and_times_as_text_or_milliseconds(account: ExchangeAccount) -> None:
    as_text = bot_settings(account, investment_per_order=" 100.50 ", max_dca_times="6", start_time="2025-02-11 21:00")
    as_numbers = bot_settings(account, investment_per_order=100.5, max_dca_times=6.0, start_time=1739307600000)
    first, second = (clean_bot_data(account.owner, data, now=NOW) for data in (as_text, as_numbers))
    assert first == second


def test_every_mistake_is_named_at_once(account: ExchangeAccount) -> None:
    found = errors_of(
        account,
        bot_name=" ",
        market1_symbol="NOSUCHCOIN/USDT",
        investment_per_order=-1,
        max_dca_times=21,
        dca_config=ladder((0, 1), (1, -1)),
        leverage=7,
        start_time="yesterday",
        tick_interval=0,
        strategy="moon",
    )
    assert set(found) == {
        "bot_name",
        "market1_symbol",
        "investment_per_order",
        "max_dca_times",
        "dca_config",
        "leverage",
        "start_time",
        "tick_interval",
        "strategy",
    }
    assert found["dca_config"] == [
        "Level 1: the step must be above 0 and at most 1,000 percentage points.",
        "Level 2: the multiplier must be above 0 and at most 100.",
    ]


def test_everything_that_is_needed_is_asked_for(user: User) -> None:
    with pytest.raises(ValidationError) as caught:
        clean_bot_data(user, {}, now=NOW)
    assert set(caught.value.message_dict) == {
        "bot_name",
        "exchange_account",
        "market1_symbol",
        "market2_symbol",
        "start_time",
        "investment_per_order",
        "max_position_value",
        "dca_config",
    }


@pytest.mark.parametrize("field", ["investment_per_order", "max_position_value", "max_slippage", "max_imbalance"])
@pytest.mark.parametrize(
    "value", [0, -1, "-0.5", "nan", "Infinity", "-inf", float("nan"), 1e300, "1e99", "abc", True, [], {}, "1,5"]
)
def test_no_amount_that_is_not_above_zero_and_sane(account: ExchangeAccount, field: str, value: Any) -> None:
    assert field in errors_of(account, **{field: value})


@pytest.mark.parametrize("levels", [0, 21, -1, 1.5, "six", True, 10**400])
def test_levels_are_1_to_20(account: ExchangeAccount, levels: Any) -> None:
    assert errors_of(account, max_dca_times=levels).keys() >= {"max_dca_times"}


def test_ladder_rows(account: ExchangeAccount) -> None:
    assert codes_of(account, max_dca_times=7)["dca_config"] == ["ladder_short"]
    assert codes_of(account, dca_config=[])["dca_config"] == ["ladder"]
    assert codes_of(account, dca_config="rows")["dca_config"] == ["ladder"]
    assert codes_of(account, dca_config=ladder(*[(1, 1)] * 21))["dca_config"] == ["ladder_length"]
    wrong_numbers = [{"times": 2, "spread": 1, "multiplier": 1}, {"times": 1, "spread": 1, "multiplier": 1}]
    assert codes_of(account, max_dca_times=2, dca_config=wrong_numbers)["dca_config"] == ["ladder_times"] * 2
    strange = [None, {"spread": "x", "multiplier": float("inf")}]
    assert codes_of(account, max_dca_times=2, dca_config=strange)["dca_config"] == [
        "ladder_row",
        "ladder_spread",
        "ladder_multiplier",
    ]
    more_rows_than_levels = clean_bot_data(account.owner, bot_settings(account, max_dca_times=2), now=NOW)
    assert len(more_rows_than_levels["dca_config"]) == 6


def test_markets(account: ExchangeAccount) -> None:
    assert codes_of(account, market2_symbol="gala-usdt") == {"market2_symbol": ["same_market"]}
    assert codes_of(account, market2_symbol="BTC/USD") == {"market2_symbol": ["not_linear"]}
    assert codes_of(account, market2_symbol="BTC/USDT:BTC") == {"market2_symbol": ["not_linear"]}
    assert codes_of(account, market2_symbol="BTC/USDC") == {"market2_symbol": ["unknown_symbol", "settle"]}
    assert codes_of(account, market1_symbol="<script>") == {"market1_symbol": ["symbol"]}
    assert codes_of(account, market1_symbol=7) == {"market1_symbol": ["symbol"]}
    assert codes_of(account, market1_symbol="\x00") == {"market1_symbol": ["symbol"]}


def test_accounts(account: ExchangeAccount) -> None:
    others = make_paper_account()
    for unknown in (others.pk, 10**30, -1, 0, "1 or 1", True, [1], "９", str(10**40)):
        assert codes_of(account, exchange_account=unknown)["exchange_account"] == ["unknown_account"]
    assert codes_of(account, exchange_account2=others.pk)["exchange_account2"] == ["unknown_account"]
    off = make_paper_account(account.owner, is_active=False)
    assert codes_of(account, exchange_account=off.pk)["exchange_account"] == ["inactive_account"]


def test_a_pair_over_two_accounts(account: ExchangeAccount) -> None:
    same_venue = make_paper_account(account.owner)
    other_venue = make_paper_account(account.owner, paper_venue="okx")
    replay = make_paper_account(account.owner, paper_source=PaperSource.REPLAY)
    one_coin = {"market2_symbol": GALA}
    assert codes_of(account, exchange_account2=same_venue.pk, **one_coin) == {"market2_symbol": ["same_market"]}
    clean = clean_bot_data(account.owner, bot_settings(account, exchange_account2=other_venue.pk, **one_coin), now=NOW)
    assert clean["exchange_account2"] == other_venue
    assert codes_of(account, exchange_account2=replay.pk)["exchange_account2"] == ["mixed_replay"]
    clean = clean_bot_data(account.owner, bot_settings(account, exchange_account2=account.pk), now=NOW)
    assert clean["exchange_account2"] is None


def test_start_time(account: ExchangeAccount) -> None:
    future = datetime.now(UTC) + timedelta(days=1)
    assert codes_of(account, start_time=future.isoformat()) == {"start_time": ["future"]}
    assert errors_of(account, start_time="2019-12-31T00:00Z").keys() == {"start_time"}
    far = ("0001-01-01T00:00+14:00", "9999-12-31T23:59-14:00")
    strange: list[Any] = ["", "2025-13-45", 10**30, -5, True, [], *far]
    for nonsense in strange:
        assert errors_of(account, start_time=nonsense).keys() == {"start_time"}


def test_leverage(account: ExchangeAccount) -> None:
    for not_offered in (0, 4, 50, "10x", -1):
        assert errors_of(account, leverage=not_offered).keys() == {"leverage"}


def test_cap_below_the_first_order_is_refused_below_the_ladder_allowed(account: ExchangeAccount) -> None:
    assert codes_of(account, max_position_value="199.99") == {"max_position_value": ["cap"]}
    assert clean_bot_data(account.owner, bot_settings(account, max_position_value=200), now=NOW)


@pytest.mark.parametrize("ratio", [0, "-0.5"])
def test_take_profit_of_zero_or_less_needs_a_position_and_the_pause(account: ExchangeAccount, ratio: Any) -> None:
    assert codes_of(account, profit_ratio=ratio) == {"profit_ratio": ["get_me_out_flat"]}
    holding: dict[str, Any] = {"account": account, "level": 1, "side": 1, "status": BotStatus.PAUSED}
    bot = make_bot(**holding)
    assert clean_bot_data(account.owner, {"profit_ratio": ratio}, bot=bot, now=NOW) == {"profit_ratio": Decimal(ratio)}
    endless = make_bot(**holding, pause_after_close=False)
    assert errors_of(account, bot=endless, profit_ratio=ratio).keys() == {"profit_ratio"}


def test_stop_loss_may_be_off_but_not_negative(account: ExchangeAccount) -> None:
    assert clean_bot_data(account.owner, bot_settings(account, stop_loss_ratio=0), now=NOW)["stop_loss_ratio"] == 0
    assert errors_of(account, stop_loss_ratio="-1").keys() == {"stop_loss_ratio"}


def test_names(account: ExchangeAccount) -> None:
    assert (
        clean_bot_data(account.owner, bot_settings(account, bot_name="  机器人 №1 "), now=NOW)["bot_name"]
        == "机器人 №1"
    )
    for name in ("", " ", "x" * 81, "a\x00b", "two\nlines", "\ud800", 5):
        assert errors_of(account, bot_name=name).keys() == {"bot_name"}


def test_viewers_and_strange_bodies_are_refused(account: ExchangeAccount) -> None:
    viewer = make_viewer()
    with pytest.raises(ValidationError) as caught:
        clean_bot_data(viewer, bot_settings(make_paper_account(viewer)), now=NOW)
    assert [error.code for error in caught.value.error_dict["__all__"]] == ["viewer"]
    bodies: list[Any] = [None, [], "text", 5]
    for body in bodies:
        with pytest.raises(ValidationError):
            clean_bot_data(account.owner, body, now=NOW)


def test_nothing_changes_without_a_change(account: ExchangeAccount) -> None:
    bot = make_bot(account=account)
    assert clean_bot_data(account.owner, {}, bot=bot, now=NOW) == {}
    assert clean_bot_data(account.owner, {"bot_name": bot.bot_name, "leverage": "10"}, bot=bot, now=NOW) == {}


def test_a_new_start_time_or_pair_brings_new_start_prices(account: ExchangeAccount) -> None:
    bot = make_bot(account=account)
    for change in ({"start_time": "2025-03-01T00:00Z"}, {"market2_symbol": "BTC/USDT"}):
        clean = clean_bot_data(account.owner, change, bot=bot, now=NOW)
        assert clean.keys() == change.keys() | {"market1_start_price", "market2_start_price"}


def test_while_it_runs_only_name_and_interval_change(account: ExchangeAccount) -> None:
    bot = make_bot(account=account, status=BotStatus.RUNNING)
    anything = {"bot_name": "New", "tick_interval": 9}
    assert clean_bot_data(account.owner, anything, bot=bot, now=NOW) == anything
    found = errors_of(account, bot=bot, profit_ratio=2, leverage=5, max_slippage="0.7", start_time="2025-03-01T00:00Z")
    assert found.keys() == {"profit_ratio", "leverage", "max_slippage", "start_time"}


def test_in_position_only_exits_and_later_levels_change(account: ExchangeAccount) -> None:
    bot = make_bot(account=account, status=BotStatus.PAUSED, level=2, side=-1)
    later = [*SIX_LEVELS[:2], {"times": 3, "spread": 4.0, "multiplier": 1.0}]
    exits = {"profit_ratio": "2", "stop_loss_ratio": 0, "dca_config": later, "max_dca_times": 3, "freeze_exits": True}
    clean = clean_bot_data(account.owner, exits, bot=bot, now=NOW)
    assert clean.keys() == exits.keys()
    filled = [{"times": 1, "spread": 5.0, "multiplier": 1.0}, *SIX_LEVELS[1:]]
    assert errors_of(account, bot=bot, dca_config=filled).keys() == {"dca_config"}
    assert errors_of(account, bot=bot, max_dca_times=1).keys() == {"max_dca_times"}
    assert errors_of(account, bot=bot, market1_symbol="BTC-USDT", leverage=5).keys() == {"market1_symbol", "leverage"}


def test_a_bot_on_a_switched_off_account_can_still_be_renamed(account: ExchangeAccount) -> None:
    bot = make_bot(account=account)
    ExchangeAccount.objects.filter(pk=account.pk).update(is_active=False)
    assert clean_bot_data(account.owner, {"bot_name": "Old"}, bot=bot, now=NOW) == {"bot_name": "Old"}


JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text() | st.decimals(),
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(st.text(max_size=8), inner, max_size=4),
    max_leaves=6,
)
PLAUSIBLE = st.sampled_from(
    [
        GALA,
        CHZ,
        "BTC-USDT",
        "1",
        1,
        "0",
        -1,
        "1e400",
        1e308,
        "NaN",
        "2025-02-11T21:00Z",
        2**63,
        SIX_LEVELS,
        "",
        None,
        "on",
    ]
)
FIELDS = st.sampled_from([*READERS, "exchange_account", "exchange_account2", "dca_config"])


@settings(max_examples=300, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(data=JSON | st.dictionaries(FIELDS, JSON | PLAUSIBLE, max_size=12))
@example(data={"max_dca_times": 10**5000})
@example(data={"start_time": 2**43 - 1})
@example(data={"dca_config": [{"times": 10**5000, "spread": "9" * 64, "multiplier": "1_0"}]})
def test_whatever_comes_is_clean_or_refused(account: ExchangeAccount, data: Any) -> None:
    bodies = [data, bot_settings(account) | data] if isinstance(data, dict) else [data]
    for body in bodies:
        try:
            clean = clean_bot_data(account.owner, body, now=NOW)
        except ValidationError:
            continue
        Bot(owner=account.owner, **clean).full_clean(exclude=["strategy_params"])
