"""From notional to quantities that a venue accepts. All amounts are in base units, all money in quote units.

A contract size matters only for display: `amount_step` is already the venue's step times the contract size.
"""

from dataclasses import dataclass
from decimal import ROUND_FLOOR, Context, Decimal, localcontext
from enum import StrEnum
from typing import Final

from trading.core.leg_ratio import EQUAL, notionals_of, usable
from trading.core.position import BUY, LEDGER_UNIT, SELL, ZERO

MAX_IMBALANCE: Final = Decimal("0.05")

PLAN_TOLERANCE: Final = 20 * LEDGER_UNIT
"""What rounding each level's part to ledger units may take from a plan of 20 levels: no lot is lost over it."""

_WIDE: Final = Context(prec=100, rounding=ROUND_FLOOR)


@dataclass(frozen=True, slots=True)
class MarketRules:
    """A venue's rules for one market, as the core needs them. A step or tick of 0 means no rounding."""

    symbol: str
    base: str
    quote: str
    settle: str
    contract_size: Decimal
    amount_step: Decimal
    amount_min: Decimal
    amount_max: Decimal | None
    price_tick: Decimal
    notional_min: Decimal
    notional_max: Decimal | None
    max_leverage: Decimal
    taker_fee: Decimal
    maker_fee: Decimal
    active: bool


NO_MARKET: Final = MarketRules(
    symbol="",
    base="",
    quote="",
    settle="",
    contract_size=Decimal(1),
    amount_step=ZERO,
    amount_min=ZERO,
    amount_max=None,
    price_tick=ZERO,
    notional_min=ZERO,
    notional_max=None,
    max_leverage=Decimal(1000),
    taker_fee=ZERO,
    maker_fee=ZERO,
    active=True,
)
"""In place of market 2 of a strategy that trades one market: its price is 1, its leg is always empty."""


class SizeReason(StrEnum):
    INACTIVE = "inactive"
    AMOUNT_MIN = "amount_min"
    AMOUNT_MAX = "amount_max"
    NOTIONAL_MIN = "notional_min"
    NOTIONAL_MAX = "notional_max"
    IMBALANCE = "imbalance"
    HEDGE_RATIO = "hedge_ratio"


class SizeRefused(Exception):
    """A level cannot be ordered. `leg` is 1, 2 or, where it is about both, None; `figures` say by how much."""

    def __init__(self, reason: SizeReason, leg: int | None, figures: dict[str, Decimal]) -> None:
        text = ", ".join(f"{name} {value:f}" for name, value in figures.items())
        super().__init__(f"{reason}{f' on leg {leg}' if leg else ''}: {text}")
        self.reason = reason
        self.leg = leg
        self.figures = figures


@dataclass(frozen=True, slots=True)
class LevelQuantities:
    """What one level orders. Amounts are positive; `side1` and `side2` are "buy" or "sell".

    `planned1` and `planned2` are the totals, in ledger units and not rounded to lots, that the ladder wanted up to and
    including this level; `wanted1` and `wanted2` are this level's own part of them. A level that is filled with share f
    leaves planned = planned before + f * wanted.
    """

    side1: str
    side2: str
    amount1: Decimal
    amount2: Decimal
    notional1: Decimal
    notional2: Decimal
    wanted1: Decimal
    wanted2: Decimal
    planned1: Decimal
    planned2: Decimal

    def imbalance(self, ratio: float = EQUAL) -> Decimal:
        """How far the legs are from their ratio, as a fraction."""
        first, second = notionals_of(Decimal(1), ratio)
        return imbalance(self.notional1 / first, self.notional2 / second)


def level_quantities(
    rules1: MarketRules,
    rules2: MarketRules,
    side: int,
    notional: Decimal,
    p1: Decimal,
    p2: Decimal,
    held1: Decimal = ZERO,
    held2: Decimal = ZERO,
    planned1: Decimal = ZERO,
    planned2: Decimal = ZERO,
    max_imbalance: Decimal = MAX_IMBALANCE,
    ratio: float = EQUAL,
) -> LevelQuantities:
    """Quantities for one level of `notional` per leg at the decision's own prices.

    `ratio`: what leg 2 is to be worth for each 1 of leg 1, both together twice the notional (`leg_ratio`).
    Signs of held and planned amounts are ignored. The cumulative target is rounded, not the level, so that what one
    level loses to its lot the next one gains; both legs keep the share that the coarser one reaches.
    Raises SizeRefused.
    """
    held1, held2, planned1, planned2 = abs(held1), abs(held2), abs(planned1), abs(planned2)
    if not rules2.symbol:
        return _only_leg(rules1, side, notional, p1, held1, planned1)
    if not usable(ratio):
        raise SizeRefused(SizeReason.HEDGE_RATIO, None, {"ratio": Decimal(repr(ratio))})
    with localcontext(_WIDE):
        notional1, notional2 = notionals_of(notional, ratio)
        wanted1, wanted2 = round_down(notional1 / p1, ZERO), round_down(notional2 / p2, ZERO)
    target1, target2 = _common_targets(rules1, rules2, planned1 + wanted1, planned2 + wanted2)
    amount1, amount2 = max(target1 - held1, ZERO), max(target2 - held2, ZERO)
    level = LevelQuantities(
        side1=BUY if side > 0 else SELL,
        side2=SELL if side > 0 else BUY,
        amount1=amount1,
        amount2=amount2,
        notional1=amount1 * p1,
        notional2=amount2 * p2,
        wanted1=wanted1,
        wanted2=wanted2,
        planned1=planned1 + wanted1,
        planned2=planned2 + wanted2,
    )
    check_order(rules1, 1, amount1, level.notional1)
    check_order(rules2, 2, amount2, level.notional2)
    _check_imbalance(level, max_imbalance, ratio)
    return level


