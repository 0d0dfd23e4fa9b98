"""Rules of the launcher, piece by piece."""

import json
import os
import stat
import sys
from pathlib import Path

import pytest

from launcher import keys, ownership, preparation, processes
from launcher.errors import LaunchError
from launcher.home import Home, read_json, try_lock, write_private_json
from launcher.servers import external
from launcher.supervisor import Supervisor


@pytest.fixture
def home(tmp_path: Path) -> Home:
    home = Home(tmp_path / "home")
    home.create()
    return home


def test_keys_are_made_once(home: Home, monkeypatch: pytest.MonkeyPatch) -> None:
    for name in keys.GIVEN_BY_ENVIRONMENT:
        monkeypatch.delenv(name, raising=False)
    made = keys.installation_keys(home)
    assert keys.installation_keys(home) == made
    assert len(made["SECRET_KEY"]) >= 50
    assert len(made["FERNET_KEYS"]) >= 32
    assert len(set(made.values())) == len(made)
    assert stat.S_IMODE(home.keys.stat().st_mode) == 0o600


def test_keys_of_the_environment_win_and_are_not_kept(home: Home, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("SECRET_KEY", "given")
    assert keys.installation_keys(home)["SECRET_KEY"] == "given"
    assert "given" not in home.keys.read_text()


def test_a_step_is_due_until_noted_and_again_when_its_inputs_change(home: Home) -> None:
    step = preparation.Step("migrate", (), digest="one")
    assert step.is_due(home)
    write_private_json(home.prepared, {"migrate": "one"})
    assert not step.is_due(home)
    assert preparation.Step("migrate", (), digest="two").is_due(home)


def test_a_step_whose_result_is_gone_is_due(home: Home) -> None:
    write_private_json(home.prepared, {"collectstatic": "one"})
    assert preparation.Step("collectstatic", (), "one", home.path / "static").is_due(home)


def test_digests_see_content_and_names(tmp_path: Path) -> None:
    first, second = tmp_path / "a", tmp_path / "b"
    first.write_text("x")
    second.write_text("x")
    before = preparation.by_content([first])
    assert preparation.by_content([second]) != before
    first.write_text("y")
    assert preparation.by_content([first]) != before


def test_the_first_owns_the_servers_and_the_next_is_its_guest(home: Home, monkeypatch: pytest.MonkeyPatch) -> None:
    for name in ownership.SHARED:
        monkeypatch.delenv(name, raising=False)
    owner = ownership.claim(home)
    assert isinstance(owner, ownership.Owner)
    shared = {name: f"the owner's {name}" for name in ownership.SHARED}
    ownership.publish(home, "demo", shared, url="http://127.0.0.1:1/")
    guest = ownership.claim(home)
    assert isinstance(guest, ownership.Guest)
    assert guest.environment == shared
    assert try_lock(home.guests_lock) is None


def test_a_guest_may_bring_a_database_of_its_own(home: Home, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("DATABASE_URL", "postgres://elsewhere/x")
    ownership.claim(home)
    ownership.publish(home, "run", dict.fromkeys(ownership.SHARED, "the owner's"))
    guest = ownership.claim(home)
    assert isinstance(guest, ownership.Guest)
    assert guest.environment["DATABASE_URL"] == "postgres://elsewhere/x"


def test_what_a_dead_owner_published_is_not_believed(home: Home) -> None:
    write_private_json(home.servers, {"kind": "demo", "pid": 1})
    assert isinstance(ownership.claim(home), ownership.Owner)
    assert not home.servers.exists()


def test_wiping_spares_keys_logs_and_what_is_not_ours(home: Home) -> None:
    (home.postgres / "base").mkdir(parents=True)
    for path in (home.keys, home.demo, home.path / "mine.txt", home.logs / "web.log"):
        path.write_text("{}")
    home.wipe()
    assert sorted(path.name for path in home.path.iterdir()) == ["keys.json", "logs", "mine.txt"]


def test_a_large_log_is_set_aside_while_it_is_written(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(processes, "LARGE_LOG", 10)
    log = tmp_path / "web.log"
    with open(processes.open_log(log), "ab", buffering=0) as writer:
        writer.write(b"a long line\n")
        processes.keep_small(log)
        writer.write(b"short\n")
        processes.keep_small(log)
    assert log.read_text() == "short\n"
    assert (tmp_path / "web.old.log").read_text() == "a long line\n"


def test_an_address_without_sense_is_refused(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("REDIS_URL", "redis://127.0.0.1:port/0")
    with pytest.raises(LaunchError, match="REDIS_URL is not a URL"):
        external("REDIS_URL")


def test_unreadable_json_counts_as_missing(tmp_path: Path) -> None:
    path = tmp_path / "demo.json"
    path.write_text('{"url": ')
    assert read_json(path) == {}
    path.write_text(json.dumps({"url": "x"}))
    assert read_json(path) == {"url": "x"}


def test_once_all_is_up_what_ends_is_started_again_while_something_else_is_waited_for(home: Home) -> None:
    (lifeline, stay), (_, reports) = os.pipe(), os.pipe()
    supervisor = Supervisor(home, "mark", lifeline, reports)
    runs = home.path / "runs"
    once = f"open({str(runs)!r}, 'a').write('x')"
    patient = f"import os, time\nwhile os.path.getsize({str(runs)!r}) < 2: time.sleep(0.01)"
    runs.touch()
    supervisor.start(program("short-lived", once), home.logs / "short.log")
    supervisor.ready({})
    supervisor.begin(program("patient", patient), home.logs / "patient.log")()
    assert len(runs.read_text()) >= 2
    os.close(stay)
    supervisor.stop_all()


def program(name: str, code: str) -> processes.Program:
    return processes.Program(name, [sys.executable, "-c", code], dict(os.environ), stop_rank=0)
