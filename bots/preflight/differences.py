"""What reconciliation has found stands in the way of a start until a person has decided about it."""

from collections.abc import Iterator

from django.core.exceptions import ValidationError
from django.utils.translation import gettext as _

from bots.models import Bot
from bots.preflight.orders import problem
from exchanges.symbols import short
from trading.models import Difference, DifferenceKind, DifferenceStatus, Reconciliation

RESTORED = "restored"
HARMLESS = (DifferenceKind.FILL, DifferenceKind.BALANCE)


def difference_problems(bot: Bot) -> Iterator[ValidationError]:
    """Open differences of the bot; and after a restore an account that was not compared since."""
    rows = Difference.objects.filter(bot=bot, status=DifferenceStatus.OPEN).exclude(kind__in=HARMLESS)
    for row in rows.select_related("account").order_by("id"):
        yield problem(
            "difference",
            _("%(symbol)s on %(account)s: the books say %(ours)s, the exchange %(theirs)s. Decide about it first."),
            symbol=short(row.symbol),
            account=row.account,
            ours=row.ours,
            theirs=row.theirs,
        )
    if bot.status_reason != RESTORED:
        return
    for account in dict.fromkeys((bot.account_of(1), bot.account_of(2))):
        compared = Reconciliation.objects.filter(account=account, is_ok=True, started_at__gt=bot.status_changed_at)
        if not compared.exists():
            yield problem(
                "not_compared",
                _("A backup was put back: compare %(account)s with its exchange first."),
                account=account,
            )
