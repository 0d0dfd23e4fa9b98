"""The list of bots, and what one asks of a bot there or on its own page: start, pause, stop, close, delete."""

from datetime import datetime
from urllib.parse import urlencode

from django.contrib import messages
from django.contrib.auth.decorators import login_required
from django.core.exceptions import ValidationError
from django.core.paginator import Paginator
from django.http import Http404, HttpResponse
from django.shortcuts import redirect, render
from django.urls import reverse
from django.utils import timezone
from django.utils.translation import gettext as _
from django.views.decorators.http import require_GET, require_POST

from accounts.page_request import PageRequest
from accounts.pages.entry import next_page
from accounts.step_up import is_asked, require_fresh_second_factor
from bots import services
from bots.confirmations import CONFIRMED, confirmation
from bots.models import Bot, BotStatus
from bots.overview.lines import bot_lines
from bots.pages.list_query import STATUSES, ListQuery, bots_shown, in_order, narrowed, ordered
from bots.pages.shell import shell_of
from bots.selectors import bot_of, bots_of
from exchanges.errors import DomainError, ExchangeError

PAGE_SIZE = 50
BULK_DONE = "bulk_done"
"""In the session: what came of the last wish for several bots, until the list has shown it."""


@login_required
@require_GET
def list_page(request: PageRequest) -> HttpResponse:
    query = ListQuery.of(request.GET)
    scope = shell_of(request).scope
    shown = bots_shown(bots_of(request.user), scope)
    page = Paginator(ordered(narrowed(shown, query), query.sort), PAGE_SIZE).get_page(request.GET.get("page"))
    now = timezone.now()
    rows = in_order(bots_of(request.user), list(page.object_list))
    lines = bot_lines(rows, now=now, day_start=day_start(now))
    wishes = query.wishes
    context = {
        "query": query,
        "page": page,
        "live_lines": [line for line in lines if not line.bot.is_paper],
        "paper_lines": [line for line in lines if line.bot.is_paper],
        "paper_apart": not scope.is_paper,
        "statuses": _statuses(query),
        "accounts": scope.accounts,
        "bulk_done": request.session.pop(BULK_DONE, None),
        "wishes": urlencode(wishes) + "&" if wishes else "",
        "page_wishes": urlencode(wishes | {"sort": query.sort}) + "&",
        "controls": request.user.can_trade,
    }
    return render(request, "bots/list.html", context)


def day_start(now: datetime) -> datetime:
    """Midnight where the user lives."""
    return timezone.localtime(now).replace(hour=0, minute=0, second=0, microsecond=0)


def _statuses(query: ListQuery) -> list[tuple[str, str, str]]:
    """(status, word, the address's wishes): what else was asked for stays."""
    words = {
        BotStatus.RUNNING: _("Running"),
        BotStatus.PAUSED: _("Paused"),
        BotStatus.STOPPED: _("Stopped"),
        BotStatus.ERROR: _("Failing"),
    }
    rows = [("", _("All")), *((str(status), words[status]) for status in STATUSES)]
    kept = {name: value for name, value in query.wishes.items() if name != "status"} | {"sort": query.sort}
    return [(status, word, urlencode(kept | ({"status": status} if status else {}))) for status, word in rows]


@login_required
@require_GET
def confirm_page(request: PageRequest, bot_id: int, action: str) -> HttpResponse:
    """Asks before an action happens, with its figures: inside a dialogue, or as a page of its own without scripts."""
    bot = _bot_or_404(request, bot_id)
    part = f"bots/parts/confirm_{CONFIRMED[action]}.html"
    context = {
        "bot": bot,
        "action": action,
        "part": part,
        "next": next_page(request, ""),
        "page_account": bot.exchange_account,
        "asks_code": action == "start" and not bot.is_paper and is_asked(request),
    }
    is_dialogue = request.headers.get("X-Requested-With") == "fetch"
    template = part if is_dialogue else "bots/confirm.html"
    return render(request, template, context | confirmation(bot, action, timezone.now()))


@login_required
@require_POST
def action_post(request: PageRequest, bot_id: int, action: str) -> HttpResponse:
    bot = _bot_or_404(request, bot_id)
    try:
        messages.success(request, act(request, bot, action, key=request.POST.get("key", "")))
    except ValidationError as error:
        for text in error.messages:
            messages.error(request, text)
    except (DomainError, ExchangeError) as error:
        messages.error(request, error.message)
    fallback = reverse("bots:list") if action == "delete" else reverse("bots:detail", args=[bot.pk])
    return redirect(next_page(request, fallback))


def act(request: PageRequest, bot: Bot, action: str, *, key: str = "") -> str:
    """Does it and says what was done; the same `key` closes once.

    Raises ValidationError, DomainError or ExchangeError.
    """
    user, now, name = request.user, timezone.now(), {"bot": bot.bot_name}
    match action:
        case "start":
            if not bot.is_paper:
                require_fresh_second_factor(request)
            services.bot_start(actor=user, bot=bot, now=now, reset_reference=request.POST.get("from_here") == "yes")
            return _("%(bot)s is running.") % name
        case "pause":
            services.bot_pause(actor=user, bot=bot, now=now, reason="by_user")
            return _("%(bot)s is paused.") % name
        case "stop":
            services.bot_stop(actor=user, bot=bot, now=now, reason="by_user")
            return _("%(bot)s is stopped.") % name
        case "close":
            services.bot_close_positions(actor=user, bot=bot, now=now, idempotency_key=key)
            return _("%(bot)s closes both legs.") % name
        case "delete":
            services.bot_delete(actor=user, bot=bot, now=now)
            return _("%(bot)s is deleted.") % name
    raise Http404


def _bot_or_404(request: PageRequest, bot_id: int) -> Bot:
    try:
        return bot_of(request.user, bot_id)
    except Bot.DoesNotExist:
        raise Http404 from None
