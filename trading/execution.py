"""Carries a trade's two legs to their end, one step after another, from the rows: complete, trim, cancel, close, book.

`trading.core.two_legs` says what comes next; here it is done. Nothing waits: what a venue still works on is looked at
again on the next tick.
"""

from collections.abc import Callable, Sequence
from datetime import datetime, timedelta
from decimal import Decimal

from django.conf import settings
from django.db.models import Min

from bots import services
from bots.journal import lines as journal
from bots.models import BotStatus, LoneLegPolicy
from exchanges.adapters.base import VenueQuote
from exchanges.errors import ExchangeError, OrderNotFound
from trading import crash_points, ledger, trades
from trading.core.order_state import UNSETTLED, OrderStatus
from trading.core.sizing import MarketRules, close_slices, limit_price
from trading.core.two_legs import (
    EXIT_ATTEMPTS,
    Book,
    Cancel,
    Close,
    Complete,
    LegFacts,
    Step,
    Trim,
    Wait,
    entry_step,
    exit_step,
)
from trading.funding import funding_collect
from trading.kill_switch.switches import lets_out
from trading.ledger import OrderPlan
from trading.models import Fill, LogType, Order, Purpose, Trade, TradingState
from trading.reconciliation.closable import closable
from trading.sending import orders_send, outcome_book
from trading.tick import QUIET, Tick
from trading.trades import TradePlan

RETRY_MOST_S, RETRY_HURRIED_S = 300.0, 30.0
"""Longest pause between two closing orders that a venue refuses; the second one while the kill switch closes."""

STEPS_AT_MOST = 6
"""Steps of one trade in one tick; the rest waits for the next."""

EXIT_WIDENING = {1: Decimal(1), 2: Decimal(2), 3: Decimal(4)}
"""Factor on the bot's slippage cap by attempt; from the fourth on the venue's own market order closes."""


def trade_run(tick: Tick, plan: TradePlan, candle_at: datetime | None, gate: Callable[[], None] | None = None) -> bool:
    """Writes the trade, sends it and takes it as far as it goes now; True when it ended. Raises LeaseLost.

    `gate` is asked in the transaction that writes the orders; what it raises is passed on, and nothing is written then.
    """
    begun = trades.trade_begin(
        tick.lease, plan, seen=tick.bot, market_time=tick.market_time, candle_at=candle_at, gate=gate
    )
    if begun is None:
        tick.void = True
        return False
    trade, orders = begun
    crash_points.here("after_plan")
    if orders:
        orders_send(tick, orders)
    return trade_advance(tick, trade)


def trade_advance(tick: Tick, trade: Trade, *, give_up: bool = False) -> bool:
    """Takes the trade as far as it goes now; True when it ended. Raises LeaseLost."""
    tried: tuple[Step, int] | None = None
    is_last = False
    for _ in range(STEPS_AT_MOST):
        orders = trades.orders_of(trade)
        if any(order.status in (OrderStatus.UNKNOWN, OrderStatus.SUBMITTED) for order in orders):
            return False
        if _never_sent(orders):
            trades.trade_void(tick.lease, trade)
            tick.void = True
            return True
        step = _next_step(tick, trade, orders, give_up or tick.switch != TradingState.ACTIVE)
        if isinstance(step, Wait) or tried == (step, len(orders)):  # nothing came of it: not again in this tick
            return False
        if (is_last and not isinstance(step, Book)) or _is_pausing(tick, orders, step):
            return False
        if _is_left_alone(tick, orders, step):
            return False
        tried = step, len(orders)
        if isinstance(step, Close) and _is_halted(tick, trade, orders):
            trades.trade_void(tick.lease, trade)
            return True
        if _step_do(tick, trade, orders, step):
            return True
        if isinstance(step, Cancel) and _still_working(trade):
            return False
        is_last = any(attempt > EXIT_ATTEMPTS for _, attempt in _exits(step))  # one more a tick, as long as it takes
    return False


def _is_halted(tick: Tick, trade: Trade, orders: Sequence[Order]) -> bool:
    """A close of the strategy's of which nothing is filled: it is decided anew once the kill switch is off."""
    is_begun = any(order.filled_amount for order in orders)
    return not tick.person and not lets_out(
        tick.switch, purpose=trade.action, reduce_only=True, reason=trade.reason, is_begun=is_begun
    )


