"""The life of a search: asked for, gone on with after an end, taken up again after a lost worker.

Cancelling and deleting are those of back-tests (`trading.backtests.services`).
"""

import logging
from collections.abc import Mapping
from datetime import datetime, timedelta
from functools import partial
from typing import Any, Final

from celery import current_app
from django.conf import settings
from django.core.exceptions import PermissionDenied, ValidationError
from django.db import transaction
from django.db.models import F, Q
from django.utils.translation import gettext as _
from django.utils.translation import gettext_noop
from kombu.exceptions import OperationalError
from redis import RedisError

from accounts.models import User
from exchanges.adapters.paper_source import from_ms
from exchanges.errors import DomainError
from exchanges.models import JobStatus
from trading.backtests import progress
from trading.backtests.errors import BacktestRefused
from trading.backtests.markets import stored_markets
from trading.backtests.services import check_room, check_trader
from trading.backtests.validation import clean_backtest_data
from trading.finished_news import backtest_news
from trading.models import Backtest, Search
from trading.searches import trials
from trading.searches.checks import check_values
from trading.searches.evaluation import Evaluation
from trading.searches.plan import Plan, parse_plan

log = logging.getLogger(__name__)

CHUNK_TASK: Final = "trading.tasks_searches.search_chunk"
PRIORITY: Final = 9
"""Behind everything else in the queue: a back-test that somebody waits for does not wait for a search."""
DEAD_AFTER: Final = timedelta(seconds=30)
FRUITLESS_MOST: Final = 20
"""Chunks in a row that began and of which nothing came: more than there are side by side, three times over."""
KILLED: Final = gettext_noop(
    "The workers were stopped again and again while they ran this; it may need more memory than there is."
)


def search_create(*, actor: User, data: Mapping[str, Any], now: datetime) -> Backtest:
    """Queued; workers take it up once this is committed.

    `data`: a back-test's, and `search`. Raises ValidationError by field, Bot.DoesNotExist, PermissionDenied for a
    viewer, DomainError where the user has as many under way as one may have.
    """
    check_trader(actor)
    if not isinstance(data, Mapping):
        raise ValidationError(_("Send the settings as an object."), code="not_an_object")
    shared = {name: value for name, value in data.items() if name != "search"}
    values = clean_backtest_data(actor, shared, needs_parameters=False)
    plan = parse_plan(data.get("search"), strategy=values["strategy"], parameters=values["parameters"])
    values |= _pinned(plan, values)
    with transaction.atomic():
        check_room(actor)
        backtest = Backtest.objects.create(
            owner=actor, kind=Backtest.Kind.SEARCH, **values | {"total": plan.sets, "status": JobStatus.QUEUED}
        )
        _search_of(plan, backtest, data["search"]["space"]).save(force_insert=True)
        _send_on_commit(backtest.pk, 0)
    return backtest


def search_resume(*, actor: User | None, backtest: Backtest, now: datetime) -> Backtest:
    """Goes on with a canceled or failed search; what it found stays. None is the house.

    Raises PermissionDenied, and DomainError while it runs and after it is done.
    """
    if actor is not None and not (actor.can_trade and backtest.owner_id == actor.pk):
        raise PermissionDenied
    with transaction.atomic():
        row = Backtest.objects.select_for_update().get(pk=backtest.pk, kind=Backtest.Kind.SEARCH)
        if row.status not in (JobStatus.CANCELED, JobStatus.FAILED):
            raise DomainError(_("Only a search that was canceled or failed can go on."), code="not_ended")
        check_room(row.owner)
        row.status, row.is_cancel_wanted, row.finished_at = JobStatus.QUEUED, False, None
        row.problems, row.attempts, row.done = [], 0, trials.count(row.pk)
        row.save(update_fields=["status", "is_cancel_wanted", "finished_at", "problems", "attempts", "done"])
        _take_up(row)
        progress.publish(row)
    return row


def searches_sweep(now: datetime, dead_after: timedelta = DEAD_AFTER) -> None:
    """Takes up again what no worker is at any more. Idempotent; call it every minute, and when workers start."""
    silent = Q(alive_at__lt=now - dead_after) | Q(alive_at=None, created_at__lt=now - dead_after)
    unfinished = Backtest.objects.filter(silent, kind=Backtest.Kind.SEARCH)
    for row in unfinished.filter(status__in=(JobStatus.QUEUED, JobStatus.RUNNING)):
        with transaction.atomic():
            _revive(row.pk, now, silent)


def _revive(backtest_id: int, now: datetime, silent: Q) -> None:
    row = Backtest.objects.select_for_update().filter(silent, pk=backtest_id).first()
    if row is None or not row.is_open:
        return
    if row.is_cancel_wanted:
        row.status, row.finished_at = JobStatus.CANCELED, now
    elif row.attempts > FRUITLESS_MOST:
        row.status, row.finished_at, row.problems = JobStatus.FAILED, now, [KILLED]
    else:
        row.alive_at = now  # for the next sweep: this one has just done what can be done
        _take_up(row)
    row.save(update_fields=["status", "finished_at", "problems", "alive_at"])
    progress.publish(row)
    if row.status == JobStatus.FAILED:
        backtest_news(row)


def _take_up(row: Backtest) -> None:
    """With new tasks; older ones that are still about stop at their next look."""
    Search.objects.filter(pk=row.pk).update(taken_up=F("taken_up") + 1)
    _send_on_commit(row.pk, Search.objects.values_list("taken_up", flat=True).get(pk=row.pk))


def _send_on_commit(backtest_id: int, taken_up: int) -> None:
    for _task in range(settings.SEARCH_TASKS_AHEAD):
        transaction.on_commit(partial(send, backtest_id, taken_up))


def send(backtest_id: int, taken_up: int, countdown: float = 0) -> None:
    """Never an error for the user: what does not reach the queue is sent again by the sweep."""
    try:
        current_app.send_task(CHUNK_TASK, (backtest_id, taken_up), countdown=countdown or None, priority=PRIORITY)
    except (OperationalError, RedisError, OSError):
        log.exception("search %s waits in the database: the queue does not answer", backtest_id)


def _pinned(plan: Plan, values: Mapping[str, Any]) -> dict[str, Any]:
    """The time that every set runs over, whatever the store gets meanwhile. Raises ValidationError by field."""
    try:
        markets = stored_markets(
            values["exchange"],
            values["market1_symbol"],
            values["market2_symbol"],
            values["timeframe"],
            since=values["since"],
            until=values["until"],
            use_funding=values["use_funding"],
        )
        evaluation = Evaluation(plan, markets)
    except BacktestRefused as refused:
        raise ValidationError(list(refused.problems)) from None
    check_values(evaluation)
    return {"since": from_ms(evaluation.first), "until": from_ms(evaluation.end)}


def _search_of(plan: Plan, backtest: Backtest, space: Mapping[str, Any]) -> Search:
    return Search(
        backtest=backtest,
        method=plan.method,
        objective=plan.objective,
        space=dict(space),
        sets=plan.sets,
        seed=plan.seed,
        folds=plan.folds,
        out_of_sample_pct=plan.out_of_sample_pct,
        min_cycles=plan.min_cycles,
    )
