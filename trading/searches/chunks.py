"""A search in chunks of about a second, each a task of its own, as many side by side as there are workers.

A chunk takes cells of sets that nobody else is at, runs them, and writes them down in one transaction. A killed worker
loses its transaction and with it its cells: they are simply open again. Tasks know nothing but the search.
"""

import logging
from collections import OrderedDict
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from datetime import datetime
from enum import Enum
from typing import Any, Final

from celery.exceptions import SoftTimeLimitExceeded
from django.core.exceptions import ValidationError
from django.db import Error, transaction
from django.db.models import F
from django.utils import translation

from exchanges.history.candle_files import FileRefused
from exchanges.models import JobStatus
from trading.backtests import progress
from trading.backtests.errors import BacktestRefused
from trading.backtests.markets import stored_markets
from trading.backtests.running import BROKEN, TOO_LONG
from trading.finished_news import backtest_news
from trading.models import Backtest, Search
from trading.searches import outcome_summary, trials
from trading.searches.evaluation import Evaluation, Outcome
from trading.searches.plan import plan_of
from trading.searches.samplers import WAVE
from trading.searches.space import Value

log = logging.getLogger(__name__)

CHUNK_S: Final = 1.0
LOOK_S: Final = 0.25
"""How often a chunk asks whether its search is still wanted."""
KEPT: Final = 2
"""Searches whose data a process keeps at hand."""

Clock = Callable[[], datetime]
Timer = Callable[[], float]


class Next(Enum):
    """What a task of the search does next."""

    GO_ON = "go_on"
    WAIT = "wait"
    """Everything that can be run now is being run by others."""
    END = "end"


@dataclass(slots=True)
class _Ready:
    """A search in this process: its data, and the sets of the wave that it is at."""

    evaluation: Evaluation
    wave: int = -1
    sets: list[dict[str, Value]] | None = None


_ready: OrderedDict[tuple[int, int], _Ready] = OrderedDict()


def chunk_run(backtest_id: int, taken_up: int, *, now: Clock, timer: Timer) -> Next:
    """One chunk. Whatever happens, the row says in the end what came of it; only a lost database is raised."""
    search = _begun(backtest_id, taken_up, now())
    if search is None:
        return Next.END
    with translation.override(search.backtest.owner.language):  # refusals are stored as its owner reads them
        return _carried_out(search, now, timer)


def _carried_out(search: Search, now: Clock, timer: Timer) -> Next:
    try:
        return _run(search, now, timer)
    except (BacktestRefused, FileRefused) as refused:
        _fail(search.backtest, now(), list(refused.problems))
    except ValidationError as error:
        _fail(search.backtest, now(), error.messages)
    except SoftTimeLimitExceeded:
        _fail(search.backtest, now(), [TOO_LONG])
    except Error:
        raise
    except Exception:  # a search may run a user's own strategy; it ends with a word instead of being tried for ever
        log.exception("search %s failed", search.backtest.pk)
        _fail(search.backtest, now(), [BROKEN])
    return Next.END


def _begun(backtest_id: int, taken_up: int, now: datetime) -> Search | None:
    """The search, running; None where it is over, or taken up anew by others."""
    row = Backtest.objects.filter(pk=backtest_id, search__taken_up=taken_up)
    if row.filter(status=JobStatus.QUEUED).update(status=JobStatus.RUNNING, started_at=now, alive_at=now, problems=[]):
        progress.publish(Backtest.objects.get(pk=backtest_id))
    if not row.filter(status=JobStatus.RUNNING).update(alive_at=now, attempts=F("attempts") + 1):
        return None
    return Search.objects.select_related("backtest__owner").filter(backtest_id=backtest_id).first()


def _run(search: Search, now: Clock, timer: Timer) -> Next:
    ready = _made_ready(search)
    deadline = timer() + CHUNK_S
    with transaction.atomic():
        outcomes, is_wanted = _evaluated(search, ready, deadline, timer)
        row = _booked(search, outcomes, is_wanted, now())
    if row is None:
        return Next.END
    if row.done >= row.total:
        return _finished(search, ready.evaluation, now)
    return Next.GO_ON if outcomes else Next.WAIT


