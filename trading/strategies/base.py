"""What a strategy is: one class with a parameter model, causal features and a decision.

Nobody makes an instance of it: `Bound` joins the class with parameters and computes its features from a tape.
"""

import inspect
import math
import re
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from functools import cache
from typing import Any, ClassVar, Final, NamedTuple

import numba
import numpy as np
from numpy.typing import NDArray

from trading.core.backtest import SPREAD, Prepared
from trading.core.candles import Extremes, Rates, Tape
from trading.core.compiled import is_compiled, plain
from trading.core.leg_ratio import EQUAL
from trading.core.strategy_failed import StrategyFailed
from trading.core.types import (
    ADD,
    FLAT,
    LEVELS_MAX,
    LONG_SPREAD,
    NONE,
    OPEN,
    SHORT_SPREAD,
    SIGNAL,
    STOP_LOSS,
    TAKE_PROFIT,
    Config,
    Decision,
    Quote,
    State,
    config,
    flat_state,
    quote,
)
from trading.strategies.parameters import (
    NoParameters,
    model_problems,
    parameters_json,
    parameters_schema,
    parse_parameters,
)

Floats = NDArray[np.float64]
Decide = Callable[..., Decision]

NAME: Final = re.compile(r"[a-z][a-z0-9_]{0,39}")
MARKETS: Final = (1, 2)
PANELS: Final = ("price", "spread", "own")
LEVELS: Final = range(1, LEVELS_MAX + 1)
ACTIONS: Final = frozenset((NONE, OPEN, ADD, TAKE_PROFIT, STOP_LOSS, SIGNAL))
SIDES: Final = frozenset((LONG_SPREAD, FLAT, SHORT_SPREAD))
FAULTS: Final[tuple[type[Exception], ...]] = (Exception, SystemExit)  # type: ignore[assignment]
"""What foreign code may raise without ending the process that asked it."""


COMMON: Final = ("ladder", "profit", "opening")
"""Settings that a strategy may leave to others: thresholds of the levels, mode and ratio of the profit to take, and
whether moves are met or followed."""


class Overlay(NamedTuple):
    """A line of a strategy's own on its chart, one value a bar, not a number where there is none.

    `panel` says beside what: `price` (market 1's, in quote currency), `spread` (percentage points since the start) or
    `own`, below the chart.
    """

    values: Floats
    panel: str = "own"


class Strategy:
    """To be subclassed, one class a file. All methods are static: a strategy keeps nothing between calls.

    `features` names the columns of what `prepare` returns. With `markets` 2 both legs of a pair are traded at once;
    with 1 every price of market 2 is 1.0, and the spread is market 1's change since the start. `levels` is how many
    orders a cycle may have unless its user says otherwise. `reads` names the common settings that it heeds, of those
    that a form can leave out: `COMMON`. With `funding` the tape tells what both markets paid.
    """

    name: ClassVar[str] = ""
    title: ClassVar[str] = ""
    help: ClassVar[str] = ""
    markets: ClassVar[int] = 2
    levels: ClassVar[int] = 1
    funding: ClassVar[bool] = False
    reads: ClassVar[tuple[str, ...]] = COMMON
    features: ClassVar[tuple[str, ...]] = ()
    Parameters: ClassVar[type] = NoParameters

    @staticmethod
    def warmup(params: Any) -> int:
        """How many bars the features need before they can be used."""
        return 0

    @staticmethod
    def prepare(params: Any, tape: Tape) -> Floats:
        """Float64 of shape (bars, number of features). Row i holds what was known at the close of bar i, not a number
        where that is not enough. Must work for any number of bars, one included."""
        return np.empty((len(tape), 0))

    @staticmethod
    def overlays(params: Any, tape: Tape) -> dict[str, Overlay]:
        """Lines to draw with its trades, by their names; causal, as the features are."""
        return {}

    @staticmethod
    def leg_ratios(params: Any, features: Floats) -> Floats | None:
        """What leg 2 of an order is worth for each 1 of leg 1, one value a row of features and from that row alone.

        None (the default) for legs of equal value. Both legs together are worth twice the order's size whatever the
        ratio; where it is not a number, below 0.1 or above 10, nothing is opened or added.
        """
        return None

    @staticmethod
    def decide(params: Any, config: Config, state: State, quote: Quote, features: Any) -> Decision:
        """What to do at a bar's close, from the position, the closing quote and that bar's row of features. Pure.

        Plain Python, or compiled with `@compiled` when Numba knows everything that it uses.
        """
        raise NotImplementedError


