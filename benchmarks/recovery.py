"""A backup that is put back elsewhere, and a host that was killed: how long until all is known again, and what is sent.

`python -m benchmarks.recovery [restore] [restart]`, in an environment of the program's, on servers of its own.

`restore`: a bot at a real venue's wire format opens a pair; `pg_dump`; it adds a level; everything is killed. The dump
is read into a second data folder, `manage.py restored` and `reconcile` are run, worker and beat with prices that would
add again: nothing may be sent until a person has decided about each difference. Then the pair is closed.

`restart`: 200 paper bots at work, everything killed at once and started again; until every account is compared.
"""

import argparse
import json
import os
import shutil
import subprocess
import sys
import tempfile
import time
from collections import Counter
from collections.abc import Callable
from decimal import Decimal
from pathlib import Path
from typing import Any

import psycopg

from benchmarks.own_servers import POSTGRES, VALKEY, OwnServers, python_module
from benchmarks.report import Table
from exchanges.tests.wire.okx import OkxServer
from launcher.postgres import binaries

WATCH_S = 20.0
"""How long worker and beat run on the restored rows, at prices that tempt."""
PROGRAMS = ("worker-trading", "worker-io", "beat", "guardian")
BOTS = 200
WORK_S = 60.0
RECONCILED_S = 600.0
Row = list[str]


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("parts", nargs="*", choices=[*PARTS, []], help="all without a name")
    parser.add_argument("--bots", type=int, default=BOTS)
    options = parser.parse_args()
    good = True
    for name in options.parts or PARTS:
        with tempfile.TemporaryDirectory(prefix=name) as folder:
            rows, holds = PARTS[name](Path(folder), options.bots)
        good = good and holds
        note = f"Load of the machine {os.getloadavg()[0]:.0f}."
        print(Table(name.title(), note, ["", "", ""], rows).text(), end="\n\n", flush=True)
    return 0 if good else 1


# --- a backup is put back --------------------------------------------------------------------------------------------


def restore(folder: Path, bots: int) -> tuple[list[Row], bool]:
    venue = OkxServer()
    urls = {"EXCHANGE_BASE_URLS": json.dumps({"okx": {"rest": venue.url}}), "QUOTE_CACHE_TTL": "0"}
    first, second = (OwnServers(folder / name, **urls) for name in ("first", "second"))
    try:
        return _restored(venue, first, second, folder / "backup.dump")
    finally:
        for servers in (first, second):
            servers.stop()
        venue.stop()


def _restored(venue: OkxServer, first: OwnServers, second: OwnServers, dump: Path) -> tuple[list[Row], bool]:
    first.start_servers()
    first.migrate()
    step(first, "begin")
    _move(venue, "1.5")
    opened = step(first, "look")
    dump_s = _timed(lambda: _postgres_tool("pg_dump", first, "-Fc", "-f", str(dump)))
    _move(venue, "3.5")
    added = step(first, "look")
    for name in (POSTGRES, VALKEY):
        first.kill(name)
    sent = len(venue.market.orders)
    shutil.copy(first.home.keys, second.home.keys)  # what is encrypted in the dump is opened by these
    second = _with_keys_of(second)
    second.start_servers()
    restore_s = _timed(lambda: _postgres_tool("pg_restore", second, "--no-owner", "-d", second.postgres.url, str(dump)))
    restored_s = _timed(lambda: second.manage("restored", "--yes"))
    _move(venue, "6")
    for name in PROGRAMS:
        second.start(name)
    time.sleep(WATCH_S)
    for name in PROGRAMS:
        second.kill(name)
    waiting = step(second, "look")
    sent_unasked = len(venue.market.orders) - sent
    reconcile_s = _timed(lambda: second.manage("reconcile", may_fail=True))
    told = step(second, "look")
    decided = step(second, "decide")
    closed = step(second, "close")
    second.stop()
    names = Counter(order.client_id for order in venue.market.orders)
    twice = sum(times - 1 for times in names.values())
    left = {base: str(venue.market.held(base)) for base in venue.market.contracts if venue.market.held(base)}
    earned = venue.market.wallet - 10_000
    rows = [
        ["opened, backed up", f"level {opened['level']}", f"pg_dump {dump_s:.1f} s"],
        ["added after the backup", f"level {added['level']}", f"{sent} orders at the venue"],
        [
            "put back in a second folder",
            waiting["status"],
            f"pg_restore {restore_s:.1f} s, restored {restored_s:.1f} s",
        ],
        ["sent by the restored one unasked", str(sent_unasked), f"worker and beat for {WATCH_S:.0f} s"],
        ["differences found", str(len(told["differences"])), f"reconcile {reconcile_s:.1f} s"],
        ["decided by a person", f"{len(decided['differences'])} left", f"held {decided['held']}"],
        ["closed", closed["status"], f"held at the venue {left or 'nothing'}"],
        ["orders sent twice", str(twice), f"of {len(names)}"],
        ["profit of the books and the venue", closed["profit"], f"{earned}"],
    ]
    agrees = Decimal(closed["profit"]) == earned
    return rows, not (sent_unasked or twice or left) and bool(told["differences"]) and agrees


