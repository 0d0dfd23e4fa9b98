"""What a named person decides about a difference: adopt it, close it or ignore it. Each choice is on record."""

from datetime import datetime
from typing import Any

from django.core.exceptions import PermissionDenied, ValidationError
from django.db import models, transaction
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from accounts import audit
from accounts.models import User
from bots.journal import lines as journal
from bots.models import Bot, Intent, IntentKind, IntentStatus, MarginMode
from exchanges.errors import DomainError, OrderNotFound
from exchanges.models import ExchangeAccount
from exchanges.registry import venue_of
from trading.models import Difference, DifferenceKind, DifferenceStatus, LogType
from trading.reconciliation.asking import wish_put
from trading.reconciliation.compare import margin_mode_of

NOTE_LENGTH = Difference._meta.get_field("note").max_length or 300


class Choice(models.TextChoices):
    ADOPT = "adopt", gettext_lazy("Adopt")
    CLOSE = "close", gettext_lazy("Close")
    IGNORE = "ignore", gettext_lazy("Ignore")


KINDS_SET_BACK = (DifferenceKind.LEVERAGE, DifferenceKind.MARGIN_MODE, DifferenceKind.POSITION_MODE)


def choices_of(difference: Difference) -> tuple[Choice, ...]:
    """What can be done about it now; nothing while a choice is being carried out."""
    if difference.status != DifferenceStatus.OPEN or wish_waiting(difference) is not None:
        return ()
    kind = DifferenceKind(difference.kind)
    if kind == DifferenceKind.POSITION and difference.bot is not None:
        return _of_position(difference, difference.bot)
    if kind == DifferenceKind.FILL and difference.bot is not None:
        return (Choice.ADOPT, Choice.IGNORE)
    if kind in (DifferenceKind.LEVERAGE, DifferenceKind.MARGIN_MODE):
        return tuple(Choice)
    if kind in (DifferenceKind.ORDER, DifferenceKind.POSITION_MODE):
        return (Choice.CLOSE, Choice.IGNORE)
    return (Choice.IGNORE,)


def difference_settle(*, actor: User, difference: Difference, choice: Choice, note: str, now: datetime) -> Difference:
    """Books and orders are left to the engine and the bot's next look; settings and cancels are done here.

    Raises PermissionDenied, ValidationError, DomainError for a choice that is not possible, ExchangeError.
    """
    _check(actor, difference, note)
    if choice not in choices_of(difference):
        raise DomainError(_("That cannot be done about this difference now."), "not_possible")
    if choice == Choice.IGNORE:
        return _settled(actor, difference, DifferenceStatus.IGNORED, choice, note, now)
    if difference.kind in (DifferenceKind.POSITION, DifferenceKind.FILL):
        return _wish(actor, difference, choice, note)
    if choice == Choice.ADOPT:
        return _setting_take(actor, difference, note, now)
    _venue_mend(difference)
    return _settled(actor, difference, DifferenceStatus.CLOSED, choice, note, now)


def wish_waiting(difference: Difference) -> Intent | None:
    """The choice that the bot has not carried out yet."""
    waiting = Intent.objects.filter(bot=difference.bot_id, kind=IntentKind.ADOPT, status=IntentStatus.WAITING)
    return waiting.filter(details__difference=difference.pk).first() if difference.bot_id else None


def _of_position(difference: Difference, bot: Bot) -> tuple[Choice, ...]:
    """What is missing there is booked and the rest closed; what is too much is kept or closed.

    A flat bot keeps nothing, and a leg that was turned round is closed.
    """
    if difference.details.get("turned") or (difference.details.get("grows") and bot.is_flat):
        return (Choice.CLOSE, Choice.IGNORE)
    return tuple(Choice) if difference.details.get("grows") else (Choice.ADOPT, Choice.IGNORE)


def _check(actor: User, difference: Difference, note: str) -> None:
    if not (actor.can_trade and difference.account.owner_id == actor.pk):
        raise PermissionDenied
    if len(note) > NOTE_LENGTH or not note.replace("\n", "").isprintable():
        raise ValidationError({"note": _("At most %(longest)s printable characters.") % {"longest": NOTE_LENGTH}})


def _wish(actor: User, difference: Difference, choice: Choice, note: str) -> Difference:
    with transaction.atomic():
        bot = _bot_locked(difference)
        asked = Intent.objects.filter(bot=bot, kind=IntentKind.ADOPT, details__difference=difference.pk).count()
        wish_put(
            bot,
            IntentKind.ADOPT,
            f"difference-{difference.pk}-{asked}",
            user_id=actor.pk,
            difference=difference.pk,
            choice=choice.value,
            note=note,
        )
        _record(actor, difference, choice, note)
    return difference


def _bot_locked(difference: Difference) -> Bot:
    if difference.bot_id is None:
        raise DomainError(_("The bot is gone."), "no_bot")
    return Bot.objects.select_for_update().get(pk=difference.bot_id)


def _setting_take(actor: User, difference: Difference, note: str, now: datetime) -> Difference:
    """The bot goes on with what the venue has."""
    value = difference.theirs.removesuffix("×")
    with transaction.atomic():
        bot = _bot_locked(difference)
        if difference.kind == DifferenceKind.LEVERAGE:
            if not (value.isdigit() and 1 <= int(value) <= 125):
                raise DomainError(_("A bot cannot trade with this leverage: set it back instead."), "leverage")
            bot.leverage = int(value)
        else:
            bot.margin_mode = MarginMode(value)
        bot.save(update_fields=["leverage", "margin_mode", "updated_at"])
        return _settled(actor, difference, DifferenceStatus.ADOPTED, Choice.ADOPT, note, now)


def _venue_mend(difference: Difference) -> None:
    """Cancels a stranger's order, or sets back at the venue what was changed there. Raises ExchangeError."""
    venue, bot = venue_of(difference.account), difference.bot
    if difference.kind == DifferenceKind.ORDER:
        try:
            venue.cancel_order(
                difference.symbol,
                client_order_id=difference.details.get("client_order_id", ""),
                exchange_order_id=difference.reference,
                is_stop=bool(difference.details.get("is_stop")),
            )
        except OrderNotFound:
            return  # gone by itself
    elif bot is not None:
        venue.set_leverage(difference.symbol, leverage=bot.leverage, margin_mode=margin_mode_of(bot))


def _settled(
    actor: User, difference: Difference, status: DifferenceStatus, choice: Choice, note: str, now: datetime
) -> Difference:
    with transaction.atomic():
        row = Difference.objects.select_for_update(of=("self",)).select_related("bot", "account").get(pk=difference.pk)
        if row.status != DifferenceStatus.OPEN:
            raise DomainError(_("This difference is settled already."), "settled")
        row.status, row.note, row.settled_at, row.settled_by = status, note, now, actor
        row.save(update_fields=["status", "note", "settled_at", "settled_by"])
        _record(actor, row, choice, note)
    return row


def _record(actor: User, difference: Difference, choice: Choice, note: str) -> None:
    figures: dict[str, Any] = {"symbol": difference.symbol, "ours": difference.ours, "theirs": difference.theirs}
    target: Bot | ExchangeAccount = difference.bot or difference.account
    details = {**figures, "kind": difference.kind, "choice": choice.value, "note": note, "difference": difference.pk}
    audit.record(actor=actor, action="difference.settle", target=target, details=details)
    if difference.bot is not None:
        journal.write(
            difference.bot,
            "difference_settled",
            log_type=LogType.INFO,
            choice=choice.value,
            who=actor.get_username(),
            **figures,
        )
