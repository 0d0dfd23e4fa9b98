"""The life of a bot: created, changed, started, paused, stopped, deleted. The only writer of its status."""

import uuid
from collections.abc import Mapping
from datetime import datetime
from typing import Any

from django.core.exceptions import PermissionDenied, ValidationError
from django.db import transaction
from django.utils.translation import gettext as _

from accounts.audit import changed, record
from accounts.models import User
from bots import schedules
from bots.claims import claims_release, claims_take
from bots.feed import events as feed
from bots.holdings import has_position, has_stops, has_unsettled, is_flat_and_settled
from bots.intents import intent_create
from bots.journal import lines as journal
from bots.models import Bot, BotStatus, Intent, IntentKind, SymbolClaim
from bots.pair_now import spread_now
from bots.preflight.checks import (
    accounts_that_may_withdraw,
    claim_problems,
    hand_order_problems,
    preflight,
    prepare_venue,
)
from bots.rows import bot_row
from bots.settings.fields import PAIR
from bots.settings.validation import START_PRICES, change_errors, clean_bot_data
from bots.start_preview import start_preview
from exchanges.account_locks import accounts_lock
from exchanges.errors import DomainError, ExchangeError
from exchanges.registry import venue_of
from exchanges.stream.wishes import needs_changed
from trading.models import LogType, Order

__all__ = [
    "bot_close_positions",
    "bot_create",
    "bot_delete",
    "bot_fail",
    "bot_pause",
    "bot_settled",
    "bot_start",
    "bot_stop",
    "bot_update",
    "start_preview",
]

RUNNING, PAUSED, STOPPED, ERROR = BotStatus.RUNNING, BotStatus.PAUSED, BotStatus.STOPPED, BotStatus.ERROR

TRANSITIONS: dict[BotStatus, frozenset[BotStatus]] = {
    RUNNING: frozenset({PAUSED, STOPPED, ERROR}),
    PAUSED: frozenset({RUNNING, STOPPED, ERROR}),
    STOPPED: frozenset({RUNNING, ERROR}),
    ERROR: frozenset({RUNNING, PAUSED, STOPPED, ERROR}),
}
"""Which status may follow which; a stopped bot can fail while it closes what its user asked for."""

_CHECKED_AT_START = (*PAIR, "leverage", "margin_mode", "investment_per_order", "dca_config", "max_dca_times")
_REASON_LENGTH = Bot._meta.get_field("status_reason").max_length or 300
_KEY_LENGTH = Intent._meta.get_field("idempotency_key").max_length or 64


def bot_create(*, actor: User, data: Mapping[str, Any], now: datetime) -> Bot:
    """Raises ValidationError by field and ExchangeError; nothing is written then."""
    values = clean_bot_data(actor, data, now=now)
    with transaction.atomic():
        bot = Bot.objects.create(owner=actor, status_changed_at=now, **values)
        schedules.schedule_create(bot)
        journal.write(bot, "created", log_type=LogType.INFO)
        record(actor=actor, action="bot.create", target=bot, details=values)
    return bot


def bot_update(*, actor: User, bot: Bot, data: Mapping[str, Any], now: datetime) -> Bot:
    """Changes what differs. A new start time or pair fetches start prices anew and measures from 0 again."""
    _check_actor(actor, bot)
    changes = clean_bot_data(actor, data, bot=bot, now=now)
    if not changes:
        return bot
    with transaction.atomic():
        locked = _locked(bot)
        _raise_errors(change_errors(locked, changes))
        if changes.keys() & set(START_PRICES):
            changes |= {"reference_spread": 0.0, "first_spread": 0.0, "last_spread": 0.0, "last_candle_at": None}
        before = {name: getattr(locked, name) for name in changes}
        for name, value in changes.items():
            setattr(locked, name, value)
        locked.save(update_fields=[*changes, "updated_at"])
        if changes.keys() & {"tick_interval", "bot_name"}:
            schedules.schedule_update(locked)
        journal.write(locked, "changed", log_type=LogType.INFO, fields=", ".join(sorted(changes)))
        record(actor=actor, action="bot.change", target=locked, details=changed(before, changes))
        _publish(locked)
    return locked


