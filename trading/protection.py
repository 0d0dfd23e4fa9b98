"""Protective stops: one resting reduce-only stop per leg at the venue itself, kept in step with what is held.

They stay armed while this program is away. `protection_keep` runs at the beginning of a look and after its trade; it
may run any number of times. When a stop has fired the other leg is closed at once; a closing trade takes over the
stops that are left, so that what they fill counts and they are cancelled before it ends.
"""

from collections.abc import Iterable, Mapping, Sequence
from datetime import timedelta
from decimal import Decimal

from django.db.models.functions import Now

from bots.journal import lines as journal
from bots.models import Bot
from bots.ready_query import ReadyQuery
from exchanges.errors import ExchangeError
from trading import ledger, trades
from trading.closing import position_close, positions_of
from trading.core.order_state import UNSETTLED, OrderStatus
from trading.core.position import BUY, SELL
from trading.core.sizing import MarketRules, close_slices, round_price
from trading.execution import order_cancel
from trading.guardian.alerts import alert_raise, alerts_clear
from trading.ledger import OrderPlan
from trading.models import AlertKind, CloseReason, LogType, Order, Position, Purpose, SafetyAlert, TradingState
from trading.order_lookup import order_find
from trading.plans import stops_to_adopt
from trading.sending import orders_send
from trading.tick import QUIET, Tick

ASK_EVERY = timedelta(seconds=60)
"""A stop that rests is asked for this often, and at once when the price has reached it."""
PAUSE_FIRST, PAUSE_MOST = timedelta(seconds=10), timedelta(minutes=10)
"""Between two tries to place a stop that was refused: twice as long every time."""

IN_DOUBT = (OrderStatus.PENDING, OrderStatus.SUBMITTED, OrderStatus.UNKNOWN)
REFUSED = (OrderStatus.REJECTED, OrderStatus.DENIED)


def protection_keep(tick: Tick) -> bool:
    """False while a leg that a stop has closed makes the other one leave. Raises LeaseLost."""
    bot = tick.bot
    if bot.protective_stop is None and not tick.stops:
        return True
    if trades.working_trade(bot) is not None:
        return True
    stops = _asked(tick, _stops_of(bot))
    if any(order.filled_amount and order.cycle_number == bot.current_cycle for order in stops):
        return _partner_close(tick)
    resting = [order for order in stops if order.status in UNSETTLED]
    if bot.protective_stop is None or bot.is_flat:
        _cancel(tick, resting)
    elif tick.switch != TradingState.HALTED:
        _keep_in_step(tick, resting)
    tick.stops = any(order.status in UNSETTLED for order in _stops_of(bot))
    return True


def stop_plans(bot: Bot, position: Position, rules: MarketRules) -> list[OrderPlan]:
    """The stops that a leg should have: its whole amount, cut to the venue's largest order."""
    side = SELL if position.side == "long" else BUY
    away = (bot.protective_stop or Decimal(0)) / 100
    exact = position.entry_price * (1 - away if side == SELL else 1 + away)
    trigger = round_price(exact, rules.price_tick, side)
    if trigger <= 0:
        return []
    return [
        OrderPlan(position.leg, Purpose.PROTECT, side, "stop", part, None, True, trigger_price=trigger)
        for part in close_slices(position.amount, rules)
    ]


def is_reached(order: Order, price: Decimal) -> bool:
    """The venue has its own price (the mark): this one only says that it is worth asking."""
    if order.trigger_price is None:
        return False
    return price >= order.trigger_price if order.side == BUY else price <= order.trigger_price


def in_step(resting: Sequence[Order], wanted: Sequence[OrderPlan]) -> bool:
    return sorted(map(_shape, resting)) == sorted(map(_shape, wanted))


def stops_by_bot(bots: Iterable[Bot]) -> Mapping[int, list[Order]]:
    """Stops that rest, are in doubt or have fired without consequence, of many bots in one query (two where some are
    protected)."""
    mine = Order.objects.filter(purpose=Purpose.PROTECT)
    rows = _RESTING.rows([bot.pk for bot in bots])
    if guarded := {bot.pk: bot.current_cycle for bot in bots if bot.protective_stop is not None and not bot.is_flat}:
        fired = mine.filter(bot__in=guarded, trade=None, filled_amount__gt=0).exclude(status__in=UNSETTLED)
        rows += [row for row in fired if row.cycle_number == guarded[row.bot_id or 0]]
    found: dict[int, list[Order]] = {}
    for row in rows:
        found.setdefault(row.bot_id or 0, []).append(row)
    return found


_RESTING = ReadyQuery(lambda bot: Order.objects.filter(purpose=Purpose.PROTECT, bot__in=[bot], status__in=UNSETTLED), 1)


# --- what there is ----------------------------------------------------------------------------------------------------


