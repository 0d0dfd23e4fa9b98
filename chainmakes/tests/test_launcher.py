"""The launcher as its users meet it: real processes, a data folder of its own."""

import os
import signal
import socket
import stat
import subprocess
import sys
from pathlib import Path
from urllib.parse import urlsplit

import pytest

from chainmakes.tests.launched import (
    ROOT,
    START_LIMIT_S,
    WAITING,
    eventually,
    launch,
    launched,
    processes_of,
    servers,
    started,
)

pytestmark = [
    pytest.mark.skipif(sys.platform != "linux", reason="looks for processes in /proc"),
    pytest.mark.slow,
    pytest.mark.xdist_group("launcher"),
]
GONE_WITHIN_S = 15.0


@pytest.fixture(scope="session")
def home(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A data folder whose database has been made and migrated once."""
    home = tmp_path_factory.mktemp("chainmakes") / "home"
    first = launch(home, "run", "true")
    assert first.returncode == 0, first.stderr
    return home


@pytest.fixture(autouse=True)
def _nothing_is_left(home: Path) -> None:
    assert eventually(lambda: not processes_of(home), limit_s=GONE_WITHIN_S)


def modes(folder: Path) -> dict[str, str]:
    """Permissions of the folder and of what lies directly in it."""
    return {path.name: stat.filemode(path.stat().st_mode) for path in (folder, *folder.iterdir())}


def test_run_passes_on_output_input_and_exit_status(home: Path) -> None:
    with launched(home, "run", "python", "-c", "import sys; print(sys.stdin.read()); sys.exit(7)") as process:
        output, notes = process.communicate("what came in", timeout=START_LIMIT_S)
    assert (process.returncode, output) == (7, "what came in\n")
    assert "PostgreSQL: embedded" in notes


USES_SERVERS = """
import django
django.setup()
from django.core.cache import cache
from django.db import connection
with connection.cursor() as cursor:
    cursor.execute("select version(), count(*) from django_migrations")
    print(cursor.fetchone()[0])
cache.set("kept", "in Redis")
print(cache.get("kept"))
"""


def use_servers(home: Path) -> "subprocess.CompletedProcess[str]":
    return launch(home, "run", "python", "-c", USES_SERVERS, PYTHONPATH=str(ROOT))


def test_run_gives_the_command_working_servers(home: Path) -> None:
    result = use_servers(home)
    assert result.returncode == 0, result.stderr
    assert result.stdout.startswith("PostgreSQL 18")
    assert result.stdout.endswith("in Redis\n")


def test_the_data_folder_is_private(home: Path) -> None:
    with launched(home, "run", *WAITING) as process:
        assert started(process)
        found = modes(home) | modes(home / "logs")
    assert {mode for mode in found.values() if mode.startswith("d")} == {"drwx------"}
    assert {mode for mode in found.values() if not mode.startswith("d")} == {"-rw-------"}


def test_servers_refuse_who_has_no_password(home: Path) -> None:
    with launched(home, "run", *WAITING) as process:
        assert started(process)
        redis = urlsplit(servers(home)["REDIS_URL"])
        with socket.create_connection((redis.hostname or "", redis.port or 0), timeout=5) as connection:
            connection.sendall(b"KEYS *\r\n")
            assert connection.recv(100).startswith(b"-NOAUTH")
        database = servers(home)["DATABASE_URL"].replace(urlsplit(servers(home)["DATABASE_URL"]).password, "wrong")
        attempt = f"import psycopg; psycopg.connect({database!r})"
        assert (
            b"password authentication failed"
            in subprocess.run([sys.executable, "-c", attempt], capture_output=True).stderr
        )


def test_unknown_command(home: Path) -> None:
    result = launch(home, "run", "no-such-command")
    assert (result.returncode, result.stdout) == (127, "")
    assert "no-such-command: not found" in result.stderr


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM])
def test_signals_reach_the_command(home: Path, number: signal.Signals) -> None:
    script = (
        f"import signal as s, sys; s.signal({int(number)}, lambda *_: sys.exit(5)); print('up', flush=True); s.pause()"
    )
    with launched(home, "run", "python", "-c", script) as process:
        assert started(process)
        process.send_signal(number)
        assert process.wait(GONE_WITHIN_S) == 5
    assert not processes_of(home)


def test_a_second_command_joins_the_servers_of_the_first(home: Path) -> None:
    with launched(home, "run", *WAITING) as first:
        assert started(first)
        second = launch(home, "run", "sh", "-c", "echo $DATABASE_URL")
        assert (second.returncode, second.stdout.strip()) == (0, servers(home)["DATABASE_URL"])
        assert first.poll() is None


def test_servers_stay_until_the_last_guest_has_gone(home: Path) -> None:
    with launched(home, "run", *WAITING) as first, launched(home, "run", *WAITING) as guest:
        assert started(first)
        assert started(guest)
        first.communicate(timeout=GONE_WITHIN_S)
        address = urlsplit(servers(home)["DATABASE_URL"])
        socket.create_connection((address.hostname or "", address.port or 0), timeout=5).close()
        guest.communicate(timeout=GONE_WITHIN_S)
        assert eventually(lambda: not processes_of(home), limit_s=GONE_WITHIN_S)


def test_killing_the_launcher_leaves_nothing_behind(home: Path) -> None:
    child = "import subprocess, sys; print('up', flush=True); subprocess.run(['sleep', '1000'])"
    with launched(home, "run", "python", "-c", child) as process:
        assert started(process)
        assert len(processes_of(home)) > 4
        process.kill()
        assert eventually(lambda: not processes_of(home), limit_s=GONE_WITHIN_S)


def test_killing_the_supervisor_leaves_nothing_behind(home: Path) -> None:
    with launched(home, "run", *WAITING) as process:
        assert started(process)
        os.kill(servers(home)["pid"], signal.SIGKILL)
        assert process.wait(GONE_WITHIN_S) == 1
        assert eventually(lambda: not processes_of(home), limit_s=GONE_WITHIN_S)


def test_killing_both_halves_leaves_nothing_in_the_way(home: Path) -> None:
    with launched(home, "run", *WAITING) as process:
        assert started(process)
        supervisor = servers(home)["pid"]
        process.kill()
        os.kill(supervisor, signal.SIGKILL)
        again = launch(home, "run", "true")
        assert again.returncode == 0, again.stderr
        assert eventually(lambda: not processes_of(home), limit_s=GONE_WITHIN_S)


def test_a_server_that_dies_is_started_again(home: Path) -> None:
    with launched(home, "run", *WAITING) as process:
        assert started(process)
        for pid in processes_of(home / "postgres"):
            os.kill(pid, signal.SIGKILL)
        assert eventually(lambda: use_servers(home).returncode == 0, limit_s=30)


def test_a_port_in_use_is_said_in_one_line(home: Path) -> None:
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = taken.getsockname()[1]
        result = launch(home, "demo", "--no-browser", "--port", str(port))
    assert result.returncode == 1
    assert result.stderr.count("\n") == 1
    assert f"Port {port} cannot be used" in result.stderr


def test_fresh_refuses_while_servers_run(home: Path) -> None:
    with launched(home, "run", *WAITING) as process:
        assert started(process)
        result = launch(home, "demo", "--no-browser", "--fresh", "--port", "0")
    assert result.returncode == 1
    assert result.stderr.count("\n") == 1
    assert (home / "postgres").exists()


def test_fresh_leaves_a_named_database_alone(home: Path) -> None:
    result = launch(home, "demo", "--fresh", "--port", "0", DATABASE_URL="postgres://127.0.0.1:1/x")
    assert result.returncode == 1
    assert "DATABASE_URL" in result.stderr


@pytest.mark.parametrize("variable", ["DATABASE_URL", "REDIS_URL"])
def test_a_named_server_that_does_not_answer(home: Path, variable: str) -> None:
    result = launch(home, "run", "true", **{variable: "redis://127.0.0.1:1/0"})
    assert result.returncode == 1
    assert f"{variable} names 127.0.0.1:1, which does not answer" in result.stderr
    assert "Traceback" not in result.stderr


def test_named_servers_are_used(home: Path, tmp_path: Path) -> None:
    with launched(home, "run", *WAITING) as process:
        assert started(process)
        named = {name: servers(home)[name] for name in ("DATABASE_URL", "REDIS_URL")}
        result = launch(tmp_path / "other", "run", "sh", "-c", "echo $DATABASE_URL $REDIS_URL", **named)
    assert result.stdout.split() == list(named.values())
    assert not (tmp_path / "other" / "postgres").exists()
    assert urlsplit(named["DATABASE_URL"]).password not in result.stderr


def test_the_data_folder_may_not_be_shared_with_other_things() -> None:
    result = launch(Path("/"), "run", "true")
    assert result.returncode == 1
    assert "a folder of its own" in result.stderr
