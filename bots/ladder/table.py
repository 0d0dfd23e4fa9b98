"""The ladder level by level: where each trades, with how much, and where it breaks even or is liquidated. Pure.

A spread says nothing about which leg moves: from today's prices on each leg is assumed to make half of the way.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from decimal import Decimal
from typing import Final

from bots.ladder.sizes import Held, WantedLevel, ladder_sizes
from trading.core.leg_ratio import EQUAL
from trading.core.pnl import gross_pnl
from trading.core.sizing import LevelQuantities, MarketRules, SizeRefused
from trading.core.spread import spread_pct
from trading.core.triggers import triggers
from trading.core.types import LONG_SPREAD, SHORT_SPREAD, Config, Quote, State, position_state

MAINTENANCE: Final = 0.01
DEEPEST_FALL: Final = 0.95


@dataclass(frozen=True, slots=True)
class Terms:
    """`equities`: what stands behind the position: one sum behind both legs (cross, one account), or one for each leg
    (two accounts); None where it is not known. Isolated margin puts each leg's own margin behind it. `ratio`: what leg
    2 is worth for each 1 of leg 1."""

    leverage: int
    isolated: bool
    equities: tuple[float, ...] | None
    max_imbalance: Decimal
    ratio: float = EQUAL


@dataclass(frozen=True, slots=True)
class Level:
    """Of one level; sums are those once it is filled. Money in quote currency, spreads in percentage points.

    `break_even`, `take_profit`, `stop_loss` and `liquidation` are spreads for a position of `side` that was built from
    R = 0. `sizes` are both legs' orders at the level's own prices, or why they cannot be placed.
    """

    level: int
    step: float
    multiplier: float
    at_short: float
    at_long: float
    notional: Decimal
    invested: Decimal
    margin: Decimal
    allowed: bool
    side: int
    break_even: float | None
    take_profit: float | None
    stop_loss: float | None
    liquidation: float | None
    sizes: LevelQuantities | SizeRefused

    @property
    def at_side(self) -> float:
        return self.at_short if self.side == SHORT_SPREAD else self.at_long


def ladder_table(config: Config, quote: Quote, rules: tuple[MarketRules, MarketRules], terms: Terms) -> list[Level]:
    """`quote` is today's; the table assumes a short from R = 0 (a long where only that side is allowed)."""
    side = SHORT_SPREAD if config.allow_short else LONG_SPREAD
    shorts, longs = level_spreads(config, SHORT_SPREAD), level_spreads(config, LONG_SPREAD)
    spreads = shorts if side == SHORT_SPREAD else longs
    quotes = [quote_at(config, quote, spread) for spread in spreads]
    notionals = [_money(config.investment) * _money(config.multipliers[i]) for i in range(config.levels)]
    sizes = _sizes(rules, side, notionals, quotes, terms.max_imbalance)
    states = _states(config, side, spreads, quotes)
    levels = []
    for i, state in enumerate(states):
        marks = triggers(config, state, quotes[i])
        net = triggers(config._replace(net=True), state, quotes[i])
        invested = sum(notionals[: i + 1], Decimal())
        levels.append(
            Level(
                level=i + 1,
                step=config.spreads[i],
                multiplier=config.multipliers[i],
                at_short=shorts[i],
                at_long=longs[i],
                notional=notionals[i],
                invested=invested,
                margin=2 * invested / terms.leverage,
                allowed=2 * state.invested <= config.cap,
                side=side,
                break_even=net.break_even,
                take_profit=marks.take_profit,
                stop_loss=marks.stop_loss,
                liquidation=liquidation_spread(config, state, quotes[i], spreads[i], terms),
                sizes=sizes[i],
            )
        )
    return levels


def level_spreads(config: Config, side: int) -> list[float]:
    """Where a position of this side opens, from R = 0, and adds."""
    opening = config.spreads[0] * (side if config.momentum else -side)
    found = [opening]
    for step in config.spreads[1 : config.levels]:
        found.append(found[-1] - side * step)
    return found


def quote_at(config: Config, quote: Quote, spread: float) -> Quote:
    """Today's quote after the spread went there, half of the way by each leg, books as wide as now."""
    points = spread - spread_pct(quote.p1, quote.p2, config.start1, config.start2)
    factor1, factor2 = _factors(points / 100.0, config.start1 / quote.p1, config.start2 / quote.p2)
    return Quote(
        quote.p1 * factor1,
        quote.p2 * factor2,
        quote.bid1 * factor1,
        quote.ask1 * factor1,
        quote.bid2 * factor2,
        quote.ask2 * factor2,
    )


