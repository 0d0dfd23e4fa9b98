"""Which markets a scan goes over, fixed as it begins."""

from datetime import timedelta
from typing import Final

from django.utils.translation import gettext as _

from exchanges.models import CandleSet
from exchanges.timeframes import timeframe_ms
from trading.core.pair_stats_score import LEAST_IN_ALL
from trading.models import PairScan
from trading.scans.pairing import pairs_of
from trading.scans.validation import MARKETS_MOST


class ScanRefused(Exception):
    """`problems` are sentences for the user."""

    def __init__(self, problems: list[str]) -> None:
        super().__init__("; ".join(problems))
        self.problems = problems


NO_REASON: Final = ""


def markets_choose(scan: PairScan) -> None:
    """Fills in `markets`, `left_out` and `total`, not saved. Raises ScanRefused where there is no pair."""
    rows = {row.symbol: row for row in CandleSet.objects.filter(exchange=scan.exchange, timeframe=scan.timeframe)}
    reasons = {symbol: _reason(rows.get(symbol), scan) for symbol in scan.symbols or sorted(rows)}
    usable = [symbol for symbol, reason in reasons.items() if not reason]
    kept = _longest(usable, rows)
    over = [[symbol, _("A scan goes over %(most)s markets at most.") % {"most": MARKETS_MOST}] for symbol in usable]
    scan.left_out = [[symbol, reason] for symbol, reason in reasons.items() if reason]
    scan.left_out += [row for row in over if row[0] not in kept]
    scan.markets = kept
    scan.total = len(pairs_of(kept))
    if not scan.total:
        raise ScanRefused([_nothing(scan), *(f"{symbol}: {reason}" for symbol, reason in scan.left_out[:10])])


def _reason(row: CandleSet | None, scan: PairScan) -> str:
    if row is None:
        return _("No %(timeframe)s candles are stored.") % {"timeframe": scan.timeframe}
    length = timedelta(milliseconds=timeframe_ms(scan.timeframe))
    first, end = max(row.first_at, scan.since or row.first_at), min(row.last_at + length, scan.until or row.last_at)
    bars = max(0, (end - first) // length)
    if bars >= LEAST_IN_ALL:
        return NO_REASON
    return _("%(bars)s bars are stored in that time; %(least)s are needed.") % {"bars": bars, "least": LEAST_IN_ALL}


def _longest(symbols: list[str], rows: dict[str, CandleSet]) -> list[str]:
    """Those with the most bars where there are too many, in order of their names."""
    return sorted(sorted(symbols, key=lambda symbol: -rows[symbol].rows)[:MARKETS_MOST])


def _nothing(scan: PairScan) -> str:
    sentence = _("There are not two markets of %(exchange)s with enough %(timeframe)s candles that settle alike.")
    return sentence % {"exchange": scan.get_exchange_display(), "timeframe": scan.timeframe}
