"""Back-tests whose worker was killed, and those that the queue has forgotten, are taken up again."""

from datetime import datetime, timedelta
from typing import Final

from django.utils.translation import gettext_noop

from exchanges.models import JobStatus
from trading.backtests import progress, queueing
from trading.backtests.queueing import RUN_TASK
from trading.finished_news import backtest_news
from trading.models import Backtest

DEAD_AFTER: Final = timedelta(seconds=30)
ATTEMPTS_MAX: Final = 3
KILLED: Final = gettext_noop(
    "The worker was stopped three times while it ran this; it may need more memory than there is."
)


def backtests_sweep(now: datetime) -> None:
    """Idempotent; call it every minute."""
    runs = Backtest.objects.filter(kind=Backtest.Kind.RUN)
    for dead in runs.filter(status=JobStatus.RUNNING, alive_at__lt=now - DEAD_AFTER):
        _take_up(dead, now)
    for backtest_id in runs.filter(status=JobStatus.QUEUED).values_list("pk", flat=True):
        if not queueing.is_sent(RUN_TASK, backtest_id):
            queueing.send(RUN_TASK, backtest_id)


def _take_up(dead: Backtest, now: datetime) -> None:
    """Anew, unless it is canceled or has outlived its workers: the claim of a worker that only slept is void then."""
    if dead.is_cancel_wanted:
        values = {"status": JobStatus.CANCELED, "finished_at": now}
    elif dead.attempts >= ATTEMPTS_MAX:
        values = {"status": JobStatus.FAILED, "finished_at": now, "problems": [KILLED]}
    else:
        values = {"status": JobStatus.QUEUED, "started_at": None, "done": 0}
    own = Backtest.objects.filter(pk=dead.pk, status=JobStatus.RUNNING, alive_at=dead.alive_at)
    if not own.update(**values):
        return
    for name, value in values.items():
        setattr(dead, name, value)
    progress.publish(dead)
    if dead.status == JobStatus.FAILED:
        backtest_news(dead)
    if dead.status == JobStatus.QUEUED:
        queueing.send(RUN_TASK, dead.pk)
