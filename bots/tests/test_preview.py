"""What the form shows before a bot exists."""

import json
from datetime import UTC, datetime, timedelta
from typing import Any

import numpy as np
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from bots.claims import claims_take
from bots.downsample import downsample
from bots.models import AllowedSide, Bot, MarginMode, Opening, PnlBasis, ProfitMode
from bots.preview.whole import bot_preview
from bots.tests.factories import bot_settings, ladder, make_bot, make_paper_account, make_user
from exchanges import tape
from exchanges.models import ExchangeAccount
from exchanges.tests.series import candle_dir, replay_account, stored_pair  # noqa: F401

pytestmark = pytest.mark.django_db(databases=["default", "paper"])

NOW = datetime.now(UTC)


@pytest.fixture
def account() -> ExchangeAccount:
    return make_paper_account()


def shown(
    account: ExchangeAccount, *, range_name: str = "start", bot: Bot | None = None, **fields: Any
) -> dict[str, Any]:
    data = fields if bot else bot_settings(account, **fields)
    preview = bot_preview(account.owner, data, now=NOW, bot=bot, range_name=range_name)
    json.dumps(preview, allow_nan=False)
    return preview


def test_everything_of_a_good_bot(account: ExchangeAccount) -> None:
    preview = shown(account, range_name="7d")
    assert preview["errors"] == {}
    assert [market["name"] for market in preview["markets"]] == ["GALA/USDT", "CHZ/USDT"]
    for market in preview["markets"]:
        assert float(market["price"]) > 0
        assert float(market["minimum_order"]) > 0
        assert market["change_24h"] is not None
    assert preview["spread"]["range"]["timeframe"] == "5m"
    assert 2 <= len(preview["spread"]["t"]) == len(preview["spread"]["spread"]) <= 1000
    assert [level["level"] for level in preview["levels"]] == [1, 2, 3, 4, 5, 6]
    assert preview["totals"]["investment"] == preview["totals"]["cap_needed"] == "2040"
    assert preview["totals"]["margin"] == "204"
    assert preview["totals"]["worst_case"] == "-102"
    history = preview["history"]
    entries = [trade for trade in history["trades"] if trade["action"] in ("open", "add")]
    assert sum(history["reached"]) == len(entries)
    assert history["cycles"] == sum(trade["pnl"] is not None for trade in history["trades"])
    assert history["deepest_fall"] <= 0


def test_the_first_level_over_the_cap_is_named_with_its_cure(account: ExchangeAccount) -> None:
    preview = shown(account, max_position_value=2000)
    [warning] = [warning for warning in preview["warnings"] if warning["code"] == "cap"]
    assert warning["level"] == 6
    assert warning["field"] == "max_position_value"
    assert warning["message"] == "Level 6 stays closed: the whole ladder needs 2,040.00, the maximum is 2,000.00."
    assert warning["cure"] == {"field": "max_position_value", "value": "2040", "words": "Raise to 2,040.00"}
    assert [level["allowed"] for level in preview["levels"]] == [True] * 5 + [False]
    assert (preview["totals"]["levels"], preview["totals"]["investment"]) == (5, "1540")
    cured = shown(account, max_position_value=warning["cure"]["value"])
    assert not [warning for warning in cured["warnings"] if warning["code"] == "cap"]


def test_half_a_form_shows_what_it_can(account: ExchangeAccount) -> None:
    assert shown(account, market2_symbol="NOPE/USDT")["markets"] is None
    without_ladder = shown(account, dca_config=[])
    assert without_ladder["markets"] is not None
    assert without_ladder["levels"] == []
    assert without_ladder["errors"].keys() == {"dca_config"}
    unnamed = shown(account, bot_name="")
    assert unnamed["errors"].keys() == {"bot_name"}
    assert len(unnamed["levels"]) == 6
    nothing = bot_preview(account.owner, {}, now=NOW)
    assert nothing["markets"] is None
    assert "exchange_account" in nothing["errors"]


