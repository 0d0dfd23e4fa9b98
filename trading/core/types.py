"""What the strategy's functions take and give: tuples of floats, so that Numba keeps them in registers.

Ratios, spreads and prices here are float64 on purpose; quantities that are sent to a venue are Decimal (`sizing`).
Build a `Config` and a `State` with the functions below: they make every number the float, int or bool that the
compiled functions were compiled for. A stray int would compile them anew.
"""

import math
from collections.abc import Sequence
from typing import Final, NamedTuple

LEVELS_MAX: Final = 20

NONE: Final = 0
OPEN: Final = 1
ADD: Final = 2
TAKE_PROFIT: Final = 3
STOP_LOSS: Final = 4
LIQUIDATION: Final = 5
"""Never decided: a back-test does it to a position whose margin ran out."""
SIGNAL: Final = 6
"""A close that a strategy wants for a reason of its own, at the market."""
ACTION_NAMES: Final = ("none", "open", "add", "take_profit", "stop_loss", "liquidation", "signal")

LONG_SPREAD: Final = 1
SHORT_SPREAD: Final = -1
FLAT: Final = 0


class Config(NamedTuple):
    """A bot's rules. Ladders always have LEVELS_MAX entries; those past `levels` are never read."""

    spreads: tuple[float, ...]
    multipliers: tuple[float, ...]
    investment: float
    """Notional of the opening order, of each leg, in quote currency."""
    cap: float
    """max_position_value: both legs together, in quote currency."""
    levels: int
    regression: bool
    """Take profit by the spread's way back; otherwise by the position's P&L."""
    take_profit: float
    """profit_ratio: percentage points (regression) or percent of one leg's notional (position)."""
    stop_loss: float
    """stop_loss_ratio, percent of one leg's notional; 0 turns it off."""
    net: bool
    momentum: bool
    allow_long: bool
    allow_short: bool
    fee1: float
    fee2: float
    """Taker rates of the two legs, as fractions."""
    slippage: float
    """Fraction; only a back-test derives bid and ask from it."""
    start1: float
    start2: float


class State(NamedTuple):
    """Where a bot stands in its cycle."""

    level: int
    side: int
    reference: float
    first_spread: float
    last_spread: float
    invested: float
    """One leg's notional: the sum of share * investment * multiplier over the filled levels."""
    q1: float
    q2: float
    """Signed base quantities."""
    cost: float
    """Signed: the sum of q * price over the fills of both legs."""
    fees: float
    """Entry fees paid, positive."""
    funding: float
    """Received, less paid."""


class Quote(NamedTuple):
    """One moment of both markets; `p` is the mid (live) or the candle's price (back-test)."""

    p1: float
    p2: float
    bid1: float
    ask1: float
    bid2: float
    ask2: float


class Decision(NamedTuple):
    """`side` is the side of the position that is opened, added to or closed; 0 when flat with nothing to do."""

    action: int
    side: int
    spread: float


def config(
    *,
    spreads: Sequence[float],
    multipliers: Sequence[float],
    investment: float,
    cap: float,
    start1: float,
    start2: float,
    levels: int | None = None,
    regression: bool = False,
    take_profit: float = 1.0,
    stop_loss: float = 10.0,
    net: bool = True,
    momentum: bool = False,
    allow_long: bool = True,
    allow_short: bool = True,
    fee1: float = 0.0,
    fee2: float = 0.0,
    slippage: float = 0.0,
) -> Config:
    """`levels` defaults to the length of the ladder. Raises ValueError for what no bot may trade with."""
    count = len(spreads) if levels is None else int(levels)
    _check_ladder(spreads, multipliers, count)
    _check_positive(investment=investment, cap=cap, start1=start1, start2=start2)
    _check_not_negative(stop_loss=stop_loss, slippage=slippage)
    if not all(math.isfinite(x) for x in (take_profit, fee1, fee2)):
        raise ValueError("take_profit, fee1 and fee2 must be finite")
    return Config(
        spreads=_padded(spreads[:count], math.inf),
        multipliers=_padded(multipliers[:count], 0.0),
        investment=float(investment),
        cap=float(cap),
        levels=count,
        regression=bool(regression),
        take_profit=float(take_profit),
        stop_loss=float(stop_loss),
        net=bool(net),
        momentum=bool(momentum),
        allow_long=bool(allow_long),
        allow_short=bool(allow_short),
        fee1=float(fee1),
        fee2=float(fee2),
        slippage=float(slippage),
        start1=float(start1),
        start2=float(start2),
    )


def flat_state(reference: float = 0.0) -> State:
    return State(0, FLAT, float(reference), 0.0, 0.0, 0.0, 0.0, 0.0, 0.0, 0.0, 0.0)


def position_state(
    *,
    level: int,
    side: int,
    reference: float,
    first_spread: float,
    last_spread: float,
    invested: float,
    q1: float,
    q2: float,
    cost: float,
    fees: float = 0.0,
    funding: float = 0.0,
) -> State:
    """A state in position, from numbers of any type (Decimal included)."""
    return State(
        int(level),
        int(side),
        float(reference),
        float(first_spread),
        float(last_spread),
        float(invested),
        float(q1),
        float(q2),
        float(cost),
        float(fees),
        float(funding),
    )


def quote(
    p1: float,
    p2: float,
    bid1: float | None = None,
    ask1: float | None = None,
    bid2: float | None = None,
    ask2: float | None = None,
) -> Quote:
    """A side that is not given counts as the price itself (a mark price, a book without spread)."""
    return Quote(
        float(p1),
        float(p2),
        float(p1 if bid1 is None else bid1),
        float(p1 if ask1 is None else ask1),
        float(p2 if bid2 is None else bid2),
        float(p2 if ask2 is None else ask2),
    )


def _check_ladder(spreads: Sequence[float], multipliers: Sequence[float], count: int) -> None:
    if not 1 <= count <= LEVELS_MAX:
        raise ValueError(f"{count} levels; 1 to {LEVELS_MAX} are possible")
    if len(spreads) < count or len(multipliers) < count:
        raise ValueError(f"the ladder has {min(len(spreads), len(multipliers))} rows for {count} levels")
    for name, row in (("spread", spreads), ("multiplier", multipliers)):
        for level, value in enumerate(row[:count], start=1):
            _check_positive(**{f"{name} of level {level}": value})


def _check_positive(**values: float) -> None:
    for name, value in values.items():
        if not (math.isfinite(value) and value > 0):
            raise ValueError(f"{name} must be above 0, not {value}")


def _check_not_negative(**values: float) -> None:
    for name, value in values.items():
        if not (math.isfinite(value) and value >= 0):
            raise ValueError(f"{name} must not be below 0, not {value}")


def _padded(values: Sequence[float], filler: float) -> tuple[float, ...]:
    return tuple(float(value) for value in values) + (filler,) * (LEVELS_MAX - len(values))
