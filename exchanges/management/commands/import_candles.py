"""`manage.py import_candles FILE --exchange E --symbol S --timeframe T`: recorded candles into the candle store."""

from pathlib import Path
from typing import Any

from django.core.management.base import BaseCommand, CommandError, CommandParser

from exchanges import candle_files, candles
from exchanges.models import Exchange
from exchanges.symbols import canonical
from exchanges.timeframes import TIMEFRAME_MS


class Command(BaseCommand):
    help = (
        "Imports candles (CSV, CSV.gz or Parquet with timestamp in ms UTC, open, high, low, close, volume) "
        "or funding rates (timestamp, funding_rate)."
    )

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("file", type=Path)
        parser.add_argument("--exchange", required=True, choices=[e for e in Exchange.values if e != Exchange.PAPER])
        parser.add_argument(
            "--symbol", required=True, help="BTC/USDT, BTC-USDT or BTC/USDT:USDT; a perpetual swap unless --type"
        )
        parser.add_argument("--type", default="swap", choices=["swap", "spot"], help="which market the symbol names")
        parser.add_argument("--timeframe", choices=list(TIMEFRAME_MS), help="needed for candles")
        parser.add_argument("--kind", default="candles", choices=["candles", "funding"], help="what the file holds")
        parser.add_argument(
            "--allow-gaps", action="store_true", help="store a series with missing bars and note the gaps"
        )

    def handle(self, *args: Any, **options: Any) -> None:
        try:
            symbol = canonical(options["symbol"], options["type"])
        except ValueError as error:
            raise CommandError(str(error)) from None
        try:
            text = self._funding(symbol, options) if options["kind"] == "funding" else self._candles(symbol, options)
        except candle_files.FileRefused as refused:
            more = refused.count - len(refused.problems)
            tail = [f"and {more} more"] if more else []
            raise CommandError("\n".join([*refused.problems, *tail, "Nothing was imported."])) from None
        self.stdout.write(text)

    def _candles(self, symbol: str, options: dict[str, Any]) -> str:
        if not options["timeframe"]:
            raise CommandError("--timeframe is needed for candles")
        path, timeframe = options["file"], options["timeframe"]
        checked = candle_files.read_candles(path, timeframe, allow_gaps=options["allow_gaps"])
        row = candles.save(options["exchange"], symbol, timeframe, checked.candles, source=path.name)
        return (
            f"{row}: {len(checked.candles)} bars read, {row.rows} stored, {row.first_at:%Y-%m-%d %H:%M} to "
            f"{row.last_at:%Y-%m-%d %H:%M} UTC, {len(row.gaps)} gaps, {row.flat_bars} flat bars"
        )

    def _funding(self, symbol: str, options: dict[str, Any]) -> str:
        stamps, rates = candle_files.read_funding(options["file"])
        stored = candles.save_funding(options["exchange"], symbol, stamps, rates)
        return f"{options['exchange']} {symbol} funding: {len(stamps)} rates read, {stored} stored"
