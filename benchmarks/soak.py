"""Paper bots, accelerated, under random faults on servers of their own: does memory grow, do queues, do errors repeat?

`python -m benchmarks.soak [--minutes 60] [--bots 200] [--results FILE]`, in an environment of the program's. Every
minute the memory of each process is read (its share of what is shared counted once, PostgreSQL's shared buffers left
out, which only fill up), the queues, and the log files. At the end all books are compared with the venue's.
"""

import argparse
import json
import os
import re
import shutil
import sys
import tempfile
import time
import urllib.request
from collections import Counter
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import psutil

from benchmarks.own_servers import POSTGRES, VALKEY, OwnServers, python_module
from benchmarks.report import Table

WARM_MIN = 10
"""From this minute on memory and queues have to be flat."""
ALERTS = "trading.guardian.alerts"
"""The guardian's calls for a person: counted by themselves, they say that workers were late."""
FLAT_SHARE, FLAT_MB = 0.05, 8.0
QUEUE_MOST = 200
ERROR_LINE = re.compile(r"^\S+ \S+ (ERROR|CRITICAL) (.*)")
Sample = dict[str, Any]


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--minutes", type=int, default=60)
    parser.add_argument("--bots", type=int, default=200)
    parser.add_argument("--seed", type=int, default=11)
    parser.add_argument("--nice", type=int, default=0)
    parser.add_argument("--results", type=Path, help="samples, one a line")
    parser.add_argument("--only-judge", action="store_true", help="judge the results of a run, run nothing")
    options = parser.parse_args()
    if options.only_judge:
        return _told(*_kept(options.results), options)
    with tempfile.TemporaryDirectory(prefix="soak") as folder:
        servers = OwnServers(Path(folder) / "home", niceness=options.nice)
        try:
            samples, ended = _run(servers, options)
            errors = _errors(servers)
        finally:
            servers.stop()
            _kept_logs(servers, options.results)
    return _told(samples, ended, errors, options)


def _told(
    samples: Sequence[Sample], ended: Mapping[str, Any], errors: Mapping[str, int], options: argparse.Namespace
) -> int:
    tables, good = judged(samples, ended, errors, options)
    for table in tables:
        print(table.text(), end="\n\n")
    return 0 if good else 1


def _kept(results: Path) -> tuple[list[Sample], dict[str, Any], dict[str, int]]:
    """Of a run that went to its end, or as far as it went."""
    rows = [json.loads(line) for line in results.read_text().splitlines()]
    samples = [row for row in rows if "minute" in row]
    ended = next((row for row in rows if "books" in row), {"books": {}, "faults": samples[-1]["faults"]})
    return samples, ended, samples[-1]["log_errors"]


def _run(servers: OwnServers, options: argparse.Namespace) -> tuple[list[Sample], dict[str, Any]]:
    servers.start_servers()
    servers.migrate()
    servers.manage("collectstatic", "--no-input", "-v", "0")
    child = python_module(servers, "benchmarks.soak_bots", str(options.bots), str(options.seed))
    assert child.stdin
    assert child.stdout
    print(child.stdout.readline().strip(), flush=True)
    for name in servers.programs():
        servers.start(name)
    samples = []
    begun = time.monotonic()
    for minute in range(1, options.minutes + 1):
        time.sleep(max(begun + 60 * minute - time.monotonic(), 0))
        child.stdin.write("sample\n")
        child.stdin.flush()
        sample = {"minute": minute, **json.loads(child.stdout.readline()), **_of_machine(servers)}
        samples.append(sample)
        _keep(sample, options.results)
    child.stdin.write("end\n")
    child.stdin.flush()
    ended = json.loads(child.stdout.readline())
    _keep(ended, options.results)
    child.wait(60)
    return samples, ended


def _kept_logs(servers: OwnServers, results: Path | None) -> None:
    if results is not None:
        shutil.copytree(servers.home.logs, results.with_suffix(".logs"), dirs_exist_ok=True)


def _keep(row: Mapping[str, Any], results: Path | None) -> None:
    if results is None:
        return
    with results.open("a") as file:
        file.write(json.dumps(row) + "\n")


def _of_machine(servers: OwnServers) -> dict[str, Any]:
    return {
        "memory_mb": {name: round(_memory_mb(servers, name), 1) for name in list(servers.running)},
        "processes_gone": [name for name, process in servers.running.items() if process.poll() is not None],
        "cpu_s": {name: round(_cpu_s(servers, name), 1) for name in list(servers.running)},
        "web_status": _status(servers.web_port),
        "load": os.getloadavg()[0],
        "log_errors": dict(_errors(servers)),
    }


def _memory_mb(servers: OwnServers, name: str) -> float:
    """Proportional set size of the program and its children."""
    return sum(_pss_kb(process.pid, with_shared=name != POSTGRES) for process in servers.processes(name)) / 1024


