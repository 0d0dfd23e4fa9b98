"""A search in chunks: the same sets however it is cut, nothing twice, nothing lost, nothing left running."""

import gc
import json
import os
import threading
import time
from collections.abc import Callable
from datetime import timedelta
from typing import Any

import pytest
from django.conf import settings as django_settings
from django.db import connection, transaction
from django.utils import timezone

from bots.tests.factories import make_user
from chainmakes.tests.broker import Broker, own_broker  # noqa: F401
from exchanges.history import candles
from exchanges.models import JobStatus
from exchanges.tests.series import GALA, candle_dir, stored_pair  # noqa: F401
from trading.backtests.services import backtest_cancel, backtest_delete
from trading.models import Backtest, Search, Trial
from trading.searches import chunks, services, trials
from trading.searches.chunks import Next
from trading.tests.searches.made import NOW, chunk, created, run

pytestmark = [pytest.mark.django_db, pytest.mark.usefixtures("stored_pair")]

METHODS = [
    {"method": "grid"},
    {"method": "random", "sets": 15, "seed": 4},
    {"method": "tpe", "sets": 50, "seed": 4, "space": {"profit_ratio": {"low": 0.2, "high": 0.9}}},
]


class Ticking:
    """A timer that moves on by itself, so that a chunk is over after some sets."""

    def __init__(self, step_s: float) -> None:
        self.now, self.step_s = 0.0, step_s

    def __call__(self) -> float:
        self.now += self.step_s
        return self.now


def sets_of(backtest: Backtest) -> list[str]:
    found = [json.dumps([o.number, o.values, o.score, o.oos_score]) for o in trials.outcomes_of(backtest.pk)]
    return [line for line in found if line]


def chunk_of(backtest: Backtest, step_s: float) -> Next:
    taken_up = Search.objects.get(pk=backtest.pk).taken_up
    return chunks.chunk_run(backtest.pk, taken_up, now=timezone.now, timer=Ticking(step_s))


@pytest.mark.parametrize("search", METHODS)
def test_the_same_seed_gives_the_same_sets_in_chunks_of_whatever_length(search: dict[str, Any]) -> None:
    whole = run(created(make_user(), search=search))
    cut = created(make_user(), search=search)
    lengths = [0.3, 0.6, 0.11]
    for i in range(500):
        chunks._ready.clear()  # as another process
        if chunk_of(cut, lengths[i % 3]) is not Next.GO_ON:
            break
    cut.refresh_from_db()
    assert (cut.status, cut.done) == (JobStatus.DONE, whole.total)
    assert sets_of(cut) == sets_of(whole)
    assert {k: v for k, v in cut.summary.items()} == whole.summary


@pytest.mark.parametrize("search", METHODS[1:])
def test_another_seed_gives_other_sets(search: dict[str, Any]) -> None:
    one, two = (run(created(make_user(), search=search | {"seed": seed})) for seed in (1, 2))
    assert sets_of(one) != sets_of(two)


@pytest.mark.parametrize("search", METHODS)
def test_no_set_is_run_twice(search: dict[str, Any]) -> None:
    backtest = run(created(make_user(), search=search))
    values = [json.dumps(found.values, sort_keys=True) for found in trials.outcomes_of(backtest.pk)]
    assert len(values) == len(set(values)) == backtest.total


def test_tpe_learns() -> None:
    """After the first wave it looks where the score is high: on average its sets are better than those by chance."""
    search = {"sets": 128, "min_cycles": 1, "folds": 0, "objective": "net_profit"}
    space = {"space": {"profit_ratio": {"low": 0.05, "high": 3.0}, "dca_config[1].spread": {"low": 0.1, "high": 3.0}}}
    means = {}
    for method in ("tpe", "random"):
        backtest = run(created(make_user(), search=search | space | {"method": method}))
        later = Trial.objects.filter(search=backtest.search, number__gte=32, score__isnull=False)
        scores = [score for score in later.values_list("score", flat=True) if score is not None]
        means[method] = sum(scores) / len(scores)
    assert means["tpe"] > means["random"]


