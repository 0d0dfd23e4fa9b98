"""Margin: what stands behind a position, and when the venue closes it.

`left` is written once for the paper venue's decimals and for the compiled engine's floats. Cross positions share the
wallet and are closed together; an isolated leg has what it was given at its entry.
"""

from decimal import Decimal
from typing import Final, NamedTuple, TypeVar

from trading.core.compiled import inlined, kernel
from trading.core.types import FLAT, State

Number = TypeVar("Number", float, Decimal)

MAINTENANCE: Final = 0.01
"""The share of a position's value that its margin may not fall below, where nothing else is said."""


class Margin(NamedTuple):
    """`capital` is the wallet in quote currency; an isolated leg is given its cost / leverage out of it."""

    leverage: float
    cross: bool
    capital: float
    maintenance: float


class Bar(NamedTuple):
    """One bar of both markets."""

    open1: float
    high1: float
    low1: float
    close1: float
    open2: float
    high2: float
    low2: float
    close2: float


class Liquidation(NamedTuple):
    """Which legs were closed by the venue, and at what; both prices are those of the bar's close for none."""

    leg1: bool
    leg2: bool
    p1: float
    p2: float


def margin(leverage: float, capital: float, *, cross: bool = True, maintenance: float = MAINTENANCE) -> Margin:
    """Raises ValueError for what no venue offers."""
    if not leverage >= 1:
        raise ValueError("leverage must be at least 1")
    if not capital > 0:
        raise ValueError("the capital behind a margin must be above 0")
    if not 0 <= maintenance < 1 / leverage:
        raise ValueError("maintenance margin must not be below 0, and below 1 / leverage")
    return Margin(float(leverage), bool(cross), float(capital), float(maintenance))


def left(backing: Number, unrealised: Number, value: Number, maintenance: Number) -> Number:
    """Margin above what must be kept: below 0 the venue closes the position."""
    return backing + unrealised - value * maintenance


_left = inlined(left)


@inlined
def free_margin(margin: Margin, state: State, realised: float, p1: float, p2: float) -> float:
    """Equity at these prices less the margin in use: what is there for the margin and fees of another level."""
    equity = margin.capital + realised + state.q1 * p1 + state.q2 * p2 - state.cost - state.fees + state.funding
    return equity - (abs(state.q1) * p1 + abs(state.q2) * p2) / margin.leverage


@kernel
def liquidation(margin: Margin, state: State, cost1: float, realised: float, bar: Bar) -> Liquidation:
    """Of a position held from the bar's open to its close; `cost1` is leg 1's part of the state's cost.

    Each leg is looked at where its bar was worst for it. Cross legs are taken to have been there at the same time,
    since nothing says that they were not.
    """
    worst1 = bar.low1 if state.q1 > 0.0 else bar.high1
    worst2 = bar.low2 if state.q2 > 0.0 else bar.high2
    if state.side == FLAT:
        return Liquidation(False, False, bar.close1, bar.close2)
    if margin.cross:
        return _both(margin, state, realised, bar, worst1, worst2)
    gone1 = _leg_left(margin, state.q1, cost1, worst1) < 0.0
    gone2 = _leg_left(margin, state.q2, state.cost - cost1, worst2) < 0.0
    p1 = _leg_price(margin, state.q1, cost1, bar.open1, worst1) if gone1 else bar.close1
    p2 = _leg_price(margin, state.q2, state.cost - cost1, bar.open2, worst2) if gone2 else bar.close2
    return Liquidation(gone1, gone2, p1, p2)


@inlined
def _both(margin: Margin, state: State, realised: float, bar: Bar, worst1: float, worst2: float) -> Liquidation:
    """Both legs where, on the straight way from the opens to the worst prices, the wallet is used up."""
    if not _wallet_left(margin, state, realised, worst1, worst2) < 0.0:
        return Liquidation(False, False, bar.close1, bar.close2)
    before = _wallet_left(margin, state, realised, bar.open1, bar.open2)
    way = 0.0
    if before > 0.0:
        way = before / (before - _wallet_left(margin, state, realised, worst1, worst2))
    p1, p2 = bar.open1 + way * (worst1 - bar.open1), bar.open2 + way * (worst2 - bar.open2)
    return Liquidation(True, state.q2 != 0.0, p1, p2)


@inlined
def _wallet_left(margin: Margin, state: State, realised: float, p1: float, p2: float) -> float:
    wallet = margin.capital + realised - state.fees + state.funding
    unrealised = state.q1 * p1 + state.q2 * p2 - state.cost
    return _left(wallet, unrealised, abs(state.q1) * p1 + abs(state.q2) * p2, margin.maintenance)


@inlined
def _leg_left(margin: Margin, amount: float, cost: float, price: float) -> float:
    return _left(abs(cost) / margin.leverage, amount * price - cost, abs(amount) * price, margin.maintenance)


@inlined
def _leg_price(margin: Margin, amount: float, cost: float, opened: float, worst: float) -> float:
    """Where `_leg_left` is 0; the open where the bar opened beyond it."""
    if _leg_left(margin, amount, cost, opened) < 0.0:
        return opened
    price = (cost - abs(cost) / margin.leverage) / (amount - abs(amount) * margin.maintenance)
    return max(price, worst) if amount > 0.0 else min(price, worst)
