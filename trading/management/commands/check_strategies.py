"""`manage.py check_strategies [NAME …]`: do they run, and does none of them look ahead?"""

from pathlib import Path
from typing import Any

from django.core.management.base import BaseCommand, CommandError, CommandParser, no_translations

from bots.strategies.registry import Broken, Plugin, available, broken
from exchanges.history.candle_files import FileRefused
from trading.backtests.errors import BacktestRefused
from trading.backtests.series import from_file
from trading.core.candles import Tape, align, single
from trading.strategy_checks import Checked, check_strategy


class Command(BaseCommand):
    help = (
        "Runs every strategy, or those named, with its default parameters over histories cut short at many bars: what "
        "it says of a bar must not depend on later ones. Over generated candles, or over two files. Exit status 1 for "
        "any strategy that looks ahead, fails or cannot be used."
    )
    requires_system_checks = ()

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("name", nargs="*", help="strategies to check; all if none is named")
        for number in (1, 2):
            parser.add_argument(f"--data{number}", type=Path, help=f"candles of market {number}")

    @no_translations
    def handle(self, *args: Any, **options: Any) -> None:
        plugins, failed = _chosen(options["name"])
        tape = _tape(options["data1"], options["data2"])
        good = True
        for plugin in plugins:
            found = check_strategy(plugin, tape if plugin.markets == 2 else _one(tape, options["data1"]))
            self.stdout.write("\n".join(_lines(found)))
            good = good and not (found.leaks or found.drifts)
        for it in failed:
            self.stdout.write(f"{it.name}: cannot be used: {it.reason}")
        if failed or not good:
            raise CommandError("not every strategy is in order")


def _chosen(names: list[str]) -> tuple[list[Plugin], list[Broken]]:
    plugins, failed = available(), broken()
    known = {*(it.name for it in plugins), *(it.name for it in failed)}
    if missing := [name for name in names if name not in known]:
        raise CommandError(f"{missing[0]}: there is no such strategy, only {', '.join(sorted(known))}")
    return [it for it in plugins if not names or it.name in names], [
        it for it in failed if not names or it.name in names
    ]


def _tape(data1: Path | None, data2: Path | None) -> Tape | None:
    if data1 is None and data2 is None:
        return None
    if data1 is None or data2 is None:
        raise CommandError("--data1, --data2: name two files, or none")
    try:
        tape = align(from_file(data1).candles, from_file(data2).candles).tape
    except (FileRefused, BacktestRefused) as refused:
        raise CommandError("\n".join(refused.problems)) from None
    if len(tape) < 3:
        raise CommandError("--data1, --data2: the two files have fewer than 3 bars in common")
    return tape


def _one(tape: Tape | None, data1: Path | None) -> Tape | None:
    """Of files, the first market."""
    return None if tape is None or data1 is None else single(from_file(data1).candles)


def _lines(found: Checked) -> list[str]:
    if wrong := [*map(str, found.leaks), *map(str, found.drifts)]:
        return wrong
    how = "compiled" if found.is_compiled else "plain Python"
    because = f" ({found.plain_because})" if found.plain_because else ""
    return [f"{found.name}: does not look ahead, over {found.bars:,} bars; {how}{because}"]
