"""What must hold of a paper bot's books whatever happened to it."""

from decimal import Decimal
from typing import Any

from django.db.models import Count, Sum

from bots.models import Bot
from exchanges.paper_models import PaperOrder
from exchanges.registry import venue_of
from trading.core.position import LEDGER_UNIT
from trading.models import Cycle, Fill, LedgerLine, Order, Position


def check_books(bot: Bot) -> None:
    """Ledger and venue agree on every quantity, fee and balance to the last unit (invariants 3 and 9)."""
    bot.refresh_from_db()
    venue = venue_of(bot.exchange_account)
    held = {position.symbol: position.amount for position in venue.positions()}
    ours = {p.symbol: p.signed_amount for p in Position.objects.filter(bot=bot, is_open=True)}
    assert held == ours
    lines = LedgerLine.objects.filter(bot=bot).aggregate(total=Sum("amount"))["total"]
    assert bot.total_profit == (lines or 0)
    assert venue.balance().total == 10_000 + (lines or 0)
    cycles = Cycle.objects.filter(bot=bot)
    in_cycles = LedgerLine.objects.filter(bot=bot, cycle_number__in=cycles.values("number"))
    assert total(cycles.values_list("realised_pnl", flat=True)) == total(in_cycles.values_list("amount", flat=True))
    assert -total(LedgerLine.objects.filter(bot=bot, kind="fee").values_list("amount", flat=True)) == total(
        Fill.objects.filter(order__bot=bot).values_list("fee", flat=True)
    )
    unrealised = total(p.unrealized_pnl for p in venue.positions())
    assert abs(venue.balance().equity - venue.balance().total - unrealised) <= LEDGER_UNIT
    for order in Order.objects.filter(bot=bot):
        assert order.filled_amount == total(order.fills.values_list("amount", flat=True))
    check_no_duplicates(bot)


def check_no_duplicates(bot: Bot) -> None:
    """Every order at the venue is one of ours, once; a level never has more than it asked for (invariant 1)."""
    ours = set(Order.objects.filter(bot=bot).values_list("client_order_id", flat=True))
    theirs = PaperOrder.objects.filter(account_id=bot.exchange_account_id)
    assert set(theirs.values_list("client_order_id", flat=True)) <= ours
    repeated = Fill.objects.filter(order__bot=bot).values("trade_id").annotate(times=Count("id")).filter(times__gt=1)
    assert not repeated.exists()


def check_legs_equal(bot: Bot) -> None:
    """No leg stands alone: both or neither (invariant 4)."""
    held = list(Position.objects.filter(bot=bot, is_open=True).values_list("leg", flat=True))
    assert sorted(held) in ([], [1, 2])


def total(values: Any) -> Decimal:
    return sum(values, Decimal(0))
