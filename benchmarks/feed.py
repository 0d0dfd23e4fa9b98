"""The live feed under many readers, against a consumer that sends one frame for each event."""

import json
import socket
import subprocess
import sys
import time
from collections import defaultdict
from dataclasses import dataclass

import psutil

from benchmarks.installation import own_environment

# isort: split
from accounts.models import User
from accounts.tokens import session_open
from benchmarks.report import Table
from bots.models import Bot
from bots.tests.factories import make_bot, make_paper_account, make_user

READERS = 200
PER_SECOND = 20
SECONDS = 20
ROUNDS = 3
SERVERS = {"ours": "chainmakes.asgi:application", "one frame an event": "benchmarks.plain_feed:application"}
START_S = 60.0


@dataclass(frozen=True)
class Measured:
    late_p50_ms: float
    late_p99_ms: float
    delivered: float
    complete: int
    frames_per_s: float  # of one reader
    cpu_share: float


def run() -> list[Table]:
    with own_environment() as environment:
        bot = make_bot(account=make_paper_account(make_user()))
        token = session_open(User.objects.get(pk=bot.owner_id)).access_token
        found: dict[str, list[Measured]] = defaultdict(list)
        for _ in range(ROUNDS):
            for name, application in SERVERS.items():
                found[name].append(_measure(application, bot, token, environment))
    middle = {name: sorted(runs, key=lambda one: one.late_p99_ms)[len(runs) // 2] for name, runs in found.items()}
    plain = middle["one frame an event"]
    note = (
        f"Daphne, {READERS} readers of one bot, {PER_SECOND} updates a second for {SECONDS} s; the middle of {ROUNDS} "
        "alternating runs. Wanted of ours: every update in order, at most 5 frames a second, p99 under 250 ms."
    )
    headers = [
        "server",
        "updates delivered",
        "readers with all in order",
        "frames/s to a reader",
        "late p50 ms",
        "late p99 ms",
        "CPU",
        "× CPU of one frame an event",
    ]
    return [Table("Live feed", note, headers, [_row(name, one, plain) for name, one in middle.items()])]


def _row(name: str, measured: Measured, plain: Measured) -> list[str]:
    return [
        name,
        f"{measured.delivered:.2%}",
        f"{measured.complete}",
        f"{measured.frames_per_s:.1f}",
        f"{measured.late_p50_ms:.0f}",
        f"{measured.late_p99_ms:.0f}",
        f"{measured.cpu_share:.0%}",
        f"{measured.cpu_share / plain.cpu_share:.2f}",
    ]


def _measure(application: str, bot: Bot, token: str, environment: dict[str, str]) -> Measured:
    port = _free_port()
    points = PER_SECOND * SECONDS
    server = subprocess.Popen(
        [sys.executable, "-m", "daphne", "-v", "0", "-b", "127.0.0.1", "-p", str(port), application], env=environment
    )
    try:
        _wait_for(port)
        url = f"http://127.0.0.1:{port}/api/v1/ws/bot/{bot.pk}"
        readers = subprocess.Popen(
            [sys.executable, "-m", "benchmarks.feed_clients", url, token, str(READERS), str(points)],
            env=environment,
            stdout=subprocess.PIPE,
            text=True,
        )
        assert readers.stdout is not None
        readers.stdout.readline()
        cpu = _cpu_s(server.pid)
        sender = [str(number) for number in (bot.pk, bot.owner_id, points, PER_SECOND)]
        subprocess.run([sys.executable, "-m", "benchmarks.feed_sender", *sender], env=environment, check=True)
        cpu = _cpu_s(server.pid) - cpu
        result = json.loads(readers.stdout.readline())
        readers.wait()
    finally:
        server.terminate()
        server.wait(START_S)
    return Measured(
        *result["late_ms"],
        delivered=result["delivered"],
        complete=result["complete"],
        frames_per_s=result["frames"] / READERS / SECONDS,
        cpu_share=cpu / SECONDS,
    )


def _free_port() -> int:
    with socket.create_server(("127.0.0.1", 0)) as free:
        return free.getsockname()[1]


def _wait_for(port: int) -> None:
    deadline = time.monotonic() + START_S
    while time.monotonic() < deadline:
        try:
            socket.create_connection(("127.0.0.1", port)).close()
        except ConnectionRefusedError:
            time.sleep(0.1)
        else:
            return
    raise TimeoutError(f"nothing answers on port {port}")


def _cpu_s(pid: int) -> float:
    times = psutil.Process(pid).cpu_times()
    return times.user + times.system
