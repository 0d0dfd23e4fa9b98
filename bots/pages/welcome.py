"""The first run: from nothing to a bot that trades on paper, in four steps that can be left and taken up again."""

from dataclasses import dataclass
from typing import Any, Final

from django.contrib import messages
from django.contrib.auth.decorators import login_required
from django.core.exceptions import ValidationError
from django.http import HttpResponse
from django.shortcuts import redirect, render
from django.utils import timezone
from django.utils.translation import gettext as _
from django.views.decorators.http import require_http_methods

from accounts.models import User
from accounts.page_request import PageRequest
from bots import services
from bots.models import Bot
from bots.pages.welcome_view import (
    MOODS,
    PAPER,
    Mood,
    PairStory,
    bot_data,
    free_label,
    pair_stories,
    welcome_account,
)
from exchanges.errors import DomainError, ExchangeError
from exchanges.models import ExchangeAccount
from exchanges.services import account_create

KEPT: Final = "welcome"
"""In the session: what was chosen so far, `pair` and `mood`."""
ACCOUNT, PAIR, LADDER, START = 1, 2, 3, 4


@dataclass(frozen=True, slots=True)
class Choices:
    """`reached`: the step that comes next; `step`: the one that is shown, that or an earlier one."""

    account: ExchangeAccount | None
    stories: list[PairStory]
    story: PairStory | None
    mood: Mood | None
    wished: int

    @property
    def reached(self) -> int:
        done = (self.account, self.story, self.mood)
        return next((step for step, choice in enumerate(done, start=1) if choice is None), START)

    @property
    def step(self) -> int:
        return min(self.wished or self.reached, self.reached)


@login_required
@require_http_methods(["GET", "POST"])
def welcome_page(request: PageRequest) -> HttpResponse:
    if not request.user.can_trade:
        return redirect("dashboard")
    if request.method == "POST":
        return _posted(request)
    try:
        choices = _choices(request)
        context = _shown(choices)
    except ExchangeError as error:
        context = {"failure": error.message}
    return render(request, "bots/welcome.html", context)


def _posted(request: PageRequest) -> HttpResponse:
    """One button a step; every answer is the page again, or the bot's."""
    wish = request.POST.get("do", "")
    if wish == "account":
        _account_make(request)
    elif wish in ("pair", "mood"):
        _keep(request, **{wish: request.POST.get("choice", "")[:20]})
    elif wish == "start":
        return _started(request)
    return redirect("welcome")


def _account_make(request: PageRequest) -> None:
    """Pressed twice it makes one."""
    if welcome_account(request.user) is not None:
        return
    try:
        data = PAPER | {"label": free_label(request.user)}
        account_create(owner=request.user, data=data, actor=request.user)
    except ValidationError as error:
        for text in error.messages:
            messages.error(request, text)


def _started(request: PageRequest) -> HttpResponse:
    try:
        choices = _choices(request)
        if choices.story is None or choices.mood is None:
            return redirect("welcome")
        bot = _bot_make(request.user, choices.story, choices.mood)
        request.session.pop(KEPT, None)
    except ValidationError as error:
        return _refused(request, error.messages)
    except (DomainError, ExchangeError) as error:
        return _refused(request, [error.message])
    try:
        services.bot_start(actor=request.user, bot=bot, now=timezone.now())
    except ValidationError as error:
        _say(request, error.messages)
    except (DomainError, ExchangeError) as error:
        _say(request, [error.message])
    else:
        messages.success(request, _("%(bot)s is running.") % {"bot": bot.bot_name})
    return redirect("bots:detail", bot.pk)


def _bot_make(user: User, story: PairStory, mood: Mood) -> Bot:
    return services.bot_create(actor=user, data=bot_data(story, mood), now=timezone.now())


def _refused(request: PageRequest, texts: list[str]) -> HttpResponse:
    _say(request, texts)
    return redirect("welcome")


def _say(request: PageRequest, texts: list[str]) -> None:
    for text in texts:
        messages.error(request, text)


def _choices(request: PageRequest) -> Choices:
    """Raises ExchangeError."""
    kept = request.session.get(KEPT, {})
    account = welcome_account(request.user)
    stories = pair_stories(account) if account else []
    wished = request.GET.get("step", "")
    return Choices(
        account=account,
        stories=stories,
        story=next((story for story in stories if story.key == kept.get("pair")), None),
        mood=next((mood for mood in MOODS if mood.key == kept.get("mood")), None),
        wished=int(wished) if wished in ("1", "2", "3", "4") else 0,
    )


def _keep(request: PageRequest, **choice: str) -> None:
    request.session[KEPT] = request.session.get(KEPT, {}) | choice


def _shown(choices: Choices) -> dict[str, Any]:
    """Raises ExchangeError."""
    context: dict[str, Any] = {
        "choices": choices,
        "page_account": choices.account,
        "steps": [
            (ACCOUNT, _("Play money")),
            (PAIR, _("A pair")),
            (LADDER, _("A ladder")),
            (START, _("Start")),
        ],
    }
    if choices.step == PAIR:
        context["pairs"] = [(story, story.spreads(), *story.range_24h) for story in choices.stories]
    elif choices.story and choices.step == LADDER:
        context["moods"] = MOODS
        context["spreads"] = choices.story.spreads()
    elif choices.story and choices.mood:
        context |= _plan(choices.story, choices.mood)
    return context


def _plan(story: PairStory, mood: Mood) -> dict[str, Any]:
    """What pressing the last button will do. `sold` rose more since the start, `bought` less."""
    start = story.start_for(mood)
    spreads = story.spreads(start)
    now, first = spreads[-1], mood.thresholds[0]
    coins = story.coins if now > 0 else story.coins[::-1]
    return {
        "start": start,
        "spreads": spreads,
        "spread": now,
        "first": first,
        "opens_at_once": abs(now) >= first,
        "sold": coins[0],
        "bought": coins[1],
        "levels": [level if now > 0 else -level for level in mood.thresholds[:3]],
    }
