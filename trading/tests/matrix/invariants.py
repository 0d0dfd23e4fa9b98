"""What must hold of a bot and its venue, whatever happened to them (docs/reliability.md, invariants 1 to 10)."""

from collections import Counter
from decimal import Decimal
from typing import Any

from django.db.models import Sum

from accounts.models import User
from bots import leases
from bots.models import Bot, BotStatus, SymbolClaim
from bots.selectors import bots_of
from trading.core.order_state import UNSETTLED, OrderStatus
from trading.installation import is_ours
from trading.models import Cycle, Fill, LedgerLine, Order, Position, Trade, TradeStatus
from trading.tests.matrix.worlds import World

FAR = Decimal("0.2")
"""Further than any cap, and than the markets of the worlds move."""
NOT_THERE = (OrderStatus.DENIED, OrderStatus.REJECTED)


class Broken(AssertionError):
    """Names the invariant by its number."""


def invariants_hold(bot: Bot, venue: World, *, settled: bool = True, touched: bool = False) -> None:
    """Raises Broken. `settled`: nothing is under way, so that books and venue must agree. `touched`: somebody else
    traded there, so that positions and money differ until a person decides; nothing of ours may be wrong even then."""
    bot.refresh_from_db()
    sent_once(bot, venue)
    fills_booked_once(bot)
    money_adds_up(bot)
    one_writer(bot)
    prices_are_the_market_s(bot, venue)
    nobody_elses(bot)
    if not settled:
        return
    nothing_in_doubt(bot)
    nothing_lost(bot, venue)
    if touched:
        return
    books_are_the_venue_s(bot, venue)
    no_leg_alone(bot, venue)
    state_is_the_trades_(bot)
    claims_match(bot)


def sent_once(bot: Bot, venue: World) -> None:
    """1: every order there with an id of ours is a row of ours, once, and never fills more than was asked for."""
    ours = [(name, filled) for name, filled in venue.filled() if name and is_ours(name)]
    repeated = [name for name, times in Counter(name for name, _ in ours).items() if times > 1]
    _want(not repeated, 1, f"there twice: {repeated}")
    rows = dict(Order.objects.filter(account=bot.exchange_account).values_list("client_order_id", "amount"))
    _want(all(name in rows for name, _ in ours), 1, "an order there has no row")
    _want(all(filled <= rows[name] for name, filled in ours), 1, "more was filled than asked for")


def nothing_in_doubt(bot: Bot) -> None:
    """2: what became of every order is known."""
    open_ones = list(
        Order.objects.filter(bot=bot, status__in=UNSETTLED).exclude(purpose="protect").values_list("status")
    )
    _want(not open_ones, 2, f"orders in doubt: {open_ones}")


def nothing_lost(bot: Bot, venue: World) -> None:
    """2 and 3: what the venue filled of an order is what its row says, and a refused one is not there with fills."""
    there = dict(venue.filled())
    for order in Order.objects.filter(bot=bot, client_order_id__in=list(there)):
        filled = there[order.client_order_id]
        _want(order.filled_amount == filled, 3, f"{order.side} {order.symbol}: {order.filled_amount} here, {filled}")
        _want(not (filled and order.status in NOT_THERE), 2, f"{order.status}, though {filled} was filled")
    for order in Order.objects.filter(bot=bot).exclude(client_order_id__in=list(there)):
        _want(not order.filled_amount or not is_ours(order.client_order_id), 3, "filled here, not there")


def fills_booked_once(bot: Bot) -> None:
    """3: a trade number is booked once, and orders hold the sum of their fills."""
    numbers = Counter(Fill.objects.filter(order__bot=bot).values_list("account", "symbol", "trade_id"))
    _want(all(times == 1 for times in numbers.values()), 3, "a fill is booked twice")
    for order in Order.objects.filter(bot=bot):
        _want(order.filled_amount == _sum(order.fills, "amount"), 3, "an order is not the sum of its fills")


def books_are_the_venue_s(bot: Bot, venue: World) -> None:
    """3 and 5: positions agree to the last unit."""
    ours = {row.symbol: row.signed_amount for row in Position.objects.filter(bot=bot, is_open=True)}
    _want(ours == venue.held(), 3, f"books {ours}, venue {venue.held()}")
    lines = _sum(LedgerLine.objects.filter(bot=bot), "amount")
    _want(venue.wallet() == venue.base + lines, 9, f"wallet {venue.wallet()}, ledger {venue.base + lines}")