def _still_working(trade: Trade) -> bool:
    return any(order.status in UNSETTLED for order in trades.orders_of(trade))


def _is_left_alone(tick: Tick, orders: Sequence[Order], step: Step) -> bool:
    """No attempt is wasted while every venue concerned wants to hear nothing: the order would not leave."""
    legs = [step.leg] if isinstance(step, Complete) else [leg for leg, _ in _exits(step)]
    return bool(legs) and _was_refused(orders) and all(tick.venue(leg).pause_s() > 0 for leg in legs)


def _was_refused(orders: Sequence[Order]) -> bool:
    return any(order.status == OrderStatus.REJECTED for order in orders)


def _exits(step: Step) -> list[tuple[int, int]]:
    """(leg, attempt) of the orders that a step would close something with."""
    match step:
        case Trim(leg, _, attempt):
            return [(leg, attempt)]
        case Close(amounts):
            return [(leg, attempt) for leg, _, attempt in amounts]
    return []


def _is_pausing(tick: Tick, orders: Sequence[Order], step: Step) -> bool:
    """Past the last planned attempt a venue that refuses is asked again after pauses that grow."""
    exits = _exits(step)
    waits = [_pause_until(tick, orders, leg, attempt) for leg, attempt in exits if attempt > EXIT_ATTEMPTS + 1]
    until = min(waits, default=None) if len(waits) == len(exits) else None  # a leg that may go on takes the other along
    if until is None or tick.now >= until:
        return False
    _journal_seldom(tick, "close_waits", until=until)
    return True


def _pause_until(tick: Tick, orders: Sequence[Order], leg: int, attempt: int) -> datetime:
    last = max((order for order in orders if order.leg == leg and order.reduce_only), key=lambda order: order.pk)
    if last.status != OrderStatus.REJECTED:
        return tick.now
    pause = settings.CLOSE_RETRY_S * 2 ** min(attempt - EXIT_ATTEMPTS - 2, 16)
    most = RETRY_MOST_S if not tick.hurry else RETRY_HURRIED_S
    return (last.submitted_at or last.created_at) + timedelta(seconds=min(pause, most))


def _never_sent(orders: Sequence[Order]) -> bool:
    return bool(orders) and all(order.status == OrderStatus.DENIED for order in orders)


def _next_step(tick: Tick, trade: Trade, orders: Sequence[Order], give_up: bool) -> Step:
    leg1, leg2 = (_facts(tick, trade, orders, leg) for leg in (1, 2))
    if trade.action == Purpose.CLOSE:
        return exit_step(leg1, leg2, hurry=tick.hurry)
    complete = tick.bot.lone_leg_policy == LoneLegPolicy.COMPLETE and not _is_away_for_long(tick, orders)
    return entry_step(leg1, leg2, complete=complete, give_up=give_up)


def _is_away_for_long(tick: Tick, orders: Sequence[Order]) -> bool:
    """A leg is not left alone for as long as its partner's venue may want: where it can be, it is trimmed."""
    return _was_refused(orders) and any(
        tick.venue(leg).pause_s() > settings.LEG_TIMEOUT_MARKET_S for leg in tick.bot.legs
    )


def _facts(tick: Tick, trade: Trade, orders: Sequence[Order], leg: int) -> LegFacts:
    mine = [order for order in orders if order.leg == leg]
    live = [order for order in mine if order.status in UNSETTLED]
    sent = [order for order in mine if order.status != OrderStatus.DENIED and order.purpose != Purpose.PROTECT]
    signs = [-1 if order.purpose == Purpose.UNWIND else 1 for order in mine]
    return LegFacts(
        rules=tick.rules[leg - 1],
        target=trade.target1 if leg == 1 else trade.target2,
        filled=sum((sign * order.filled_amount for sign, order in zip(signs, mine, strict=True)), Decimal(0)),
        working=sum((order.amount - order.filled_amount for order in live), Decimal(0)),
        attempts=max((order.attempt for order in sent if order.purpose != Purpose.UNWIND), default=0),
        trims=max((order.attempt for order in sent if order.purpose == Purpose.UNWIND), default=0),
        overdue=any(_overdue(order, tick.market_time) for order in live),
    )