@dataclass(frozen=True, slots=True)
class Bound:
    """A strategy with its parameters."""

    strategy: type[Strategy]
    params: Any

    @property
    def name(self) -> str:
        return self.strategy.name

    @property
    def features(self) -> tuple[str, ...]:
        return self.strategy.features

    @property
    def warmup(self) -> int:
        """Raises StrategyFailed."""
        try:
            return max(0, int(self.strategy.warmup(self.params)))
        except FAULTS as error:  # a strategy is foreign code: whatever it raises is its own fault
            raise StrategyFailed(self.name, "warmup", error, _file(self.strategy.warmup)) from error

    @property
    def decide(self) -> Decide:
        strategy: Any = self.strategy
        return _usable(strategy)

    @property
    def plain_decide(self) -> Decide:
        """In plain Python, raising StrategyFailed for whatever it raises; the same function every time."""
        strategy: Any = self.strategy
        return _plain_decide(strategy)

    def decide_plainly(self, config: Config, state: State, quote: Quote, row: tuple[float, ...]) -> Decision:
        """One decision without waiting for the compiler; the same to the last bit. Raises StrategyFailed.

        The row goes in as NumPy's numbers, whose divisions by zero are no errors, as in a back-test.
        """
        with np.errstate(all="ignore"):
            action, side, spread = self.plain_decide(
                self.params or None, config, state, quote, np.array(row) if row else None
            )
        return Decision(int(action), int(side), float(spread))

    def last_row(self, tape: Tape) -> tuple[float, ...]:
        """The features of a tape's last bar. Raises StrategyFailed."""
        if not self.features:
            return ()
        return tuple(self.prepare(tape)[-1].tolist())

    def leg_ratios(self, features: Floats | None) -> Floats | None:
        """As the engine reads them, for rows of its features. Raises StrategyFailed."""
        if features is None:
            return None
        try:
            found = self.strategy.leg_ratios(self.params, _view(features))
            if found is None:
                return None
            found = np.ascontiguousarray(found)
            _check_ratios(found, len(features))
        except FAULTS as error:  # as above
            raise StrategyFailed(self.name, "leg_ratios", error, _file(self.strategy.leg_ratios)) from error
        return found

    def leg_ratio(self, row: tuple[float, ...]) -> float:
        """By one row of its features; 1.0 for legs of equal value. Raises StrategyFailed."""
        found = self.leg_ratios(np.array([row])) if row else None
        return EQUAL if found is None else float(found[0])

    @property
    def has_ratio(self) -> bool:
        """Whether its legs may differ in value. Raises StrategyFailed."""
        return self.leg_ratios(np.empty((0, len(self.features)))) is not None

    @property
    def plain_because(self) -> str:
        """Why Numba cannot compile the decision; empty if it can, or was not asked to."""
        strategy: Any = self.strategy
        return _compile_problem(strategy)

    def prepare(self, tape: Tape) -> Floats:
        """The features as the engine reads them. Raises StrategyFailed."""
        try:
            found = np.asarray(self.strategy.prepare(self.params, _read_only(tape)))
            self._check_shape(found, tape)
        except FAULTS as error:  # as above
            raise StrategyFailed(self.name, "prepare", error, _file(self.strategy.prepare)) from error
        return np.ascontiguousarray(found)

    def overlays(self, tape: Tape) -> dict[str, Overlay]:
        """Raises StrategyFailed."""
        try:
            found = dict(self.strategy.overlays(self.params, _read_only(tape)))
            for name, line in found.items():
                _check_line(name, line, len(tape))
        except FAULTS as error:  # as above
            raise StrategyFailed(self.name, "overlays", error, _file(self.strategy.overlays)) from error
        return found

    def _check_shape(self, found: Floats, tape: Tape) -> None:
        wanted = (len(tape), len(self.features))
        if found.shape != wanted or found.dtype != np.float64:
            raise ValueError(f"must return float64 of shape {wanted}, not {found.dtype} of {found.shape}")

    def prepared(self, tape: Tape) -> Prepared:
        """For `run_backtest`. None stands for no features and for no parameters."""
        return self.prepared_by(self.prepare(tape) if self.features else None)

    def prepared_by(self, features: Floats | None) -> Prepared:
        """The same with features that are there already."""
        decide, spare = self.decide_soon
        return Prepared(decide, self.params or None, features, self.leg_ratios(features), spare)

    @property
    def decide_soon(self) -> tuple[Decide, Callable[[bool], Decide] | None]:
        """The compiled decision unseen, and what to take while no loop with it is compiled: nothing waits here."""
        strategy: Any = self.strategy
        if not is_compiled(strategy.decide) or strategy.decide is SPREAD.decide:
            return self.decide, None
        return strategy.decide, lambda is_short: _plain_decide(strategy) if is_short else _usable(strategy)

    def prepared_plainly(self, tape: Tape) -> Prepared:
        """The same decided in plain Python, to the last bit: a short run is over before the compiler is."""
        strategy: Any = self.strategy
        return self.prepared(tape)._replace(decide=_plain_decide(strategy))

    def as_json(self) -> dict[str, Any]:
        return parameters_json(self.strategy.Parameters, self.params)


