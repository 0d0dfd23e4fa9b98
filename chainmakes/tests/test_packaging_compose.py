"""docker-compose.yml refuses to start without secrets, and its commands work as they stand there."""

import os
import re
import subprocess
import sys
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from functools import partial
from pathlib import Path

import pytest

from chainmakes.tests.compose import MissingVariable, applications, services, services_of_profile
from chainmakes.tests.launched import ROOT, WAITING, eventually, launched, servers, started
from launcher.programs import first_programs, later_programs
from launcher.servers import free_port

VARIABLES = {
    "SECRET_KEY": "a" * 60,
    "FERNET_KEYS": "b" * 40,
    "POSTGRES_PASSWORD": "c" * 40,
    "REDIS_PASSWORD": "d" * 40,
    "ALLOWED_HOSTS": "bots.example.com",
    "CSRF_TRUSTED_ORIGINS": "https://bots.example.com",
}
READY_WITHIN_S = 120.0
BIN = Path(sys.executable).parent


@pytest.mark.parametrize("name", VARIABLES)
def test_refuses_to_start_without(name: str) -> None:
    with pytest.raises(MissingVariable, match=name):
        services({key: value for key, value in VARIABLES.items() if key != name})


def test_every_lasting_service_is_watched_and_restarted() -> None:
    for name, service in services(VARIABLES).items():
        if name == "prepare":
            assert service["restart"] == "no"
        else:
            assert service["restart"] == "unless-stopped"
            assert service["healthcheck"]["test"]


def test_nothing_but_the_pages_is_reachable_from_outside() -> None:
    ports = {name: service["ports"] for name, service in services(VARIABLES).items() if "ports" in service}
    assert ports == {"web": ["127.0.0.1:8000:8000"]}


def test_monitoring_starts_only_when_asked_and_with_secrets_of_its_own() -> None:
    found = services_of_profile("monitoring", VARIABLES | {"METRICS_TOKEN": "e" * 40, "GRAFANA_PASSWORD": "f" * 40})
    assert found.keys() == {"prometheus", "grafana"}
    for service in found.values():
        assert service["restart"] == "unless-stopped"
        assert service["healthcheck"]["test"]
        assert "is missing" in service["command"][0]
        assert all(port.startswith("127.0.0.1:") for port in service.get("ports", ()))
    assert found["prometheus"]["environment"] == {"METRICS_TOKEN": "e" * 40}
    assert found["grafana"]["environment"]["GF_SECURITY_ADMIN_PASSWORD"] == "f" * 40


def test_processes_wait_for_servers_and_migrations() -> None:
    for name, service in applications(VARIABLES).items():
        awaited = {on: condition["condition"] for on, condition in service["depends_on"].items()}
        prepared = {} if name == "prepare" else {"prepare": "service_completed_successfully"}
        redis = {} if name == "guardian" else {"redis": "service_healthy"}  # which does without
        assert awaited == {"postgres": "service_healthy", **redis, **prepared}


def test_commands_are_those_of_the_launcher() -> None:
    """Apart from where the pages listen and from the launcher's `python -m` and Compose's `nice`."""
    programs = first_programs({}, 8000) + later_programs({})
    local = {program.name: _as_in_the_image(program.command) for program in programs}
    composed = {name: service["command"] for name, service in applications(VARIABLES).items() if name != "prepare"}
    assert {name: [part for part in command if part != "nice"] for name, command in composed.items()} == {
        name: [part.replace("127.0.0.1", "0.0.0.0") for part in command] for name, command in local.items()
    }


def _as_in_the_image(command: list[str]) -> list[str]:
    if command[1] == "-m":
        return command[2:]
    return ["python", Path(command[1]).name, *command[2:]]


class Stack:
    """The services' commands as processes on this machine, on embedded servers."""

    def __init__(self, home: Path, port: int) -> None:
        self.home = home
        self.port = str(port)
        self.services = applications(VARIABLES)

    def environment(self, name: str) -> dict[str, str]:
        """The service's own, with the paths and the servers of this machine."""
        here = {
            "PATH": f"{BIN}:{os.environ['PATH']}",
            "CHAINMAKES_HOME": str(self.home),
            "NUMBA_CACHE_DIR": str(self.home / "numba"),
            # without compression, which would take a minute
            "STATICFILES_BACKEND": "django.contrib.staticfiles.storage.ManifestStaticFilesStorage",
        }
        addresses = {key: str(servers(self.home)[key]) for key in ("DATABASE_URL", "REDIS_URL")}
        return {**self.services[name]["environment"], **here, **addresses}

    def here(self, arguments: list[str]) -> list[str]:
        """The arguments with the port of this machine's pages."""
        texts = (part.replace("0.0.0.0", "127.0.0.1").replace("http://web:", "http://127.0.0.1:") for part in arguments)
        return [re.sub(r"(^|:)8000$", rf"\g<1>{self.port}", text) for text in texts]

    def run(self, name: str) -> "subprocess.Popen[bytes]":
        return subprocess.Popen(self.here(self.services[name]["command"]), cwd=ROOT, env=self.environment(name))

    def is_healthy(self, name: str) -> bool:
        kind, *test = self.here(self.services[name]["healthcheck"]["test"])
        command = ["sh", "-c", *test] if kind == "CMD-SHELL" else test
        return not subprocess.run(command, cwd=ROOT, env=self.environment(name), capture_output=True).returncode


@contextmanager
def running(stack: Stack) -> Iterator[None]:
    with ExitStack() as processes:
        for name in stack.services.keys() - {"prepare"}:
            process = processes.enter_context(stack.run(name))
            processes.callback(process.wait)
            processes.callback(process.terminate)
        yield


@pytest.mark.slow
@pytest.mark.xdist_group("launcher")
@pytest.mark.skipif(sys.platform != "linux", reason="the commands are those of a Linux image")
def test_every_command_starts_and_becomes_healthy(tmp_path: Path) -> None:
    home = tmp_path / "home"
    with launched(home, "run", *WAITING) as embedded:
        assert started(embedded)
        stack = Stack(home, free_port())
        assert stack.run("prepare").wait(READY_WITHIN_S) == 0
        with running(stack):
            unhealthy = [
                name
                for name in sorted(stack.services.keys() - {"prepare"})
                if not eventually(partial(stack.is_healthy, name), limit_s=READY_WITHIN_S)
            ]
    assert unhealthy == []
