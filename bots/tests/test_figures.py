"""Live figures and the sentence that says what a bot waits for."""

import json
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from string import Formatter
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bots.config import core_config
from bots.figures import live_figures
from bots.models import AllowedSide, Bot, BotStatus, DecideOn, ProfitMode
from bots.tests.factories import CHZ, GALA, bot_fields, market_rules
from bots.waiting import WAITING, waiting_sentence
from trading.core.pnl import net_pnl
from trading.core.types import Quote, State, flat_state, position_state, quote

AT = datetime(2025, 2, 5, 15, 30, tzinfo=UTC)
START = quote(0.035, 0.085)
CONTRACT = {
    "at",
    "spread",
    "change1",
    "change2",
    "price1",
    "price2",
    "level",
    "levels",
    "side",
    "cycle",
    "pnl",
    "pnl_pct",
    "legs_pnl",
    "fees",
    "invested",
    "exposure",
    "net_exposure",
    "margin",
    "cap",
    "next_order",
    "triggers",
    "waiting",
    "stale_s",
}


def moved(points: float) -> Quote:
    """Half of the way by each leg, and a book of 2 bp."""
    p1, p2 = 0.035 * (1 + points / 200), 0.085 * (1 - points / 200)
    return quote(p1, p2, p1 * 0.9999, p1 * 1.0001, p2 * 0.9999, p2 * 1.0001)


def short_at(points: float, level: int = 1, invested: float = 100.0) -> State:
    entry = moved(points)
    q1, q2 = -invested / entry.p1, invested / entry.p2
    cost = q1 * entry.bid1 + q2 * entry.ask2
    return position_state(
        level=level,
        side=-1,
        reference=points,
        first_spread=points,
        last_spread=points,
        invested=invested,
        q1=q1,
        q2=q2,
        cost=cost,
        fees=0.1,
        funding=0.02,
    )


def figures(state: State, now: Quote, **fields: Any) -> dict[str, Any]:
    bot = Bot(**bot_fields(**{"status": BotStatus.RUNNING, **fields}))
    return live_figures(bot, core_config(bot, market_rules(GALA), market_rules(CHZ)), state, now, AT, stale_s=1.25)


def test_flat() -> None:
    shown = figures(flat_state(), moved(0.56))
    assert shown.keys() >= CONTRACT
    assert shown["spread"] == pytest.approx(0.56)
    assert (shown["change1"], shown["change2"]) == pytest.approx((0.28, -0.28))
    assert (shown["level"], shown["levels"], shown["side"], shown["cycle"]) == (0, 6, 0, 1)
    assert (shown["pnl"], shown["pnl_pct"], shown["exposure"], shown["next_order"]) == ("0", None, "0", "100")
    assert shown["triggers"]["open_up"] == {"spread": 1.0, "distance": pytest.approx(0.44), "side": -1, "level": 1}
    assert shown["triggers"]["open_down"]["distance"] == pytest.approx(-1.56)
    assert (shown["at"], shown["stale_s"]) == ("2025-02-05T15:30:00+00:00", 1.25)


def test_in_position_the_parts_make_the_whole() -> None:
    state, now = short_at(1.0), moved(2.5)
    shown = figures(state, now)
    bot = Bot(**bot_fields())
    net = net_pnl(core_config(bot, market_rules(GALA), market_rules(CHZ)), state, now)
    assert float(shown["pnl"]) == pytest.approx(net, abs=1e-8)
    parts = Decimal(shown["legs_pnl"]) - Decimal(shown["fees"]) + Decimal(shown["funding"])
    assert float(parts) == pytest.approx(net, abs=1e-7)
    assert shown["pnl_pct"] == pytest.approx(net, abs=1e-6)
    assert float(shown["exposure"]) == pytest.approx(200, abs=3)
    assert abs(float(shown["net_exposure"])) < 3
    assert float(shown["margin"]) == pytest.approx(float(shown["exposure"]) / 10, abs=1e-6)
    assert (shown["next_order"], shown["cap"]) == ("120", "2040")
    assert shown["since_last"] == pytest.approx(1.5)
    assert set(shown["triggers"]) == {"add", "take_profit", "stop_loss", "break_even"}
    assert shown["triggers"]["add"] == {"spread": 2.0, "distance": pytest.approx(-0.5), "level": 2}
    assert shown["triggers"]["take_profit"]["spread"] < shown["triggers"]["break_even"]["spread"] < 1.0
    assert shown["triggers"]["stop_loss"]["spread"] > 10