def _only_leg(
    rules: MarketRules, side: int, notional: Decimal, price: Decimal, held: Decimal, planned: Decimal
) -> LevelQuantities:
    with localcontext(_WIDE):
        wanted = round_down(notional / price, ZERO)
    amount = max(_on_lot(planned + wanted, rules.amount_step) - held, ZERO)
    check_order(rules, 1, amount, amount * price)
    return LevelQuantities(
        side1=BUY if side > 0 else SELL,
        side2=SELL if side > 0 else BUY,
        amount1=amount,
        amount2=ZERO,
        notional1=amount * price,
        notional2=ZERO,
        wanted1=wanted,
        wanted2=ZERO,
        planned1=planned + wanted,
        planned2=ZERO,
    )


def check_order(rules: MarketRules, leg: int, amount: Decimal, notional: Decimal) -> None:
    """Raises SizeRefused where the venue would refuse an opening order."""
    if not rules.active:
        raise SizeRefused(SizeReason.INACTIVE, leg, {"amount": amount})
    if amount <= 0 or amount < rules.amount_min:
        minimum = max(rules.amount_min, rules.amount_step)
        raise SizeRefused(SizeReason.AMOUNT_MIN, leg, {"amount": amount, "minimum": minimum})
    if notional < rules.notional_min:
        raise SizeRefused(SizeReason.NOTIONAL_MIN, leg, {"notional": notional, "minimum": rules.notional_min})
    if rules.amount_max is not None and amount > rules.amount_max:
        raise SizeRefused(SizeReason.AMOUNT_MAX, leg, {"amount": amount, "maximum": rules.amount_max})
    if rules.notional_max is not None and notional > rules.notional_max:
        raise SizeRefused(SizeReason.NOTIONAL_MAX, leg, {"notional": notional, "maximum": rules.notional_max})


def imbalance(notional1: Decimal, notional2: Decimal) -> Decimal:
    """How much smaller the smaller notional is than the larger, as a fraction."""
    larger = max(notional1, notional2)
    return abs(notional1 - notional2) / larger if larger else ZERO


def round_down(amount: Decimal, step: Decimal) -> Decimal:
    """Down to a multiple of the step; with step 0, to the ledger's unit."""
    with localcontext(_WIDE):
        if not step:
            return amount.quantize(LEDGER_UNIT)
        return amount // step * step


def close_slices(amount: Decimal, rules: MarketRules, price: Decimal | None = None) -> list[Decimal]:
    """The amount to close, cut to the venue's maximum order (by notional too where a price is given).

    Every slice is on the lot step and none below the minimum amount where that can be avoided. What is less than a lot
    cannot be closed: the sum is then less than the amount.
    """
    total = round_down(abs(amount), rules.amount_step)
    limit = _largest_order(rules, price)
    if total <= 0:
        return []
    if limit is None or total <= limit:
        return [total]
    count = int(total // limit) + bool(total % limit)
    slices = [limit] * (count - 1)
    last = total - limit * (count - 1)
    short = max(rules.amount_min - last, ZERO)
    if short and limit - _round_up(short, rules.amount_step) >= rules.amount_min:
        moved = _round_up(short, rules.amount_step)
        slices[-1] -= moved
        last += moved
    return [*slices, last]


def round_price(price: Decimal, tick: Decimal, side: str) -> Decimal:
    """On the tick (without one, on the ledger's unit) and never worse than asked for: down for a buy, up for a sell."""
    return round_down(price, tick) if side == BUY else _round_up(price, tick)


def limit_price(touch: Decimal, max_slippage: Decimal, tick: Decimal, side: str) -> Decimal:
    """The limit of an immediate-or-cancel order: the touch, worse by at most `max_slippage` (a fraction)."""
    worst = touch * (1 + max_slippage) if side == BUY else touch * (1 - max_slippage)
    return round_price(worst, tick, side)


def _common_targets(
    rules1: MarketRules, rules2: MarketRules, exact1: Decimal, exact2: Decimal
) -> tuple[Decimal, Decimal]:
    """Both totals on their lots, scaled to the share of the leg that loses more to its lot."""
    target1, target2 = _on_lot(exact1, rules1.amount_step), _on_lot(exact2, rules2.amount_step)
    if not (rules1.amount_step or rules2.amount_step):
        return target1, target2
    with localcontext(_WIDE):
        share1, share2 = target1 * exact2, target2 * exact1  # both over exact1 * exact2: no division, no rounding
        if share1 < share2:
            return target1, _on_lot(share1 / exact1, rules2.amount_step)
        if share2 < share1:
            return _on_lot(share2 / exact2, rules1.amount_step), target2
    return target1, target2


def _on_lot(exact: Decimal, step: Decimal) -> Decimal:
    return round_down(exact + PLAN_TOLERANCE, step) if step else round_down(exact, step)


def _round_up(value: Decimal, step: Decimal) -> Decimal:
    down = round_down(value, step)
    return down if down == value else down + (step or LEDGER_UNIT)


def _largest_order(rules: MarketRules, price: Decimal | None) -> Decimal | None:
    limits = [] if rules.amount_max is None else [rules.amount_max]
    if price is not None and rules.notional_max is not None:
        limits.append(rules.notional_max / price)
    return max(round_down(min(limits), rules.amount_step), rules.amount_step) if limits else None


def _check_imbalance(level: LevelQuantities, maximum: Decimal, ratio: float) -> None:
    found = level.imbalance(ratio)
    if found > maximum:
        figures = {
            "notional1": level.notional1,
            "notional2": level.notional2,
            "imbalance": found,
            "maximum": maximum,
        }
        raise SizeRefused(SizeReason.IMBALANCE, None, figures)
