"""How `/healthz` knows that the trading worker runs (beat reports itself, see `chainmakes.beat`)."""

from typing import Any

from celery import bootsteps

from chainmakes.health import mark_alive

EVERY_S = 10.0
QUEUE = "trading"


class ReportAlive(bootsteps.StartStopStep):
    """A worker on the trading queue reports itself now and then, from its timer: a stuck process falls silent."""

    requires = {"celery.worker.components:Timer"}

    def __init__(self, worker: Any, **kwargs: Any) -> None:
        super().__init__(worker, **kwargs)
        self._timer: Any = None

    def start(self, worker: Any) -> None:
        if QUEUE in worker.app.amqp.queues.consume_from:
            mark_alive("worker")
            self._timer = worker.timer.call_repeatedly(EVERY_S, mark_alive, ("worker",))

    def stop(self, worker: Any) -> None:
        if self._timer is not None:
            self._timer.cancel()