def test_a_single_worker_goes_on_until_everything_is_there() -> None:
    backtest = created(make_user())
    found = [chunk_of(backtest, 0.3)]
    while found[-1] is Next.GO_ON:
        found.append(chunk_of(backtest, 0.3))
    assert len(found) > 3
    assert found[-1] is Next.END
    backtest.refresh_from_db()
    assert (backtest.status, backtest.done, backtest.total) == (JobStatus.DONE, 21, 21)
    assert backtest.finished_at is not None


def test_a_task_of_an_earlier_taking_up_does_nothing() -> None:
    backtest = created(make_user())
    Search.objects.filter(pk=backtest.pk).update(taken_up=1)
    assert chunks.chunk_run(backtest.pk, 0, now=timezone.now, timer=time.monotonic) is Next.END
    assert trials.count(backtest.pk) == 0


def test_candles_that_are_gone_end_the_search_with_words() -> None:
    backtest = created(make_user())
    (django_settings.CANDLE_DIR / candles.series_path("binance", GALA, "5m")).unlink()
    assert chunk(backtest) is Next.END
    backtest.refresh_from_db()
    assert backtest.status == JobStatus.FAILED
    assert GALA in backtest.problems[0]


def test_a_cancel_is_noticed_within_a_chunk() -> None:
    user = make_user()
    backtest = created(user)
    chunk_of(backtest, 0.3)
    backtest.refresh_from_db()
    backtest_cancel(actor=user, backtest=backtest, now=NOW)
    before = trials.count(backtest.pk)
    assert chunk_of(backtest, 0.1) is Next.END
    backtest.refresh_from_db()
    assert backtest.status == JobStatus.CANCELED
    assert before < trials.count(backtest.pk) == backtest.done < backtest.total
    backtest_delete(actor=user, backtest=backtest)


def test_a_search_that_is_deleted_is_no_search() -> None:
    backtest = created(make_user())
    taken_up = backtest.search.taken_up
    number = backtest.pk
    backtest.delete()
    assert chunks.chunk_run(number, taken_up, now=timezone.now, timer=time.monotonic) is Next.END


@pytest.fixture
def elsewhere() -> Callable[[Callable[[], Any]], Any]:
    """Runs something on a connection of its own, as another worker would."""

    def run_there(action: Any) -> Any:
        found: list[Any] = []

        def target() -> None:
            try:
                found.append(action())
            finally:
                connection.close()

        thread = threading.Thread(target=target)
        thread.start()
        thread.join(30)
        return found[0]

    return run_there


@pytest.mark.django_db(transaction=True)
def test_what_one_worker_is_at_no_other_takes(elsewhere: Any) -> None:
    backtest = created(make_user())
    plan_cells = 21
    with transaction.atomic():
        assert all(trials.cell_take(backtest.pk, cell) for cell in range(plan_cells))
        assert elsewhere(lambda: chunk(backtest)) is Next.WAIT
        assert trials.count(backtest.pk) == 0
    assert elsewhere(lambda: run(backtest).status) == JobStatus.DONE


class Meanwhile:
    """A timer during whose fifth look something happens."""

    def __init__(self, action: Callable[[], Any]) -> None:
        self._looks, self._action = 0, action

    def __call__(self) -> float:
        self._looks += 1
        if self._looks == 5:
            self._action()
        return self._looks * 0.01


@pytest.mark.django_db(transaction=True)
def test_a_chunk_of_a_search_that_ended_meanwhile_leaves_nothing(elsewhere: Any) -> None:
    backtest = created(make_user())
    timer = Meanwhile(lambda: elsewhere(lambda: Backtest.objects.all().delete()))
    assert chunks.chunk_run(backtest.pk, 0, now=timezone.now, timer=timer) is Next.END
    assert not Trial.objects.exists()


