"""Sums of the ledger, and payments that are no fills."""

from decimal import Decimal

from django.db import transaction
from django.db.models import F, Sum

from bots.feed import events as feed
from bots.models import Bot
from exchanges.adapters.base import FundingPayment
from exchanges.symbols import settle_of
from trading.models import Cycle, LedgerLine, LineKind, Position
from trading.rows import position_row


def counted(symbol: str, amount: Decimal, currency: str) -> Decimal:
    """What of it enters a sum in the market's own currency: nothing of another coin, which is kept as its own line."""
    return amount if currency in ("", settle_of(symbol)) else Decimal(0)


def cycle_money(bot_id: int, cycle_number: int) -> dict[str, Decimal]:
    """What the ledger holds of a cycle so far: `realised_pnl` (all lines), `fees` (paid, positive), `funding`.

    Of the currency that is settled in; lines in another coin are left out.
    """
    sums = dict.fromkeys(LineKind.values, Decimal(0))
    lines = (
        LedgerLine.objects.filter(bot=bot_id, cycle_number=cycle_number)
        .values("kind", "symbol", "currency")
        .annotate(total=Sum("amount"))
    )
    for line in lines.order_by():
        sums[line["kind"]] += counted(line["symbol"], line["total"], line["currency"])
    return {
        "realised_pnl": sum(sums.values(), Decimal(0)),
        "fees": -sums[LineKind.FEE] - sums[LineKind.CONVERSION],
        "funding": sums[LineKind.FUNDING],
    }


def funding_book(position: Position, payment: FundingPayment) -> bool:
    """A funding payment on a leg, into the cycle that held it; False when it was booked before."""
    with transaction.atomic():
        position = Position.objects.select_for_update(of=("self",)).select_related("bot").get(pk=position.pk)
        known = LedgerLine.objects.filter(
            account=position.account_id, kind=LineKind.FUNDING, external_id=payment.payment_id
        )
        if known.exists():
            return False
        LedgerLine.objects.create(
            account_id=position.account_id,
            bot=position.bot,
            cycle_number=position.cycle_number,
            symbol=position.symbol,
            kind=LineKind.FUNDING,
            amount=payment.amount,
            currency=payment.currency,
            external_id=payment.payment_id,
            at=payment.at,
        )
        amount = counted(position.symbol, payment.amount, payment.currency)
        position.funding += amount
        position.save(update_fields=["funding", "updated_at"])
        Bot.objects.filter(pk=position.bot_id).update(total_profit=F("total_profit") + amount)
        Cycle.objects.filter(bot=position.bot_id, number=position.cycle_number).update(
            realised_pnl=F("realised_pnl") + amount, funding=F("funding") + amount
        )
        feed.publish_on_commit(position.bot_id, position.bot.owner_id, "position_update", position_row(position))
    return True
