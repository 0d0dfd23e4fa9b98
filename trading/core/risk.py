"""Risk limits as small rules over frozen facts: what an order would make of them, and whether it may be sent.

Money in the settle currency (USD coins at par), ratios in per cent. A rule whose figure is not known blocks: unknown is
not fine. Nothing here ever blocks an order that only reduces a position.
"""

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from decimal import Decimal
from enum import StrEnum
from typing import Final

ZERO: Final = Decimal(0)
ONE: Final = Decimal(1)
MINUTE: Final = timedelta(minutes=1)


class Rule(StrEnum):
    """Named as the limit that sets it."""

    GROSS = "max_gross_exposure"
    NET = "max_net_exposure"
    PAIRS = "max_open_pairs"
    ORDER = "max_order_value"
    SHARE = "max_equity_share"
    LOSS_DAY = "max_loss_day"
    LOSS_WEEK = "max_loss_week"
    DRAWDOWN = "max_drawdown"
    ORDERS = "max_orders_per_minute"
    COOLDOWN = "cooldown_losses"
    CHURN = "churn_cycles"
    LEVERAGE = "max_leverage"
    SYMBOLS = "allowed_symbols"
    EXCHANGES = "allowed_exchanges"


class Does(StrEnum):
    """What a rule does where it blocks."""

    REFUSES = "refuses"
    """This order; a smaller or another one may pass."""
    STOPS_ENTRIES = "stops_entries"
    """Every order that opens or adds, for as long as the figure stays where it is."""


@dataclass(frozen=True, slots=True)
class Limits:
    """None and an empty set: no limit."""

    max_gross_exposure: Decimal | None = None
    max_net_exposure: Decimal | None = None
    max_open_pairs: int | None = None
    max_order_value: Decimal | None = None
    max_equity_share: Decimal | None = None
    max_loss_day: Decimal | None = None
    max_loss_week: Decimal | None = None
    max_drawdown: Decimal | None = None
    max_orders_per_minute: int | None = None
    cooldown_losses: int | None = None
    cooldown_minutes: int = 60
    churn_cycles: int | None = None
    churn_minutes: int = 60
    max_leverage: int | None = None
    allowed_symbols: frozenset[str] = frozenset()
    allowed_exchanges: frozenset[str] = frozenset()


@dataclass(frozen=True, slots=True)
class Intended:
    """An order, or both orders of a level. `net` is signed: bought less sold. The default intends nothing."""

    gross: Decimal = ZERO
    net: Decimal = ZERO
    largest: Decimal = ZERO
    orders: int = 0
    reduces: bool = False
    leverage: int = 0
    symbols: frozenset[str] = frozenset()
    exchanges: frozenset[str] = frozenset()


@dataclass(frozen=True, slots=True)
class Facts:
    """Of one bot, account or user before the order; what is on its way to the venue counts as held.

    `net` is signed. `open_pairs` counts the order's own pair, if it has one. `pair_value`: gross value of that pair.
    Losses are positive. `fall` is money lost since the peak or the start, `fall_of` what it is a share of. `closed_at`:
    when the pair's bot closed its last cycles; `losses`: losing cycles in a row, `lost_at` the last of them.
    """

    now: datetime
    gross: Decimal = ZERO
    net: Decimal = ZERO
    open_pairs: int = 0
    pair_value: Decimal = ZERO
    equity: Decimal | None = None
    loss_day: Decimal = ZERO
    loss_week: Decimal = ZERO
    fall: Decimal | None = None
    fall_of: Decimal | None = None
    orders_last_minute: int = 0
    losses: int = 0
    lost_at: datetime | None = None
    closed_at: tuple[datetime, ...] = ()
    day_ends: datetime | None = None
    week_ends: datetime | None = None


@dataclass(frozen=True, slots=True)
class Verdict:
    """`value` is what the order would make of the figure, None where that is not known.

    `share_used` is value / limit: 1 is at the limit. `until`: when it ends by itself, as far as that is known.
    """

    rule: Rule
    limit: Decimal
    value: Decimal | None
    share_used: Decimal
    blocks: bool
    does: Does
    until: datetime | None = None


def verdicts(limits: Limits, facts: Facts, order: Intended) -> tuple[Verdict, ...]:
    """One for each limit that is set, in the order of `Rule`."""
    found = (rule(limits, facts, order) for rule in RULES.values())
    return tuple(verdict for verdict in found if verdict is not None)


def first_block(found: Iterable[Verdict]) -> Verdict | None:
    return next((verdict for verdict in found if verdict.blocks), None)


def gross(limits: Limits, facts: Facts, order: Intended) -> Verdict | None:
    return _ceiling(Rule.GROSS, limits.max_gross_exposure, facts.gross + order.gross, order)


def net(limits: Limits, facts: Facts, order: Intended) -> Verdict | None:
    """An order that brings the net exposure nearer to zero passes, however far it still is."""
    after = abs(facts.net + order.net)
    verdict = _ceiling(Rule.NET, limits.max_net_exposure, after, order)
    if verdict is None or after >= abs(facts.net):
        return verdict
    return Verdict(Rule.NET, verdict.limit, after, verdict.share_used, False, verdict.does)


def pairs(limits: Limits, facts: Facts, order: Intended) -> Verdict | None:
    return _ceiling(Rule.PAIRS, _number(limits.max_open_pairs), Decimal(facts.open_pairs), order)


def order_value(limits: Limits, facts: Facts, order: Intended) -> Verdict | None:
    return _ceiling(Rule.ORDER, limits.max_order_value, order.largest, order)


