"""How long tasks take and what becomes of them. Loaded with the tasks (`chainmakes.celery`)."""

import time
from typing import Any

from celery import Task, signals
from prometheus_client import Counter, Histogram

from exchanges import metric_files as metric_files  # first: says where counts are kept

SECONDS = Histogram(
    "chainmakes_task_seconds",
    "Tasks that ran",
    ["task"],
    buckets=(0.01, 0.05, 0.1, 0.5, 1.0, 5.0, 30.0, 300.0),
)
ENDED = Counter("chainmakes_tasks", "Tasks by what became of them", ["task", "outcome"])
_BEGAN = "_metrics_began"


@signals.task_prerun.connect
def _begin(task: Task, **kwargs: Any) -> None:
    setattr(task.request, _BEGAN, time.monotonic())


@signals.task_postrun.connect
def _end(task: Task, state: str | None = None, **kwargs: Any) -> None:
    began = getattr(task.request, _BEGAN, None)
    if began is not None:
        SECONDS.labels(task.name).observe(time.monotonic() - began)
    ENDED.labels(task.name, (state or "unknown").lower()).inc()


@signals.task_revoked.connect
def _revoked(sender: Task, expired: bool = False, **kwargs: Any) -> None:
    ENDED.labels(sender.name, "expired" if expired else "revoked").inc()
