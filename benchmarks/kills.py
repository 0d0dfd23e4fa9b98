"""Real SIGKILLs of worker, beat, pages, PostgreSQL and Valkey while replays run at a venue that fails.

`python -m benchmarks.kills [--kills 200] [--failures 10000] [--minutes 120]`, in an environment of the program's, on
servers of its own. Each is killed at a random instant of the work and started again. It ends when both numbers are
reached (or the time is over): then the venue behaves, everything settles, and every order, fill, leg and unit of money
is compared. A killed PostgreSQL recovers from its log: what it had committed is there.
"""

import argparse
import json
import os
import random
import subprocess
import sys
import tempfile
import time
from collections import Counter
from pathlib import Path
from typing import Any

from benchmarks.own_servers import POSTGRES, VALKEY, OwnServers, python_module
from benchmarks.report import Table

PROGRAMS = ("worker-trading", "worker-io", "beat", "web", "guardian")
TARGETS = {"worker-trading": 18, "beat": 10, "web": 8, "worker-io": 5, POSTGRES: 31, VALKEY: 28}
"""And how often each is chosen."""
BARS_BETWEEN = (1, 60)
PATIENCE_S = (1.0, 12.0)
"""The next kill does not wait longer for them: a program is also killed while it starts, or while all stands still."""
LOADING_S = 90.0
"""But what trades is given so long to be at work again before anything else is killed."""
SHORT_TIMES = {"BOT_LEASE_S": "4", "ORDER_SEND_BY_S": "0.5", "ORDER_PROOF_S": "0.1", "GUARDIAN_START_S": "0"}


class Run:
    def __init__(self, servers: OwnServers, options: argparse.Namespace) -> None:
        self.servers, self.options = servers, options
        self.chance = random.Random(options.seed)
        self.killed: Counter[str] = Counter()
        self.stood_still = 0
        self.loading = True
        self.begun = time.monotonic()

    def play(self) -> dict[str, Any]:
        self.servers.start_servers()
        self.servers.migrate()
        self.child = python_module(
            self.servers, "benchmarks.kills_bots", str(self.options.bots), str(self.options.failures)
        )
        assert self.child.stdout
        print(self.child.stdout.readline().strip(), flush=True)
        for name in PROGRAMS:
            self.servers.start(name)
        self.begun = time.monotonic()
        while not self._is_done(self._some_bars_later()):
            self._kill(self.chance.choices(list(TARGETS), list(TARGETS.values()))[0])
        self._all_up()
        return {**self._ask("end"), "minutes": round((time.monotonic() - self.begun) / 60, 1)}

    def _is_done(self, progress: dict[str, int]) -> bool:
        enough = sum(self.killed.values()) >= self.options.kills
        late = time.monotonic() - self.begun > 60 * self.options.minutes
        return late or (enough and progress.get("failures", 0) >= self.options.failures)

    def _some_bars_later(self) -> dict[str, int]:
        """The work goes on for a random while; when nothing moved in it, that is noted."""
        before, wanted = self._progress(), self.chance.randint(*BARS_BETWEEN)
        patience_s = LOADING_S if self.loading else self.chance.uniform(*PATIENCE_S)
        self.loading, deadline = False, time.monotonic() + patience_s
        while (now := self._progress()).get("bars", 0) < before.get("bars", 0) + wanted:
            if time.monotonic() > deadline:
                self.stood_still += now.get("bars", 0) <= before.get("bars", 0)
                break
            time.sleep(self.chance.uniform(0.05, 0.3))
        return now

    def _kill(self, name: str) -> None:
        if sum(self.killed.values()) >= self.options.kills:
            return
        self.servers.kill(name)
        self.killed[name] += 1
        self.loading = name == "worker-trading"
        time.sleep(self.chance.choice([0, 0, 0.3, 1.5]))
        self.servers.start(name)
        if sum(self.killed.values()) % 10 == 0:
            print(f"{sum(self.killed.values())} kills, {self._progress()}", flush=True)

    def _all_up(self) -> None:
        for name in (*PROGRAMS, POSTGRES, VALKEY):
            if self.servers.running[name].poll() is not None:
                self.servers.start(name)

    def _progress(self) -> dict[str, int]:
        return self._ask("progress")

    def _ask(self, word: str) -> dict[str, Any]:
        assert self.child.stdin
        assert self.child.stdout
        self.child.stdin.write(word + "\n")
        self.child.stdin.flush()
        found: dict[str, Any] = json.loads(self.child.stdout.readline())
        return found


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--kills", type=int, default=200)
    parser.add_argument("--failures", type=int, default=10_000)
    parser.add_argument("--bots", type=int, default=6)
    parser.add_argument("--minutes", type=float, default=120)
    parser.add_argument("--seed", type=int, default=7)
    parser.add_argument("--nice", type=int, default=0)
    parser.add_argument("--logs", type=Path, help="folder for the logs of all processes")
    options = parser.parse_args()
    with tempfile.TemporaryDirectory(prefix="kills") as folder:
        servers = OwnServers(Path(folder) / "home", niceness=options.nice, **SHORT_TIMES)
        run = Run(servers, options)
        try:
            ended = run.play()
        finally:
            servers.stop()
            if options.logs:
                subprocess.run(["cp", "-r", str(servers.home.logs), str(options.logs)], check=True)
    print(_table(run, ended).text())
    return 0 if ended["is_clean"] else 1


def _table(run: Run, ended: dict[str, Any]) -> Table:
    killed = ", ".join(f"{name} {times}" for name, times in run.killed.most_common())
    note = f"In {ended['minutes']} minutes, load of the machine {os.getloadavg()[1]:.0f}."
    rows = [
        ["SIGKILLs", f"{sum(run.killed.values())}", killed],
        ["failures of the venue", f"{ended.get('failures', 0):,}", "refused, no answer, in part, late, not found"],
        [
            "bars",
            f"{ended.get('bars', 0):,}",
            f"of {run.options.bots} replays; {run.stood_still} kills came before anything had moved",
        ],
        *([name.replace("_", " "), str(value), ""] for name, value in ended["books"].items()),
    ]
    return Table("Kills", note, ["", "count", ""], rows)


if __name__ == "__main__":
    sys.exit(main())
