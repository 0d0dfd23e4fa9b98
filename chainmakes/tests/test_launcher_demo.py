"""The demonstration as a whole: everything from nothing, kept over a restart, gone without a trace when killed."""

import http.client
import json
import os
import select
import signal
import subprocess
import sys
import time
from pathlib import Path
from urllib.parse import urlsplit

import pytest

from chainmakes.tests.launched import eventually, launch, launched, processes_of

pytestmark = [
    pytest.mark.skipif(sys.platform != "linux", reason="looks for processes in /proc"),
    pytest.mark.slow,
    pytest.mark.xdist_group("launcher"),
]
FIRST_START_S = 240.0
GONE_WITHIN_S = 30.0


@pytest.fixture(scope="module")
def home(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tmp_path_factory.mktemp("demo") / "home"


def wait_until_said(process: "subprocess.Popen[str]", text: str) -> None:
    """Fails when the process ends or the time is over before."""
    assert process.stdout
    deadline = time.monotonic() + FIRST_START_S
    heard = ""
    while text not in heard:
        left_s = max(0.0, deadline - time.monotonic())
        assert select.select([process.stdout], [], [], left_s)[0], f"{text!r} was not said in time, but {heard}"
        received = os.read(process.stdout.fileno(), 65536).decode()
        assert received, f"ended, having said {heard}"
        heard += received


def login_of(home: Path) -> dict[str, str]:
    return dict(json.loads((home / "demo.json").read_text()))


def status_of(url: str, path: str) -> int:
    connection = http.client.HTTPConnection(urlsplit(url).netloc, timeout=30)
    try:
        connection.request("GET", path)
        return connection.getresponse().status
    finally:
        connection.close()


def options(*more: str) -> tuple[str, ...]:
    return ("demo", "--no-browser", "--port", "0", *more)


def test_from_nothing_then_again_then_killed_then_anew(home: Path) -> None:
    with launched(home, *options()) as first:
        wait_until_said(first, "Ctrl-C stops everything")
        login = login_of(home)
        assert (home / "demo.json").stat().st_mode & 0o777 == 0o600
        assert login["username"]
        assert len(login["password"]) >= 12
        assert status_of(login["url"], "/healthz") == 200
        assert status_of(login["url"], "/login") == 200

        second = launch(home, *options())
        assert (second.returncode, second.stdout.strip()) == (0, f"ChainMakes already runs at {login['url']}")
        refused = launch(home, *options("--fresh"))
        assert refused.returncode == 1
        assert "stop it before" in refused.stderr

        first.send_signal(signal.SIGINT)
        assert first.wait(60) == 0
    assert not processes_of(home)

    with launched(home, *options()) as again:
        wait_until_said(again, "Ctrl-C stops everything")
        assert login_of(home)["password"] == login["password"]
        again.kill()
        assert eventually(lambda: not processes_of(home), limit_s=GONE_WITHIN_S)

    with launched(home, *options("--fresh")) as anew:
        wait_until_said(anew, "Ctrl-C stops everything")
        assert login_of(home)["password"] != login["password"]
        anew.send_signal(signal.SIGTERM)
        assert anew.wait(60) == 0
    assert not processes_of(home)
