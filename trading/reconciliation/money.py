"""Where an account's money went: wallet against ledger, fees in other coins, and what neither explains: a transfer."""

from datetime import datetime
from decimal import Decimal

from django.db.models import Exists, OuterRef, Q, QuerySet, Sum

from bots.journal import lines as journal
from exchanges.adapters.base import Balance, Venue
from exchanges.adapters.venues import VENUES
from exchanges.errors import ExchangeError
from exchanges.models import ExchangeAccount
from exchanges.symbols import settle_of
from trading.ledger.outside import conversion_book, transfer_book
from trading.models import AccountBooks, Difference, DifferenceKind, DifferenceStatus, LedgerLine, LineKind, LogType

DUST = Decimal("0.01")
"""Less than this is a venue's rounding: it is carried along until it is more."""


def booked_total(account: ExchangeAccount, currency: str) -> Decimal:
    """Every line that moved the wallet: a converted fee left another coin's."""
    lines = wallet_lines(account).filter(currency=currency).exclude(kind=LineKind.CONVERSION)
    return lines.aggregate(total=Sum("amount"))["total"] or Decimal(0)


def wallet_lines(account: ExchangeAccount) -> QuerySet[LedgerLine]:
    """Without those of coins where they are paid for from a wallet of their own."""
    lines = LedgerLine.objects.filter(account=account)
    venue = VENUES.get(account.exchange)
    return lines if venue is None or venue.spot_in_wallet else lines.filter(Q(symbol="") | Q(symbol__contains=":"))


def unexplained(books: AccountBooks, balance: Balance, booked: Decimal) -> Decimal | None:
    """What moved the wallet since it was compared last, and is in no line; None at the first look."""
    if books.balance is None or books.currency != balance.currency:
        return None
    return balance.total - books.balance - (booked - books.booked)


def balance_note(
    account: ExchangeAccount, books: AccountBooks, balance: Balance, booked: Decimal, at: datetime
) -> bool:
    """Call when nothing is under way on the whole account. A difference that is seen twice is booked as a transfer.
    Whether the wallet is explained now.

    In one transaction with the round's own check; `books` is saved by the caller.
    """
    moved = unexplained(books, balance, booked)
    suspect = Difference.objects.filter(
        account=account, kind=DifferenceKind.BALANCE, status=DifferenceStatus.SUSPECT
    ).first()
    if moved is None:
        books.currency, books.balance, books.booked = balance.currency, balance.total, booked
        return True
    if abs(moved) < DUST:
        if suspect is not None:
            suspect.delete()
        return True
    if suspect is None or suspect.delta != moved:
        _suspect(account, suspect, books, balance, moved)
        return False
    suspect.status, suspect.settled_at, suspect.note = DifferenceStatus.ADOPTED, at, "transfer"
    suspect.save(update_fields=["status", "settled_at", "note"])
    transfer_book(account.pk, moved, balance.currency, at=at, reference=f"difference {suspect.pk}")
    books.balance, books.booked = balance.total, booked + moved
    return True


def fees_convert(account: ExchangeAccount, venue: Venue) -> int:
    """Fees in another coin get a line of what they were worth at the price now; how many. Coins that are not traded
    there stay uncounted."""
    done = Exists(LedgerLine.objects.filter(fill=OuterRef("fill"), kind=LineKind.CONVERSION))
    fees = LedgerLine.objects.filter(~done, account=account, kind=LineKind.FEE, fill__isnull=False)
    rows = [row for row in fees.exclude(currency="").select_related("bot") if row.currency != settle_of(row.symbol)]
    prices = _prices(venue, {(row.currency, settle_of(row.symbol)) for row in rows})
    converted = 0
    for row in rows:
        price = prices.get((row.currency, settle_of(row.symbol)))
        line = conversion_book(row, price) if price is not None else None
        if line is None:
            continue
        converted += 1
        if row.bot is not None:
            figures = {"symbol": row.symbol, "fee": -row.amount, "coin": row.currency, "value": line.amount}
            journal.write(row.bot, "fee_converted", log_type=LogType.INFO, market_time=row.at, **figures)
    return converted


def _suspect(
    account: ExchangeAccount, known: Difference | None, books: AccountBooks, balance: Balance, moved: Decimal
) -> None:
    row = known or Difference(account=account, kind=DifferenceKind.BALANCE, status=DifferenceStatus.SUSPECT)
    row.ours, row.theirs = f"{balance.total - moved:f}"[:60], f"{balance.total:f}"[:60]
    row.delta, row.details = moved, {"currency": balance.currency}
    row.save()


def _prices(venue: Venue, wanted: set[tuple[str, str]]) -> dict[tuple[str, str], Decimal]:
    """Of (coin, settle currency), from the venue's own perpetual of the coin."""
    if not wanted:
        return {}
    symbols = {f"{coin}/{settle}:{settle}": (coin, settle) for coin, settle in wanted}
    listed = [symbol for symbol in symbols if symbol in venue.markets()]
    try:
        quotes = venue.quotes(listed) if listed else {}
    except ExchangeError:
        return {}
    return {symbols[symbol]: quote.mid for symbol, quote in quotes.items()}
