"""`manage.py backtest --strategy spread --data1 F --data2 F --params P.json [--out R.json]`."""

import json
from pathlib import Path
from typing import Any

from django.core.management.base import BaseCommand, CommandError, CommandParser

from bots.bot_fields import STRATEGIES
from exchanges import candle_files
from exchanges.models import Exchange
from exchanges.symbols import canonical, settle_of
from exchanges.timeframes import TIMEFRAME_MS
from trading.backtests.errors import BacktestRefused
from trading.backtests.files import check_writable, write_whole
from trading.backtests.parameters import read_parameters
from trading.backtests.payments import Recorded
from trading.backtests.readers import instant
from trading.backtests.run import Markets, run
from trading.backtests.series import Series, from_file, from_store
from trading.backtests.summary import summary

FILES = ("data1", "data2")
STORED = ("exchange", "market1", "market2", "timeframe")


class Command(BaseCommand):
    help = (
        "Runs a strategy over recorded candles of two markets: two files (CSV, CSV.gz or Parquet), or two series of "
        "the candle store. Without --out the result goes to standard output as JSON and the summary to standard error."
    )
    requires_system_checks = ()  # files in, file out: no database, no pages

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("--strategy", required=True, help=", ".join(STRATEGIES))
        parser.add_argument("--params", required=True, type=Path, help="JSON: a bot's fields, fees, slippage, fill")
        parser.add_argument("--out", type=Path, help="the JSON file to write the result to")
        for number in (1, 2):
            parser.add_argument(f"--data{number}", type=Path, help=f"candles of market {number}")
            parser.add_argument(f"--funding{number}", type=Path, help=f"funding rates of market {number}")
            parser.add_argument(f"--mark{number}", type=Path, help=f"mark-price candles of market {number}")
            parser.add_argument(f"--market{number}", help=f"market {number} in the candle store, such as GALA/USDT")
        parser.add_argument("--exchange", choices=[e for e in Exchange.values if e != Exchange.PAPER])
        parser.add_argument("--type", default="swap", choices=["swap", "spot"], help="which markets the symbols name")
        parser.add_argument("--timeframe", choices=list(TIMEFRAME_MS), help="of the store; of files, when not clear")
        parser.add_argument("--since", help="leave out what is before: ISO 8601 (UTC) or ms")

    def handle(self, *args: Any, **options: Any) -> None:
        try:
            self._run(options)
        except BacktestRefused as refused:
            raise CommandError("\n".join(refused.problems)) from None
        except candle_files.FileRefused as refused:
            more = refused.count - len(refused.problems)
            raise CommandError("\n".join([*refused.problems, *([f"and {more} more"] if more else [])])) from None

    def _run(self, options: dict[str, Any]) -> None:
        out: Path | None = options["out"]
        if options["strategy"] not in STRATEGIES:
            raise BacktestRefused([f"--strategy: there is no {options['strategy']}, only {', '.join(STRATEGIES)}"])
        if out:
            check_writable(out)
        parameters = read_parameters(options["params"])
        result = run(parameters, _markets(options))
        text = json.dumps(result, indent=2, allow_nan=False)
        words = summary(result, currency=_currency(options))
        if out is None:
            self.stdout.write(text)
            self.stderr.write(words, str)  # not in the red of errors
            return
        write_whole(out, text + "\n")
        self.stdout.write(f"{words}\nWritten to {out}")


def _markets(options: dict[str, Any]) -> Markets:
    first, second = _from_files(options) if options["data1"] or options["data2"] else _from_store(options)
    return Markets(first, second, _recorded(options, 1), _recorded(options, 2), _since(options))


def _from_files(options: dict[str, Any]) -> tuple[Series, Series]:
    stored = [f"--{name}: is for the candle store, not for files" for name in STORED[:3] if options[name]]
    missing = [f"--{name}: is needed" for name in FILES if not options[name]]
    if stored or missing:
        raise BacktestRefused([*missing, *stored])
    return from_file(options["data1"], options["timeframe"]), from_file(options["data2"], options["timeframe"])


def _from_store(options: dict[str, Any]) -> tuple[Series, Series]:
    missing = [name for name in STORED if not options[name]]
    if len(missing) == len(STORED):
        raise BacktestRefused(["--data1, --data2: name two files, or --exchange, --market1, --market2, --timeframe"])
    if missing:
        raise BacktestRefused([f"--{name}: is needed" for name in missing])
    symbol1, symbol2 = (_symbol(options, name) for name in ("market1", "market2"))
    if symbol1 == symbol2:
        raise BacktestRefused([f"--market2: is the same market as market 1, {symbol1}"])
    exchange, timeframe = options["exchange"], options["timeframe"]
    return from_store(exchange, symbol1, timeframe), from_store(exchange, symbol2, timeframe)


def _symbol(options: dict[str, Any], name: str) -> str:
    try:
        return canonical(options[name], options["type"])
    except ValueError as error:
        raise BacktestRefused([f"--{name}: {error}"]) from None


def _recorded(options: dict[str, Any], number: int) -> Recorded | None:
    funding, mark = options[f"funding{number}"], options[f"mark{number}"]
    if funding is None:
        if mark is not None:
            raise BacktestRefused([f"--mark{number}: needs --funding{number}"])
        return None
    stamps, rates = candle_files.read_funding(funding)
    return Recorded(stamps, rates, None if mark is None else from_file(mark))


def _since(options: dict[str, Any]) -> int:
    try:
        return 0 if options["since"] is None else instant(options["since"])
    except ValueError as error:
        raise BacktestRefused([f"--since: {error}"]) from None


def _currency(options: dict[str, Any]) -> str:
    """Files do not say what they are quoted in."""
    return settle_of(_symbol(options, "market1")) if options["market1"] else "quote"
