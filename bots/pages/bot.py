"""The page of one bot, its parts anew, and the data of its chart."""

from datetime import datetime, timedelta

from django.contrib.auth.decorators import login_required
from django.core.exceptions import ValidationError
from django.http import Http404, HttpResponse, JsonResponse
from django.shortcuts import render
from django.utils import timezone
from django.views.decorators.http import require_GET

from accounts.page_request import PageRequest
from bots.charts.lines import strategy_lines
from bots.charts.spread import RANGES, spread_chart, spread_part, time_of_range
from bots.figures_now import figures_now
from bots.models import Bot
from bots.pages.bot_view import DEFAULT_RANGE, BotPage
from bots.selectors import bot_of
from bots.settings.readers import read_instant

PART_LONGEST = timedelta(days=800)


@login_required
@require_GET
def bot_page(request: PageRequest, bot_id: int) -> HttpResponse:
    """`?tab=` chooses the tab, `page` and `kind` what it lists."""
    bot = _bot_or_404(request, bot_id)
    page = BotPage(bot, request.GET.dict(), request.user.can_trade)
    return render(request, "bots/detail.html", {"bot": bot, "page": page, "page_account": bot.exchange_account})


@login_required
@require_GET
def bot_figures(request: PageRequest, bot_id: int) -> HttpResponse:
    """For a page whose bot looks at no market any more, or whose feed is lost; null while it cannot be seen."""
    return JsonResponse({"figures": figures_now(_bot_or_404(request, bot_id))})


@login_required
@require_GET
def bot_chart(request: PageRequest, bot_id: int) -> HttpResponse:
    """`from` and `to` in ms ask for a part, else `range` names a usual one."""
    bot = _bot_or_404(request, bot_id)
    if "from" in request.GET:
        return JsonResponse(spread_part(bot, *_part(request), figures_now(bot)))
    range_name = request.GET.get("range", DEFAULT_RANGE)
    if range_name not in RANGES:
        raise Http404
    return JsonResponse(spread_chart(bot, range_name, timezone.now(), figures_now(bot)))


@login_required
@require_GET
def bot_chart_lines(request: PageRequest, bot_id: int) -> HttpResponse:
    """The strategy's own lines `from` one moment `to` another, in ms; over the usual range without them."""
    bot = _bot_or_404(request, bot_id)
    if "from" in request.GET:
        return JsonResponse(strategy_lines(bot, *_part(request)))
    return JsonResponse(strategy_lines(bot, *time_of_range(bot, DEFAULT_RANGE, timezone.now(), figures_now(bot))))


def _part(request: PageRequest) -> tuple[datetime, datetime]:
    try:
        begin, end = (read_instant(request.GET.get(name, "")) for name in ("from", "to"))
    except ValidationError:
        raise Http404 from None
    if not timedelta(0) < end - begin <= PART_LONGEST:
        raise Http404
    return begin, end


def _bot_or_404(request: PageRequest, bot_id: int) -> Bot:
    try:
        return bot_of(request.user, bot_id)
    except Bot.DoesNotExist:
        raise Http404 from None
