"""What a paired chat may say, and what is done then. Whatever changes something is asked back first, with figures.

Each command is done in the name of the channel's owner, whose rights are looked at each time, by the services that the
pages use.
"""

import re
import secrets
from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any, Final

from django.core.exceptions import PermissionDenied, ValidationError
from django.db.models import Sum
from django.db.models.functions import Abs
from django.utils.translation import gettext as _
from django.utils.translation import ngettext

from accounts.audit import record
from accounts.models import ChannelChat, User
from accounts.notifications.chats import digest, is_same
from bots import services
from bots.amounts import grouped
from bots.models import Bot, BotStatus
from bots.selectors import bots_of
from exchanges.errors import DomainError, ExchangeError
from exchanges.models import Exchange
from exchanges.symbols import settle_of
from trading.chat.status import status_text
from trading.chat.telegram import Button
from trading.kill_switch.actions import bots_at_risk, kill_switch
from trading.models import Position, Scope, TradingState

ASKED_FOR: Final = timedelta(seconds=60)
NAMED_MOST: Final = 10


@dataclass(frozen=True, slots=True)
class Reply:
    text: str
    buttons: tuple[Button, ...] = ()


Work = Callable[[], Reply]


def understood(chat: ChannelChat, text: str, now: datetime) -> Work:
    """What to do about it. What was asked back before is over with this: the caller keeps `chat` and holds its lock."""
    user, asked = chat.channel.owner, _taken(chat, text, now)
    words = _words(text)
    match words:
        case ["status"]:
            return lambda: Reply(status_text(user, now))
        case ["pause", *names] if names:
            return lambda: _pause_ask(chat, user, " ".join(names), now)
        case ["close", "all"] | ["closeall"]:
            return lambda: _close_ask(chat, user, now)
        case ["yes", *_code]:
            return lambda: _confirmed(chat, user, asked, now)
        case ["no"]:
            return lambda: Reply(_("Nothing was done."))
    return lambda: Reply(help_text())


def help_text() -> str:
    return "\n".join(
        [
            _("I understand:"),
            "status – " + _("bots, positions, results"),
            "pause 12 – " + _("bot number 12 (or its name) opens and adds no more; its exits stay armed"),
            "pause all – " + _("all your bots"),
            "close all – " + _("halt everything, close both legs of every bot at the market"),
            _("Pausing and closing ask for a confirmation."),
        ]
    )


def _words(text: str) -> list[str]:
    """`/close_all@some_bot` is `close all`."""
    first, *rest = text.strip().split(maxsplit=1) or [""]
    if first.startswith("/"):
        first = first[1:].partition("@")[0].replace("_", " ")
    return " ".join([first, *rest]).lower().split()


def _taken(chat: ChannelChat, text: str, now: datetime) -> dict[str, Any] | None:
    """What was asked, where this confirms it in time. Asked once: right or wrong, the question is gone."""
    asked, known, until = chat.asked, chat.asked_digest, chat.asked_until
    if asked is None:
        return None
    chat.asked, chat.asked_digest, chat.asked_until = None, "", None
    chat.save(update_fields=["asked", "asked_digest", "asked_until"])
    words = _words(text)
    is_yes = len(words) == 2 and words[0] == "yes" and is_same(known, words[1])
    return asked if is_yes and until is not None and now < until else None


def _ask(chat: ChannelChat, wish: dict[str, Any], question: str, does: str, now: datetime) -> Reply:
    code = f"{secrets.randbelow(10**6):06d}"
    chat.asked, chat.asked_digest, chat.asked_until = wish, digest(code), now + ASKED_FOR
    chat.save(update_fields=["asked", "asked_digest", "asked_until"])
    hint = _("Press the button within %(seconds)d s, or send: yes %(code)s")
    words = {"seconds": int(ASKED_FOR.total_seconds()), "code": code}
    return Reply(f"{question}\n\n{hint % words}", ((does, f"yes {code}"), (_("Do nothing"), "no")))