def _factors(moved: float, weight1: float, weight2: float) -> tuple[float, float]:
    """What both prices are multiplied with. No price falls by more than DEEPEST_FALL: the other then goes further."""
    change1, change2 = moved / 2.0 * weight1, -moved / 2.0 * weight2
    if change2 < -DEEPEST_FALL:
        change1, change2 = (moved - DEEPEST_FALL / weight2) * weight1, -DEEPEST_FALL
    elif change1 < -DEEPEST_FALL:
        change1, change2 = -DEEPEST_FALL, (-moved - DEEPEST_FALL / weight1) * weight2
    return 1.0 + change1, 1.0 + change2


def liquidation_spread(config: Config, state: State, quote: Quote, spread: float, terms: Terms) -> float | None:
    """The nearest spread at which what stands behind a leg (or both) no longer covers the maintenance margin.

    None where it is not known or never reached.
    """
    further = quote_at(config, quote, spread - state.side)
    found = []
    for equity, q1, q2 in _backings(state, quote, terms):
        legs = state._replace(q1=q1, q2=q2, cost=q1 * quote.p1 + q2 * quote.p2)
        left = equity - _maintenance(q1, q2, quote)
        lost = left - (equity + gross_pnl(legs, further) - _maintenance(q1, q2, further))
        if left <= 0.0:
            found.append(0.0)
        elif lost > 0.0:
            found.append(left / lost)
    return spread - state.side * min(found) if found else None


def _backings(state: State, quote: Quote, terms: Terms) -> list[tuple[float, float, float]]:
    """(equity behind it at this quote, leg 1, leg 2) for each part that is liquidated on its own."""
    if terms.isolated:
        margin = state.invested / terms.leverage
        equities: tuple[float, ...] = (margin, margin)
    elif terms.equities is None:
        return []
    else:
        equities = terms.equities
    losses = (state.q1 * quote.p1, state.q2 * quote.p2)
    paid = state.cost + state.fees
    if len(equities) == 1:
        return [(equities[0] + sum(losses) - paid, state.q1, state.q2)]
    signed = -state.side * state.invested  # each leg was entered for the same notional, with opposite signs
    return [
        (equities[0] + losses[0] + signed - state.fees / 2, state.q1, 0.0),
        (equities[1] + losses[1] - signed - state.fees / 2, 0.0, state.q2),
    ]


def _maintenance(q1: float, q2: float, quote: Quote) -> float:
    return MAINTENANCE * (abs(q1) * quote.p1 + abs(q2) * quote.p2)


def _states(config: Config, side: int, spreads: Sequence[float], quotes: Sequence[Quote]) -> list[State]:
    """The position after each level: sized at the price, entered at bid or ask, fees paid."""
    states: list[State] = []
    q1 = q2 = cost = fees = invested = 0.0
    for i, quote in enumerate(quotes):
        notional = config.investment * config.multipliers[i]
        new1, new2 = side * notional / quote.p1, -side * notional / quote.p2
        paid1, paid2 = new1 * (quote.ask1 if new1 > 0 else quote.bid1), new2 * (quote.ask2 if new2 > 0 else quote.bid2)
        q1, q2, cost, invested = q1 + new1, q2 + new2, cost + paid1 + paid2, invested + notional
        fees += abs(paid1) * config.fee1 + abs(paid2) * config.fee2
        states.append(
            position_state(
                level=i + 1,
                side=side,
                reference=spreads[i],
                first_spread=spreads[0],
                last_spread=spreads[i],
                invested=invested,
                q1=q1,
                q2=q2,
                cost=cost,
                fees=fees,
            )
        )
    return states


def _sizes(
    rules: tuple[MarketRules, MarketRules],
    side: int,
    notionals: Sequence[Decimal],
    quotes: Sequence[Quote],
    max_imbalance: Decimal,
) -> list[LevelQuantities | SizeRefused]:
    wanted = [
        WantedLevel(level, notional, _money(quote.p1), _money(quote.p2))
        for level, (notional, quote) in enumerate(zip(notionals, quotes, strict=True), start=1)
    ]
    return ladder_sizes(*rules, side, wanted, held=Held(), max_imbalance=max_imbalance)


def _money(value: float) -> Decimal:
    return Decimal(repr(value))
