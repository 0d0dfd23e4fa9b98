"""`manage.py download_candles --exchange E --symbol S --timeframe T --since D`: history from a venue into the store.

Ctrl-C stops it, what has come is stored, and the next call goes on from there. Exit codes: 0 everything that the venue
has is stored, 1 refused or failed, 130 stopped by Ctrl-C.
"""

import sys
from collections.abc import Iterator
from typing import Any

from django.core.exceptions import ValidationError
from django.core.management.base import BaseCommand, CommandError, CommandParser, no_translations
from django.utils import timezone
from tqdm import tqdm

from exchanges.errors import ExchangeError
from exchanges.history.candles import StoredDiffers
from exchanges.history.download_data import EXCHANGES, clean_download_data
from exchanges.history.fetching import CandleHistory, FundingHistory, NothingYet
from exchanges.history.words import counted, stretch_lines
from exchanges.timeframes import TIMEFRAME_MS

STOPPED = 130


class Command(BaseCommand):
    help = "Downloads candles or funding rates of one market and stores what is not stored yet."

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("--exchange", required=True, choices=EXCHANGES)
        parser.add_argument(
            "--symbol", required=True, help="BTC/USDT, BTC-USDT or BTC/USDT:USDT; a perpetual swap unless --type"
        )
        parser.add_argument("--timeframe", choices=list(TIMEFRAME_MS), help="needed for candles")
        parser.add_argument("--since", required=True, help="2025-01-01 or 2025-01-01T12:00Z, else UTC")
        parser.add_argument("--until", help="bars that open before it (default: now)")
        parser.add_argument("--kind", default="candles", choices=["candles", "funding"], help="what to download")
        parser.add_argument("--type", default="swap", choices=["swap", "spot"], help="which market the symbol names")
        parser.add_argument("--no-progress", action="store_true", help="no progress bar, only the result")

    @no_translations
    def handle(self, *args: Any, **options: Any) -> None:
        now = timezone.now()
        names = ("exchange", "symbol", "timeframe", "since", "until", "kind", "type")
        try:
            wish = clean_download_data({name: options[name] for name in names if options[name]}, now)
            history = _history(wish, round(now.timestamp() * 1000))
        except ValidationError as error:
            raise CommandError("\n".join(f"--{name}: {' '.join(texts)}" for name, texts in _texts(error))) from None
        except NothingYet as error:
            raise CommandError(f"Nothing to download: {error}.") from None
        self._download(history, is_quiet=options["no_progress"])
        for line in _report(history):
            self.stdout.write(line)

    def _download(self, history: CandleHistory | FundingHistory, *, is_quiet: bool) -> None:
        unit = "bar" if isinstance(history, CandleHistory) else "h"
        steps = history.steps()
        bar = tqdm(file=self.stderr, disable=is_quiet, unit=f" {unit}", unit_scale=True, desc=history.symbol)
        try:
            for progress in steps:
                bar.total = progress.total
                bar.update(progress.done - bar.n)
        except KeyboardInterrupt:
            steps.close()
            bar.close()
            self.stderr.write(f"Stopped. {_stored(history)} The same command goes on from there.")
            sys.exit(STOPPED)
        except (ExchangeError, StoredDiffers) as error:
            bar.close()
            raise CommandError(f"{error}. {_stored(history)} The same command goes on from there.") from None
        finally:
            steps.close()
            bar.close()


def _history(wish: dict[str, Any], now_ms: int) -> CandleHistory | FundingHistory:
    since, until = (round(wish[name].timestamp() * 1000) for name in ("since", "until"))
    if wish["kind"] == "funding":
        return FundingHistory(wish["exchange"], wish["symbol"], since, until, now_ms)
    return CandleHistory(wish["exchange"], wish["symbol"], wish["timeframe"], since, until, now_ms)


def _stored(history: CandleHistory | FundingHistory) -> str:
    kind = ("bar", "bars") if isinstance(history, CandleHistory) else ("rate", "rates")
    return f"{counted(history.rows, *kind)} {'is' if history.rows == 1 else 'are'} newly stored."


def _report(history: CandleHistory | FundingHistory) -> Iterator[str]:
    result = history.result()
    yield f"{history.exchange} {history.symbol}: {_stored(history)}"
    yield from stretch_lines(f"{history.exchange} does not have", result.missing)
    yield from stretch_lines("Venue down (flat bars without volume)", result.outages)
    if not result.missing:
        yield "Nothing is missing in that time."


def _texts(error: ValidationError) -> Iterator[tuple[str, list[str]]]:
    yield from error.message_dict.items()
