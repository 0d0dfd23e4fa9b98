"""The kill switch as people use it: switch off a bot, an account, a user or everybody, and close what is held if asked.

Everything is written in one PostgreSQL transaction. The closing itself is done by whoever comes first: the guardian,
`manage.py flatten` (both `trading.kill_switch.flatten`) or the bot's next tick.
"""

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from django.db import transaction
from django.db.models import Exists, OuterRef, Q, QuerySet

from accounts.models import User
from bots import schedules
from bots.intents import intents_create
from bots.journal import lines as journal
from bots.models import Bot, IntentKind
from exchanges.models import ExchangeAccount
from trading.core.order_state import UNSETTLED
from trading.kill_switch.process import flatten_begin
from trading.kill_switch.switches import switch_set
from trading.models import LogType, Order, Position, Scope, Trade, TradeStatus, TradingState, TradingSwitch

Target = User | ExchangeAccount | Bot | None

_POSITION = Position.objects.filter(bot=OuterRef("pk"), is_open=True)
_ORDER = Order.objects.filter(bot=OuterRef("pk"), status__in=UNSETTLED)
_TRADE = Trade.objects.filter(bot=OuterRef("pk"), status=TradeStatus.WORKING)


@dataclass(frozen=True, slots=True)
class Switched:
    """`bots`: ids of those whose closing was asked for."""

    switch: TradingSwitch
    bots: tuple[int, ...]


def kill_switch(
    *,
    actor: User | None,
    scope: Scope,
    target: Target,
    state: TradingState,
    flatten: bool,
    now: datetime,
    reason: str = "",
) -> Switched:
    """Sets the switch of the target (None: the installation); `flatten` asks every bot under it to close and stop.

    Raises PermissionDenied for somebody else's target, DomainError where an administrator has set a stricter state.
    """
    with transaction.atomic():
        switch = switch_set(actor=actor, scope=scope, state=state, now=now, reason=reason, **named(scope, target))
        asked = flatten_ask(actor=actor, bots=bots_at_risk(scope, target)) if flatten else ()
        if asked:
            transaction.on_commit(flatten_begin)
    return Switched(switch, tuple(asked))


def named(scope: Scope, target: Target) -> dict[str, Any]:
    """The target as the arguments of `switch_set`. Raises ValueError where it does not fit the scope."""
    match scope, target:
        case Scope.INSTALLATION, None:
            return {}
        case Scope.USER, User():
            return {"owner": target}
        case Scope.ACCOUNT, ExchangeAccount():
            return {"account": target}
        case Scope.BOT, Bot():
            return {"bot": target}
    raise ValueError(f"scope {scope} does not fit {type(target).__name__}")


def bots_under(scope: Scope, target: Target) -> QuerySet[Bot]:
    match named(scope, target):
        case {"owner": owner}:
            return Bot.objects.filter(owner=owner)
        case {"account": account}:
            return Bot.objects.filter(Q(exchange_account=account) | Q(exchange_account2=account))
        case {"bot": bot}:
            return Bot.objects.filter(pk=bot.pk)
    return Bot.objects.all()


def bots_at_risk(scope: Scope, target: Target) -> QuerySet[Bot]:
    """Those of them that hold something, or have an order or a trade that is not finished."""
    bots = bots_under(scope, target).select_related("owner")
    return bots.filter(Q(level__gt=0) | Exists(_POSITION) | Exists(_ORDER) | Exists(_TRADE))


def flatten_ask(*, actor: User | None, bots: Iterable[Bot]) -> list[int]:
    """Asks each to close both legs at once and stop; one that was asked already is not asked again."""
    keys = {bot: _key(bot) for bot in bots}
    new = intents_create(actor=actor, keys=keys, kind=IntentKind.FLATTEN)
    journal.write_all([journal.Line(bot, "flatten_requested", LogType.WARNING, None, {}) for bot in new])
    asked = [bot.pk for bot in keys]
    schedules.schedules_refresh(asked)
    return asked


def _key(bot: Bot) -> str:
    """Once for each position: a later one has its own."""
    return f"flatten-{bot.current_cycle}-{bot.lease_token}"
