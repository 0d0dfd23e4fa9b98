"""The guardian's process."""

import signal
import threading
import time
from typing import Any

from django.conf import settings
from django.core.management.base import BaseCommand, CommandError, CommandParser
from django.db import Error as DatabaseTrouble
from django.db import close_old_connections
from django.utils import timezone

from accounts.notifications.standing_in import watch_and_stand_in
from trading.guardian.rounds import guardian_look, is_alive

WATCH_EVERY_S = 10.0
"""Between two looks at the other processes."""


class Command(BaseCommand):
    help = "Looks after bots in position when nobody else does, and begins the kill switch's closings. Until stopped."

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("--once", action="store_true", help="one round, then its findings")
        parser.add_argument("--check", action="store_true", help="ends with 0 if a guardian runs somewhere")

    def handle(self, *args: Any, **options: Any) -> None:
        if options["check"]:
            if not is_alive():
                raise CommandError("No guardian was seen within the last seconds.")
        elif options["once"]:
            found = guardian_look(timezone.now)
            self.stdout.write(f"neglected {len(found.neglected)}, looked at {len(found.looked)}")
        else:
            self._guard()

    def _guard(self) -> None:
        """PostgreSQL may go away and come back."""
        ended = threading.Event()
        for number in (signal.SIGTERM, signal.SIGINT):
            signal.signal(number, lambda *_: ended.set())
        self.stdout.write("The guardian watches.")
        watch_at, watch_from = 0.0, time.monotonic() + settings.GUARDIAN_START_S
        while not ended.wait(settings.GUARDIAN_LOOK_S):
            try:
                guardian_look(timezone.now, others_begin=time.monotonic() < watch_from)
                if time.monotonic() >= watch_at:
                    watch_and_stand_in(timezone.now)
                    watch_at = time.monotonic() + WATCH_EVERY_S
            except DatabaseTrouble as error:
                self.stderr.write(f"PostgreSQL does not answer: {error}")
                ended.wait(1.0)
            finally:
                close_old_connections()
