"""Running a queued back-test: claimed, run, stored, told. One worker at a time, and never "running" for ever.

A claim is the moment it began: who has lost it (`sweep` took the row for dead) writes nothing any more.
"""

import logging
from collections.abc import Callable
from datetime import datetime
from typing import Any, Final

from celery.exceptions import SoftTimeLimitExceeded
from django.db import transaction
from django.db.models import F
from django.utils import translation
from django.utils.translation import gettext_noop

from exchanges.models import JobStatus
from trading.backtests import progress, stored
from trading.backtests.errors import BacktestRefused
from trading.backtests.markets import stored_markets
from trading.backtests.parameters import parse_parameters
from trading.backtests.run import Run, simulate_run
from trading.backtests.watch import Canceled, Watch
from trading.finished_news import backtest_news
from trading.models import Backtest

log = logging.getLogger(__name__)

BROKEN: Final = gettext_noop("Something went wrong here. It was written to the log.")
TOO_LONG: Final = gettext_noop("It took too long. Choose a shorter time or longer candles.")

Clock = Callable[[], datetime]


def backtest_run(backtest_id: int, now: Clock) -> None:
    """Does nothing unless the row is queued. Whatever happens, the row says in the end what came of it."""
    backtest = _claim(backtest_id, now())
    if backtest is None:
        return
    progress.publish(backtest)
    with translation.override(backtest.owner.language):  # warnings and refusals are stored as its owner reads them
        _carry_out(backtest, now)


def _carry_out(backtest: Backtest, now: Clock) -> None:
    try:
        with Watch(backtest, now) as watch:
            run = _run(backtest, watch)
        _finish(backtest, now(), run)
    except Canceled:
        _end(backtest, now(), JobStatus.CANCELED)
    except BacktestRefused as refused:
        _end(backtest, now(), JobStatus.FAILED, list(refused.problems))
    except SoftTimeLimitExceeded:
        _end(backtest, now(), JobStatus.FAILED, [TOO_LONG])
    except Exception:  # a back-test may run a user's own strategy; its row must not stay "running"
        log.exception("back-test %s failed", backtest.pk)
        _end(backtest, now(), JobStatus.FAILED, [BROKEN])


def _claim(backtest_id: int, now: datetime) -> Backtest | None:
    queued = Backtest.objects.filter(pk=backtest_id, kind=Backtest.Kind.RUN, status=JobStatus.QUEUED)
    claimed = queued.update(
        status=JobStatus.RUNNING, started_at=now, alive_at=now, done=0, attempts=F("attempts") + 1, problems=[]
    )
    return Backtest.objects.select_related("owner").get(pk=backtest_id) if claimed else None


def _run(backtest: Backtest, watch: Watch) -> Run:
    parameters = parse_parameters(backtest.parameters, backtest.strategy)
    markets = stored_markets(
        backtest.exchange,
        backtest.market1_symbol,
        backtest.market2_symbol,
        backtest.timeframe,
        since=backtest.since,
        until=backtest.until,
        use_funding=backtest.use_funding,
    )
    return simulate_run(parameters, markets, on_progress=watch.progress)


def _finish(backtest: Backtest, now: datetime, run: Run) -> None:
    bars, summary, series = run.result.bars, run.summary(), stored.packed(run.result)
    with transaction.atomic():
        if _end(backtest, now, JobStatus.DONE, summary=summary, done=bars, total=bars):
            stored.save(backtest, series)


def _end(backtest: Backtest, now: datetime, status: JobStatus, problems: list[str] | None = None, **more: Any) -> bool:
    """False where the row is not this worker's any more."""
    values = {"status": status, "finished_at": now, "problems": problems or [], **more}
    own = Backtest.objects.filter(pk=backtest.pk, status=JobStatus.RUNNING, started_at=backtest.started_at)
    if not own.update(**values):
        return False
    for name, value in values.items():
        setattr(backtest, name, value)
    progress.publish(backtest)
    if status != JobStatus.CANCELED:
        backtest_news(backtest)
    return True