def bot_delete(*, actor: User, bot: Bot, now: datetime) -> None:
    """A bot that has traded is only hidden: orders, fills and money stay on record.

    Raises DomainError while it runs or has anything at the exchange.
    """
    _check_actor(actor, bot)
    with transaction.atomic():
        locked = _locked(bot)
        if locked.status == RUNNING:
            raise DomainError(_("Stop the bot before you delete it."), code="running")
        if has_position(locked):
            raise DomainError(_("The bot has a position: close both legs before you delete it."), code="in_position")
        if has_unsettled(locked) or has_stops(locked):
            raise DomainError(_("An order of this bot is not settled yet: try again later."), code="unsettled")
        record(actor=actor, action="bot.delete", target=locked)
        schedules.schedule_delete(locked)
        if not Order.objects.filter(bot=locked).exists():
            locked.delete()
            return
        SymbolClaim.objects.filter(bot=locked).delete()
        locked.status, locked.deleted_at = STOPPED, now
        locked.save(update_fields=["status", "deleted_at", "updated_at"])


def bot_start(*, actor: User | None, bot: Bot, now: datetime, reset_reference: bool = False) -> Bot:
    """Continues the cycle. Sets leverage and margin mode at the venue first, so call it outside transactions.

    `reset_reference` (flat bots only): moves count from the spread of now. Raises ValidationError with everything that
    is wrong, DomainError when it runs already.
    """
    _check_actor(actor, bot)
    bot = _fresh(bot)
    _check_transition(bot, RUNNING)
    _raise_problems(preflight(bot, now))
    reference = _reference_now(bot) if reset_reference else None
    _raise_problems(prepare_venue(bot))
    unsure = accounts_that_may_withdraw(bot)
    at = _market_time(bot)
    with transaction.atomic():
        locked = _locked(bot)
        _check_transition(locked, RUNNING)
        _check_unchanged(bot, locked)
        _raise_problems(claim_problems(claims_take(locked), locked))
        accounts_lock(locked.account_of(leg).pk for leg in (1, 2))
        _raise_problems(hand_order_problems(locked))
        _forget_failures(locked, reference)
        _set_status(locked, RUNNING, now)
        details = {"account": locked.exchange_account, "is_paper": locked.is_paper, "from_here": reset_reference}
        record(actor=actor, action="bot.start", target=locked, details=details)
        if reference is None:
            journal.write(locked, "started", log_type=LogType.INFO, market_time=at)
        else:
            journal.write(locked, "started_from_here", log_type=LogType.INFO, market_time=at, spread=reference)
        for account in unsure:
            journal.write(locked, "withdrawal_unknown", log_type=LogType.WARNING, market_time=at, account=str(account))
    return locked


def bot_pause(*, actor: User | None, bot: Bot, now: datetime, reason: str = "") -> Bot:
    """Blocks opening and adding; stop loss and take profit stay armed. `reason`: a journal's code or a sentence."""
    _check_actor(actor, bot)
    at = _market_time(bot)
    with transaction.atomic():
        locked = _locked(bot)
        _check_transition(locked, PAUSED)
        _set_status(locked, PAUSED, now, reason)
        record(actor=actor, action="bot.pause", target=locked, details={"reason": reason})
        journal.write(locked, "paused", log_type=LogType.INFO, market_time=at, reason=reason)
    return _copied(locked, bot)


def bot_stop(*, actor: User | None, bot: Bot, now: datetime, reason: str = "") -> Bot:
    """Does nothing more; a position is the user's from here on. Orders under way are still settled."""
    _check_actor(actor, bot)
    at = _market_time(bot)
    with transaction.atomic():
        locked = _locked(bot)
        _check_transition(locked, STOPPED)
        _set_status(locked, STOPPED, now, reason)
        record(actor=actor, action="bot.stop", target=locked, details={"reason": reason})
        if has_position(locked):
            journal.write(locked, "stopped_in_position", log_type=LogType.WARNING, market_time=at)
        else:
            journal.write(locked, "stopped", log_type=LogType.INFO, market_time=at, reason=reason)
        claims_release(locked)
    return _copied(locked, bot)


def bot_fail(*, bot: Bot, reason: str, now: datetime, **figures: Any) -> Bot:
    """The engine met what only a person can mend. Exits stay armed, unwinding goes on. `figures` are the reason's."""
    at = _market_time(bot)
    with transaction.atomic():
        locked = _locked(bot)
        _check_transition(locked, ERROR)
        _set_status(locked, ERROR, now, reason)
        record(actor=None, action="bot.fail", target=locked, details={"reason": reason})
        journal.write(locked, "failed", log_type=LogType.ERROR, market_time=at, reason=reason, **figures)
    return _copied(locked, bot)


def bot_settled(*, bot: Bot) -> None:
    """Call when something under way came to its end: looks no more where none is needed; a stopped bot that is flat
    gives its symbols back."""
    with transaction.atomic():
        locked = _locked(bot)
        schedules.schedule_refresh(locked)
        claims_release(locked)


