"""Matching two lists of decisions, and the money of a pair, by hand-made cases and as properties."""

from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from trading.parity.compare import Outcome, Pair, compared
from trading.parity.decisions import Decided, state_after
from trading.parity.lived import LivedCycle
from trading.parity.money import cycles_side_by_side, pair_parts, totals
from trading.parity.replayed import ReplayedCycle

BAR = 300_000
HOUR = 12 * BAR


def decided(
    candle: int, action: str = "open", *, level: int = 1, side: int = -1, key: int = 0, **other: float
) -> Decided:
    """Decided at the close of the candle with that number, 100 each leg at prices of 1 and 2."""
    values = {
        "spread": 1.0,
        "price1": 1.0,
        "price2": 2.0,
        "q1": 100.0 * side,
        "p1": 1.0,
        "q2": -50.0 * side,
        "p2": 2.0,
        "fees": 0.1,
        "notional": 100.0,
    } | other
    at = candle * BAR
    return Decided(key=key, at=at, candle=at, action=action, level=level, side=side, cycle=1, **values)  # type: ignore[arg-type]


def outcomes(lived: list[Decided], replayed: list[Decided], *, between_closes: bool = False) -> list[tuple[str, ...]]:
    pairs = compared(lived, replayed, reach_ms=HOUR, between_closes=between_closes)
    return [(pair.outcome.value, *pair.differs) for pair in pairs]


def test_equal_lists_are_the_same_throughout() -> None:
    both = [decided(1), decided(4, "add", level=2), decided(9, "take_profit", level=2)]
    assert outcomes(both, both) == [("same",)] * 3


@pytest.mark.parametrize(
    ("lived", "replayed", "wanted"),
    [
        ([decided(1)], [decided(4)], [("different", "time")]),
        ([decided(1)], [decided(1, level=2)], [("different", "level")]),
        ([decided(1)], [decided(1, side=1)], [("different", "side")]),
        ([decided(1)], [decided(1, spread=1.5)], [("different", "spread")]),
        ([decided(9, "take_profit")], [decided(9, "stop_loss")], [("different", "action")]),
        ([decided(1)], [decided(40)], [("only_live",), ("only_replayed",)]),
        ([decided(1)], [decided(1, "take_profit")], [("only_live",), ("only_replayed",)]),
        ([decided(1), decided(5, "add", level=2)], [decided(5, "add", level=2)], [("only_live",), ("same",)]),
        ([decided(3)], [decided(1), decided(3)], [("only_replayed",), ("same",)]),
    ],
)
def test_what_differs_is_named(lived: list[Decided], replayed: list[Decided], wanted: list[tuple[str, ...]]) -> None:
    assert outcomes(lived, replayed) == wanted


def test_within_one_candle_a_quote_decides_as_its_close_does() -> None:
    early = replace(decided(3), at=3 * BAR - 90_000, spread=0.97)
    assert outcomes([early], [decided(3)], between_closes=True) == [("same",)]
    assert outcomes([early], [decided(3)]) == [("different", "spread")]


moments = st.lists(st.integers(1, 60), max_size=12, unique=True).map(sorted)
kinds = st.sampled_from(["open", "add", "take_profit"])


@given(st.data(), moments, moments)
def test_every_decision_is_told_exactly_once_and_in_order(data: st.DataObject, one: list[int], two: list[int]) -> None:
    lived = [decided(at, data.draw(kinds), key=i) for i, at in enumerate(one)]
    replayed = [decided(at, data.draw(kinds), key=i) for i, at in enumerate(two)]
    pairs = compared(lived, replayed, reach_ms=HOUR, between_closes=False)
    assert sorted(pair.lived.key for pair in pairs if pair.lived) == list(range(len(lived)))
    assert sorted(pair.replayed.key for pair in pairs if pair.replayed) == list(range(len(replayed)))
    joined = [(pair.lived.key, pair.replayed.key) for pair in pairs if pair.lived and pair.replayed]
    assert joined == sorted(joined)
    assert [a for a, _ in joined] == sorted({a for a, _ in joined})
    candles = [pair.candle for pair in pairs]
    assert candles == sorted(candles)


def test_where_a_bot_stands_follows_from_its_decisions() -> None:
    steps = [decided(1, spread=1.0), decided(3, "add", level=2, spread=2.0, notional=150.0)]
    state = state_after(steps, 0.25)
    assert (state.level, state.side, state.first_spread, state.last_spread, state.reference) == (2, -1, 1.0, 2.0, 2.0)
    assert (state.invested, state.q1, state.q2) == (250.0, -200.0, 100.0)
    assert state.cost == pytest.approx(-200.0 + 200.0)
    assert state_after([], 0.25).reference == 0.25
    assert state_after([*steps, decided(5, "take_profit", spread=-1.0)], 0.25) == state_after([], -1.0)


figures = st.floats(0.5, 2.0)


@given(st.lists(st.tuples(figures, figures, figures, figures, figures, figures), min_size=2, max_size=5))
def test_a_cycle_s_difference_is_split_without_a_rest(rows: list[tuple[float, ...]]) -> None:
    """Whatever was paid and held on both sides, the parts add up to the difference to the last cent."""
    lived, replayed = [], []
    for i, (a, b, c, d, e, f) in enumerate(rows):
        is_last = i == len(rows) - 1
        action = "take_profit" if is_last else "open" if i == 0 else "add"
        level = i + (not is_last)
        common = {"level": level, "key": i}
        lived.append(decided(i + 1, action, q1=-a * 100, p1=b, q2=c * 50, p2=d, price1=e, price2=f, **common))  # type: ignore[arg-type]
        replayed.append(decided(i + 1, action, q1=-b * 100, p1=a, q2=d * 50, p2=c, price1=f, price2=e, **common))  # type: ignore[arg-type]
    pairs = compared(lived, replayed, reach_ms=HOUR, between_closes=True)
    mine = LivedCycle(1, sum(one.flow for one in lived) - 0.7 + 0.2, 0.7, 0.2)
    theirs = ReplayedCycle(sum(one.flow for one in replayed) - 0.5 - 0.1, 0.5, -0.1)
    (cycle,) = cycles_side_by_side(pairs, {1: mine}, {1: theirs})
    assert cycle.parts.total == pytest.approx(cycle.difference, abs=1e-9)
    assert cycle.parts.decisions == pytest.approx(0.0, abs=1e-9)
    assert [cycle.parts.fees, cycle.parts.funding] == pytest.approx([-0.2, 0.3])
    assert list(totals([cycle])[:2]) == pytest.approx([mine.pnl, theirs.pnl])


def test_slippage_is_what_the_fill_lost_beyond_the_back_test_s() -> None:
    """Sold 100 at 0.99 after deciding at 1.00; the back-test sold at 0.999: 0.9 lost on leg 1, nothing on leg 2."""
    parts = pair_parts(Pair(decided(1, p1=0.99), decided(1, p1=0.999), Outcome.SAME))
    assert parts.slippage == pytest.approx(-0.9)
    assert (parts.timing, parts.quantities) == (0.0, 0.0)


def test_a_cycle_of_one_side_only_is_all_other_decisions() -> None:
    pairs = compared([], [decided(1), decided(2, "take_profit")], reach_ms=HOUR, between_closes=False)
    (cycle,) = cycles_side_by_side(pairs, {}, {1: ReplayedCycle(2.5, 0.2, 0.0)})
    assert (cycle.lived_cycle, cycle.replayed_cycle, cycle.difference, cycle.parts.decisions) == (None, 1, -2.5, -2.5)
