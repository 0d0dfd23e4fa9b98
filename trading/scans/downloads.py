"""History that a scan lacks, asked for before it begins."""

from datetime import datetime, timedelta
from typing import Final

from django.core.exceptions import PermissionDenied, ValidationError

from exchanges.adapters.paper_simulated import Simulation
from exchanges.adapters.paper_source import from_ms, to_ms
from exchanges.errors import DomainError
from exchanges.history.downloads import download_create
from exchanges.history.public_data import kind_of
from exchanges.history.simulated import reach_of
from exchanges.models import CandleDownload, CandleSet, Exchange, FundingSet
from exchanges.timeframes import DAY_MS, timeframe_ms
from trading.models import PairScan

FRESH: Final = timedelta(days=1)
"""A series that ends so recently is not gone on with."""
FUNDING: Final = " funding"
FUNDING_EVERY: Final = timedelta(hours=8)
REFUSED: Final = -1
"""In place of a download that was refused."""


def missing_of(scan: PairScan, now: datetime) -> list[str]:
    """Markets whose candles do not cover the time of the scan, then (with FUNDING behind the name) those without
    funding rates. Where no market is named: those that are stored, of a simulated market all."""
    stored = {row.symbol: row for row in CandleSet.objects.filter(exchange=scan.exchange, timeframe=scan.timeframe)}
    rates = {row.symbol: row for row in FundingSet.objects.filter(exchange=scan.exchange)}
    names = scan.symbols or (list(Simulation.symbols) if scan.exchange == Exchange.PAPER else sorted(stored))
    swaps = [symbol for symbol in names if kind_of(symbol) == "swap"]
    length = timedelta(milliseconds=timeframe_ms(scan.timeframe))
    return [
        *(symbol for symbol in names if not _is_covered(stored.get(symbol), length, scan, now)),
        *(symbol + FUNDING for symbol in swaps if not _is_covered(rates.get(symbol), FUNDING_EVERY, scan, now)),
    ]


def downloads_ask(scan: PairScan, now: datetime) -> bool:
    """Asks for as many as one may have; True once all have ended, well or not. Writes `downloads`."""
    if not scan.downloads:
        scan.downloads = dict.fromkeys(missing_of(scan, now))
    for symbol, number in scan.downloads.items():
        if number is None:
            scan.downloads[symbol] = _asked(scan, symbol, now)
    asked = [number for number in scan.downloads.values() if number not in (None, REFUSED)]
    is_open = CandleDownload.objects.filter(pk__in=asked, finished_at=None).exists()
    scan.save(update_fields=["downloads"])
    return not is_open and None not in scan.downloads.values()


def _is_covered(row: CandleSet | FundingSet | None, length: timedelta, scan: PairScan, now: datetime) -> bool:
    if row is None:
        return False
    until = min(scan.until or now, now)
    return row.last_at + length >= until - FRESH and (scan.since is None or row.first_at <= scan.since + FRESH)


def _asked(scan: PairScan, name: str, now: datetime) -> int | None:
    """None: later, there are as many under way as one may have."""
    symbol, is_funding = name.removesuffix(FUNDING), name.endswith(FUNDING)
    wish = {"exchange": scan.exchange, "symbol": symbol} | (
        {"kind": CandleDownload.Kind.FUNDING.value} if is_funding else {"timeframe": scan.timeframe}
    )
    if at_work := CandleDownload.objects.filter(**{"timeframe": ""} | wish, finished_at=None).first():
        return at_work.pk
    begin = scan.since or (scan.until or now) - reach_of(scan.timeframe)
    wish |= {
        "since": from_ms(to_ms(begin) // DAY_MS * DAY_MS).isoformat(),
        "until": min(scan.until or now, now).isoformat(),
    }
    try:
        return download_create(actor=scan.owner, data=wish, now=now).pk
    except DomainError as refused:
        return None if refused.code == "too_many" else REFUSED
    except (ValidationError, PermissionDenied):
        return REFUSED