def _overdue(order: Order, market_time: datetime) -> bool:
    """A protective stop that a closing trade took over goes as soon as the closing orders are on their way."""
    if order.purpose == Purpose.PROTECT:
        return True
    return market_time > order.market_time + timedelta(seconds=_timeout_s(order))


def _timeout_s(order: Order) -> float:
    return settings.LEG_TIMEOUT_LIMIT_S if order.order_type == "limit" else settings.LEG_TIMEOUT_MARKET_S


def leg_alone(tick: Tick, trade: Trade) -> bool:
    """One leg got further than the other, and has stood so for its time and one look (both real time)."""
    orders = trades.orders_of(trade)
    first = Fill.objects.filter(order__trade=trade).aggregate(at=Min("booked_at"))["at"]
    if first is None:
        return False
    leg1, leg2 = (_facts(tick, trade, orders, leg) for leg in (1, 2))
    if leg1.filled * leg2.target == leg2.filled * leg1.target:
        return False
    timeout = max(_timeout_s(order) for order in orders)
    return bool(tick.now > first + timedelta(seconds=timeout + tick.bot.tick_interval))


def _step_do(tick: Tick, trade: Trade, orders: Sequence[Order], step: Step) -> bool:
    """True when the trade ended."""
    match step:
        case Wait():
            return False
        case Cancel(legs):
            for order in orders:
                if order.leg in legs and order.status in UNSETTLED:
                    order_cancel(tick, order)
            return False
        case Complete(leg, amount):
            _complete(tick, trade, orders, leg, amount)
            return False
        case Trim(leg, amount, attempt):
            _trim(tick, trade, leg, amount, attempt)
            return False
        case Close(amounts):
            _close(tick, trade, amounts)
            return False
        case Book(share):
            _book(tick, trade, orders, share)
            return True


def order_cancel(tick: Tick, order: Order) -> None:
    """A cancel that finds nothing or gets no answer changes nothing: settlement asks again."""
    try:
        report = tick.venue(order.leg).cancel_order(
            order.symbol,
            client_order_id=order.client_order_id,
            exchange_order_id=order.exchange_order_id,
            is_stop=order.order_type == "stop",
        )
    except OrderNotFound:
        return
    except ExchangeError as error:
        journal.write(
            tick.bot,
            "venue_unavailable",
            log_type=LogType.WARNING,
            market_time=tick.market_time,
            reason=error.message,
        )
        return
    outcome_book(tick, order, report)


def _complete(tick: Tick, trade: Trade, orders: Sequence[Order], leg: int, amount: Decimal) -> None:
    """What a leg still lacks, no worse than the decision's price by the slippage cap."""
    entries = [order for order in orders if order.leg == leg and order.purpose != Purpose.UNWIND]
    reached = [order.attempt for order in entries if order.status != OrderStatus.DENIED]
    side, rules = entries[0].side, tick.rules[leg - 1]
    decided = trade.price1 if leg == 1 else trade.price2
    price = limit_price(decided, tick.bot.max_slippage / 100, rules.price_tick, side)
    plan = OrderPlan(leg, Purpose(trade.action), side, "ioc", amount, price, False, max(reached, default=0) + 1)
    if reached:
        other = tick.bot.symbol_of(2 if leg == 1 else 1)
        seconds = (tick.market_time - trade.decided_at).total_seconds()
        _journal(tick, "leg_alone", LogType.WARNING, symbol=other, seconds=seconds)
    orders_send(tick, ledger.orders_add(tick.lease, trade, [plan], market_time=tick.market_time))


def _trim(tick: Tick, trade: Trade, leg: int, amount: Decimal, attempt: int) -> None:
    """Closes what one leg holds above the other. Never given up: after the last attempt the bot reports an error."""
    side = "sell" if entry_side(trade.side, leg) == "buy" else "buy"
    amount = closable(tick, leg, side, amount, attempt)
    if amount <= 0:
        return
    plans = exit_plans(tick, leg, Purpose.UNWIND, side, amount, attempt)
    _journal(tick, "leg_trimmed", LogType.WARNING, symbol=tick.bot.symbol_of(leg), amount=amount)
    if attempt > EXIT_ATTEMPTS and tick.bot.status != BotStatus.ERROR:
        services.bot_fail(bot=tick.bot, reason="leg_stuck", now=tick.now)
        tick.reload()
    orders_send(tick, ledger.orders_add(tick.lease, trade, plans, market_time=tick.market_time))


