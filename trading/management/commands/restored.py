"""To be run after a backup was put back, before the program is started again."""

from typing import Any

from django.core.management.base import BaseCommand, CommandError, CommandParser
from django.utils import timezone

from trading.installation import installation, restored


class Command(BaseCommand):
    help = (
        "After a backup was put back: orders get a new tag, waiting wishes are dropped, and every bot that is not"
        " stopped waits in error until a person has compared its position and starts it again."
    )

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("--reason", default="a backup was put back", help="kept on record")
        parser.add_argument("--yes", action="store_true", help="do not ask")

    def handle(self, *args: Any, **options: Any) -> None:
        if not options["yes"] and input("Put every running bot into error? [y/N] ").strip().lower() != "y":
            raise CommandError("Nothing was changed.")
        bots = restored(actor=None, now=timezone.now(), reason=options["reason"])
        self.stdout.write(f"New tag {installation().tag}; {len(bots)} bots wait in error.")