def bot_close_positions(
    *, actor: User | None, bot: Bot, now: datetime, idempotency_key: str = "", stop: bool = False
) -> Intent:
    """Asks the engine to close both legs, whatever the bot's status. The same key asks once; none is a new wish.

    Raises DomainError when there is nothing to close, ValidationError for an unusable key.
    """
    _check_actor(actor, bot)
    key = _checked_key(idempotency_key)
    kind = IntentKind.CLOSE_AND_STOP if stop else IntentKind.CLOSE
    with transaction.atomic():
        locked = _locked(bot)
        is_known = Intent.objects.filter(bot=locked, idempotency_key=key).exists()
        if not is_known and is_flat_and_settled(locked):
            raise DomainError(_("There is nothing to close."), code="no_position")
        intent, is_new = intent_create(actor=actor, bot=locked, kind=kind, idempotency_key=key)
        if is_new:
            schedules.schedule_refresh(locked)
            journal.write(locked, "close_requested", log_type=LogType.INFO)
            record(actor=actor, action="bot.close", target=locked, details={"then_stop": stop})
    return intent


def _check_actor(actor: User | None, bot: Bot) -> None:
    """None is the engine. Raises PermissionDenied."""
    if actor is not None and not (actor.can_trade and bot.owner_id == actor.pk):
        raise PermissionDenied


def _market_time(bot: Bot) -> datetime | None:
    """The venue's time, a replay's tape time; None while it is out of reach."""
    try:
        return venue_of(bot.exchange_account).clock()
    except (ExchangeError, ValidationError):
        return None


def _fresh(bot: Bot) -> Bot:
    return Bot.objects.select_related("owner", "exchange_account", "exchange_account2").get(pk=bot.pk)


def _locked(bot: Bot) -> Bot:
    rows = Bot.objects.select_for_update(of=("self",)).select_related("owner", "exchange_account", "exchange_account2")
    return rows.get(pk=bot.pk)


def _check_transition(bot: Bot, wanted: BotStatus) -> None:
    if wanted in TRANSITIONS[BotStatus(bot.status)]:
        return
    params = {"status": bot.get_status_display().lower()}
    raise DomainError(_("That cannot be done: the bot is %(status)s.") % params, code="wrong_status")


def _check_unchanged(checked: Bot, locked: Bot) -> None:
    """What was checked and set at the venue is what will run."""
    if any(getattr(checked, name) != getattr(locked, name) for name in _CHECKED_AT_START):
        raise DomainError(_("The settings were changed just now: look again and start anew."), code="changed")


def _reference_now(bot: Bot) -> float:
    if not is_flat_and_settled(bot):
        raise DomainError(_("Only a bot without a position can measure from here."), code="in_position")
    return spread_now(bot)


def _forget_failures(bot: Bot, reference: float | None) -> None:
    bot.entry_failures, bot.entries_wait_until = 0, None
    if reference is not None:
        bot.reference_spread = reference
    bot.save(update_fields=["entry_failures", "entries_wait_until", "reference_spread", "updated_at"])


def _set_status(bot: Bot, status: BotStatus, now: datetime, reason: str = "") -> None:
    bot.status, bot.status_reason, bot.status_changed_at = status, reason[:_REASON_LENGTH], now
    bot.save(update_fields=["status", "status_reason", "status_changed_at", "updated_at"])
    schedules.schedule_refresh(bot)
    needs_changed()
    _publish(bot)


def _copied(locked: Bot, bot: Bot) -> Bot:
    """The caller's own object shows the new status too."""
    bot.status, bot.status_reason, bot.status_changed_at = locked.status, locked.status_reason, locked.status_changed_at
    return locked


def _checked_key(key: str) -> str:
    if not key:
        return uuid.uuid4().hex
    if len(key) > _KEY_LENGTH or not key.isprintable():
        sentence = _("At most %(longest)s printable characters.") % {"longest": _KEY_LENGTH}
        raise ValidationError({"idempotency_key": sentence})
    return key


def _raise_errors(errors: list[tuple[str, ValidationError]]) -> None:
    if errors:
        by_field: dict[str, list[ValidationError]] = {}
        for field, error in errors:
            by_field.setdefault(field, []).append(error)
        raise ValidationError(by_field)


def _raise_problems(problems: list[ValidationError]) -> None:
    if problems:
        raise ValidationError(problems)


def _publish(bot: Bot) -> None:
    feed.publish_on_commit(bot.pk, bot.owner_id, "bot_status", bot_row(bot))
