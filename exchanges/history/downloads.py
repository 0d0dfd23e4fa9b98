"""The life of a download of history: asked for, canceled. `download_running` does the work between."""

import logging
from collections.abc import Mapping
from datetime import datetime
from functools import partial
from typing import Any, Final

from celery import current_app
from django.core.exceptions import PermissionDenied
from django.db import IntegrityError, transaction
from django.db.models import QuerySet
from django.utils.translation import gettext as _
from kombu.exceptions import OperationalError
from redis import RedisError

from accounts.models import User
from exchanges.errors import DomainError
from exchanges.history.download_data import clean_download_data
from exchanges.models import CandleDownload, JobStatus

log = logging.getLogger(__name__)

RUN_TASK: Final = "exchanges.tasks.download_run"
OPEN: Final = (JobStatus.QUEUED, JobStatus.RUNNING)
OPEN_MAX: Final = 20
"""Of one user, waiting and running."""


def downloads_of(user: User) -> QuerySet[CandleDownload]:
    """Newest first."""
    return CandleDownload.objects.filter(owner=user)


def download_of(user: User, download_id: int) -> CandleDownload:
    """Raises CandleDownload.DoesNotExist, for somebody else's too."""
    return downloads_of(user).get(pk=download_id)


def download_create(*, actor: User, data: Mapping[str, Any], now: datetime) -> CandleDownload:
    """Queued; a worker takes it up once this is committed.

    Raises ValidationError by field, PermissionDenied for a viewer, DomainError while the same series is being fetched.
    """
    if not actor.can_trade:
        raise PermissionDenied
    values = clean_download_data(data, now)
    with transaction.atomic():
        _refuse_too_many(actor)
        download = _created(actor, values)
        transaction.on_commit(partial(send, download.pk))
    return download


def download_cancel(*, actor: User, download: CandleDownload, now: datetime) -> CandleDownload:
    """At once while it waits, soon while it runs; what is stored stays. Raises DomainError once it has ended."""
    if not (actor.can_trade and download.owner_id == actor.pk):
        raise PermissionDenied
    with transaction.atomic():
        locked = CandleDownload.objects.select_for_update().get(pk=download.pk)
        if not locked.is_open:
            raise DomainError(_("This has ended already."), code="ended")
        locked.is_cancel_wanted = True
        if locked.status == JobStatus.QUEUED:
            locked.status, locked.finished_at = JobStatus.CANCELED, now
        locked.save(update_fields=["is_cancel_wanted", "status", "finished_at"])
    return locked


def send(download_id: int) -> None:
    """To a worker. The sweep sends again what the queue did not take or has forgotten."""
    try:
        current_app.send_task(RUN_TASK, (download_id,))
    except (OperationalError, RedisError, OSError):
        log.exception("download %s waits in the database: the queue does not answer", download_id)


def _refuse_too_many(actor: User) -> None:
    User.objects.select_for_update(no_key=True).get(pk=actor.pk)  # two at once must not both find the last place
    if CandleDownload.objects.filter(owner=actor, status__in=OPEN).count() >= OPEN_MAX:
        sentence = _("%(most)s downloads of yours are waiting or running: let some end or cancel them first.")
        raise DomainError(sentence % {"most": OPEN_MAX}, code="too_many")


def _created(actor: User, values: Mapping[str, Any]) -> CandleDownload:
    """One at a time for each series, whoever asks."""
    try:
        with transaction.atomic():
            return CandleDownload.objects.create(owner=actor, **values)
    except IntegrityError:
        raise DomainError(_("This history is being downloaded already."), code="at_work") from None
