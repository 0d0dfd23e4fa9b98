"""What the operators' commands are aimed at, and the question before they trade."""

from typing import Any

from django.core.management.base import BaseCommand, CommandError, CommandParser

from accounts.models import User
from bots.models import Bot
from exchanges.models import ExchangeAccount
from trading.kill_switch.actions import Target
from trading.models import Scope


def add_target(parser: CommandParser) -> Any:
    """One of --bot, --account, --user, --all, as a group that may get more; --yes and --by."""
    target = parser.add_mutually_exclusive_group(required=True)
    target.add_argument("--bot", type=int, metavar="ID")
    target.add_argument("--account", type=int, metavar="ID", help="an exchange account")
    target.add_argument("--user", metavar="USERNAME")
    target.add_argument("--all", action="store_true", help="the whole installation")
    parser.add_argument("--by", metavar="USERNAME", help="who asks for it; kept on record")
    parser.add_argument("--yes", action="store_true", help="does not ask")
    return target


def target_of(options: dict[str, Any]) -> tuple[Scope, Target]:
    """Raises CommandError."""
    try:
        if options["bot"] is not None:
            return Scope.BOT, Bot.objects.get(pk=options["bot"])
        if options["account"] is not None:
            return Scope.ACCOUNT, ExchangeAccount.objects.get(pk=options["account"])
        if options["user"] is not None:
            return Scope.USER, User.objects.get(username=options["user"])
    except (Bot.DoesNotExist, ExchangeAccount.DoesNotExist, User.DoesNotExist) as error:
        raise CommandError(str(error)) from None
    return Scope.INSTALLATION, None


def confirmed(command: BaseCommand, options: dict[str, Any], question: str) -> None:
    """Raises CommandError unless somebody said yes."""
    command.stdout.write(question)
    if options["yes"]:
        return
    command.stdout.write("Go on? Type yes: ", ending="")
    command.stdout.flush()
    if input().strip().lower() != "yes":
        raise CommandError("Nothing was done.")


def actor_of(options: dict[str, Any]) -> User | None:
    """Raises CommandError."""
    try:
        return User.objects.get(username=options["by"]) if options["by"] else None
    except User.DoesNotExist as error:
        raise CommandError(str(error)) from None
