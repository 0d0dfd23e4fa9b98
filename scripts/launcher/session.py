"""What demo.sh, run.sh and test.sh have in common: the environment of an installation whose servers they own."""

import secrets
from collections.abc import Callable
from dataclasses import dataclass

from launcher.background import Background
from launcher.home import Home
from launcher.keys import installation_keys
from launcher.ownership import Owner, publish
from launcher.preparation import begin, compile_kernels, migrate, peacefully
from launcher.programs import django_environment
from launcher.servers import Servers, start_servers
from launcher.supervisor import Supervisor


@dataclass(frozen=True)
class Session:
    home: Home
    keys: dict[str, str]
    mark: str
    environment: dict[str, str]
    """Of every Python process, but for the servers' addresses."""

    @classmethod
    def of(cls, home: Home) -> "Session":
        keys, mark = installation_keys(home), secrets.token_hex(16)
        return cls(home, keys, mark, django_environment(home, keys, mark))

    def in_background(self, owner: Owner, bring_up: Callable[[Supervisor], None]) -> Background:
        return Background(self.home, owner.lock, self.mark, bring_up)

    def start_servers(self, supervisor: Supervisor, *, durable: bool = True) -> Servers:
        servers = start_servers(supervisor, self.keys, durable=durable)
        supervisor.report("note", f"PostgreSQL: {servers.postgres.description}. Redis: {servers.redis.description}.")
        return servers

    def migrate(self, supervisor: Supervisor, servers: Servers) -> None:
        """Where the database is not ours, what was done to it since cannot be known: there it is always asked."""
        environment = self.environment | servers.environment
        begin(supervisor, migrate(), environment, always=not servers.embedded_database)()

    def servers_for_commands(self, supervisor: Supervisor) -> None:
        servers = self.start_servers(supervisor)
        self.migrate(supervisor, servers)
        self.hand_over(supervisor, "run", servers)

    def servers_for_tests(self, supervisor: Supervisor) -> None:
        """Tests make databases of their own."""
        self.hand_over(supervisor, "test", self.start_servers(supervisor, durable=False))

    def servers_for_all_checks(self, supervisor: Supervisor) -> None:
        """Kernels are compiled beside the first checks, so that not every process of the tests compiles them."""
        servers = self.start_servers(supervisor, durable=False)
        finish = begin(supervisor, compile_kernels(self.home), self.environment | servers.environment)
        self.hand_over(supervisor, "test", servers)
        peacefully(supervisor, finish)

    def hand_over(self, supervisor: Supervisor, kind: str, servers: Servers) -> None:
        """Lets guests in and reports the servers' addresses."""
        publish(self.home, kind, self.environment | servers.environment)
        supervisor.report("ready", servers.environment)
