"""Beat's scheduler against django-celery-beat's own: bots handed over a second, how evenly, at what cost."""

import json
import signal
import statistics
import subprocess
import sys
import threading
import time
from base64 import b64decode
from collections import defaultdict
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from itertools import pairwise

import psutil

from benchmarks.installation import PREFIX, own_environment

# isort: split
from django.conf import settings
from django_celery_beat.models import IntervalSchedule, PeriodicTask, PeriodicTasks
from redis import Redis

from benchmarks.report import Table
from bots.schedules import BOT_TASK

OURS = "chainmakes.beat:BotScheduler"
STOCK = "django_celery_beat.schedulers:DatabaseScheduler"
EVERY_S = 5
WARM_UP_S = 8.0
WINDOW_S = 20.0
ROUNDS = 3
LIMIT_PER_S = 2_000
CASES = [(OURS, 10), (OURS, 1_000), (OURS, 10_000), (STOCK, 10), (STOCK, 1_000)]
NAMES = {OURS: "ours", STOCK: "django-celery-beat"}


@dataclass(frozen=True)
class Measured:
    """`off_s`: how far the time between two looks at a bot is from its interval."""

    per_s: float
    off_p50_s: float
    off_p99_s: float
    lost: int
    doubled: int
    cpu_share: float

    @property
    def us_per_look(self) -> float:
        return self.cpu_share / self.per_s * 1e6 if self.per_s else float("inf")


def run() -> list[Table]:
    with own_environment() as environment:
        found: dict[tuple[str, int], list[Measured]] = defaultdict(list)
        for _ in range(ROUNDS):
            for case in CASES:
                found[case].append(_measure(*case, environment))
    middle = {case: sorted(runs, key=lambda one: one.per_s)[len(runs) // 2] for case, runs in found.items()}
    stock = middle[STOCK, 1_000]
    rows = [_row(case, measured, stock) for case, measured in middle.items()]
    note = (
        f"Bots looked at every {EVERY_S} s, spread evenly; {WINDOW_S:.0f} s each, the middle of {ROUNDS} alternating "
        f"runs. Wanted: {LIMIT_PER_S:,} looks a second for 10,000 bots, none lost or doubled, less than 1 s off."
    )
    headers = [
        "scheduler",
        "bots",
        "looks/s",
        "of those wanted",
        "off p50 s",
        "off p99 s",
        "lost",
        "doubled",
        "CPU",
        "µs CPU a look",
        "× django-celery-beat's at 1,000",
    ]
    return [Table("Beat", note, headers, rows)]


def _row(case: tuple[str, int], measured: Measured, stock: Measured) -> list[str]:
    scheduler, bots = case
    return [
        NAMES[scheduler],
        f"{bots:,}",
        f"{measured.per_s:,.0f}",
        f"{measured.per_s * EVERY_S / bots:.0%}",
        f"{measured.off_p50_s:.3f}",
        f"{measured.off_p99_s:.3f}",
        str(measured.lost),
        str(measured.doubled),
        f"{measured.cpu_share:.0%}",
        f"{measured.us_per_look:,.0f}",
        f"{measured.us_per_look / stock.us_per_look:.2f}",
    ]


def _measure(scheduler: str, bots: int, environment: dict[str, str]) -> Measured:
    _make_tasks(bots)
    listener = _Listener()
    listener.start()
    command = [sys.executable, "-m", "celery", "-A", "chainmakes", "beat", "-S", scheduler, "--pidfile=", "-l", "ERROR"]
    process = subprocess.Popen(command, env=environment, stdout=subprocess.DEVNULL)
    try:
        listener.first.wait(60)
        time.sleep(WARM_UP_S)
        began, cpu = time.time(), _cpu_s(process.pid)
        time.sleep(WINDOW_S)
        ended, cpu = time.time(), _cpu_s(process.pid) - cpu
    finally:
        process.send_signal(signal.SIGTERM)
        process.wait(60)
        listener.stop()
    return _judged(listener.looks, bots, began, ended, cpu)


def _make_tasks(bots: int) -> None:
    PeriodicTask.objects.all().delete()
    interval, _ = IntervalSchedule.objects.get_or_create(every=EVERY_S, period=IntervalSchedule.SECONDS)
    now = datetime.now(UTC)
    PeriodicTask.objects.bulk_create(
        PeriodicTask(
            name=f"bot {number}",
            task=BOT_TASK,
            args=f"[{number}]",
            interval=interval,
            expire_seconds=EVERY_S - 1,
            last_run_at=now + timedelta(seconds=EVERY_S * number / bots),
        )
        for number in range(bots)
    )
    PeriodicTasks.update_changed()


class _Listener(threading.Thread):
    """Takes messages from the queue as fast as they come, and notes when each bot's look arrived."""

    def __init__(self) -> None:
        super().__init__(daemon=True)
        self._redis = Redis.from_url(settings.REDIS_URL)
        self._queue = f"{PREFIX}:celery:trading"
        self._redis.delete(self._queue)
        self._stopping = threading.Event()
        self.first = threading.Event()
        self.looks: dict[int, list[float]] = defaultdict(list)

    def run(self) -> None:
        while not self._stopping.is_set():
            if message := self._redis.brpop([self._queue], timeout=1):
                self.first.set()
                self._note(json.loads(message[1]), time.time())

    def stop(self) -> None:
        self._stopping.set()
        self.join()

    def _note(self, message: dict, at: float) -> None:
        arguments = json.loads(b64decode(message["body"]))[0]
        for bot_id in arguments[0] if isinstance(arguments[0], list) else arguments:
            self.looks[bot_id].append(at)


def _judged(looks: dict[int, list[float]], bots: int, began: float, ended: float, cpu_s: float) -> Measured:
    """A gap of more than one and a half intervals has lost looks, one of less than half an interval has a double."""
    within = {bot: [at for at in times if began <= at <= ended] for bot, times in looks.items()}
    gaps = [later - earlier for times in within.values() for earlier, later in pairwise(times)]
    off = sorted(abs(gap - EVERY_S) for gap in gaps) or [float("nan")]
    unseen = bots - len([bot for bot, times in within.items() if times])
    return Measured(
        per_s=sum(map(len, within.values())) / (ended - began),
        off_p50_s=statistics.median(off),
        off_p99_s=off[int(len(off) * 0.99)],
        lost=sum(max(round(gap / EVERY_S) - 1, 0) for gap in gaps) + unseen * int(WINDOW_S / EVERY_S),
        doubled=sum(gap < EVERY_S / 2 for gap in gaps),
        cpu_share=cpu_s / (ended - began),
    )


def _cpu_s(pid: int) -> float:
    times = psutil.Process(pid).cpu_times()
    return times.user + times.system
