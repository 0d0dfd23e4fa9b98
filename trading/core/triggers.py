"""What a bot waits for, for pages, logs and the preview: the spreads at which it would act next.

A spread says nothing about which leg moves. Where a trigger depends on the P&L, each leg is assumed to make half of the
way and the books to keep their relative width.
"""

import math
from enum import StrEnum
from typing import NamedTuple

from trading.core.pnl import pnl, pnl_pct
from trading.core.spread import spread_pct
from trading.core.types import FLAT, LONG_SPREAD, Config, Quote, State


class Triggers(NamedTuple):
    """Spreads in percentage points; None where nothing would happen (flat, turned off, forbidden, out of reach)."""

    spread: float
    rises_to: float | None
    """At or above it the bot opens or adds."""
    rises_to_side: int
    falls_to: float | None
    """At or below it the bot opens or adds."""
    falls_to_side: int
    take_profit: float | None
    stop_loss: float | None
    break_even: float | None
    pnl: float
    pnl_pct: float | None

    def distance(self, trigger: float | None) -> float | None:
        """Signed way from the present spread; None for no trigger."""
        return None if trigger is None else trigger - self.spread


class WaitsFor(StrEnum):
    OPEN_HIGHER = "open_higher"
    OPEN_LOWER = "open_lower"
    ADD = "add"
    TAKE_PROFIT = "take_profit"
    STOP_LOSS = "stop_loss"


class Blocked(StrEnum):
    NO = ""
    CAP = "cap"
    SIDE = "side"
    LAST_LEVEL = "last_level"
    GET_ME_OUT = "get_me_out"
    OFF = "off"


class Condition(NamedTuple):
    """One comparison of the decision, with its figures: it is met once `value >= threshold` and nothing blocks it.

    `unit` is "pp" or "%"; `needed` and `allowed` are the notional against the cap where the condition opens or adds.
    """

    waits_for: WaitsFor
    value: float
    threshold: float
    unit: str
    blocked: Blocked
    needed: float = 0.0
    allowed: float = 0.0

    @property
    def missing(self) -> float:
        return max(self.threshold - self.value, 0.0)

    @property
    def met(self) -> bool:
        return self.blocked is Blocked.NO and self.value >= self.threshold


def triggers(config: Config, state: State, quote: Quote) -> Triggers:
    spread = spread_pct(quote.p1, quote.p2, config.start1, config.start2)
    if state.side == FLAT:
        return _flat_triggers(config, state, spread)
    add = _add_spread(config, state)
    higher, lower = (None, add) if state.side == LONG_SPREAD else (add, None)
    return Triggers(
        spread=spread,
        rises_to=higher,
        rises_to_side=FLAT if higher is None else state.side,
        falls_to=lower,
        falls_to_side=FLAT if lower is None else state.side,
        take_profit=_take_profit_spread(config, state, quote, spread),
        stop_loss=_spread_at_pct(config, state, quote, spread, -config.stop_loss) if config.stop_loss > 0 else None,
        break_even=_spread_at_pct(config, state, quote, spread, 0.0),
        pnl=pnl(config, state, quote),
        pnl_pct=_or_none(pnl_pct(config, state, quote)),
    )


def conditions(config: Config, state: State, quote: Quote) -> list[Condition]:
    """Every comparison that `decide` would make now, in its order, with what stands in the way of each."""
    spread = spread_pct(quote.p1, quote.p2, config.start1, config.start2)
    if state.side == FLAT:
        return [
            _opening_condition(config, WaitsFor.OPEN_HIGHER, spread - state.reference, +1),
            _opening_condition(config, WaitsFor.OPEN_LOWER, state.reference - spread, -1),
        ]
    percent = pnl_pct(config, state, quote)
    off = Blocked.NO if config.stop_loss > 0 else Blocked.OFF
    gained = state.side * (spread - state.first_spread) if config.regression else percent
    return [
        Condition(WaitsFor.STOP_LOSS, -percent, config.stop_loss, "%", off),
        Condition(WaitsFor.TAKE_PROFIT, gained, config.take_profit, "pp" if config.regression else "%", Blocked.NO),
        _add_condition(config, state, spread),
    ]