def _stops_of(bot: Bot) -> list[Order]:
    """Those at the venue, and those that filled without a trade that took them over."""
    mine = Order.objects.filter(bot=bot, purpose=Purpose.PROTECT, status__in=UNSETTLED)
    older = mine.exclude(cycle_number=bot.current_cycle)
    return [*stops_to_adopt(bot), *older.order_by("id")]


def _asked(tick: Tick, stops: Iterable[Order]) -> list[Order]:
    """The stops after the venue was asked about those that may have fired. No answer changes nothing."""
    quotes = _prices(tick)
    found = []
    for order in stops:
        price = quotes.get(order.leg)
        is_late = tick.now - order.updated_at >= ASK_EVERY
        if order.status == OrderStatus.OPEN and (is_late or price is None or is_reached(order, price)):
            order = _ask(tick, order)
        found.append(order)
    return found


def _ask(tick: Tick, order: Order) -> Order:
    answer = order_find(tick.venue(order.leg), order)
    if answer.failure is not None:
        _say(tick, "venue_unavailable", reason=answer.failure.message)
        return order
    Order.objects.filter(pk=order.pk).update(updated_at=Now())
    return answer.order


def _prices(tick: Tick) -> dict[int, Decimal]:
    """Mids by leg, as far as they are told."""
    found = {}
    for leg in tick.bot.legs:
        symbol = tick.bot.symbol_of(leg)
        try:
            quote = tick.venue(leg).quotes([symbol]).get(symbol)
        except ExchangeError:
            continue
        if quote is not None:
            found[leg] = quote.mid
    return found


# --- what is to be done -----------------------------------------------------------------------------------------------


def _partner_close(tick: Tick) -> bool:
    """A leg was closed by its stop: the other one does not stay alone. What the first still holds goes with it."""
    if not tick.bot.is_flat and not position_close(tick, CloseReason.PROTECTION, None):
        return False
    tick.reload()
    return tick.bot.is_flat


def _keep_in_step(tick: Tick, resting: Sequence[Order]) -> None:
    """New ones first, then the old ones go: reduce-only orders never close more than is held."""
    placed = True
    for leg, position in positions_of(tick.bot).items():
        mine = [order for order in resting if order.leg == leg]
        wanted = stop_plans(tick.bot, position, tick.rules[leg - 1]) if position.is_open else []
        if any(order.status in IN_DOUBT for order in mine) or in_step(mine, wanted):
            continue
        stays, missing = _matched(mine, wanted)
        if missing and not _place(tick, leg, missing):
            placed = False
            continue
        _cancel(tick, [order for order in mine if order not in stays])
    if placed:
        open_alerts = SafetyAlert.objects.filter(bot=tick.bot, kind=AlertKind.UNPROTECTED, cleared_at=None)
        alerts_clear(open_alerts.select_related("bot"), now=tick.now)


def _matched(mine: Iterable[Order], wanted: Iterable[OrderPlan]) -> tuple[list[Order], list[OrderPlan]]:
    """Stops that may stay, and what is missing beside them."""
    missing, stays = list(wanted), []
    for order in mine:
        plan = next((plan for plan in missing if _shape(plan) == _shape(order)), None)
        if plan is not None:
            missing.remove(plan)
            stays.append(order)
    return stays, missing


def _place(tick: Tick, leg: int, plans: Sequence[OrderPlan]) -> bool:
    """False when the venue refused one, or when it is too early to try again."""
    refused = _refusals(tick.bot, leg)
    if refused and tick.now < refused[0].created_at + _pause(len(refused)):
        return False
    orders = ledger.stops_add(tick.lease, plans, market_time=tick.market_time)
    orders_send(tick, orders)
    rows = Order.objects.filter(pk__in=[order.pk for order in orders], status__in=REFUSED)
    for row in rows:
        alert_raise(tick.bot, AlertKind.UNPROTECTED, reason=row.reason, symbol=row.symbol)
    return not rows


def _refusals(bot: Bot, leg: int) -> list[Order]:
    """In a row, newest first, since a stop of this leg was last taken."""
    mine = Order.objects.filter(bot=bot, leg=leg, purpose=Purpose.PROTECT, cycle_number=bot.current_cycle)
    found = []
    for order in mine.order_by("-id")[:8]:
        if order.status not in REFUSED:
            break
        found.append(order)
    return found


def _pause(refusals: int) -> timedelta:
    return min(PAUSE_FIRST * 2 ** (refusals - 1), PAUSE_MOST)


def _cancel(tick: Tick, orders: Iterable[Order]) -> None:
    for order in orders:
        if order.status not in IN_DOUBT:
            order_cancel(tick, order)


def _shape(order: Order | OrderPlan) -> tuple[int, str, Decimal, Decimal]:
    return order.leg, order.side, order.amount, order.trigger_price or Decimal(0)


def _say(tick: Tick, code: str, **figures: object) -> None:
    journal.write_seldom(tick.bot, code, log_type=LogType.WARNING, market_time=tick.market_time, quiet=QUIET, **figures)