def test_warnings_before_the_start(account: ExchangeAccount) -> None:
    claims_take(make_bot(account=account, bot_name="The other"))
    preview = shown(
        account,
        investment_per_order=30_000,
        max_position_value=10**6,
        stop_loss_ratio=0,
        max_book_spread="0.0001",
        dca_config=ladder((0.0001, 1), (40, 1)),
        max_dca_times=2,
    )
    found = {warning["code"] for warning in preview["warnings"]}
    assert found >= {"margin", "liquidation", "book_wide", "at_once", "claimed"}
    assert "notional_min" in {warning["code"] for warning in shown(account, investment_per_order=1)["warnings"]}


def test_an_existing_bot_is_shown_with_its_own_settings(account: ExchangeAccount) -> None:
    bot = make_bot(account=account)
    preview = shown(account, bot=bot, investment_per_order=50)
    assert preview["errors"] == {}
    assert preview["levels"][0]["notional"] == "50"
    assert preview["markets"][0]["start_price"] == "0.035"


def test_nobody_sees_the_accounts_of_others(account: ExchangeAccount) -> None:
    preview = bot_preview(make_user(), bot_settings(account), now=NOW)
    assert preview["markets"] is None
    assert preview["errors"].keys() == {"exchange_account"}


@pytest.mark.usefixtures("stored_pair")
def test_a_replay_shows_its_own_time() -> None:
    account = replay_account(make_user())
    for index in range(300):
        tape.advance(account, expected_index=index)
    preview = bot_preview(account.owner, bot_settings(account, start_time="2025-01-01T00:00Z"), now=NOW)
    assert preview["errors"] == {}
    assert preview["spread"]["range"]["to"].startswith("2025-01-02")
    assert preview["spread"]["range"]["timeframe"] == "5m"


def test_the_range_is_what_was_asked_for(account: ExchangeAccount) -> None:
    for name, length in (("24h", timedelta(hours=24)), ("30d", timedelta(days=30))):
        window = shown(account, range_name=name)["spread"]["range"]
        begin, end = datetime.fromisoformat(window["from"]), datetime.fromisoformat(window["to"])
        assert end - begin == length


STEPS = st.floats(0.0001, 1000)
FACTORS = st.floats(0.0001, 100)


@settings(max_examples=60, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(
    rows=st.lists(st.tuples(STEPS, FACTORS), min_size=1, max_size=20),
    investment=st.sampled_from(["0.00000001", "0.01", "7.77", "100", "1000000000"]),
    cap=st.sampled_from(["0.00000001", "150", "1000000000"]),
    choices=st.fixed_dictionaries(
        {
            "opening": st.sampled_from(Opening.values),
            "allowed_side": st.sampled_from(AllowedSide.values),
            "profit_mode": st.sampled_from(ProfitMode.values),
            "margin_mode": st.sampled_from(MarginMode.values),
            "pnl_basis": st.sampled_from(PnlBasis.values),
            "stop_loss_ratio": st.sampled_from([0, 1, 1000]),
            "leverage": st.sampled_from([1, 20]),
        }
    ),
)
def test_whatever_the_ladder_the_preview_is_json(
    account: ExchangeAccount, rows: list[tuple[float, float]], investment: str, cap: str, choices: dict[str, Any]
) -> None:
    money: dict[str, Any] = {"investment_per_order": investment, "max_position_value": cap}
    preview = shown(account, range_name="24h", dca_config=ladder(*rows), max_dca_times=len(rows), **money, **choices)
    assert preview["errors"].keys() <= {"max_position_value"}
    assert len(preview["levels"]) in (0, len(rows))


@given(st.lists(st.floats(-100, 100), min_size=1, max_size=3000), st.integers(4, 200))
def test_downsampling_keeps_order_ends_and_extremes(values: list[float], most: int) -> None:
    line = np.array(values)
    kept = downsample(line, most)
    assert len(kept) <= max(most, 4)
    assert list(kept) == sorted(set(kept))
    assert (kept[0], kept[-1]) == (0, len(line) - 1)
    assert line[kept].min() == line.min()
    assert line[kept].max() == line.max()
