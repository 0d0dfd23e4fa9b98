"""Making a simulated market's history ready for back-tests, as far back as they are usually run.

The bars are written by the workers that download, under the same rows: shown, canceled and taken up again as those are.
"""

from collections.abc import Sequence
from datetime import datetime, timedelta
from typing import Final

from accounts.models import User
from exchanges.adapters.paper_simulated import FUNDING_MS
from exchanges.adapters.paper_source import from_ms, to_ms
from exchanges.errors import DomainError
from exchanges.history.downloads import OPEN, download_create
from exchanges.history.simulated_shelf import SHELF, is_on_shelf, simulation_of
from exchanges.models import CandleDownload, CandleSet, ExchangeAccount, FundingSet, JobStatus
from exchanges.timeframes import MINUTE_MS, timeframe_ms

REACH: Final = ((MINUTE_MS, 30), (5 * MINUTE_MS, 90), (15 * MINUTE_MS, 180))
"""Days back, by the longest bars that are meant; a year for longer ones. Some 43,000 bars at most: seconds of work."""
REACH_LONGEST: Final = 365
FRESH: Final = timedelta(days=1)
"""A series that ends so recently is not gone on with."""
FAILED_FOR: Final = timedelta(minutes=1)
"""What has just failed is not asked for again at once."""


def history_prepare(
    *, actor: User, account: ExchangeAccount, symbols: Sequence[str], timeframe: str, now: datetime
) -> list[CandleDownload]:
    """Asks for what the shelf lacks of these markets; answers the work under way without which nothing is there yet.

    Does nothing for an account whose market is not the shelf's. Idempotent. Raises PermissionDenied for a viewer.
    """
    simulation = simulation_of(account) if is_on_shelf(account) else None
    if simulation is None:
        return []
    until = min(now, from_ms(simulation.clock_ms(account.created_at, now)))  # a slow market has not come so far
    known = [symbol for symbol in symbols if symbol in simulation.symbols]
    waited = []
    for symbol in known:
        stored = CandleSet.objects.filter(exchange=SHELF, symbol=symbol, timeframe=timeframe).first()
        work = None if stored and stored.last_at > until - FRESH else _asked(actor, symbol, timeframe, until, now)
        if work and not stored:
            waited.append(work)
        funding = FundingSet.objects.filter(exchange=SHELF, symbol=symbol).first()
        if not (funding and funding.last_at > until - FRESH):
            _asked(actor, symbol, "", until, now)
    return waited


def reach_of(timeframe: str) -> timedelta:
    """How far back the history of such bars is made; of funding rates as far as of the longest."""
    length = timeframe_ms(timeframe) if timeframe else 0
    days = next((days for longest, days in REACH if 0 < length <= longest), REACH_LONGEST)
    return timedelta(days=days)


def _asked(actor: User, symbol: str, timeframe: str, until: datetime, now: datetime) -> CandleDownload | None:
    """The row at work, new or not; None for what has just failed or cannot be asked for now."""
    kind = CandleDownload.Kind.CANDLES if timeframe else CandleDownload.Kind.FUNDING
    same = CandleDownload.objects.filter(exchange=SHELF, symbol=symbol, kind=kind, timeframe=timeframe)
    if work := same.filter(status__in=OPEN).first():
        return work
    if same.filter(status=JobStatus.FAILED, finished_at__gt=now - FAILED_FOR).exists():
        return None
    since = to_ms(until - reach_of(timeframe)) // FUNDING_MS * FUNDING_MS  # a first payment later would look missing
    data = {
        "exchange": SHELF,
        "symbol": symbol,
        "kind": str(kind),
        "since": from_ms(since).isoformat(),
        "until": until.isoformat(),
    }
    try:
        return download_create(actor=actor, data=data | ({"timeframe": timeframe} if timeframe else {}), now=now)
    except DomainError:  # somebody else's came first, or too many wait
        return same.filter(status__in=OPEN).first()
