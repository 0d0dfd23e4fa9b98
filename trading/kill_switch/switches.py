"""The kill switch: one row for the installation, a user, an account or a bot; of those that apply the strictest counts.

Kept in PostgreSQL alone, and read in the transaction that marks an order `submitted` (`trading.ledger`): Redis, quotes
and P&L may be down.
"""

from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Any

from django.core.exceptions import PermissionDenied
from django.db import models, transaction
from django.db.models import OuterRef, Q, QuerySet, Subquery
from django.utils.translation import gettext as _
from django.utils.translation import gettext_noop

from accounts import audit
from accounts.models import Role, User
from bots.journal import lines as journal
from bots.models import Bot
from bots.ready_query import ReadyQuery
from exchanges.errors import DomainError
from exchanges.models import ExchangeAccount
from trading.models import CloseReason, LogType, Purpose, Scope, TradingState, TradingSwitch

ACTIVE, REDUCING, HALTED = TradingState.ACTIVE, TradingState.REDUCING, TradingState.HALTED

ASKED_FOR = frozenset(
    {
        CloseReason.MANUAL,
        CloseReason.KILL_SWITCH,
        CloseReason.PROTECTION,
        CloseReason.LIQUIDATION,
        CloseReason.OUTSIDE,
    }
)
"""Closes that go out even while trading is halted: a person asked, or the venue has closed one leg already."""

_RANK = {ACTIVE: 0, REDUCING: 1, HALTED: 2}
_STRICTNESS = models.Case(
    *(models.When(state=state, then=rank) for state, rank in _RANK.items()), output_field=models.SmallIntegerField()
)
_COLUMN = {Scope.INSTALLATION: "", Scope.USER: "owner", Scope.ACCOUNT: "account", Scope.BOT: "bot"}
_REASON_LENGTH = TradingSwitch._meta.get_field("reason").max_length or 300


def switch_set(
    *,
    actor: User | None,
    scope: Scope,
    state: TradingState,
    now: datetime,
    owner: User | None = None,
    account: ExchangeAccount | None = None,
    bot: Bot | None = None,
    reason: str = "",
) -> TradingSwitch:
    """Sets the switch of one target; the one that its scope names has to be given. `actor` None is the program itself.

    Raises PermissionDenied for somebody else's target, DomainError where an administrator has set a stricter state.
    """
    target: dict[str, Any] = {"owner": owner, "account": account, "bot": bot}
    if {name for name, value in target.items() if value is not None} != ({_COLUMN[scope]} - {""}):
        raise ValueError(f"a switch of scope {scope} names {_COLUMN[scope] or 'nobody'}")
    _check_actor(actor, _owner_of(owner, account, bot))
    with transaction.atomic():
        switch, is_new = TradingSwitch.objects.select_for_update().get_or_create(scope=scope, **target)
        before = switch.state
        _check_looser(actor, switch, state)
        if is_new or before != state or switch.reason != reason[:_REASON_LENGTH]:
            switch.state, switch.reason = state, reason[:_REASON_LENGTH]
            switch.changed_by, switch.changed_at = actor, now
            switch.save()
            _record(actor, switch, before, reason)
    return switch


def state_of(bot: Bot) -> TradingState:
    """What the bot may do now: the strictest of everybody's, its owner's, its accounts' and its own switch."""
    found = strictest_of(bot)
    return TradingState(found.state) if found else ACTIVE


def strictest_of(bot: Bot) -> TradingSwitch | None:
    """The switch that decides it; None where nothing is switched off."""
    found = _OF_BOT.rows(bot.owner_id, bot.exchange_account_id, bot.exchange_account2_id, bot.pk)
    return found[0] if found else None


def state_of_account(account: ExchangeAccount) -> TradingState:
    """The same for orders by hand: the strictest of everybody's, the owner's and the account's switch."""
    found = strictest_of_account(account)
    return TradingState(found.state) if found else ACTIVE


def strictest_of_account(account: ExchangeAccount) -> TradingSwitch | None:
    return _strictest(Q(owner=account.owner_id) | Q(account=account.pk))


