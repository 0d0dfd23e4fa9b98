"""What must hold of a paper account's money and positions whoever traded there."""

from django.db.models import Count, Sum

from bots.models import Bot
from exchanges.paper_models import PaperOrder
from exchanges.registry import venue_of
from trading.installation import is_ours
from trading.models import Cycle, Fill, LedgerLine, Order, Position
from trading.tests.reconciliation.paper_world import held


def check_money(bot: Bot) -> None:
    """Wallet, ledger and positions agree to the last unit, fills are booked once, nothing was sent twice."""
    bot.refresh_from_db()
    lines = LedgerLine.objects.filter(account=bot.exchange_account).exclude(kind="conversion")
    assert venue_of(bot.exchange_account).balance().total == 10_000 + (lines.aggregate(t=Sum("amount"))["t"] or 0)
    assert bot.total_profit == (LedgerLine.objects.filter(bot=bot).aggregate(t=Sum("amount"))["t"] or 0)
    for cycle in Cycle.objects.filter(bot=bot):
        of_cycle = LedgerLine.objects.filter(bot=bot, cycle_number=cycle.number)
        assert cycle.realised_pnl == of_cycle.aggregate(t=Sum("amount"))["t"]
    ours = {p.symbol: p.signed_amount for p in Position.objects.filter(bot=bot, is_open=True)}
    assert ours == held(bot)
    for order in Order.objects.filter(bot=bot):
        assert order.filled_amount == (order.fills.aggregate(t=Sum("amount"))["t"] or 0)
    check_sent_once(bot)


def check_sent_once(bot: Bot) -> None:
    """Every order there with an id of this installation is one of its rows, once."""
    there = PaperOrder.objects.filter(account_id=bot.exchange_account_id).values_list("client_order_id", flat=True)
    ours = [name for name in there if is_ours(name)]
    assert len(ours) == len(set(ours))
    rows = Order.objects.filter(account=bot.exchange_account).values_list("client_order_id", flat=True)
    assert set(ours) <= set(rows)
    repeated = Fill.objects.values("account", "symbol", "trade_id").annotate(times=Count("id")).filter(times__gt=1)
    assert not repeated.exists()
