"""`manage.py import_candles FILE --exchange E --symbol S --timeframe T`: recorded candles into the candle store."""

from collections.abc import Iterator
from pathlib import Path
from typing import Any

from django.core.management.base import BaseCommand, CommandError, CommandParser, no_translations
from django.utils import timezone

from exchanges.adapters.paper_source import from_ms
from exchanges.history import candle_files, candles
from exchanges.history.candles import StoredDiffers
from exchanges.history.catalogue import holes_of
from exchanges.history.download_data import VENUES
from exchanges.history.words import counted, stretch_lines
from exchanges.symbols import canonical
from exchanges.timeframes import TIMEFRAME_MS


class Command(BaseCommand):
    help = (
        "Imports candles (CSV, CSV.gz or Parquet with timestamp in ms UTC, open, high, low, close, volume) "
        "or funding rates (timestamp, funding_rate)."
    )

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("file", type=Path)
        parser.add_argument("--exchange", required=True, choices=VENUES)
        parser.add_argument(
            "--symbol", required=True, help="BTC/USDT, BTC-USDT or BTC/USDT:USDT; a perpetual swap unless --type"
        )
        parser.add_argument("--type", default="swap", choices=["swap", "spot"], help="which market the symbol names")
        parser.add_argument("--timeframe", choices=list(TIMEFRAME_MS), help="needed for candles")
        parser.add_argument("--kind", default="candles", choices=["candles", "funding"], help="what the file holds")
        parser.add_argument(
            "--allow-gaps", action="store_true", help="store a series with missing bars and note the gaps"
        )
        parser.add_argument(
            "--replace", action="store_true", help="overwrite stored bars or rates that differ from the file's"
        )

    @no_translations
    def handle(self, *args: Any, **options: Any) -> None:
        try:
            symbol = canonical(options["symbol"], options["type"])
        except ValueError as error:
            raise CommandError(str(error)) from None
        imported = self._funding if options["kind"] == "funding" else self._candles
        try:
            for line in imported(symbol, options):
                self.stdout.write(line)
        except candle_files.FileRefused as refused:
            more = refused.count - len(refused.problems)
            tail = [f"and {more} more"] if more else []
            raise CommandError("\n".join([*refused.problems, *tail, "Nothing was imported."])) from None
        except StoredDiffers as refused:
            raise CommandError(_different(refused, options["file"])) from None

    def _candles(self, symbol: str, options: dict[str, Any]) -> Iterator[str]:
        if not options["timeframe"]:
            raise CommandError("--timeframe is needed for candles")
        path, timeframe = options["file"], options["timeframe"]
        checked = candle_files.read_candles(path, timeframe, allow_gaps=options["allow_gaps"], closed_by=_now_ms())
        row = candles.save(
            options["exchange"], symbol, timeframe, checked.candles, source=path.name, replace=options["replace"]
        )
        yield (
            f"{row}: {_number(len(checked.candles), 'bar')} read, {row.rows} stored, {row.first_at:%Y-%m-%d %H:%M} to "
            f"{row.last_at:%Y-%m-%d %H:%M} UTC, {_number(len(row.gaps), 'gap')}, {_number(row.flat_bars, 'flat bar')}"
        )
        holes = holes_of(row)
        yield from stretch_lines("Missing", holes.gaps)
        yield from stretch_lines("Venue down (flat bars without volume)", holes.outages)

    def _funding(self, symbol: str, options: dict[str, Any]) -> Iterator[str]:
        if options["type"] != "swap":
            raise CommandError("only swaps have funding rates")
        path = options["file"]
        stamps, rates = candle_files.read_funding(path, paid_by=_now_ms())
        row = candles.save_funding(
            options["exchange"], symbol, stamps, rates, source=path.name, replace=options["replace"]
        )
        yield (
            f"{row}: {_number(len(stamps), 'rate')} read, {row.rows} stored, {row.first_at:%Y-%m-%d %H:%M} to "
            f"{row.last_at:%Y-%m-%d %H:%M} UTC"
        )


def _different(refused: StoredDiffers, path: Path) -> str:
    """How many and which, and what can be done."""
    times = refused.times
    named = ", ".join(f"{from_ms(int(at)):%Y-%m-%d %H:%M}" for at in times[:5])
    more = f" and {len(times) - 5:,} more" if len(times) > 5 else ""
    return (
        f"{path.name}: {counted(len(times), 'line differs', 'lines differ')} from what is stored of {refused.name}: "
        f"{named}{more} (UTC). Nothing was imported. --replace overwrites what is stored."
    )


def _number(count: int, thing: str) -> str:
    return f"{count} {thing}" if count == 1 else f"{count} {thing}s"


def _now_ms() -> int:
    return round(timezone.now().timestamp() * 1000)
