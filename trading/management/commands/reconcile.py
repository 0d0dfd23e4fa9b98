"""Compares the books with the exchanges now."""

from typing import Any

from django.core.management.base import BaseCommand, CommandError, CommandParser
from django.utils import timezone

from exchanges.models import ExchangeAccount
from trading.models import Difference, DifferenceStatus
from trading.reconciliation.claimed import accounts_in_use
from trading.reconciliation.rounds import account_reconcile


class Command(BaseCommand):
    help = "Compares open orders, fills, positions, balances, funding and settings with the exchanges. Trades nothing."

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("--account", type=int, help="one account by its number; without it all that bots use")

    def handle(self, *args: Any, **options: Any) -> None:
        """Ends with an error where something differs or an exchange did not answer, for scripts."""
        accounts = self._accounts(options["account"])
        results = [self._one(account) for account in accounts]
        if not all(results):
            raise CommandError("Not everything agrees.")

    def _accounts(self, number: int | None) -> list[ExchangeAccount]:
        if number is None:
            return accounts_in_use()
        account = ExchangeAccount.objects.filter(pk=number).first()
        if account is None:
            raise CommandError(f"There is no account {number}.")
        return [account]

    def _one(self, account: ExchangeAccount) -> bool:
        outcome = account_reconcile(account, timezone.now(), thorough=True)
        if outcome is not None and outcome.suspects:
            outcome = account_reconcile(account, timezone.now(), thorough=True) or outcome
        if outcome is None:
            self.stdout.write(f"{account.pk} {account}: being compared by somebody else")
            return False
        words = {True: "agrees", False: "differs", None: "no answer"}[outcome.is_ok]
        told = [f"{account.pk} {account}: {words}", outcome.message]
        told += [f"{outcome.booked} booked" if outcome.booked else "", f"left out {', '.join(outcome.skipped)}"]
        self.stdout.write(", ".join(part for part in told if part and part != "left out "))
        for row in Difference.objects.filter(account=account, status=DifferenceStatus.OPEN):
            self.stdout.write(f"  {row.kind} {row.symbol}: ours {row.ours}, theirs {row.theirs}")
        return outcome.is_ok is True
