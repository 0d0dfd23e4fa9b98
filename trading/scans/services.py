"""The life of a scan: asked for, canceled, deleted, taken up again after a lost worker. `chunks` does the work."""

import logging
from collections.abc import Mapping
from datetime import datetime, timedelta
from functools import partial
from typing import Any, Final

from celery import current_app
from django.conf import settings
from django.core.exceptions import PermissionDenied
from django.db import transaction
from django.db.models import F, Q
from django.utils.translation import gettext as _
from django.utils.translation import gettext_noop, ngettext
from kombu.exceptions import OperationalError
from redis import RedisError

from accounts.models import User
from exchanges.errors import DomainError
from exchanges.models import JobStatus
from trading.finished_news import scan_news
from trading.models import PairScan
from trading.scans import liquidity, progress
from trading.scans.validation import clean_scan_data

log = logging.getLogger(__name__)

CHUNK_TASK: Final = "trading.tasks_scans.scan_chunk"
PRIORITY: Final = 6
"""Behind a back-test that somebody waits for, before searches."""
OPEN: Final = (JobStatus.QUEUED, JobStatus.RUNNING)
OPEN_MAX: Final = 3
"""Of one user, waiting and running."""
KEPT_MAX: Final = 30
"""Ended ones of one user: each has up to 31,125 rows. Older ones go when a new one is asked for."""
DEAD_AFTER: Final = timedelta(seconds=30)
BOOKS_WITHIN: Final = timedelta(hours=1)
"""Books that were not read by then are not read any more: they would be of another time."""
FRUITLESS_MOST: Final = 20
KILLED: Final = gettext_noop(
    "The workers were stopped again and again while they ran this; it may need more memory than there is."
)


def scan_create(*, actor: User, data: Mapping[str, Any], now: datetime) -> PairScan:
    """Queued; workers take it up once this is committed.

    Raises ValidationError by field, PermissionDenied for a viewer, DomainError where the user has as many under way as
    one may have.
    """
    if not actor.can_trade:
        raise PermissionDenied
    values = clean_scan_data(data)
    with transaction.atomic():
        User.objects.select_for_update(no_key=True).get(pk=actor.pk)  # two at once must not both find the last place
        _refuse_too_many(actor)
        _forget_oldest(actor)
        scan = PairScan.objects.create(owner=actor, **values)
        _send_on_commit(scan)
    return scan


def scan_cancel(*, actor: User, scan: PairScan, now: datetime) -> PairScan:
    """At once while it waits, within a moment while it runs. Raises PermissionDenied, and DomainError once it ended."""
    _check_actor(actor, scan)
    with transaction.atomic():
        row = PairScan.objects.select_for_update().get(pk=scan.pk)
        if not row.is_open:
            raise DomainError(_("This has ended already."), code="ended")
        row.is_cancel_wanted = True
        if row.status == JobStatus.QUEUED:
            row.status, row.finished_at = JobStatus.CANCELED, now
        row.save(update_fields=["is_cancel_wanted", "status", "finished_at"])
        progress.publish(row)
    return row


def scan_delete(*, actor: User, scan: PairScan) -> None:
    """With its pairs. Raises PermissionDenied, and DomainError while it runs."""
    _check_actor(actor, scan)
    with transaction.atomic():
        row = PairScan.objects.select_for_update().get(pk=scan.pk)
        if row.status == JobStatus.RUNNING:
            raise DomainError(_("Cancel it before you delete it."), code="running")
        row.delete()


def scans_sweep(now: datetime, dead_after: timedelta = DEAD_AFTER) -> None:
    """Takes up again what no worker is at any more. Idempotent; call it every minute, and when workers start."""
    silent = Q(alive_at__lt=now - dead_after) | Q(alive_at=None, created_at__lt=now - dead_after)
    for row in PairScan.objects.filter(silent, status__in=OPEN):
        with transaction.atomic():
            _revive(row.pk, now, silent)
    unread = PairScan.objects.filter(status=JobStatus.DONE, summary__liquidity=liquidity.ASKED)
    for scan_id in unread.filter(finished_at__range=(now - BOOKS_WITHIN, now - dead_after)).values_list(
        "pk", flat=True
    ):
        liquidity.send(scan_id)


def send(scan_id: int, taken_up: int, countdown: float = 0) -> None:
    """Never an error for the user: what does not reach the queue is sent again by the sweep."""
    try:
        current_app.send_task(CHUNK_TASK, (scan_id, taken_up), countdown=countdown or None, priority=PRIORITY)
    except (OperationalError, RedisError, OSError):
        log.exception("scan %s waits in the database: the queue does not answer", scan_id)


def _revive(scan_id: int, now: datetime, silent: Q) -> None:
    row = PairScan.objects.select_for_update().filter(silent, pk=scan_id).first()
    if row is None or not row.is_open:
        return
    if row.is_cancel_wanted:
        row.status, row.finished_at = JobStatus.CANCELED, now
    elif row.attempts > FRUITLESS_MOST:
        row.status, row.finished_at, row.problems = JobStatus.FAILED, now, [KILLED]
    else:
        row.alive_at = now  # for the next sweep: this one has just done what can be done
        PairScan.objects.filter(pk=row.pk).update(taken_up=F("taken_up") + 1)
        row.refresh_from_db(fields=["taken_up"])
        _send_on_commit(row)
    row.save(update_fields=["status", "finished_at", "problems", "alive_at"])
    progress.publish(row)
    if row.status == JobStatus.FAILED:
        scan_news(row)


def _send_on_commit(row: PairScan) -> None:
    for _task in range(settings.SEARCH_TASKS_AHEAD):
        transaction.on_commit(partial(send, row.pk, row.taken_up))


def _refuse_too_many(actor: User) -> None:
    if PairScan.objects.filter(owner=actor, status__in=OPEN).count() >= OPEN_MAX:
        sentence = ngettext(
            "%(most)s scan of yours is waiting or running: let it end or cancel it first.",
            "%(most)s scans of yours are waiting or running: let some end or cancel them first.",
            OPEN_MAX,
        )
        raise DomainError(sentence % {"most": OPEN_MAX}, code="too_many")


def _forget_oldest(actor: User) -> None:
    ended = PairScan.objects.filter(owner=actor).exclude(status__in=OPEN).order_by("-id")
    for scan in ended[KEPT_MAX - 1 :]:
        scan.delete()


def _check_actor(actor: User, scan: PairScan) -> None:
    if not (actor.can_trade and scan.owner_id == actor.pk):
        raise PermissionDenied
