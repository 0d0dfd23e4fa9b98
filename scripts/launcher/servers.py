"""Which PostgreSQL and which Valkey or Redis: those of the environment, else embedded ones."""

import os
import socket
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from urllib.parse import urlsplit

from launcher.errors import LaunchError
from launcher.home import ROOT
from launcher.postgres import Postgres, stop_leftover, unprivileged
from launcher.supervisor import Supervisor
from launcher.valkey import Valkey

START_LIMIT_S = 60.0  # a cluster that was killed may have to recover first
DEFAULT_PORTS = {"postgres": 5432, "postgresql": 5432, "redis": 6379, "rediss": 6379}


@dataclass(frozen=True)
class Server:
    url: str
    description: str
    """Where it is, without its password."""


@dataclass(frozen=True)
class Servers:
    postgres: Server
    redis: Server
    embedded_database: bool

    @property
    def environment(self) -> dict[str, str]:
        return {"DATABASE_URL": self.postgres.url, "REDIS_URL": self.redis.url}


def free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


def shown(path: Path) -> str:
    """The path as short as it can be said in the checkout."""
    return str(path.relative_to(ROOT)) if path.is_relative_to(ROOT) else str(path)


def external(variable: str) -> Server | None:
    """The server that the variable names, which must answer."""
    url = os.environ.get(variable)
    if not url:
        return None
    parts = urlsplit(url)
    try:
        host, port = parts.hostname, parts.port or DEFAULT_PORTS.get(parts.scheme)
    except ValueError as error:
        raise LaunchError(f"{variable} is not a URL that can be understood: {error}.") from error
    if not host or not port:
        return Server(url, f"{parts.path} ({variable})")
    try:
        socket.create_connection((host, port), timeout=5).close()
    except OSError as error:
        reason = error.strerror or error
        raise LaunchError(f"{variable} names {host}:{port}, which does not answer: {reason}.") from error
    return Server(url, f"{host}:{port}{parts.path} ({variable})")


def start_servers(supervisor: Supervisor, keys: Mapping[str, str], *, durable: bool = True) -> Servers:
    """Starts what the environment does not name, both at once; raises `LaunchError`."""
    postgres, redis = external("DATABASE_URL"), external("REDIS_URL")
    embedded_database = postgres is None
    environment = {"PATH": os.defpath, "LC_ALL": "C", "CHAINMAKES_LAUNCH": supervisor.mark}  # no PG… of the user's
    valkey = None if redis else Valkey(supervisor.home, keys["REDIS_PASSWORD"], free_port(), environment)
    if valkey:
        supervisor.start(valkey.server(), valkey.log)
    if postgres is None:
        postgres = _start_postgres(supervisor, keys["POSTGRES_PASSWORD"], environment, durable)
    if valkey:
        supervisor.wait_until(valkey.accepts_connections, limit_s=START_LIMIT_S, failure=valkey.why_it_failed)
        redis = Server(valkey.url, "embedded, in memory")
    assert redis is not None
    return Servers(postgres, redis, embedded_database)


def _start_postgres(supervisor: Supervisor, password: str, environment: Mapping[str, str], durable: bool) -> Server:
    home = supervisor.home
    postgres = Postgres(home, password, free_port(), durable, environment, unprivileged(home))
    if not postgres.is_initialised():
        supervisor.report("note", f"Creating a PostgreSQL cluster in {shown(home.postgres)} ...")
        supervisor.begin(postgres.initialise(), postgres.log)()
        postgres.adopt()
    stop_leftover(home)
    process = supervisor.start(postgres.server(), postgres.log).process
    supervisor.wait_until(
        lambda: postgres.accepts_connections(process.pid), limit_s=START_LIMIT_S, failure=postgres.why_it_failed
    )
    return Server(postgres.url, f"embedded, data in {shown(home.postgres)}")
