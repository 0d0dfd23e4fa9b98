"""The look-ahead check: strategies that cheat are named with what they do and where; honest ones are left alone."""

import re
from datetime import UTC, datetime
from typing import Any

import numpy as np
import pytest

from trading.core import lookahead
from trading.core.candles import Tape
from trading.core.lookahead import Kind, check, quick_check
from trading.core.tests.strategies import Walk
from trading.strategies.base import Strategy, bind
from trading.strategies.spread import Spread
from trading.strategies.template import Template
from trading.strategies.tests import cheats

BARS = 900


@pytest.fixture(scope="module")
def tape() -> Tape:
    return Walk(seed=11, step=0.002, bars=BARS).tape()


@pytest.fixture(autouse=True)
def _no_memories() -> None:
    cheats.MEMORY.gap = np.empty(0)


@pytest.mark.parametrize("strategy", [Spread, Template, cheats.Honest])
def test_an_honest_strategy(strategy: type[Strategy], tape: Tape) -> None:
    assert check(bind(strategy), tape) == []


@pytest.mark.parametrize("strategy", cheats.FEATURE_CHEATS)
def test_a_feature_that_looks_ahead_is_named_with_its_bar(strategy: type[Strategy], tape: Tape) -> None:
    found = check(bind(strategy), tape)
    leak = found[0]
    assert (leak.strategy, leak.kind, leak.what) == (strategy.name, Kind.FEATURE, "signal")
    assert leak.bar < leak.bars
    assert leak.time == tape.times[leak.bar]
    assert f"{strategy.name}: feature signal at bar {leak.bar} " in str(leak)


def test_the_bar_is_the_first_that_differs(tape: Tape) -> None:
    """Of the first history that is cut, only the last bar lacks its next close."""
    (leak, *_) = check(bind(cheats.NextClose), tape)
    assert leak.bar == leak.bars - 1
    assert (leak.known, leak.whole) == ("nan", f"{1000 * np.diff(cheats.gap_of(tape))[leak.bar]:.9g}")


@pytest.mark.parametrize("cuts", [lookahead.QUICK_CUTS, lookahead.CUTS])
def test_a_decision_that_looks_ahead(cuts: int, tape: Tape) -> None:
    (leak,) = check(bind(cheats.PeeksWhileDeciding), tape, cuts=cuts)
    assert (leak.strategy, leak.kind) == ("peeks_while_deciding", Kind.DECISION)
    assert {str(leak.known), str(leak.whole)} != {"none"}
    assert f"the decision at bar {leak.bar} " in str(leak)


def test_features_that_are_right_and_a_cheat_leave_the_features_alone(tape: Tape) -> None:
    assert {leak.kind for leak in check(bind(cheats.PeeksWhileDeciding), tape)} == {Kind.DECISION}


def test_a_strategy_that_has_seen_the_whole_tape_already(tape: Tape) -> None:
    cheats.Remembers.prepare(bind(cheats.Remembers).params, tape.part(slice(0, BARS // 2)))
    assert [leak.what for leak in check(bind(cheats.Remembers), tape)] == ["signal"]


def test_a_strategy_that_cannot_do_with_few_bars(tape: Tape) -> None:
    (leak,) = check(bind(cheats.Fails), tape)
    assert leak.kind is Kind.FAILURE
    assert leak.bars < cheats.WINDOW
    assert str(leak).startswith("fails: prepare fails in line ")
    assert "ValueError" in str(leak)


@pytest.mark.parametrize("method", ["warmup", "prepare", "decide"])
def test_a_strategy_that_raises(method: str, tape: Tape) -> None:
    def fails(*arguments: Any) -> Any:
        raise KeyError("gone")

    strategy = type("Raises", (cheats.Honest,), {method: staticmethod(fails)})
    for (leak,) in (check(bind(strategy), tape), quick_check(bind(strategy), tape)):
        assert leak.kind is Kind.FAILURE
        assert re.match(rf"honest: {method} fails in line \d+: KeyError: 'gone'", str(leak))


@pytest.mark.parametrize("strategy", [*cheats.FEATURE_CHEATS, cheats.PeeksWhileDeciding])
def test_the_quick_check_finds_them_too(strategy: type[Strategy], tape: Tape) -> None:
    assert quick_check(bind(strategy), tape)


@pytest.mark.parametrize("strategy", [Spread, Template, cheats.Honest])
def test_the_quick_check_accuses_nobody_else(strategy: type[Strategy], tape: Tape) -> None:
    assert quick_check(bind(strategy), tape) == []


def test_too_few_bars(tape: Tape) -> None:
    with pytest.raises(ValueError, match="at least 3 bars"):
        check(bind(Spread), tape.part(slice(0, 2)))
    assert quick_check(bind(Spread), tape.part(slice(0, 2))) == []


def test_the_check_has_decisions_to_compare(tape: Tape) -> None:
    """Or it would acquit everybody."""
    whole = lookahead._run(bind(Spread), tape, lookahead.usual_rules(tape))
    assert len(whole.t) > 20


def test_a_leak_in_words(tape: Tape) -> None:
    (leak, *_) = check(bind(cheats.WholeSeries), tape)
    moment = datetime.fromtimestamp(leak.time / 1000, UTC)
    assert str(leak) == (
        f"whole_series: feature signal at bar {leak.bar} ({moment:%Y-%m-%d %H:%M} UTC) depends on later bars: "
        f"{leak.known} from the first {leak.bars} bars, {leak.whole} from all"
    )
