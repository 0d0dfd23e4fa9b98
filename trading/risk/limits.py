"""Which limits hold for whom. Each row is measured against its own target's figures; whichever blocks first counts.

A row for everybody holds for each user on his own. An administrator's row stands beside the user's for the same target:
since both are asked, the tighter of the two counts.
"""

from collections.abc import Iterable
from dataclasses import dataclass
from decimal import Decimal
from typing import Final

from django.db.models import Case, IntegerField, Q, QuerySet, Value, When

from accounts.models import User
from bots.models import Bot
from bots.ready_query import ReadyQuery
from exchanges.models import SECRET_NAMES, ExchangeAccount
from trading.core.risk import Limits, Rule
from trading.models import RiskLimits, Scope

LISTS: Final = (Rule.SYMBOLS, Rule.EXCHANGES)
SPANS: Final = {"cooldown_minutes", "churn_minutes"}
"""Of a limit that has another name; they limit nothing by themselves."""

_WIDEST_FIRST = Case(
    *(When(scope=scope, then=Value(rank)) for rank, scope in enumerate(Scope.values)), output_field=IntegerField()
)


@dataclass(frozen=True, slots=True)
class Held:
    """A row of limits with what the rules need of it."""

    row: RiskLimits
    limits: Limits

    @property
    def scope(self) -> Scope:
        return Scope(self.row.scope)

    @property
    def target_id(self) -> int | None:
        """None for everybody."""
        return self.row.bot_id or self.row.account_id or self.row.owner_id

    def has(self, *rules: Rule) -> bool:
        return any(getattr(self.limits, rule) for rule in rules)


def limits_of(bot: Bot) -> tuple[Held, ...]:
    """Everybody's, its owner's, its accounts' and its own; administrators' first. One query."""
    rows = _OF_BOT.rows(bot.owner_id, bot.exchange_account_id, bot.exchange_account2_id, bot.pk)
    return tuple(Held(row, core_limits(row)) for row in rows)


def limits_of_account(account: ExchangeAccount) -> tuple[Held, ...]:
    """For orders by hand: everybody's, the owner's and the account's."""
    return _held(Q(owner=account.owner_id) | Q(account=account.pk))


def limits_of_user(user: User) -> tuple[Held, ...]:
    """All that hold anywhere for him: also those of each of his accounts and bots."""
    return _held(Q(owner=user) | Q(account__owner=user) | Q(bot__owner=user, bot__deleted_at=None))


def core_limits(row: RiskLimits) -> Limits:
    values = {name: getattr(row, name) for name in Limits.__slots__}
    return Limits(**values | {rule: frozenset(values[rule]) for rule in LISTS})


def tightest(held: Iterable[Held], rule: Rule) -> Decimal | None:
    """Of a limit that is a number; None where nobody has set it."""
    found = [Decimal(getattr(each.limits, rule)) for each in held if each.has(rule)]
    return min(found, default=None)


def _held(of_target: Q) -> tuple[Held, ...]:
    return tuple(Held(row, core_limits(row)) for row in _rows(of_target))


def _rows(of_target: Q) -> QuerySet[RiskLimits]:
    rows = RiskLimits.objects.filter(of_target | Q(scope=Scope.INSTALLATION)).select_related(
        "account", "bot__exchange_account"
    )
    rows = rows.defer(*(f"{path}__{name}" for path in ("account", "bot__exchange_account") for name in SECRET_NAMES))
    return rows.order_by("-is_admin", _WIDEST_FIRST, "id")


_OF_BOT = ReadyQuery(
    lambda owner, account, account2, bot: _rows(Q(owner=owner) | Q(account__in=[account, account2]) | Q(bot=bot)), 4
)