def equity_share(limits: Limits, facts: Facts, order: Intended) -> Verdict | None:
    """Both legs of the pair, in per cent of the equity."""
    value = facts.pair_value + order.gross
    share = None if facts.equity is None else _per_cent(value, facts.equity)
    return _ceiling(Rule.SHARE, limits.max_equity_share, share, order)


def loss_day(limits: Limits, facts: Facts, order: Intended) -> Verdict | None:
    return _brim(Rule.LOSS_DAY, limits.max_loss_day, facts.loss_day, order, facts.day_ends)


def loss_week(limits: Limits, facts: Facts, order: Intended) -> Verdict | None:
    return _brim(Rule.LOSS_WEEK, limits.max_loss_week, facts.loss_week, order, facts.week_ends)


def drawdown(limits: Limits, facts: Facts, order: Intended) -> Verdict | None:
    fallen = None if facts.fall is None or facts.fall_of is None else _per_cent(facts.fall, facts.fall_of)
    return _brim(Rule.DRAWDOWN, limits.max_drawdown, fallen, order)


def orders_per_minute(limits: Limits, facts: Facts, order: Intended) -> Verdict | None:
    value = Decimal(facts.orders_last_minute + order.orders)
    verdict = _ceiling(Rule.ORDERS, _number(limits.max_orders_per_minute), value, order)
    return verdict if verdict is None or not verdict.blocks else _until(verdict, facts.now + MINUTE)


def cooldown(limits: Limits, facts: Facts, order: Intended) -> Verdict | None:
    """So many losing cycles in a row, and the last of them less than the pause ago."""
    ends = facts.lost_at + timedelta(minutes=limits.cooldown_minutes) if facts.lost_at else None
    is_over = ends is None or facts.now >= ends
    reached = limits.cooldown_losses is not None and facts.losses >= limits.cooldown_losses
    value = ZERO if reached and is_over else Decimal(facts.losses)
    return _brim(Rule.COOLDOWN, _number(limits.cooldown_losses), value, order, ends)


def churn(limits: Limits, facts: Facts, order: Intended) -> Verdict | None:
    """So many cycles of one bot within the span; it may go on when the oldest of them has left it."""
    span = timedelta(minutes=limits.churn_minutes)
    recent = sorted(at for at in facts.closed_at if facts.now - span < at)
    most = limits.churn_cycles
    ends = recent[-most] + span if most and len(recent) >= most else None
    return _brim(Rule.CHURN, _number(most), Decimal(len(recent)), order, ends)


def leverage(limits: Limits, facts: Facts, order: Intended) -> Verdict | None:
    return _ceiling(Rule.LEVERAGE, _number(limits.max_leverage), Decimal(order.leverage), order)


def symbols(limits: Limits, facts: Facts, order: Intended) -> Verdict | None:
    return _listed(Rule.SYMBOLS, limits.allowed_symbols, order.symbols, order)


def exchanges(limits: Limits, facts: Facts, order: Intended) -> Verdict | None:
    return _listed(Rule.EXCHANGES, limits.allowed_exchanges, order.exchanges, order)


RULES: Final[Mapping[Rule, Callable[[Limits, Facts, Intended], Verdict | None]]] = {
    Rule.GROSS: gross,
    Rule.NET: net,
    Rule.PAIRS: pairs,
    Rule.ORDER: order_value,
    Rule.SHARE: equity_share,
    Rule.LOSS_DAY: loss_day,
    Rule.LOSS_WEEK: loss_week,
    Rule.DRAWDOWN: drawdown,
    Rule.ORDERS: orders_per_minute,
    Rule.COOLDOWN: cooldown,
    Rule.CHURN: churn,
    Rule.LEVERAGE: leverage,
    Rule.SYMBOLS: symbols,
    Rule.EXCHANGES: exchanges,
}


def _ceiling(rule: Rule, limit: Decimal | None, value: Decimal | None, order: Intended) -> Verdict | None:
    """What an order may reach but not exceed."""
    if limit is None:
        return None
    share = _share(value, limit)
    return Verdict(rule, limit, value, share, not order.reduces and (value is None or value > limit), Does.REFUSES)


def _brim(
    rule: Rule, limit: Decimal | None, value: Decimal | None, order: Intended, until: datetime | None = None
) -> Verdict | None:
    """What, once reached, stops every entry."""
    if limit is None:
        return None
    reached = value is None or value >= limit
    blocks = reached and not order.reduces
    return Verdict(rule, limit, value, _share(value, limit), blocks, Does.STOPS_ENTRIES, until if reached else None)


def _listed(rule: Rule, allowed: frozenset[str], wanted: frozenset[str], order: Intended) -> Verdict | None:
    """`value` is how many of those wanted are not allowed; the limit is none of them."""
    if not allowed:
        return None
    strange = len(wanted - allowed)
    share = ONE if strange else ZERO
    return Verdict(rule, ZERO, Decimal(strange), share, bool(strange) and not order.reduces, Does.REFUSES)


def _until(verdict: Verdict, at: datetime) -> Verdict:
    return Verdict(
        verdict.rule, verdict.limit, verdict.value, verdict.share_used, verdict.blocks, verdict.does, until=at
    )


def _number(limit: int | None) -> Decimal | None:
    return None if limit is None else Decimal(limit)


def _per_cent(part: Decimal, whole: Decimal) -> Decimal:
    """Of nothing, anything is all of it."""
    if part <= 0:
        return ZERO
    return part / whole * 100 if whole > 0 else Decimal(100)


def _share(value: Decimal | None, limit: Decimal) -> Decimal:
    if value is None:
        return ONE
    if value <= 0:
        return ZERO
    return value / limit if limit > 0 else ONE + value