def test_regression_takes_profit_on_the_way_back() -> None:
    shown = figures(short_at(3.0), moved(2.5), profit_mode=ProfitMode.REGRESSION, profit_ratio=Decimal("0.8"))
    assert shown["triggers"]["take_profit"] == {"spread": pytest.approx(2.2), "distance": pytest.approx(-0.3)}


REGRESSION = {"profit_mode": ProfitMode.REGRESSION}
PAUSED = {"status": BotStatus.PAUSED}


@pytest.mark.parametrize(
    ("state", "now", "fields", "code", "params"),
    [
        (flat_state(), moved(0.25), {}, "opens_either_way", {"up": "0.75", "down": "1.25"}),
        (flat_state(), moved(0.25), {"allowed_side": AllowedSide.SHORT_SPREAD}, "opens_higher", {"up": "0.75"}),
        (flat_state(2.0), moved(1.5), {"allowed_side": AllowedSide.LONG_SPREAD}, "opens_lower", {"down": "0.50"}),
        (flat_state(), moved(0), {"max_position_value": 199}, "opens_never", {}),
        (flat_state(), moved(0), {"profit_ratio": 0}, "opens_nothing", {}),
        (flat_state(), moved(5), {}, "acts", {}),
        (flat_state(), moved(5), {"decide_on": DecideOn.CANDLE_CLOSE}, "acts_at_close", {"timeframe": "5m"}),
        (flat_state(), moved(0), {"entries_wait_until": AT + timedelta(minutes=5)}, "opens_later", {"until": "15:35"}),
        (short_at(1.0), moved(1.5), REGRESSION, "adds_or_closes", {"add": "0.50", "close": "1.50", "level": 2}),
        (short_at(1.0, level=6), moved(1.5), REGRESSION, "closes", {"close": "1.50"}),
        (
            short_at(1.0),
            moved(1.5),
            REGRESSION | {"max_position_value": 200},
            "closes_over_cap",
            {"close": "1.50", "level": 2},
        ),
        (short_at(1.0), moved(2.5), {}, "acts", {}),
        (flat_state(), moved(0), PAUSED, "paused_flat", {}),
        (short_at(1.0), moved(1.5), PAUSED | REGRESSION, "paused_in_position", {"close": "1.50"}),
        (short_at(1.0), moved(1.5), PAUSED | {"freeze_exits": True}, "frozen", {}),
        (flat_state(), moved(0), {"status": BotStatus.STOPPED}, "stopped_flat", {}),
        (short_at(1.0), moved(0), {"status": BotStatus.STOPPED}, "stopped_in_position", {}),
        (flat_state(), moved(0), {"status": BotStatus.ERROR}, "error_flat", {}),
        (short_at(1.0), moved(0), {"status": BotStatus.ERROR}, "error_in_position", {}),
    ],
)
def test_what_it_waits_for(state: State, now: Quote, fields: dict[str, Any], code: str, params: dict[str, Any]) -> None:
    waiting = figures(state, now, **fields)["waiting"]
    assert waiting == {"code": code, "params": params}
    assert waiting_sentence(waiting).endswith(".")


def test_a_sentence_as_a_trader_reads_it() -> None:
    waiting = figures(short_at(1.0), moved(1.5), **REGRESSION)["waiting"]
    assert waiting_sentence(waiting) == (
        "Waits for the spread to widen 0.50 pp to add level 2, or to narrow 1.50 pp to take profit."
    )


def test_templates_have_plain_placeholders() -> None:
    for template in WAITING.values():
        for _text, _name, kind, conversion in Formatter().parse(str(template)):
            assert not kind
            assert not conversion


@given(
    points=st.floats(-80, 80),
    entry=st.floats(-80, 80),
    level=st.integers(0, 6),
    status=st.sampled_from(BotStatus.values),
    ratio=st.sampled_from(["1", "-1", "0", "50"]),
    cap=st.sampled_from([1, 300, 5000]),
    mode=st.sampled_from(ProfitMode.values),
    frozen=st.booleans(),
)
def test_figures_are_json_whatever_the_state(
    points: float, entry: float, level: int, status: str, ratio: str, cap: int, mode: str, frozen: bool
) -> None:
    state = short_at(entry, level=level) if level else flat_state(entry)
    settings = {"status": status, "profit_ratio": Decimal(ratio), "max_position_value": cap, "profit_mode": mode}
    shown = figures(state, moved(points), **settings, freeze_exits=frozen)
    json.dumps(shown, allow_nan=False)
    assert waiting_sentence(shown["waiting"]).endswith(".")
