"""`manage.py optimize --strategy spread --data1 F --data2 F --params P.json --vary profit_ratio=0.5:3:0.5 …`."""

import json
import os
import signal
import sys
import threading
import time
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from types import FrameType
from typing import Any

from django.core.exceptions import ObjectDoesNotExist, ValidationError
from django.core.management.base import CommandError, CommandParser, no_translations
from django.utils import timezone
from tqdm import tqdm

from accounts.models import User
from exchanges.errors import DomainError
from exchanges.models import JobStatus
from trading.backtests.errors import BacktestRefused
from trading.backtests.files import check_writable, write_whole
from trading.backtests.services import backtest_cancel
from trading.management.commands import backtest as single
from trading.models import Backtest
from trading.searches import local, outcome_summary, services, trials
from trading.searches.checks import check_values
from trading.searches.evaluation import Evaluation, Outcome
from trading.searches.files import known_of, read_object, result_of, typed_range
from trading.searches.objectives import OBJECTIVES
from trading.searches.plan import METHODS, Plan, parse_plan, plan_of
from trading.searches.search_words import search_words

POLL_S = 0.5
STOPPED = 130
"""What a shell answers for a program that was stopped by Ctrl-C."""
FILES = tuple(f"{kind}{number}" for kind in ("data", "funding", "mark") for number in (1, 2))
SETTINGS = ("method", "sets", "seed", "objective", "folds", "out_of_sample", "min_cycles")


class Command(single.Command):
    help = (
        "Runs a strategy with many parameter sets over recorded candles and names the best, in sample and out of "
        "sample. In processes of its own, or with --workers over the compute workers. Ctrl-C stops it; what it found "
        "stays, and --resume goes on."
    )

    def add_arguments(self, parser: CommandParser) -> None:
        super().add_arguments(parser)
        parser.add_argument("--vary", action="append", default=[], help="name=low:high[:step] or name=a,b,c; repeated")
        parser.add_argument("--space", type=Path, help="the same as JSON: name to low, high, step, log, or values")
        parser.add_argument("--method", choices=METHODS, help="tpe: Optuna's")
        parser.add_argument("--sets", type=int, help="how many to try; a grid tries all there are")
        parser.add_argument("--seed", type=int, help="the same seed tries the same sets")
        parser.add_argument("--objective", choices=list(OBJECTIVES))
        parser.add_argument("--folds", type=int, help="walk-forward windows, rolling; 0: everything in sample")
        parser.add_argument("--out-of-sample", type=int, metavar="PCT", help="share of each window, its end")
        parser.add_argument("--min-cycles", type=int, help="what a set must close in sample to count")
        parser.add_argument("--jobs", type=int, default=os.cpu_count() or 1, help="processes; 1: this one alone")
        parser.add_argument("--workers", action="store_true", help="over the compute workers, from the candle store")
        parser.add_argument("--owner", help="with --workers: whose search it is; the only user if there is one")
        parser.add_argument(
            "--resume", nargs="?", const="", metavar="ID", help="go on: with --out's file, or a search of the workers"
        )

    @no_translations
    def handle(self, *args: Any, **options: Any) -> None:
        try:
            super().handle(*args, **options)
        except ValidationError as error:
            raise CommandError("\n".join(_lines(error))) from None
        except DomainError as error:
            raise CommandError(str(error.message)) from None

    def _run(self, options: dict[str, Any]) -> None:
        if options["out"]:
            check_writable(options["out"])
        result = self._over_workers(options) if options["workers"] else self._in_processes(options)
        self._written(result, options)
        if "best" not in result:
            sys.exit(STOPPED)
        self.stderr.write(search_words(result, currency=single.currency_of(options)), str)

    def _in_processes(self, options: dict[str, Any]) -> dict[str, Any]:
        plugin = single.plugin_of(options["strategy"])
        space = _space(options)
        plan = parse_plan(
            _settings(options) | {"space": space}, strategy=plugin.name, parameters=read_object(options["params"])
        )
        markets = single.markets_of(options, plugin.markets)
        evaluation = Evaluation(plan, markets)
        check_values(evaluation)
        data = {name: evaluation.described()[name] for name in ("bars", "first", "end")}
        known = _known(options, plan, space, data)
        jobs = min(options["jobs"], plan.cells)
        runner = local.in_processes(plan, markets, jobs) if jobs > 1 else local.in_this_process(evaluation)
        is_whole = self._searched(plan, known, runner)
        outcomes = [known[number] for number in sorted(known)]
        found = outcome_summary.summary(evaluation, outcomes) if is_whole else data
        if not is_whole:
            self._stopped(options, len(known), plan.sets)
        return result_of(plan, space, outcomes, found)

    def _searched(self, plan: Plan, known: dict[int, Outcome], runner: Any) -> bool:
        """Adds to `known`; False where the user stopped it."""
        with self._bar(plan.sets, len(known)) as bar, stop_asked_for() as asked, runner as run:
            for outcomes in local.search(plan, known.values(), run):
                known.update((found.number, found) for found in outcomes)
                bar.update(len(outcomes))
                if asked.is_set() and len(known) < plan.sets:
                    return False
        return True

    def _stopped(self, options: dict[str, Any], done: int, total: int) -> None:
        way = "the same command with --resume goes on" if options["out"] else "with --out it could go on later"
        self.stderr.write(f"Stopped after {done:,} of {total:,} sets; {way}.", str)

    def _over_workers(self, options: dict[str, Any]) -> dict[str, Any]:
        backtest = _resumed(options) if options["resume"] else _created(options)
        try:
            self._watch(backtest)
        except KeyboardInterrupt:
            backtest_cancel(actor=None, backtest=backtest, now=timezone.now())
            self.stderr.write(f"Canceled; --workers --resume {backtest.pk} goes on.", str)
        row = Backtest.objects.select_related("search").get(pk=backtest.pk)
        if row.status == JobStatus.FAILED:
            raise BacktestRefused(row.problems)
        return result_of(plan_of(row.search), row.search.space, trials.outcomes_of(row.pk), row.summary)

    def _watch(self, backtest: Backtest) -> None:
        self.stderr.write(f"Search {backtest.pk} waits for the compute workers.", str)
        with self._bar(backtest.total, backtest.done) as bar:
            while True:
                row = Backtest.objects.only("status", "done").get(pk=backtest.pk)
                bar.update(row.done - bar.n)
                if not row.is_open:
                    return
                time.sleep(POLL_S)

    def _written(self, result: Mapping[str, Any], options: dict[str, Any]) -> None:
        text = json.dumps(result, indent=2, allow_nan=False)
        if options["out"] is None:
            self.stdout.write(text)
            return
        write_whole(options["out"], text + "\n")
        self.stderr.write(f"Written to {options['out']}", str)

    def _bar(self, total: int, done: int) -> Any:
        return tqdm(total=total, initial=done, unit=" sets", file=self.stderr, mininterval=0.5, dynamic_ncols=True)