def forbids(account: ExchangeAccount, *, reduce_only: bool) -> TradingSwitch | None:
    """The switch that forbids a person's order by hand on the account; one that only reduces is always let out."""
    return None if reduce_only else strictest_of_account(account)


def states_of(bot_ids: Sequence[int]) -> Mapping[int, TradingState]:
    """By bot id, of many bots in one query."""
    rows = Bot.objects.filter(pk__in=bot_ids).annotate(trading_state=STATE_OF_BOT).values_list("pk", "trading_state")
    return {pk: TradingState(state or ACTIVE) for pk, state in rows}


def lets_out(state: TradingState, *, purpose: str, reduce_only: bool, reason: str = "", is_begun: bool = False) -> bool:
    """Whether an order of a bot may go out.

    `reason` is that of its closing trade. Halted still evens out legs that stand unequal: what unwinds a lone leg, and
    what ends a trade of which something is filled already (`is_begun`), because a naked leg is worse than an order.
    """
    if state == ACTIVE:
        return True
    if not reduce_only:
        return False
    return state == REDUCING or purpose == Purpose.UNWIND or reason in ASKED_FOR or is_begun


def denial(switch: TradingSwitch) -> str:
    """Code of the journal for why nothing goes out: `halted_bot`, `reducing_user` and so on."""
    return f"{switch.state}_{switch.scope}"


def _strictest(of_target: Q) -> TradingSwitch | None:
    return _by_strictness(of_target).first()


def _by_strictness(of_target: Q) -> QuerySet[TradingSwitch]:
    switches = TradingSwitch.objects.filter(of_target | Q(scope=Scope.INSTALLATION)).exclude(state=ACTIVE)
    return switches.order_by(_STRICTNESS.desc(), "id")


_OF_BOT = ReadyQuery(
    lambda owner, account, account2, bot: _by_strictness(
        Q(owner=owner) | Q(account__in=[account, account2]) | Q(bot=bot)
    )[:1],
    4,
)


def _states(of_target: Q) -> QuerySet[TradingSwitch, Any]:
    switches = TradingSwitch.objects.filter(of_target | Q(scope=Scope.INSTALLATION))
    return switches.order_by(_STRICTNESS.desc()).values("state")[:1]


STATE_OF_BOT = Subquery(
    _states(
        Q(owner=OuterRef("owner"))
        | Q(account=OuterRef("exchange_account"))
        | Q(account=OuterRef("exchange_account2"))
        | Q(bot=OuterRef("pk"))
    )
)
"""Of a bot's row: the state that `state_of` tells, None for active."""


def _owner_of(owner: User | None, account: ExchangeAccount | None, bot: Bot | None) -> int | None:
    """None for the installation, which administrators alone switch."""
    if bot is not None:
        return bot.owner_id
    return account.owner_id if account is not None else owner.pk if owner is not None else None


def _check_actor(actor: User | None, owner_id: int | None) -> None:
    if actor is None or _administers(actor):
        return
    if owner_id != actor.pk or not actor.can_trade:
        raise PermissionDenied


def _administers(user: User) -> bool:
    return user.is_active and (user.is_superuser or user.role == Role.ADMIN)


def _check_looser(actor: User | None, switch: TradingSwitch, state: TradingState) -> None:
    """What an administrator has switched off over a user's head stays off until an administrator says otherwise."""
    by = switch.changed_by
    is_overruled = actor is not None and not _administers(actor) and by is not None and _administers(by)
    if is_overruled and _RANK[state] < _RANK[TradingState(switch.state)]:
        raise DomainError(_("An administrator has switched this off: ask them to switch it on again."), "switched_off")


def _record(actor: User | None, switch: TradingSwitch, before: str, reason: str) -> None:
    audit.record(
        actor=actor,
        action="kill_switch.set",
        target=switch.bot or switch.account or switch.owner,
        summary=gettext_noop("Kill switch (%(scope)s): %(after)s, was %(before)s."),
        details={"scope": switch.scope, "before": before, "after": switch.state, "reason": reason},
    )
    if switch.bot is not None:
        kind = LogType.INFO if switch.state == ACTIVE else LogType.WARNING
        journal.write(switch.bot, f"switch_{switch.state}", log_type=kind, reason=reason)