@pytest.mark.django_db(transaction=True)
def test_the_end_is_worked_out_once(elsewhere: Any) -> None:
    backtest = run(created(make_user()))
    Backtest.objects.filter(pk=backtest.pk).update(status=JobStatus.RUNNING, summary={})
    with transaction.atomic():
        trials.cell_take(backtest.pk, -1)
        assert elsewhere(lambda: chunk(backtest)) is Next.WAIT
    assert elsewhere(lambda: chunk(backtest)) is Next.END
    backtest.refresh_from_db()
    assert backtest.status == JobStatus.DONE
    assert backtest.summary["sets"] == 21


@pytest.mark.django_db(transaction=True)
def test_tasks_go_behind_everything_else_in_the_queue(broker: Broker, settings: Any) -> None:
    settings.SEARCH_TASKS_AHEAD = 3
    backtest = created(make_user())
    assert broker.waiting("compute") == []
    assert broker.waiting("compute\x06\x169") == [(services.CHUNK_TASK, [backtest.pk, 0])] * 3


@pytest.mark.django_db(transaction=True)
def test_without_a_queue_the_search_waits_for_the_sweep(broker: Broker, settings: Any) -> None:
    settings.SEARCH_TASKS_AHEAD = 1
    broker.shut()
    backtest = created(make_user())
    assert backtest.status == JobStatus.QUEUED
    services.searches_sweep(timezone.now() + timedelta(minutes=1))
    assert Search.objects.get(pk=backtest.pk).taken_up == 1


@pytest.mark.django_db(transaction=True)
def test_the_sweep_takes_up_what_is_silent_and_leaves_the_rest(broker: Broker, settings: Any) -> None:
    settings.SEARCH_TASKS_AHEAD = 2
    backtest = created(make_user())
    chunk_of(backtest, 0.3)
    broker.forget()
    services.searches_sweep(timezone.now())
    assert broker.waiting("compute\x06\x169") == []
    services.searches_sweep(timezone.now() + timedelta(minutes=1))
    assert broker.waiting("compute\x06\x169") == [(services.CHUNK_TASK, [backtest.pk, 1])] * 2
    assert run(backtest).status == JobStatus.DONE


def test_the_sweep_ends_a_canceled_search_whose_worker_is_gone() -> None:
    backtest = created(make_user())
    chunk_of(backtest, 0.3)
    Backtest.objects.filter(pk=backtest.pk).update(is_cancel_wanted=True)
    services.searches_sweep(timezone.now() + timedelta(minutes=1))
    backtest.refresh_from_db()
    assert backtest.status == JobStatus.CANCELED


def test_a_search_that_kills_its_workers_fails_in_the_end() -> None:
    backtest = created(make_user())
    chunk_of(backtest, 0.3)
    Backtest.objects.filter(pk=backtest.pk).update(attempts=services.FRUITLESS_MOST + 1)
    services.searches_sweep(timezone.now() + timedelta(minutes=1))
    backtest.refresh_from_db()
    assert backtest.status == JobStatus.FAILED
    assert backtest.problems == [services.KILLED]


def test_waiting_does_not_count_as_dying() -> None:
    backtest = created(make_user())
    for _ in range(3):
        chunk_of(backtest, 0.3)
    backtest.refresh_from_db()
    assert backtest.attempts == 0


def _memory_kb() -> int:
    with open("/proc/self/statm", encoding="ascii") as file:
        return int(file.read().split()[1]) * os.sysconf("SC_PAGE_SIZE") // 1024


@pytest.mark.skipif(not os.path.exists("/proc/self/statm"), reason="needs /proc to see a process's memory")
def test_memory_does_not_grow_with_the_number_of_sets() -> None:
    space = {"profit_ratio": {"low": 0.2, "high": 2.0}, "stop_loss_ratio": {"low": 1, "high": 9}}
    backtest = created(make_user(), search={"method": "random", "sets": 2500, "space": space})
    seen: list[tuple[int, int]] = []
    while chunk_of(backtest, 0.004) is Next.GO_ON:
        gc.collect()
        seen.append((trials.count(backtest.pk), _memory_kb()))
    early = next(memory for count, memory in seen if count >= 500)
    assert seen[-1][0] > 2000
    assert seen[-1][1] - early < 4_000
