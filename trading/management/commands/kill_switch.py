"""The kill switch from a terminal: needs PostgreSQL alone."""

from typing import Any

from django.core.management.base import BaseCommand, CommandError, CommandParser
from django.utils import timezone

from exchanges.errors import DomainError
from trading.kill_switch.actions import bots_at_risk, bots_under, kill_switch
from trading.kill_switch.flatten import flatten_run
from trading.management.targets import actor_of, add_target, confirmed, target_of
from trading.models import TradingState


class Command(BaseCommand):
    help = "Switches a bot, an account, a user or everybody off (halted), to closing only (reducing) or on (active)."

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("state", choices=TradingState.values)
        add_target(parser)
        parser.add_argument("--flatten", action="store_true", help="closes both legs of every position there, at once")
        parser.add_argument("--reason", default="", help="shown to the owners, kept on record")

    def handle(self, *args: Any, **options: Any) -> None:
        scope, target = target_of(options)
        bots, held = bots_under(scope, target).count(), bots_at_risk(scope, target).count()
        what = f"Bots concerned: {bots}, with a position or an order: {held}. They are set to {options['state']}"
        confirmed(self, options, f"{what}{' and closed at once' if options['flatten'] else ''}.")
        try:
            switched = kill_switch(
                actor=actor_of(options),
                scope=scope,
                target=target,
                state=TradingState(options["state"]),
                flatten=options["flatten"],
                now=timezone.now(),
                reason=options["reason"],
            )
        except DomainError as error:
            raise CommandError(error.message) from None
        self.stdout.write(f"{switched.switch.get_state_display()}.")
        if switched.bots:
            done = flatten_run(switched.bots, now=timezone.now)
            self.stdout.write(f"Sent within {done.sent_s:.2f} s; flat {len(done.flat)}, under way {len(done.left)}.")
