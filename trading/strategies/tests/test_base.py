"""The contract: what makes a strategy, and that compiled and plain Python trade alike to the last bit."""

from dataclasses import fields
from typing import Annotated, Any, NamedTuple

import numpy as np
import pytest

from trading.core import backtest
from trading.core.backtest import SPREAD, BacktestResult, run_backtest
from trading.core.candles import Extremes, Tape
from trading.core.compiled import inlined, is_compiled, plain
from trading.core.fills import Refusals
from trading.core.lookahead import usual_rules
from trading.core.simulation import simulator
from trading.core.strategy_failed import StrategyFailed
from trading.core.tests.strategies import Walk
from trading.strategies import (
    LONG_SPREAD,
    Config,
    Decision,
    Floats,
    Param,
    Quote,
    State,
    Strategy,
    compiled,
    open_if_allowed,
)
from trading.strategies.base import Bound, bind, schema_of, strategy_problems
from trading.strategies.parameters import ParametersRefused
from trading.strategies.spread import Spread
from trading.strategies.template import Template
from trading.strategies.tests.cheats import Honest
from trading.strategies.z_score import ZScore


class Compiled(Template):
    """The template with one word more."""

    name = "compiled"
    decide = staticmethod(inlined(Template.decide))


class CannotBeCompiled(Template):
    """Asks for it, and uses what Numba does not know."""

    name = "cannot_be_compiled"

    @staticmethod
    @compiled
    def decide(params: Any, config: Config, state: State, quote: Quote, features: Floats) -> Decision:
        return Decision({0: 0}.get(state.level, 0), 0, float(f"{quote.p1:.3f}"))


@pytest.fixture(scope="module")
def tape() -> Tape:
    return Walk(seed=5, step=0.002, bars=4_000).tape()


class NotCompiledYet(Template):
    """Nothing ever compiles its loop: it is in no cache."""

    name = "not_compiled_yet"

    @staticmethod
    @compiled
    def decide(params: Any, config: Config, state: State, quote: Quote, features: Floats) -> Decision:
        return open_if_allowed(config, state, LONG_SPREAD, quote.p1, 2)


def result(bound: Bound, tape: Tape, *, waits: bool = True) -> BacktestResult:
    """`waits` for the compiler, whatever that takes."""
    prepared = bound.prepared(tape)
    return run_backtest(
        usual_rules(tape),
        tape,
        strategy=prepared._replace(decide=bound.decide, spare=None) if waits else prepared,
        pause_after_close=False,
        restart_after_stop_loss=True,
    )


def test_compiled_and_plain_trade_alike_to_the_last_bit(tape: Tape) -> None:
    quick, slow = (result(bind(it, {"window": 60}), tape) for it in (Compiled, Template))
    assert len(slow.t) > 50
    assert len(np.unique(slow.action)) == 4
    for field in fields(BacktestResult):
        one, other = getattr(quick, field.name), getattr(slow, field.name)
        if field.name == "totals":
            assert one == other
        else:
            assert one.tobytes() == other.tobytes(), field.name


def test_a_short_run_does_not_wait_for_the_compiler(tape: Tape, monkeypatch: pytest.MonkeyPatch) -> None:
    bound = bind(NotCompiledYet, {"window": 60})
    loop: Any = simulator(bound.prepared(tape).decide)
    assert result(bound, tape, waits=False).q1.tolist() == [usual_rules(tape).investment / tape.closes1[0]]
    assert not loop.signatures
    asked: list[bool] = []
    plainly = bind(Template).decide

    def spare(is_short: bool) -> Any:
        asked.append(is_short)
        return plainly

    prepared = bound.prepared(tape)._replace(spare=spare)
    monkeypatch.setattr(backtest, "SHORT", len(tape) - 1)
    run_backtest(usual_rules(tape), tape, strategy=prepared)
    assert asked == [False]
    result(bind(Compiled, {"window": 60}), tape)
    ready = bind(Compiled, {"window": 60}).prepared(tape)._replace(spare=spare)
    run_backtest(usual_rules(tape), tape, strategy=ready)
    assert asked == [False]