def _close(tick: Tick, trade: Trade, amounts: Sequence[tuple[int, Decimal, int]]) -> None:
    plans = [plan for leg, amount, attempt in amounts for plan in _close_plans(tick, trade, leg, amount, attempt)]
    if not plans:
        return
    if any(attempt > EXIT_ATTEMPTS for _, _, attempt in amounts) and tick.bot.status != BotStatus.ERROR:
        services.bot_fail(bot=tick.bot, reason="close_stuck", now=tick.now)
        tick.reload()
    orders_send(tick, ledger.orders_add(tick.lease, trade, plans, market_time=tick.market_time))


def _close_plans(tick: Tick, trade: Trade, leg: int, amount: Decimal, attempt: int) -> list[OrderPlan]:
    side = "sell" if entry_side(trade.side, leg) == "buy" else "buy"
    amount = closable(tick, leg, side, amount, attempt)
    return exit_plans(tick, leg, Purpose.CLOSE, side, amount, attempt) if amount > 0 else []


def exit_plans(tick: Tick, leg: int, purpose: Purpose, side: str, amount: Decimal, attempt: int) -> list[OrderPlan]:
    """Reduce-only, cut to the venue's largest order, wider with every attempt; no quote is asked for in a hurry."""
    rules, symbol = tick.rules[leg - 1], tick.bot.symbol_of(leg)
    is_capped = attempt in EXIT_WIDENING and not tick.hurry
    quote = _exit_quote(tick, leg, symbol, purpose) if is_capped else None
    slices = close_slices(amount, rules, quote.mid if quote else None)
    price = _exit_price(tick, quote, rules, side, attempt) if quote else None
    kind = "ioc" if price is not None else "market"
    return [OrderPlan(leg, purpose, side, kind, part, price, True, attempt) for part in slices]


def _exit_quote(tick: Tick, leg: int, symbol: str, purpose: Purpose) -> VenueQuote | None:
    """Without one the venue's own market order closes: a close is never kept back for want of a quote."""
    try:
        return tick.venue(leg).quotes([symbol]).get(symbol)
    except ExchangeError:
        if purpose == Purpose.UNWIND:
            raise
        return None


def _exit_price(tick: Tick, quote: VenueQuote, rules: MarketRules, side: str, attempt: int) -> Decimal | None:
    """None where the cap leaves nothing above zero: the venue's own market order then."""
    touch = quote.ask if side == "buy" else quote.bid
    price = limit_price(touch, tick.bot.max_slippage / 100 * EXIT_WIDENING[attempt], rules.price_tick, side)
    return price if price > 0 else None


def entry_side(side: int, leg: int) -> str:
    """The side that enters a leg: long the spread buys market 1 and sells market 2."""
    return "buy" if (side > 0) == (leg == 1) else "sell"


def _book(tick: Tick, trade: Trade, orders: Sequence[Order], share: Decimal) -> None:
    crash_points.here("before_book")
    if trade.action == Purpose.CLOSE:
        _funding_read(tick)
        trades.exit_book(tick.lease, trade)
    elif share > 0:
        trades.entry_book(tick.lease, trade, share=share)
    else:
        refusals = [order.reason for order in orders if order.reason and order.status != OrderStatus.DENIED]
        reason = refusals[0] if refusals else "not filled in time"
        trades.entry_fail(tick.lease, trade, market_time=tick.market_time, reason=reason)
    crash_points.here("after_book")
    tick.reload()


def _funding_read(tick: Tick) -> None:
    """Before a cycle ends; what the venue does not tell now is read after the next opening."""
    try:
        funding_collect(tick)
    except ExchangeError as error:
        _journal(tick, "venue_unavailable", LogType.WARNING, reason=error.message)


def _journal(tick: Tick, code: str, log_type: LogType, **figures: object) -> None:
    journal.write(tick.bot, code, log_type=log_type, market_time=tick.market_time, **figures)


def _journal_seldom(tick: Tick, code: str, **figures: object) -> None:
    journal.write_seldom(tick.bot, code, log_type=LogType.WARNING, quiet=QUIET, market_time=tick.market_time, **figures)
