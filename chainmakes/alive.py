"""How `/healthz` and the health page know which workers run (beat reports itself, see `chainmakes.beat`)."""

from typing import Any

from celery import bootsteps

from chainmakes.health import mark_alive

EVERY_S = 10.0
NAMES = {"trading": "worker", "io": "worker-io", "compute": "worker-compute"}  # by queue


class ReportAlive(bootsteps.StartStopStep):
    """A worker reports itself now and then, from its timer: a stuck process falls silent."""

    requires = {"celery.worker.components:Timer"}

    def __init__(self, worker: Any, **kwargs: Any) -> None:
        super().__init__(worker, **kwargs)
        self._timer: Any = None

    def start(self, worker: Any) -> None:
        names = [NAMES[queue] for queue in worker.app.amqp.queues.consume_from if queue in NAMES]
        for name in names:
            mark_alive(name)
        self._timer = worker.timer.call_repeatedly(EVERY_S, _report, (names,))

    def stop(self, worker: Any) -> None:
        if self._timer is not None:
            self._timer.cancel()


def _report(names: list[str]) -> None:
    for name in names:
        mark_alive(name)
