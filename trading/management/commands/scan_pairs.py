"""`manage.py scan_pairs --exchange E --timeframe T [--symbols A,B,…] [--json]`: which pairs belong together."""

import json
import sys
from argparse import ArgumentTypeError
from collections.abc import Sequence
from typing import Any, Final

from django.core.exceptions import ValidationError
from django.core.management.base import BaseCommand, CommandError, CommandParser, no_translations
from django.core.serializers.json import DjangoJSONEncoder
from django.utils import timezone
from tqdm import tqdm

from exchanges.history.download_data import EXCHANGES
from exchanges.symbols import short
from exchanges.timeframes import TIMEFRAME_MS, timeframe_ms
from trading.backtests.stat_words import duration
from trading.management.commands.optimize import STOPPED, stop_asked_for
from trading.models import PairScan, ScannedPair
from trading.scans import liquidity, local
from trading.scans.choosing import ScanRefused
from trading.scans.judging import best_first, summary_of
from trading.scans.rows import pair_row
from trading.scans.validation import clean_scan_data

SETTINGS: Final = ("exchange", "timeframe", "symbols", "since", "until", "out_of_sample_pct", "size_quote", "cost_pct")
COLUMNS: Final = ("score", "in", "out", "p", "q", "p out", "corr", "hedge", "half-life", "Hurst", "carry/y", "verdict")


OPTIONS: Final = {"out_of_sample_pct": "out-of-sample", "size_quote": "size", "cost_pct": "cost"}
"""Settings that the command calls otherwise."""


def count(text: str) -> int:
    if not text.isdecimal():
        raise ArgumentTypeError("must be a whole number, 0 or more")
    return int(text)


class Command(BaseCommand):
    help = (
        "Looks at every pair among the markets of the candle store and prints the best first. Fitted on the first part "
        "of the bars, checked on the last; p-values are corrected for the number of pairs. Ctrl-C stops it."
    )

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("--exchange", required=True, choices=EXCHANGES)
        parser.add_argument("--timeframe", required=True, choices=list(TIMEFRAME_MS))
        parser.add_argument("--symbols", help="markets with commas between them; all that are stored unless named")
        parser.add_argument("--since", help="the first bar that may count, ISO 8601 in UTC")
        parser.add_argument("--until", help="bars that open before it count")
        parser.add_argument("--out-of-sample", dest="out_of_sample_pct", metavar="PCT", help="the last bars, 30")
        parser.add_argument("--cost", dest="cost_pct", metavar="PCT", help="of opening and closing both legs, 0.24")
        parser.add_argument("--size", dest="size_quote", metavar="QUOTE", help="of one leg, for --books; 1000")
        parser.add_argument(
            "--books", type=count, default=0, metavar="N", help="ask the exchange for the books of the best N pairs"
        )
        parser.add_argument("--top", type=count, default=20, metavar="N", help="lines without --json; 0: all")
        parser.add_argument("--json", action="store_true", help="every pair with all its figures")

    @no_translations
    def handle(self, *args: Any, **options: Any) -> None:
        try:
            scan = PairScan(**clean_scan_data({name: options[name] for name in SETTINGS}))
            rows = self._scanned(scan)
        except ValidationError as error:
            raise CommandError(
                "\n".join(f"--{OPTIONS.get(name, name)}: {' '.join(said)}" for name, said in error.message_dict.items())
            ) from None
        except ScanRefused as refused:
            raise CommandError("\n".join(refused.problems)) from None
        if rows is None:
            self.stderr.write("Stopped.", str)
            sys.exit(STOPPED)
        for symbol, reason in scan.left_out:
            self.stderr.write(f"{symbol} is left out: {reason}", str)
        ordered = best_first(rows)
        if note := self._books(scan, ordered[: options["books"]]):
            self.stderr.write(note, str)
        if options["json"]:
            self.stdout.write(json.dumps([pair_row(row) for row in ordered], cls=DjangoJSONEncoder, allow_nan=False))
        else:
            self._table(scan, ordered[: options["top"] or None], summary_of(rows))

    def _scanned(self, scan: PairScan) -> list[ScannedPair] | None:
        with stop_asked_for() as asked, tqdm(unit=" pairs", file=self.stderr, dynamic_ncols=True) as bar:
            return local.scanned(scan, is_stopped=asked.is_set, on_start=bar.reset, on_done=bar.update)

    def _books(self, scan: PairScan, rows: Sequence[ScannedPair]) -> str:
        return liquidity.venue_fill(scan, rows, timezone.now()) if rows else ""

    def _table(self, scan: PairScan, rows: Sequence[ScannedPair], summary: dict[str, Any]) -> None:
        names = [f"{short(row.market1)} {short(row.market2)}" for row in rows]
        widest = max((len(name) for name in names), default=0)
        lines = [_cells(row, scan.timeframe) for row in rows]
        widths = [max(len(cell) for cell in column) for column in zip(COLUMNS, *lines, strict=True)]
        for name, cells in zip(["", *names], [COLUMNS, *lines], strict=True):
            padded = "  ".join(cell.rjust(width) for cell, width in zip(cells, widths, strict=True))
            self.stdout.write(f"{name.ljust(widest)}  {padded}")
        self.stdout.write(
            f"{summary['pairs']:,} pairs of {len(scan.markets)} markets; {summary['found']:,} found at a false "
            f"discovery rate of 5 %, {summary['holds']:,} of them hold out of sample. "
            f"{summary['below_5_pct']:,} would have passed a test of 5 % of their own."
        )


def _cells(row: ScannedPair, timeframe: str) -> list[str]:
    half_life = row.half_life_bars
    return [
        _shown(row.score, ".1f"),
        _shown(row.score_in, ".1f"),
        _shown(row.score_out, ".1f"),
        _shown(row.p_value, ".2g"),
        _shown(row.q_value, ".2g"),
        _shown(row.oos_p_value, ".2g"),
        _shown(row.correlation, ".2f"),
        _shown(row.hedge_ratio, ".3f"),
        "-" if half_life is None else duration(half_life * timeframe_ms(timeframe)),
        _shown(row.hurst, ".2f"),
        _shown(row.carry_long_pct, "+.2f", "%"),
        row.problem or row.verdict or "-",
    ]


def _shown(value: float | None, form: str, unit: str = "") -> str:
    return "-" if value is None else f"{value:{form}}{unit}"