def _made_ready(search: Search) -> _Ready:
    """Raises BacktestRefused, FileRefused and ValidationError for data that are gone or do not do."""
    key = search.pk, search.taken_up
    found = _ready.get(key)
    if found is None:
        row = search.backtest
        markets = stored_markets(
            row.exchange,
            row.market1_symbol,
            row.market2_symbol,
            row.timeframe,
            since=row.since,
            until=row.until,
            use_funding=row.use_funding,
        )
        found = _ready[key] = _Ready(Evaluation(plan_of(search), markets))
    _ready.move_to_end(key)
    while len(_ready) > KEPT:
        _ready.popitem(last=False)
    return found


def _evaluated(search: Search, ready: _Ready, deadline: float, timer: Timer) -> tuple[list[Outcome], bool]:
    """What could be run until the deadline, and whether the search is still wanted."""
    outcomes: list[Outcome] = []
    looked = timer()
    for number, values in _sets(search, ready):
        outcomes.append(ready.evaluation.outcome(number, values))
        moment = timer()
        if moment - looked >= LOOK_S:
            looked = moment
            if not _is_wanted(search):
                return outcomes, False
        if moment >= deadline:
            break
    return outcomes, _is_wanted(search)


def _sets(search: Search, ready: _Ready) -> Iterator[tuple[int, dict[str, Value]]]:
    """Cell after cell that nobody else is at. An adaptive method stays within the wave that it began with."""
    plan = ready.evaluation.plan
    for cell in trials.open_cells(search.pk, plan):
        if not trials.cell_take(search.pk, cell):
            continue
        numbers = trials.missing(search.pk, plan.numbers(cell))  # others may have run it just before
        for number in numbers:
            yield number, _wave_set(search, ready, number) if plan.is_adaptive else plan.set_of(number)


def _wave_set(search: Search, ready: _Ready, number: int) -> dict[str, Value]:
    wave, place = divmod(number, WAVE)
    if ready.wave != wave or ready.sets is None:
        plan = ready.evaluation.plan
        known = trials.known(search.pk, wave * WAVE)
        from trading.searches.tpe import wave_sets  # Optuna: 40 MB that workers of other queues can do without

        ready.sets = wave_sets(plan.space, known, wave=wave, sets=plan.sets, seed=plan.seed)
        ready.wave = wave
    return ready.sets[place]


def _is_wanted(search: Search) -> bool:
    return Backtest.objects.filter(pk=search.pk, status=JobStatus.RUNNING, is_cancel_wanted=False).exists()


def _booked(search: Search, outcomes: list[Outcome], is_wanted: bool, now: datetime) -> Backtest | None:
    """Writes the sets down and says so; None where the search has ended or ends with this."""
    added = trials.add(search, outcomes)  # before the row is locked, which others wait for
    row = Backtest.objects.select_for_update().filter(pk=search.pk, status=JobStatus.RUNNING).first()
    if row is None:
        transaction.set_rollback(True)
        return None
    row.done += added
    row.alive_at = now
    row.attempts = 0 if outcomes else max(0, row.attempts - 1)  # chunks that began, and of which nothing came
    if not is_wanted:
        row.status, row.finished_at = JobStatus.CANCELED, now
    row.save(update_fields=["done", "alive_at", "attempts", "status", "finished_at"])
    if outcomes or not is_wanted:
        progress.publish(row, best=_best(search))
    return row if is_wanted else None


def _best(search: Search) -> dict[str, Any] | None:
    row = trials.best_first(search.pk).first()
    return row and {"number": row.number, "values": row.values, "score": row.score, "oos_score": row.oos_score}


def _finished(search: Search, evaluation: Evaluation, now: Clock) -> Next:
    """All sets are there: what they come to together, worked out by one process."""
    with transaction.atomic():
        if not trials.cell_take(search.pk, -1):
            return Next.WAIT
        summary = outcome_summary.summary(evaluation, trials.outcomes_of(search.pk))
        row = Backtest.objects.select_for_update().filter(pk=search.pk, status=JobStatus.RUNNING).first()
        if row is not None:
            row.status, row.finished_at, row.summary = JobStatus.DONE, now(), summary
            row.save(update_fields=["status", "finished_at", "summary"])
            progress.publish(row, best=_best(search))
            backtest_news(row)
    _ready.pop((search.pk, search.taken_up), None)
    return Next.END


def _fail(row: Backtest, now: datetime, problems: list[str]) -> None:
    values = {"status": JobStatus.FAILED, "finished_at": now, "problems": problems}
    if Backtest.objects.filter(pk=row.pk, status=JobStatus.RUNNING).update(**values):
        row.refresh_from_db()
        progress.publish(row)
        backtest_news(row)