def _flat_triggers(config: Config, state: State, spread: float) -> Triggers:
    higher = _opening_condition(config, WaitsFor.OPEN_HIGHER, spread - state.reference, +1).blocked is Blocked.NO
    lower = _opening_condition(config, WaitsFor.OPEN_LOWER, state.reference - spread, -1).blocked is Blocked.NO
    return Triggers(
        spread=spread,
        rises_to=state.reference + config.spreads[0] if higher else None,
        rises_to_side=_side_after(config, +1) if higher else FLAT,
        falls_to=state.reference - config.spreads[0] if lower else None,
        falls_to_side=_side_after(config, -1) if lower else FLAT,
        take_profit=None,
        stop_loss=None,
        break_even=None,
        pnl=0.0,
        pnl_pct=None,
    )


def _side_after(config: Config, direction: int) -> int:
    return direction if config.momentum else -direction


def _opening_condition(config: Config, waits_for: WaitsFor, moved: float, direction: int) -> Condition:
    needed = 2.0 * config.investment * config.multipliers[0]
    long = _side_after(config, direction) == LONG_SPREAD
    blocked = Blocked.NO
    if config.take_profit <= 0:
        blocked = Blocked.GET_ME_OUT
    elif needed > config.cap:
        blocked = Blocked.CAP
    elif not (config.allow_long if long else config.allow_short):
        blocked = Blocked.SIDE
    return Condition(waits_for, moved, config.spreads[0], "pp", blocked, needed, config.cap)


def _add_condition(config: Config, state: State, spread: float) -> Condition:
    against = -state.side * (spread - state.last_spread)
    if state.level >= config.levels:
        return Condition(WaitsFor.ADD, against, math.inf, "pp", Blocked.LAST_LEVEL)
    needed = 2.0 * (state.invested + config.investment * config.multipliers[state.level])
    blocked = Blocked.CAP if needed > config.cap else Blocked.NO
    return Condition(WaitsFor.ADD, against, config.spreads[state.level], "pp", blocked, needed, config.cap)


def _add_spread(config: Config, state: State) -> float | None:
    condition = _add_condition(config, state, state.last_spread)
    if condition.blocked is not Blocked.NO:
        return None
    return state.last_spread - state.side * condition.threshold


def _take_profit_spread(config: Config, state: State, quote: Quote, spread: float) -> float | None:
    if config.regression:
        return state.first_spread + state.side * config.take_profit
    return _spread_at_pct(config, state, quote, spread, config.take_profit)


def _spread_at_pct(config: Config, state: State, quote: Quote, spread: float, percent: float) -> float | None:
    """Where the P&L is `percent` of the investment. P&L is linear in such a move, so one step solves it."""
    now = pnl(config, state, quote)
    one_point = pnl(config, state, _moved(config, state, quote, 1.0)) - now
    if one_point == 0.0 or not math.isfinite(one_point):
        return None
    return spread + (percent / 100.0 * state.invested - now) / one_point


def _moved(config: Config, state: State, quote: Quote, points: float) -> Quote:
    """The quote after the spread moved by so many points, half of them by each leg; all by leg 1 where it is alone."""
    if state.q2 == 0.0:
        alone = 1.0 + points / 100.0 * config.start1 / quote.p1
        return quote._replace(p1=quote.p1 * alone, bid1=quote.bid1 * alone, ask1=quote.ask1 * alone)
    factor1 = 1.0 + points / 200.0 * config.start1 / quote.p1
    factor2 = 1.0 - points / 200.0 * config.start2 / quote.p2
    return Quote(
        quote.p1 * factor1,
        quote.p2 * factor2,
        quote.bid1 * factor1,
        quote.ask1 * factor1,
        quote.bid2 * factor2,
        quote.ask2 * factor2,
    )


def _or_none(value: float) -> float | None:
    return value if math.isfinite(value) else None