def _pss_kb(pid: int, *, with_shared: bool) -> int:
    wanted = ("Pss:",) if with_shared else ("Pss_Anon:", "Pss_File:")
    try:
        lines = Path(f"/proc/{pid}/smaps_rollup").read_text().splitlines()
    except OSError:
        return 0
    return sum(int(line.split()[1]) for line in lines if line.startswith(wanted))


def _cpu_s(servers: OwnServers, name: str) -> float:
    total = 0.0
    for process in servers.processes(name):
        try:
            times = process.cpu_times()
        except psutil.NoSuchProcess:
            continue
        total += times.user + times.system
    return total


def _status(port: int) -> int:
    try:
        with urllib.request.urlopen(f"http://127.0.0.1:{port}/healthz", timeout=10) as answer:
            return int(answer.status)
    except OSError as error:
        return int(getattr(error, "code", 0))


def _errors(servers: OwnServers) -> Counter[str]:
    """Lines of level ERROR in all logs, with their numbers taken out."""
    found: Counter[str] = Counter()
    for log in servers.home.logs.glob("*.log"):
        if log.stem in (POSTGRES, VALKEY):
            continue
        for line in log.read_text(errors="replace").splitlines():
            if match := ERROR_LINE.match(line):
                found[f"{log.stem}: {re.sub(r'[0-9a-f]*[0-9][0-9a-f]*', '#', match[2])[:160]}"] += 1
    return found


# --- judging ---------------------------------------------------------------------------------------------------------


def judged(
    samples: Sequence[Sample], ended: Mapping[str, Any], errors: Mapping[str, int], options: argparse.Namespace
) -> tuple[list[Table], bool]:
    late = [sample for sample in samples if sample["minute"] > WARM_MIN]
    memory, is_flat = _memory_table(late, samples)
    queues = {name: [sample["queues"].get(name, 0) for sample in late] for name in ("trading", "io", "compute")}
    calm = all(max(lengths, default=0) <= QUEUE_MOST for lengths in queues.values())
    known = late[0]["log_errors"] if late else {}
    since = {text: times - known.get(text, 0) for text, times in errors.items()}
    repeats = {text: times for text, times in since.items() if times > 1 and ALERTS not in text}
    alerts = sum(times for text, times in since.items() if ALERTS in text)
    books = dict(ended["books"])
    wrong = {name: value for name, value in books.items() if name not in ("trades", "orders", "fills") and float(value)}
    verdict = [
        ("memory flat after minute 10", is_flat, ""),
        ("queues flat after minute 10", calm, ", ".join(f"{name} ≤ {max(q, default=0)}" for name, q in queues.items())),
        ("no error repeats in the logs", not repeats, "; ".join(f"{n} × {text}" for text, n in repeats.items())),
        (
            "books and venues agree at the end",
            bool(books) and not wrong,
            ", ".join(f"{name} {value}" for name, value in books.items()),
        ),
        ("every process lived", not any(sample["processes_gone"] for sample in samples), ""),
    ]
    faults = sum(times for name, times in ended["faults"].items() if ":" not in name)
    loads = [sample["load"] for sample in samples]
    note = (
        f"{options.bots} bots, {len(samples)} minutes at 10-fold speed, {faults:,} faults told, {alerts} alerts of the "
        f"guardian, naked ms of market time {ended.get('naked_ms')}, load of the machine {min(loads):.0f} to "
        f"{max(loads):.0f}."
    )
    rows = [[what, "yes" if holds else "NO", how] for what, holds, how in verdict]
    return [memory, Table("Soak", note, ["", "holds", "figures"], rows)], all(holds for _, holds, _ in verdict)


def _memory_table(late: Sequence[Sample], samples: Sequence[Sample]) -> tuple[Table, bool]:
    """The mean of the last third after minute 10 against that of the first third."""
    rows, flat = [], bool(late)
    third = max(len(late) // 3, 1)
    for name in late[0]["memory_mb"] if late else []:
        values = [sample["memory_mb"].get(name, 0.0) for sample in late]
        before, after = _mean(values[:third]), _mean(values[-third:])
        grew = after - before
        holds = grew <= max(FLAT_SHARE * before, FLAT_MB)
        flat = flat and holds
        first = samples[0]["memory_mb"].get(name, 0.0)
        rows.append([name, *(f"{v:.0f}" for v in (first, before, after, max(values))), f"{grew:+.1f}", str(holds)])
    headers = ["process", "minute 1 MB", "after minute 10 MB", "at the end MB", "most MB", "grew MB", "flat"]
    return Table("Memory", "Proportional set size; means of the first and last third.", headers, rows), flat


def _mean(values: Sequence[float]) -> float:
    return sum(values) / len(values)


if __name__ == "__main__":
    sys.exit(main())
