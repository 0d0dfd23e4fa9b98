"""The processes of an installation and the environment that they share. docker-compose.yml starts the same commands."""

import os
import sys
from collections.abc import Mapping

from launcher.home import ROOT, Home
from launcher.processes import Program

PYTHON = sys.executable
CELERY = [PYTHON, "-m", "celery", "-A", "chainmakes"]
# What a worker tells others of its kind at start, and the waiting for it, is of no use to a handful of processes.
ALONE = ["--without-gossip", "--without-mingle", "--without-heartbeat"]


def django_environment(home: Home, keys: Mapping[str, str], mark: str) -> dict[str, str]:
    """The environment of every Python process, apart from the servers' addresses."""
    defaults = {
        "ALLOWED_HOSTS": "127.0.0.1,localhost",
        "DEBUG": "0",
        "SECURE": "0",
        "LANG": "C.UTF-8",
        # Hashed names as in production, but not minutes of compression for a browser on the same machine.
        "STATICFILES_BACKEND": "django.contrib.staticfiles.storage.ManifestStaticFilesStorage",
    }
    given = {name: value for name, value in os.environ.items() if name not in ("PYTHONHOME", "PYTHONDONTWRITEBYTECODE")}
    return (
        defaults
        | given
        | {
            "CHAINMAKES_HOME": str(home.path),
            "CHAINMAKES_LAUNCH": mark,
            "SECRET_KEY": keys["SECRET_KEY"],
            "FERNET_KEYS": keys["FERNET_KEYS"],
            "DJANGO_SETTINGS_MODULE": "chainmakes.settings",
            "NUMBA_CACHE_DIR": os.environ.get("NUMBA_CACHE_DIR", str(home.path / "numba")),
            "PATH": f"{ROOT / '.venv' / 'bin'}:{os.environ.get('PATH', os.defpath)}",
            "VIRTUAL_ENV": str(ROOT / ".venv"),
            "PYTHONUNBUFFERED": "1",
        }
    )


def manage(*arguments: str) -> list[str]:
    return [PYTHON, str(ROOT / "manage.py"), *arguments]


def worker(queue: str, *pool: str, environment: Mapping[str, str], connections: int, niceness: int = 0) -> Program:
    command = [*CELERY, "worker", "-n", f"{queue}@%h", "-Q", queue, *pool, *ALONE, "-l", "INFO"]
    return Program(
        name=f"worker-{queue}",
        command=command,
        environment={**environment, "PROCESS_NAME": f"worker-{queue}", "DB_POOL_SIZE": str(connections)},
        stop_rank=1,
        niceness=niceness,
    )


def first_programs(environment: Mapping[str, str], port: int) -> list[Program]:
    """Without these nothing is shown or traded. A worker's pool of connections is its threads and two; `io` compares
    three accounts in each of its threads."""
    beat = [*CELERY, "beat", "-S", "chainmakes.beat:BotScheduler", "--pidfile=", "-l", "INFO"]
    web = [PYTHON, "-m", "daphne", "-b", "127.0.0.1", "-p", str(port), "-v", "0", "chainmakes.asgi:application"]
    return [
        Program("web", web, {"HEALTH_PARTS": "beat,worker", **environment, "PROCESS_NAME": "web"}, stop_rank=2),
        worker("trading", "--pool=threads", "-c", "8", environment=environment, connections=10),
        Program(
            "beat", beat, {**environment, "PROCESS_NAME": "beat", "DB_POOL_SIZE": "2"}, stop_rank=0, patience_s=4.0
        ),
    ]


def later_programs(environment: Mapping[str, str]) -> list[Program]:
    """The guardian, downloads and alerts, quotes over sockets, computations, started once the pages answer: each costs
    seconds of computing to load."""
    return [
        Program(
            "guardian",
            manage("guardian"),
            {**environment, "PROCESS_NAME": "guardian", "DB_POOL_SIZE": "12", "LOCAL_CACHE": "1"},
            stop_rank=0,
        ),
        worker("io", "--pool=threads", "-c", "4", environment=environment, connections=18, niceness=5),
        Program(
            "stream",
            manage("stream_quotes"),
            {**environment, "PROCESS_NAME": "stream", "DB_POOL_SIZE": "4"},
            stop_rank=1,
        ),
        worker("compute", "--pool=prefork", "-c", "1", environment=environment, connections=3, niceness=10),
    ]