def _read_only(tape: Tape) -> Tape:
    """Views that cannot be written: what a strategy does to prices must not reach the engine."""
    seen = tape.extremes
    times, opens1, closes1 = map(_view, (tape.times, tape.opens1, tape.closes1))
    opens2, closes2 = map(_view, (tape.opens2, tape.closes2))
    extremes = seen and Extremes(*map(_view, (seen.highs1, seen.lows1, seen.highs2, seen.lows2)))
    funding = (_paid(tape.funding[0]), _paid(tape.funding[1]))
    return Tape(times, opens1, closes1, opens2, closes2, extremes, tape.markets, funding)


def _paid(known: Rates | None) -> Rates | None:
    return known and Rates(_view(known.stamps), _view(known.rates))


def _view(column: NDArray[Any]) -> NDArray[Any]:
    view = column.view()
    view.flags.writeable = False
    return view


def _check_line(name: str, line: Overlay, bars: int) -> None:
    if line.values.shape != (bars,) or line.values.dtype != np.float64 or line.panel not in PANELS:
        raise ValueError(f"{name}: must be float64 of shape ({bars},), on a panel of {', '.join(PANELS)}")


def _check_ratios(found: Floats, rows: int) -> None:
    if found.shape != (rows,) or found.dtype != np.float64:
        raise ValueError(f"must return float64 of shape ({rows},), not {found.dtype} of {found.shape}")


def bind(strategy: type[Strategy], data: Mapping[str, Any] | None = None) -> Bound:
    """With parameters as users send them, defaults for the rest. Raises ParametersRefused."""
    return Bound(strategy, parse_parameters(strategy.Parameters, {} if data is None else data))


def schema_of(strategy: type[Strategy]) -> dict[str, Any]:
    schema = parameters_schema(strategy.Parameters)
    return schema | {"description": strategy.help} if strategy.help else schema


@cache
def _usable(strategy: Any) -> Decide:
    """The decision, compiled if it asks for that and Numba knows all that it uses; else plain Python throughout.

    The same function every time: `simulator` keeps its loop by it.
    """
    compiles = is_compiled(strategy.decide) and not _compile_problem(strategy)
    return strategy.decide if compiles else _guarded(strategy.name, plain(strategy.decide))