def no_leg_alone(bot: Bot, venue: World) -> None:
    """4: both legs or none, at the venue and in the books."""
    held = venue.held()
    _want(len(held) in (0, 2), 4, f"a leg stands alone: {held}")
    legs = sorted(Position.objects.filter(bot=bot, is_open=True).values_list("leg", flat=True))
    _want(legs in ([], [1, 2]), 4, f"legs {legs}")


def state_is_the_trades_(bot: Bot) -> None:
    """6: level and cycle are what the settled trades say, each level taken once."""
    settled = Trade.objects.filter(bot=bot, status=TradeStatus.SETTLED)
    entries = settled.filter(cycle_number=bot.current_cycle).exclude(action="close")
    levels = sorted(entries.values_list("level", flat=True))
    _want(levels == list(range(1, bot.level + 1)), 6, f"level {bot.level}, trades {levels}")
    closes = settled.filter(action="close").count()
    _want(bot.current_cycle == closes + 1, 6, f"cycle {bot.current_cycle} after {closes} closes")
    _want(bot.is_flat == (bot.level == 0), 6, "level and position disagree")


def one_writer(bot: Bot) -> None:
    """7: one trade under way at most, and a lease that can be had has a higher token than before."""
    working = Trade.objects.filter(bot=bot, status=TradeStatus.WORKING).count()
    _want(working <= 1, 7, f"{working} trades under way")
    token = bot.lease_token
    lease = leases.claim(bot.pk, holder="look")
    if lease is not None:
        leases.release(lease)
        _want(lease.token > token, 7, "a token came again")


def prices_are_the_market_s(bot: Bot, venue: World) -> None:
    """8: whatever stale quotes were about, no order was priced by them."""
    for symbol, price in Order.objects.filter(bot=bot, price__isnull=False).values_list("symbol", "price"):
        now = venue.server.market.contracts[symbol.partition("/")[0]].price
        _want(price is None or abs(price / now - 1) < FAR, 8, f"an order at {price}, the market stands at {now}")


def money_adds_up(bot: Bot) -> None:
    """9: the profit is the sum of the ledger's lines, a cycle's that of its own, and fees those of the fills."""
    lines = LedgerLine.objects.filter(bot=bot)
    _want(bot.total_profit == _sum(lines, "amount"), 9, "the profit is not the ledger's")
    for cycle in Cycle.objects.filter(bot=bot):
        total = _sum(lines.filter(cycle_number=cycle.number), "amount")
        _want(cycle.realised_pnl == total, 9, f"cycle {cycle.number}: {cycle.realised_pnl}, ledger {total}")
    fees = _sum(Fill.objects.filter(order__bot=bot), "fee")
    _want(-_sum(lines.filter(kind="fee"), "amount") == fees, 9, "fees differ")


def nobody_elses(bot: Bot) -> None:
    """10: every row is on the bot's own account, and another user sees none of it."""
    accounts = set(Order.objects.filter(bot=bot).values_list("account", flat=True))
    _want(accounts <= {bot.exchange_account_id, bot.exchange_account2_id}, 10, "an order on another account")
    _want(not bots_of(User(pk=0)).filter(pk=bot.pk).exists(), 10, "somebody else sees it")


def claims_match(bot: Bot) -> None:
    """Symbols stay claimed while something is held or the bot runs, and are free once it is stopped and flat."""
    claimed = SymbolClaim.objects.filter(bot=bot).exists()
    if bot.status == BotStatus.STOPPED and bot.is_flat:
        _want(not claimed, 10, "symbols of a flat, stopped bot are still claimed")
    elif not bot.is_flat:
        _want(claimed, 10, "a held symbol is not claimed")


def _sum(rows: Any, field: str) -> Decimal:
    return rows.aggregate(total=Sum(field))["total"] or Decimal(0)


def _want(holds: bool, number: int, text: str) -> None:
    if not holds:
        raise Broken(f"invariant {number}: {text}")