def _with_keys_of(servers: OwnServers) -> OwnServers:
    """The same folder with the keys that lie in it now."""
    more = {name: servers.environment[name] for name in ("EXCHANGE_BASE_URLS", "QUOTE_CACHE_TTL")}
    return OwnServers(servers.home.path, **more)


def step(servers: OwnServers, name: str) -> dict[str, Any]:
    child = python_module(servers, "benchmarks.recovery_bots", name)
    said, _ = child.communicate()
    if child.returncode:
        raise RuntimeError(f"the step {name} failed")
    found: dict[str, Any] = json.loads(said.splitlines()[-1])
    print(f"{name}: {found}", flush=True)
    return found


def _move(venue: OkxServer, percent: str) -> None:
    venue.market.move("GALA", Decimal("0.02") * (1 + Decimal(percent) / 100))


def _postgres_tool(tool: str, servers: OwnServers, *arguments: str) -> None:
    """`pg_dump` reads the database that it is given, `pg_restore` writes into it."""
    source = [servers.postgres.url] if tool == "pg_dump" else []
    subprocess.run([str(binaries() / tool), *source, *arguments], check=True)


def _timed(work: Callable[[], object]) -> float:
    began = time.monotonic()
    work()
    return time.monotonic() - began


# --- everything is killed --------------------------------------------------------------------------------------------


def restart(folder: Path, bots: int) -> tuple[list[Row], bool]:
    servers = OwnServers(folder / "home")
    try:
        servers.start_servers()
        servers.migrate()
        child = python_module(servers, "benchmarks.soak_bots", str(bots), "11")
        assert child.stdout
        accounts = json.loads(child.stdout.readline())["accounts"]
        for name in PROGRAMS:
            servers.start(name)
        time.sleep(WORK_S)
        child.kill()
        for name in (*PROGRAMS, POSTGRES, VALKEY):
            servers.kill(name)
        return _compared(servers, accounts, bots)
    finally:
        servers.stop()


def _compared(servers: OwnServers, accounts: int, bots: int) -> tuple[list[Row], bool]:
    began = time.monotonic()
    for name in (VALKEY, POSTGRES, *PROGRAMS):
        servers.start(name)
    with psycopg.connect(servers.postgres.url, autocommit=True) as database:
        started = database.execute("SELECT pg_postmaster_start_time()").fetchone()
        in_doubt = _count(database, "orders", "status IN ('submitted', 'unknown')")
        done: set[int] = set()  # a round that follows the first of its account takes its result away for a moment
        seconds = 0.0
        while len(done) < accounts and seconds < RECONCILED_S:
            time.sleep(0.2)
            seconds = time.monotonic() - began
            done |= _compared_since(database, started)
        left = _count(database, "orders", "status IN ('submitted', 'unknown') AND submitted_at < %s", started)
    cpu_s = sum(sum(process.cpu_times()[:2]) for name in PROGRAMS for process in servers.processes(name))
    rows = [
        ["accounts compared", f"{len(done)} of {accounts}", f"{bots} bots"],
        ["orders in doubt after the kill", str(in_doubt), f"{left} when all accounts were compared"],
        ["restart to reconciled", f"{seconds:.1f} s", f"{cpu_s:.1f} s CPU of the program's processes"],
    ]
    return rows, len(done) == accounts


def _compared_since(database: "psycopg.Connection[Any]", started: Any) -> set[int]:
    found = database.execute(
        "SELECT account_id FROM reconciliations WHERE finished_at > %s AND is_ok IS NOT NULL", started
    )
    return {int(account_id) for (account_id,) in found}


def _count(database: "psycopg.Connection[Any]", table: str, condition: str, *values: Any) -> int:
    row = database.execute(f"SELECT count(*) FROM {table} WHERE {condition}", [value[0] for value in values]).fetchone()
    return int(row[0]) if row else 0


PARTS: dict[str, Callable[[Path, int], tuple[list[Row], bool]]] = {"restore": restore, "restart": restart}

if __name__ == "__main__":
    sys.exit(main())
