"""What opening the best pairs at the wanted size would cost now, from the venue's books; and funding not recorded here.

Asked once a scan is done, of the best pairs alone: books are a venue's, and venues limit requests.
"""

import logging
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from decimal import Decimal
from functools import partial
from typing import Final

from celery import current_app
from django.db import transaction
from django.utils import translation
from django.utils.translation import gettext as _
from kombu.exceptions import OperationalError
from redis import RedisError

from exchanges.adapters.base import OrderBook
from exchanges.errors import ExchangeError, Rejected
from exchanges.history.public_data import kind_of
from exchanges.market_windows import PublicWindow
from exchanges.models import Exchange, JobStatus
from exchanges.symbols import short
from trading.models import PairScan, ScannedPair
from trading.scans import progress
from trading.scans.carry import Source, carry_fill, venue_pct
from trading.scans.selectors import pairs_of_scan

log = logging.getLogger(__name__)

TASK: Final = "trading.tasks_scans.scan_books"
QUEUE: Final = "io"
BEST: Final = 20
"""Pairs whose books are read."""
DEPTH: Final = 100
"""Levels of a book."""
ASKED: Final = "asked"
READ: Final = "read"
NOTE_LONGEST: Final = 200
WRITTEN: Final = ("slippage_pct", "liquidity_note", "funding1_pct", "funding2_pct", "carry_long_pct", "carry_source")


@dataclass(frozen=True, slots=True)
class Taken:
    """What taking a size from a book costs against its middle, in percent, as the worse of buying and selling; a
    `note` where it cannot be said."""

    cost_pct: float | None
    note: str = ""


def send_on_commit(scan_id: int) -> None:
    transaction.on_commit(partial(send, scan_id))


def send(scan_id: int) -> None:
    """Never an error: without it a scan lacks its liquidity, which the sweep asks for again."""
    try:
        current_app.send_task(TASK, (scan_id,), queue=QUEUE)
    except (OperationalError, RedisError, OSError):
        log.exception("the books for scan %s wait: the queue does not answer", scan_id)


def books_read(scan_id: int, now: datetime) -> None:
    """Does nothing for a scan that is not done or whose books were read. Asks the venue: not within a transaction."""
    scan = PairScan.objects.select_related("owner").filter(pk=scan_id, status=JobStatus.DONE).first()
    if scan is None or scan.summary.get("liquidity") != ASKED:
        return
    with translation.override(scan.owner.language):
        rows = list(pairs_of_scan(scan).filter(p_value__isnull=False)[:BEST])
        note = venue_fill(scan, rows, now)
    ScannedPair.objects.bulk_update(rows, WRITTEN)
    scan.summary |= {"liquidity": READ, "liquidity_note": note, "liquidity_pairs": len(rows)}
    scan.save(update_fields=["summary"])
    progress.publish(scan)


def venue_fill(scan: PairScan, rows: Sequence[ScannedPair], now: datetime) -> str:
    """Fills in WRITTEN, not saved; answers why nothing could be asked, empty if something could."""
    if scan.exchange == Exchange.PAPER:
        note = _("The simulated market has prices, but no books of other people.")
    else:
        note = _asked(scan, rows, now)
    for row in rows:
        if row.slippage_pct is None and not row.liquidity_note:
            row.liquidity_note = note[:NOTE_LONGEST]
    return note


def _asked(scan: PairScan, rows: Sequence[ScannedPair], now: datetime) -> str:
    """A venue that does not answer once is not asked again for every market."""
    venue = _Venue(scan, now)
    try:
        for row in rows:
            venue.fill_slippage(row)
            venue.fill_carry(row)
    except ExchangeError as error:
        return _("The exchange does not answer: %(reason)s") % {"reason": error.message}
    return ""


class _Venue:
    """Asked once for each market."""

    def __init__(self, scan: PairScan, now: datetime) -> None:
        self._scan, self._now = scan, now
        self._taken: dict[str, Taken] = {}
        self._funding: dict[str, float | None] = {}

    def fill_slippage(self, row: ScannedPair) -> None:
        """Raises ExchangeError."""
        one, two = self._taken_of(row.market1), self._taken_of(row.market2)
        if one.cost_pct is None or two.cost_pct is None:
            row.liquidity_note = " ".join(taken.note for taken in (one, two) if taken.note)[:NOTE_LONGEST]
        else:
            row.slippage_pct = one.cost_pct + two.cost_pct

    def fill_carry(self, row: ScannedPair) -> None:
        """Raises ExchangeError."""
        if row.carry_long_pct is None:
            carry_fill(row, self._funding_of(row.market1), self._funding_of(row.market2), Source.VENUE)

    def _taken_of(self, symbol: str) -> Taken:
        if symbol not in self._taken:
            self._taken[symbol] = self._read(symbol)
        return self._taken[symbol]

    def _read(self, symbol: str) -> Taken:
        try:
            book = PublicWindow(self._scan.exchange, kind_of(symbol)).book(symbol, DEPTH)
        except Rejected as error:
            return Taken(None, f"{short(symbol)}: {error.message}")
        found = taking_cost(book, Decimal(str(self._scan.size_quote)))
        return Taken(found.cost_pct, found.note and f"{short(symbol)}: {found.note}")

    def _funding_of(self, symbol: str) -> float | None:
        if symbol not in self._funding:
            try:
                self._funding[symbol] = venue_pct(self._scan.exchange, symbol, self._now)
            except Rejected:
                self._funding[symbol] = None
        return self._funding[symbol]


def taking_cost(book: OrderBook, size_quote: Decimal) -> Taken:
    """Of an order of so much in quote currency on either side of a book."""
    if not (book.bids and book.asks):
        return Taken(None, _("The book is empty."))
    middle = (book.bids[0][0] + book.asks[0][0]) / 2
    amount = size_quote / middle
    costs = []
    for levels in (book.bids, book.asks):
        average = _average(levels, amount)
        if average is None:
            held = sum((price * size for price, size in levels), Decimal())
            sentence = _("The book shows %(held)s only on one side.")
            return Taken(None, sentence % {"held": f"{held:,.0f}"})
        costs.append(abs(average / middle - 1) * 100)
    return Taken(float(max(costs)))


def _average(levels: Sequence[tuple[Decimal, Decimal]], amount: Decimal) -> Decimal | None:
    left, paid = amount, Decimal()
    for price, size in levels:
        part = min(left, size)
        left, paid = left - part, paid + part * price
        if not left:
            return paid / amount
    return None
