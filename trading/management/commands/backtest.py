"""`manage.py backtest --strategy spread --data1 F --data2 F --params P.json [--out R.json]`."""

import json
import os
from collections.abc import Iterable
from contextlib import suppress
from pathlib import Path
from typing import Any

from django.core.management.base import BaseCommand, CommandError, CommandParser, OutputWrapper, no_translations

from bots.strategies.registry import Plugin, available, strategy_of
from exchanges.history import candle_files
from exchanges.history.download_data import EXCHANGES
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


class Command(BaseCommand):
    help = (
        "Runs a strategy over recorded candles of two markets: two files (CSV, CSV.gz or Parquet), or two series of "
        "the candle store. Without --out the result goes to standard output as JSON and the summary to standard error."
    )
    requires_system_checks = ()  # files in, file out: no database, no pages

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("--strategy", required=True, help="one of `manage.py strategies`")
        parser.add_argument("--params", required=True, type=Path, help="JSON: a bot's fields, fees, slippage, fill")
        parser.add_argument("--out", type=Path, help="the JSON file to write the result to")
        for number in (1, 2):
            parser.add_argument(f"--data{number}", type=Path, help=f"candles of market {number}")
            parser.add_argument(f"--funding{number}", type=Path, help=f"funding rates of market {number}")
            parser.add_argument(f"--mark{number}", type=Path, help=f"mark-price candles of market {number}")
            parser.add_argument(f"--market{number}", help=f"market {number} in the candle store, such as GALA/USDT")
        parser.add_argument("--exchange", choices=EXCHANGES)
        parser.add_argument("--type", default="swap", choices=["swap", "spot"], help="which markets the symbols name")
        parser.add_argument("--timeframe", choices=list(TIMEFRAME_MS), help="of the store; of files, when not clear")
        parser.add_argument("--since", help="leave out what is before: ISO 8601 (UTC) or ms")
        parser.add_argument("--until", help="leave out the bars that open at or after it: ISO 8601 (UTC) or ms")

    @no_translations
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
        plugin = plugin_of(options["strategy"])
        if out:
            check_writable(out)
            _refuse_input(out, options)
        parameters = read_parameters(options["params"], plugin.name)
        result = run(parameters, markets_of(options, plugin.markets))
        text = json.dumps(result, indent=2, allow_nan=False)
        words = summary(result, currency=currency_of(options))
        if out is None:
            give(self.stdout, text)
            tell(self.stderr, words)
            return
        write_whole(out, text + "\n")
        tell(self.stdout, f"{words}\nWritten to {out}")


def give(stream: OutputWrapper, text: str) -> None:
    """Raises BacktestRefused where nobody takes it: a closed pipe, a full disk."""
    sink: Any = stream._out
    if sink is None:  # what Python has for a closed descriptor
        raise BacktestRefused(["standard output: cannot be written: it is closed"])
    try:
        stream.write(text, str)  # not in the red of errors
        stream.flush()
    except OSError as error:
        os.dup2(os.open(os.devnull, os.O_WRONLY), sink.fileno())  # or Python fails once more as it ends
        raise BacktestRefused([f"standard output: cannot be written: {error.strerror or error}"]) from None


def tell(stream: OutputWrapper, words: str) -> None:
    """The same for words that a run can do without."""
    with suppress(BacktestRefused):
        give(stream, words)


def plugin_of(name: str) -> Plugin:
    try:
        return strategy_of(name)
    except LookupError as error:
        names = ", ".join(plugin.name for plugin in available())
        raise BacktestRefused([f"--strategy: {error}; there are {names}"]) from None


def markets_of(options: dict[str, Any], count: int) -> Markets:
    if count == 1:
        _refuse_given(options, ("data2", "market2", "funding2", "mark2"), "the strategy trades one market only")
    numbers = range(1, count + 1)
    files = options["data1"] or options["data2"]
    first, *more = _from_files(options, numbers) if files else _from_store(options, numbers)
    since, until = (_instant(options, name) for name in ("since", "until"))
    if since is not None and until is not None and until <= since:
        raise BacktestRefused(["--until: must lie after --since"])
    recorded1, recorded2 = _recorded(options, 1), _recorded(options, 2)
    return Markets(first, more[0] if more else None, recorded1, recorded2, since or 0, until)


def _from_files(options: dict[str, Any], numbers: range) -> list[Series]:
    _refuse_given(options, ("exchange", "market1", "market2"), "is for the candle store, not for files")
    names = [f"data{number}" for number in numbers]
    _refuse_missing(options, names)
    return [from_file(options[name], options["timeframe"]) for name in names]


def _from_store(options: dict[str, Any], numbers: range) -> list[Series]:
    names = [f"market{number}" for number in numbers]
    needed = ["exchange", *names, "timeframe"]
    if not any(options[name] for name in needed):
        files = ", ".join(f"--data{number}" for number in numbers)
        stored = ", ".join(f"--{name}" for name in needed)
        raise BacktestRefused([f"{files}: name {'a file' if len(names) == 1 else 'two files'}, or {stored}"])
    _refuse_missing(options, needed)
    symbols = [_symbol(options, name) for name in names]
    if len(set(symbols)) < len(symbols):
        raise BacktestRefused([f"--market2: is the same market as market 1, {symbols[0]}"])
    return [from_store(options["exchange"], symbol, options["timeframe"]) for symbol in symbols]


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


def _instant(options: dict[str, Any], name: str) -> int | None:
    try:
        return None if options[name] is None else instant(options[name])
    except ValueError as error:
        raise BacktestRefused([f"--{name}: {error}"]) from None


def _refuse_input(out: Path, options: dict[str, Any]) -> None:
    """A result in place of recorded candles would be a loss."""
    read = [options[name] for name in ("params", "data1", "data2", "funding1", "funding2", "mark1", "mark2")]
    if any(path and os.path.realpath(path) == os.path.realpath(out) for path in read):
        raise BacktestRefused(["--out: is a file that the run reads"])


def _refuse_given(options: dict[str, Any], names: Iterable[str], why: str) -> None:
    if given := [f"--{name}: {why}" for name in names if options[name]]:
        raise BacktestRefused(given)


def _refuse_missing(options: dict[str, Any], names: list[str]) -> None:
    if missing := [f"--{name}: is needed" for name in names if not options[name]]:
        raise BacktestRefused(missing)


def currency_of(options: dict[str, Any]) -> str:
    """Files do not say what they are quoted in."""
    return settle_of(_symbol(options, "market1")) if options["market1"] else "quote"
