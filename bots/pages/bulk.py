"""One question for several bots, and what came of it bot by bot."""

from dataclasses import dataclass
from typing import Any, Final

from django.contrib.auth.decorators import login_required
from django.core.exceptions import PermissionDenied, ValidationError
from django.http import Http404, HttpResponse, QueryDict
from django.shortcuts import redirect, render
from django.urls import reverse
from django.utils import timezone
from django.utils.translation import gettext as _
from django.views.decorators.http import require_http_methods

from accounts.page_request import PageRequest
from accounts.pages.entry import next_page
from accounts.step_up import is_asked, require_fresh_second_factor
from bots.confirmations import confirmation
from bots.models import Bot, BotStatus
from bots.pages.bots import BULK_DONE, PAGE_SIZE, act
from bots.selectors import bots_of
from exchanges.errors import DomainError, ExchangeError

ACTIONS: Final = ("start", "pause", "close")
KEY_LENGTH: Final = 64


@dataclass(frozen=True, slots=True)
class BulkLine:
    """What the action would do with one bot; `refused`: why it would not, then nothing is asked of that bot."""

    bot: Bot
    refused: str
    shown: dict[str, Any]

    @property
    def legs(self) -> list[dict[str, Any]]:
        return self.shown.get("legs") or self.shown.get("preview", {}).get("legs", [])


@login_required
@require_http_methods(["GET", "POST"])
def bulk_page(request: PageRequest) -> HttpResponse:
    """GET asks, with the figures of every bot; POST does it. Somebody else's bots count as not chosen."""
    if not request.user.can_trade:
        raise PermissionDenied
    return _done(request) if request.method == "POST" else _asked(request)


def _asked(request: PageRequest) -> HttpResponse:
    action, bots = _wish(request, request.GET)
    lines = [_line(bot, action) for bot in bots]
    willing = [line for line in lines if not line.refused]
    currencies = {line.shown["currency"] for line in willing if "currency" in line.shown}
    context = {
        "action": action,
        "lines": lines,
        "willing": willing,
        "refused": len(lines) - len(willing),
        "orders": sum(len(line.legs) for line in willing),
        "live": sum(not line.bot.is_paper for line in willing),
        "currency": currencies.pop() if len(currencies) == 1 else "",
        "pnl": sum(line.shown.get("pnl") or 0 for line in willing),
        "next": next_page(request, reverse("bots:list")),
        "asks_code": action == "start" and any(not line.bot.is_paper for line in willing) and is_asked(request),
    }
    is_dialogue = request.headers.get("X-Requested-With") == "fetch"
    return render(request, "bots/parts/confirm_several.html" if is_dialogue else "bots/several.html", context)


def _done(request: PageRequest) -> HttpResponse:
    action, bots = _wish(request, request.POST)
    if action == "start" and any(not bot.is_paper for bot in bots):
        require_fresh_second_factor(request)
    request.session[BULK_DONE] = [_outcome(request, bot, action) for bot in bots]
    return redirect(next_page(request, reverse("bots:list")))


def _wish(request: PageRequest, wishes: QueryDict) -> tuple[str, list[Bot]]:
    action = wishes.get("action", "")
    if action not in ACTIONS:
        raise Http404
    ids = [
        int(text)
        for text in wishes.getlist("bot")[:PAGE_SIZE]
        if text.isascii() and text.isdecimal() and len(text) < 19
    ]
    return action, list(bots_of(request.user).filter(pk__in=ids).order_by("bot_name", "pk"))


def _line(bot: Bot, action: str) -> BulkLine:
    if refused := _needless(bot, action):
        return BulkLine(bot, refused, {})
    shown = confirmation(bot, action, timezone.now())
    problems = shown.get("preview", {}).get("problems", [])
    return BulkLine(bot, " ".join(problems), shown)


def _needless(bot: Bot, action: str) -> str:
    """Why there is nothing to do; empty where there is."""
    if action == "start" and bot.status == BotStatus.RUNNING:
        return _("It is running already.")
    if action == "pause" and bot.status == BotStatus.PAUSED:
        return _("It is paused already.")
    if action == "pause" and bot.status == BotStatus.STOPPED:
        return _("It is stopped.")
    if action == "close" and bot.is_flat:
        return _("It has no position.")
    return ""


def _outcome(request: PageRequest, bot: Bot, action: str) -> dict[str, Any]:
    """JSON-ready for the session: {"bot", "name", "ok", "text"}."""
    told = {"bot": bot.pk, "name": bot.bot_name}
    try:
        return told | {"ok": True, "text": act(request, bot, action, key=_key(request, bot))}
    except ValidationError as error:
        return told | {"ok": False, "text": " ".join(error.messages)}
    except (DomainError, ExchangeError) as error:
        return told | {"ok": False, "text": str(error.message)}


def _key(request: PageRequest, bot: Bot) -> str:
    """The same question closes each of its bots once."""
    return request.POST.get(f"key-{bot.pk}", "")[:KEY_LENGTH]
