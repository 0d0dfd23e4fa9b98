"""`manage.py open_account`: lets somebody in again who locked themselves out."""

from argparse import ArgumentParser
from typing import Any

from axes.utils import reset
from django.core.management.base import BaseCommand, CommandError

from accounts import second_factor
from accounts.allowed_addresses import allowed_change
from accounts.models import User


class Command(BaseCommand):
    help = "Forgets wrong passwords; on wish allows every address and removes a lost second factor."

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument("username")
        parser.add_argument("--any-address", action="store_true", help="Empty the list of allowed addresses.")
        parser.add_argument("--no-second-factor", action="store_true", help="Remove app and recovery codes.")

    def handle(self, *args: Any, **options: Any) -> None:
        user = User.objects.filter(username=options["username"]).first()
        if user is None:
            raise CommandError(f"There is no user {options['username']}.")
        reset(username=user.username.lower())
        if options["any_address"]:
            allowed_change(actor=None, user=user, networks=[], ip=None)
        if options["no_second_factor"]:
            second_factor.remove(actor=None, user=user)
        self.stdout.write(f"{user.username} can log in again.")