def _pause_ask(chat: ChannelChat, user: User, name: str, now: datetime) -> Reply:
    if not user.can_trade:
        return _refused()
    running = bots_of(user).filter(status=BotStatus.RUNNING).order_by("pk")
    if name == "all":
        found = list(running)
        if not found:
            return Reply(_("No bot is running."))
    else:
        found = _named(user, name)
        if len(found) != 1:
            return Reply(_("No bot of yours is called that. Send: status") if not found else _several(found))
        if found[0].status != BotStatus.RUNNING:
            words = {"bot": _shown(found[0]), "status": BotStatus(found[0].status).label}
            return Reply(_("%(bot)s does not run: %(status)s.") % words)
    question = _("Pause? Nothing is opened or added; stop loss and take profit stay armed:")
    wish = {"command": "pause", "bots": [bot.pk for bot in found]}
    return _ask(chat, wish, f"{question}\n{_listed(found)}", _("Pause"), now)


def _close_ask(chat: ChannelChat, user: User, now: datetime) -> Reply:
    if not user.can_trade:
        return _refused()
    found = list(bots_at_risk(Scope.USER, user).order_by("pk"))
    question = _("Halt all your accounts, live and paper, and close both legs of every bot at the market?")
    held = f"\n{_listed(found)}" if found else "\n" + _("No bot holds anything.")
    return _ask(chat, {"command": "close_all"}, question + held, _("Close all"), now)


def _confirmed(chat: ChannelChat, user: User, asked: dict[str, Any] | None, now: datetime) -> Reply:
    if asked is None:
        return Reply(_("There is nothing to confirm, or it came too late. Send the command again."))
    if not user.can_trade:
        return _refused()
    record(actor=user, action="chat.command", target=chat.channel, details=asked)
    if asked["command"] == "pause":
        return Reply("\n".join(_pause(user, bot, now) for bot in bots_of(user).filter(pk__in=asked["bots"])))
    return _close_all(user, now)


def _pause(user: User, bot: Bot, now: datetime) -> str:
    try:
        services.bot_pause(actor=user, bot=bot, now=now)
    except (DomainError, ExchangeError) as error:
        return f"{_shown(bot)}: {error.message}"
    except ValidationError as error:
        return f"{_shown(bot)}: {error.messages[0]}"
    return _("%(bot)s is paused.") % {"bot": _shown(bot)}


def _close_all(user: User, now: datetime) -> Reply:
    try:
        done = kill_switch(
            actor=user,
            scope=Scope.USER,
            target=user,
            state=TradingState.HALTED,
            flatten=True,
            now=now,
            reason="Telegram",
        )
    except DomainError as error:
        return Reply(error.message)
    except PermissionDenied:
        return _refused()
    count = len(done.bots)
    closing = ngettext("%(n)d bot closes both legs.", "%(n)d bots close both legs.", count) % {"n": count}
    return Reply(" ".join([_("Everything is halted."), closing, _("Trading is switched on again on the page Risk.")]))


def _refused() -> Reply:
    return Reply(_("You may look, but not trade."))


def _named(user: User, name: str) -> list[Bot]:
    """By number, else by name."""
    bots = bots_of(user)
    if number := re.fullmatch(r"#?([0-9]{1,18})", name):
        return list(bots.filter(pk=int(number[1])))
    return list(bots.filter(bot_name__iexact=name)[:NAMED_MOST])


def _several(bots: list[Bot]) -> str:
    return _("Several bots have this name; send the number:") + "\n" + _listed(bots)


def _listed(bots: list[Bot]) -> str:
    """Each with what it holds, both legs together."""
    legs = Position.objects.filter(bot__in=bots, is_open=True).order_by()
    values = dict(legs.values_list("bot_id").annotate(held=Sum(Abs("cost"))))
    lines = [
        _shown(bot) + (f": {grouped(values[bot.pk])} {settle_of(bot.market1_symbol)}" if bot.pk in values else "")
        for bot in bots[:NAMED_MOST]
    ]
    if len(bots) > NAMED_MOST:
        lines.append(_("and %(n)d more") % {"n": len(bots) - NAMED_MOST})
    return "\n".join(lines)


def _shown(bot: Bot) -> str:
    kind = f" ({_('Paper')})" if bot.exchange_account.exchange == Exchange.PAPER else ""
    return f"#{bot.pk} {bot.bot_name}{kind}"
