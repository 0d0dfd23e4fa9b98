"""Funding of a whole account: what its bots' own hourly looks have missed, into the cycle that held the position."""

from collections.abc import Iterable
from datetime import datetime, timedelta

from bots.journal import lines as journal
from bots.models import Bot
from exchanges.adapters.base import FundingPayment, Venue
from exchanges.models import ExchangeAccount
from trading import ledger
from trading.funding import LOOK_BACK, holder_of
from trading.ledger.outside import funding_alone_book
from trading.models import AccountBooks, Cycle, LedgerLine, LineKind, LogType, Position
from trading.reconciliation.outside import outside_markets

FIRST_LOOK = timedelta(days=7)
"""How far back the first look goes, where something was held."""


def funding_due(books: AccountBooks, market_time: datetime) -> bool:
    """Once in every hour of the venue's, some minutes after it was struck."""
    late = market_time - timedelta(minutes=2)
    return books.funding_read_at is None or books.funding_read_at < late.replace(minute=0, second=0, microsecond=0)


def funding_take(account: ExchangeAccount, books: AccountBooks, venue: Venue, market_time: datetime) -> int:
    """Books what is new; how many payments. Raises ExchangeError."""
    first = Position.objects.filter(account=account, opened_at__gte=market_time - FIRST_LOOK)
    began = first.order_by("opened_at").values_list("opened_at", flat=True).first() or market_time
    since = books.funding_read_at - LOOK_BACK if books.funding_read_at else began
    payments = venue.funding_payments(since=since)
    known = set(
        LedgerLine.objects.filter(
            account=account, kind=LineKind.FUNDING, external_id__in=[payment.payment_id for payment in payments]
        ).values_list("external_id", flat=True)
    )
    booked = sum(_book(account, payment) or _book_alone(books, payment) for payment in _unknown(payments, known))
    books.funding_read_at = market_time
    return booked


def _unknown(payments: Iterable[FundingPayment], known: set[str]) -> Iterable[FundingPayment]:
    return (payment for payment in payments if payment.payment_id not in known)


def _book(account: ExchangeAccount, payment: FundingPayment) -> bool:
    """False where none of our bots held the market then."""
    held = Position.objects.filter(account=account, symbol=payment.symbol, opened_at__lte=payment.at)
    for bot_id, leg in held.order_by().values_list("bot_id", "leg").distinct():
        position = holder_of(bot_id, leg, payment)
        if position is not None and ledger.funding_book(position, payment):
            _say_restated(position, payment)
            return True
    return False


def _book_alone(books: AccountBooks, payment: FundingPayment) -> bool:
    """On what a person holds in a market of his own, as long as it is known since when."""
    first = outside_markets(books).get(payment.symbol, (0, "", ""))[1]
    if not first or payment.at < datetime.fromisoformat(first):
        return False
    return funding_alone_book(books.account_id, payment)


def _say_restated(position: Position, payment: FundingPayment) -> None:
    cycle = Cycle.objects.filter(bot=position.bot_id, number=position.cycle_number, closed_at__isnull=False).first()
    if cycle is None:
        return
    bot = Bot.objects.get(pk=position.bot_id)
    figures = {"cycle": cycle.number, "pnl": cycle.realised_pnl}
    journal.write(bot, "cycle_restated", log_type=LogType.INFO, market_time=payment.at, **figures)