@cache
def _plain_decide(strategy: Any) -> Decide:
    return _guarded(strategy.name, plain(strategy.decide))


def _guarded(name: str, decide: Decide) -> Decide:
    """The same, raising StrategyFailed for whatever it raises."""
    file = _file(decide)

    def guarded(params: Any, config: Config, state: State, quote: Quote, features: Any) -> Decision:
        try:
            found = decide(params, config, state, quote, features)
            if found.__class__ is not Decision or found.action != NONE or found.side not in SIDES:
                _check_decision(found)
            return found
        except FAULTS as error:  # as above
            raise StrategyFailed(name, "decide", error, file) from error

    return guarded


def _check_decision(found: Any) -> None:
    """Raises TypeError or ValueError for what the engine must not act upon."""
    if not isinstance(found, Decision):
        raise TypeError(f"must return a Decision, not {found!r:.60}")
    if found.action not in ACTIONS or found.side not in SIDES:
        raise ValueError(f"must return a known action and side, not {found.action!r:.40} and {found.side!r:.40}")
    if found.action != NONE and not math.isfinite(found.spread):
        raise ValueError("must return the spread at which it was decided")


def _file(function: Any) -> str:
    """Where it was written."""
    return str(getattr(function, "py_func", function).__code__.co_filename)


@cache
def _compile_problem(strategy: type[Strategy]) -> str:
    """The first call compiles the decision."""
    decide: Any = strategy.decide
    if not is_compiled(decide) or decide is SPREAD.decide:
        return ""
    frame = config(spreads=[1.0], multipliers=[1.0], investment=1.0, cap=1.0, start1=1.0, start2=1.0)
    row = np.empty((1, len(strategy.features)))[0] if strategy.features else None
    moment = (bind(strategy).params or None, frame, flat_state(), quote(1.0, 1.0), row)
    try:
        decide.compile(tuple(map(numba.typeof, moment)))
    except Exception as error:  # Numba raises errors of every kind for what it does not know
        return next((line.strip() for line in str(error).splitlines() if line.strip()), type(error).__name__)
    return ""


def strategy_problems(strategy: type[Strategy]) -> list[str]:
    """What its author has to mend before it can be used."""
    return [*_name_problems(strategy), *_shape_problems(strategy), *model_problems(strategy.Parameters)]


def _name_problems(strategy: type[Strategy]) -> Iterator[str]:
    if not isinstance(strategy.name, str) or not NAME.fullmatch(strategy.name):
        yield "name: must be 1 to 40 small letters, digits and underscores, a letter first"
    if not isinstance(strategy.title, str) or not strategy.title.strip():
        yield "title: is needed"
    if strategy.markets not in MARKETS:
        yield "markets: must be 1 or 2"
    if strategy.levels not in LEVELS:
        yield f"levels: must be 1 to {LEVELS_MAX}"
    if not set(strategy.reads) <= set(COMMON):
        yield f"reads: must be of {', '.join(COMMON)}"


def _shape_problems(strategy: type[Strategy]) -> Iterator[str]:
    columns = strategy.features
    if not isinstance(columns, tuple) or not all(isinstance(column, str) and column for column in columns):
        yield "features: must be a tuple of names"
    elif len(set(columns)) < len(columns):
        yield "features: two have the same name"
    for method, count in (("warmup", 1), ("prepare", 2), ("overlays", 2), ("leg_ratios", 2), ("decide", 5)):
        function = inspect.getattr_static(strategy, method)
        if not isinstance(function, staticmethod):
            yield f"{method}: must be a @staticmethod"
        elif len(inspect.signature(getattr(function.__func__, "py_func", function.__func__)).parameters) != count:
            yield f"{method}: must take {count} arguments"
    if strategy.decide is Strategy.decide:
        yield "decide: is needed"
    if columns and strategy.prepare is Strategy.prepare:
        yield "prepare: is needed for the features"
    if strategy.leg_ratios is not Strategy.leg_ratios and not (columns and strategy.markets == 2):
        yield "leg_ratios: is for strategies of two markets with features"
