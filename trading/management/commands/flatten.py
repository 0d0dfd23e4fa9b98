"""Closes positions at once, whatever state the kill switch is in."""

from collections.abc import Sequence
from typing import Any

from django.core.management.base import BaseCommand, CommandParser
from django.db import transaction
from django.utils import timezone

from trading.kill_switch.actions import bots_at_risk, flatten_ask
from trading.kill_switch.flatten import bots_waiting, flatten_run
from trading.management.targets import actor_of, add_target, confirmed, target_of


class Command(BaseCommand):
    help = "Closes both legs of every position at once by market orders and stops the bots. Needs no Redis."

    def add_arguments(self, parser: CommandParser) -> None:
        add_target(parser).add_argument("--asked", action="store_true", help="what the kill switch has asked for")

    def handle(self, *args: Any, **options: Any) -> None:
        if options["asked"]:
            self._close(list(bots_waiting().values_list("pk", flat=True)))
            return
        scope, target = target_of(options)
        held = bots_at_risk(scope, target).count()
        if not held:
            self.stdout.write("There is nothing to close.")
            return
        confirmed(self, options, f"Bots with a position or an order: {held}. Both legs of each are closed at once.")
        with transaction.atomic():
            asked = flatten_ask(actor=actor_of(options), bots=bots_at_risk(scope, target))
        self._close(asked)

    def _close(self, asked: Sequence[int]) -> None:
        done = flatten_run(asked, now=timezone.now)
        self.stdout.write(f"Sent within {done.sent_s:.2f} s; flat {len(done.flat)}, under way {len(done.left)}.")
