"""The life of a back-test: asked for, canceled, deleted. `running` does the work between."""

from collections.abc import Mapping
from datetime import datetime
from functools import partial
from typing import Any, Final

from django.conf import settings
from django.core.exceptions import PermissionDenied
from django.db import transaction
from django.utils.translation import gettext as _
from django.utils.translation import ngettext

from accounts.models import User
from exchanges.errors import DomainError
from exchanges.models import JobStatus
from trading.backtests import progress, queueing
from trading.backtests.queueing import RUN_TASK
from trading.backtests.validation import clean_backtest_data
from trading.models import Backtest

OPEN: Final = (JobStatus.QUEUED, JobStatus.RUNNING)


def backtest_create(*, actor: User, data: Mapping[str, Any], now: datetime) -> Backtest:
    """Queued; a worker takes it up once this is committed.

    Raises ValidationError by field, Bot.DoesNotExist, PermissionDenied for a viewer, DomainError where the user has as
    many under way as one may have.
    """
    check_trader(actor)
    values = clean_backtest_data(actor, data)
    with transaction.atomic():
        check_room(actor)
        backtest = Backtest.objects.create(owner=actor, kind=Backtest.Kind.RUN, **values)
        transaction.on_commit(partial(queueing.send, RUN_TASK, backtest.pk))
    return backtest


def backtest_cancel(*, actor: User | None, backtest: Backtest, now: datetime) -> Backtest:
    """At once while it waits, within a moment while it runs; searches too. Raises DomainError for what has ended."""
    _check_actor(actor, backtest)
    with transaction.atomic():
        locked = _locked(backtest)
        if not locked.is_open:
            raise DomainError(_("This has ended already."), code="ended")
        locked.is_cancel_wanted = True
        if locked.status == JobStatus.QUEUED:
            locked.status, locked.finished_at = JobStatus.CANCELED, now
        locked.save(update_fields=["is_cancel_wanted", "status", "finished_at"])
        progress.publish(locked)
    return locked


def backtest_delete(*, actor: User | None, backtest: Backtest) -> None:
    """With its result. Raises DomainError while it runs."""
    _check_actor(actor, backtest)
    with transaction.atomic():
        locked = _locked(backtest)
        if locked.status == JobStatus.RUNNING:
            raise DomainError(_("Cancel it before you delete it."), code="running")
        locked.delete()


def check_trader(user: User) -> None:
    """Raises PermissionDenied for a viewer."""
    if not user.can_trade:
        raise PermissionDenied


def check_room(user: User) -> None:
    """Call in the transaction that adds one, a search too. Raises DomainError."""
    User.objects.select_for_update(no_key=True).get(pk=user.pk)  # two at once must not both find the last place
    most = settings.BACKTESTS_OPEN_MAX
    if Backtest.objects.filter(owner=user, status__in=OPEN).count() >= most:
        sentence = ngettext(
            "%(most)s back-test of yours is waiting or running: let it end or cancel it first.",
            "%(most)s back-tests of yours are waiting or running: let some end or cancel them first.",
            most,
        )
        raise DomainError(sentence % {"most": most}, code="too_many")


def _check_actor(actor: User | None, backtest: Backtest) -> None:
    """None is the house. Raises PermissionDenied."""
    if actor is not None and not (actor.can_trade and backtest.owner_id == actor.pk):
        raise PermissionDenied


def _locked(backtest: Backtest) -> Backtest:
    """Raises Backtest.DoesNotExist for one that somebody has just deleted."""
    return Backtest.objects.select_for_update().get(pk=backtest.pk)