@contextmanager
def stop_asked_for() -> Iterator[threading.Event]:
    """Set by Ctrl-C; a second one ends the process. An exception in the midst of compiled code would tear it down."""
    asked = threading.Event()

    def note(number: int, frame: FrameType | None) -> None:
        asked.set()
        signal.signal(signal.SIGINT, before)

    before = signal.signal(signal.SIGINT, note)
    try:
        yield asked
    finally:
        signal.signal(signal.SIGINT, before)


def _settings(options: dict[str, Any]) -> dict[str, Any]:
    found = {name: options[name] for name in SETTINGS if options[name] is not None}
    if "out_of_sample" in found:
        found["out_of_sample_pct"] = found.pop("out_of_sample")
    return found


def _space(options: dict[str, Any]) -> dict[str, Any]:
    space = read_object(options["space"]) if options["space"] else {}
    for text in options["vary"]:
        name, about = typed_range(text)
        if name in space:
            raise BacktestRefused([f"--vary {name}: is given twice"])
        space[name] = about
    if not space:
        raise BacktestRefused(["--vary, --space: name at least one parameter and what it may be"])
    return space


def _known(options: dict[str, Any], plan: Plan, space: dict[str, Any], data: dict[str, Any]) -> dict[int, Outcome]:
    if options["resume"] is None:
        return {}
    if options["resume"] or options["out"] is None:
        raise BacktestRefused(["--resume: needs --out with the file to go on with, or --workers and a number"])
    return {found.number: found for found in known_of(options["out"], plan, space, data)}


def _created(options: dict[str, Any]) -> Backtest:
    files = [f"--{name}: the workers read the candle store, not files" for name in FILES if options[name]]
    if files:
        raise BacktestRefused(files)
    data = {
        "strategy": options["strategy"],
        "exchange": options["exchange"],
        "market1_symbol": options["market1"],
        "market2_symbol": options["market2"],
        "timeframe": options["timeframe"],
        "since": options["since"],
        "until": options["until"],
        "parameters": read_object(options["params"]),
        "search": _settings(options) | {"space": _space(options)},
    }
    return services.search_create(actor=_owner(options), data=data, now=timezone.now())


def _resumed(options: dict[str, Any]) -> Backtest:
    try:
        backtest = Backtest.objects.get(pk=int(options["resume"]), kind=Backtest.Kind.SEARCH)
    except (ValueError, ObjectDoesNotExist):
        raise BacktestRefused([f"--resume: there is no search {options['resume']}"]) from None
    return services.search_resume(actor=None, backtest=backtest, now=timezone.now())


def _owner(options: dict[str, Any]) -> User:
    users = User.objects.filter(is_active=True)
    if options["owner"]:
        users = users.filter(username=options["owner"])
    found = list(users[:2])
    if len(found) != 1:
        names = (
            f"there is no active user {options['owner']}" if options["owner"] else "name the user whose search it is"
        )
        raise BacktestRefused([f"--owner: {names}"])
    return found[0]


def _lines(error: ValidationError) -> list[str]:
    if not hasattr(error, "error_dict"):
        return error.messages
    named = error.message_dict.items()
    return [text if field == "space" else f"{field}: {text}" for field, texts in named for text in texts]