def test_which_are_compiled() -> None:
    assert is_compiled(bind(Compiled).decide)
    assert is_compiled(bind(Spread).decide)
    assert not is_compiled(bind(Template).decide)


def test_what_numba_does_not_know_runs_in_plain_python(tape: Tape) -> None:
    bound = bind(CannotBeCompiled)
    assert not is_compiled(bound.decide)
    assert bound.plain_because
    assert len(result(bound, tape).t) == 0


def test_the_decision_is_the_same_object_every_time() -> None:
    """The engine keeps a compiled loop for each."""
    assert bind(Template).decide is bind(Template, {"window": 9}).decide


def test_the_spread_strategy_keeps_its_own_path(tape: Tape) -> None:
    assert bind(Spread).prepared(tape) == SPREAD


def test_features_of_the_template(tape: Tape) -> None:
    found = bind(Template, {"window": 60}).prepare(tape)
    gap = np.log(tape.closes1 / tape.closes2)
    windows = np.lib.stride_tricks.sliding_window_view(gap, 60)
    expected = (gap[59:] - windows.mean(axis=1)) / windows.std(axis=1)
    assert np.isnan(found[:59, 0]).all()
    assert found[59:, 0] == pytest.approx(expected, rel=1e-7)


@pytest.mark.parametrize("bars", [1, 2, 59, 60])
def test_the_template_with_few_bars(bars: int, tape: Tape) -> None:
    found = bind(Template, {"window": 60}).prepare(tape.part(slice(0, bars)))
    assert found.shape == (bars, 1)
    assert np.isfinite(found).sum() == (bars == 60)


def test_a_strategy_of_one_market(tape: Tape) -> None:
    class OneMarket(Honest):
        name = "one_market"
        markets = 1

    assert strategy_problems(OneMarket) == []
    flat = np.ones(len(tape))
    extremes = Extremes(tape.closes1, tape.closes1, flat, flat)
    alone = Tape(tape.times, tape.opens1, tape.closes1, flat, flat, extremes, markets=1)
    found = result(bind(OneMarket), alone)
    assert len(found.t) > 20
    assert not found.q2.any()


def test_parameters() -> None:
    assert bind(Template).params == (240, 2.0, 0.0)
    assert bind(Template, {"window": 60}).warmup == 60
    assert bind(Template, {"entry": 3}).as_json() == {"window": 240, "entry": 3.0, "exit": 0.0}
    with pytest.raises(ParametersRefused, match="window: must be at least 2, not 1"):
        bind(Template, {"window": 1})


def test_schema() -> None:
    schema = schema_of(Template)
    assert list(schema["properties"]) == ["window", "entry", "exit"]
    assert schema["description"] == Template.help


def test_prices_cannot_be_written_over(tape: Tape) -> None:
    class Writes(Honest):
        @staticmethod
        def prepare(params: Any, tape: Tape) -> Floats:
            tape.closes1[0] = 1.0
            return Honest.prepare(params, tape)

    with pytest.raises(StrategyFailed, match="read-only"):
        bind(Writes).prepare(tape)


@pytest.mark.parametrize("wrong", [np.zeros((3, 2)), np.zeros(4_000), np.zeros((4_000, 2), dtype=np.float32)])
def test_features_of_the_wrong_shape(wrong: Any, tape: Tape) -> None:
    class Wrong(Honest):
        @staticmethod
        def prepare(params: Any, tape: Tape) -> Floats:
            return wrong

    with pytest.raises(StrategyFailed, match=r"prepare fails: ValueError: must return float64 of shape \(4000, 2\)"):
        bind(Wrong).prepare(tape)


def test_an_error_while_deciding_is_the_strategy_s(tape: Tape) -> None:
    class Divides(Honest):
        @staticmethod
        def decide(params: Any, config: Config, state: State, quote: Quote, features: Floats) -> Decision:
            return Decision(0, 0, 1.0 / state.level)

    with pytest.raises(StrategyFailed, match=r"^honest: decide fails in line \d+: ZeroDivisionError: float division"):
        result(bind(Divides), tape)


@pytest.mark.parametrize(
    ("answer", "said"),
    [
        ("None", "TypeError: must return a Decision, not None"),
        ("(0, 0, 0.0)", r"TypeError: must return a Decision, not \(0, 0, 0.0\)"),
        ("Decision(99, 1, 0.0)", "ValueError: must return a known action and side, not 99 and 1"),
        ("Decision(5, 1, 0.0)", "ValueError: must return a known action"),
        ("Decision(0, 2, 0.0)", "ValueError: must return a known action"),
        ("Decision(1, float('nan'), 0.0)", "ValueError: must return a known action"),
        ("Decision(1, 1, float('nan'))", "ValueError: must return the spread"),
        ("exit(3)", "SystemExit: 3"),
    ],
)
def test_what_is_no_decision_is_the_strategy_s_fault(answer: str, said: str, tape: Tape) -> None:
    class Answers(Honest):
        @staticmethod
        def decide(params: Any, config: Config, state: State, quote: Quote, features: Floats) -> Decision:
            found: Decision = eval(answer)
            return found

    with pytest.raises(StrategyFailed, match=rf"^honest: decide fails(?: in line \d+)?: {said}"):
        result(bind(Answers), tape)


def test_a_plain_run_counts_in_numbers_that_json_knows(tape: Tape) -> None:
    """Ratios of the legs are NumPy's, and so is what is calculated with them."""
    bound = bind(ZScore, {"legs": "hedge ratio", "window": 60, "entry": 0.5})
    found = run_backtest(usual_rules(tape), tape, strategy=bound.prepared_plainly(tape), pause_after_close=False)
    assert found.totals.cycles > 3
    counted = [*found.totals[:-1], *found.totals.state]
    assert {type(value) for value in counted} <= {int, float, Refusals}


class NotANamedTuple:
    window = 3


class BadDefault(NamedTuple):
    window: Annotated[int, Param("Window", low=2)] = 1


@pytest.mark.parametrize(
    ("changes", "said"),
    [
        ({"name": "My strategy"}, "name: must be 1 to 40 small letters"),
        ({"name": ""}, "name: must be"),
        ({"name": None}, "name: must be"),
        ({"title": " "}, "title: is needed"),
        ({"markets": 3}, "markets: must be 1 or 2"),
        ({"features": ["signal"]}, "features: must be a tuple of names"),
        ({"features": ("a", "a")}, "features: two have the same name"),
        ({"decide": Honest.decide}, "decide: must be a @staticmethod"),
        ({"decide": staticmethod(Strategy.decide)}, "decide: is needed"),
        ({"prepare": staticmethod(Strategy.prepare)}, "prepare: is needed for the features"),
        ({"prepare": staticmethod(lambda tape: tape)}, "prepare: must take 2 arguments"),
        ({"Parameters": NotANamedTuple}, "Parameters must be a NamedTuple"),
        ({"Parameters": BadDefault}, "the default of window: must be at least 2, not 1"),
    ],
)
def test_what_an_author_has_to_mend(changes: dict[str, Any], said: str) -> None:
    (problem,) = strategy_problems(type("Changed", (Honest,), changes))
    assert problem.startswith(said)


@pytest.mark.parametrize("strategy", [Spread, Template, Compiled, Honest])
def test_nothing_to_mend(strategy: type[Strategy]) -> None:
    assert strategy_problems(strategy) == []


def test_plain_leaves_nothing_compiled() -> None:
    assert not is_compiled(plain(Template.decide).__globals__["stop_loss_reached"])
