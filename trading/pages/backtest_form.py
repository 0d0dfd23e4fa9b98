"""The form of a back-test: it answers what was typed with figures, and starts the run."""

from typing import Any

from django.contrib import messages
from django.contrib.auth.decorators import login_required
from django.core.exceptions import PermissionDenied, ValidationError
from django.http import Http404, HttpResponse
from django.shortcuts import redirect, render
from django.utils import timezone
from django.utils.translation import gettext as _
from django.views.decorators.http import require_http_methods

from accounts.page_request import PageRequest
from bots.charts.words import chart_words
from bots.models import Bot
from bots.pages.forms import SYMBOLS, change_rows
from bots.selectors import bot_of, bots_of
from exchanges.history.simulated import history_prepare
from exchanges.history.simulated_shelf import history_exchange
from exchanges.models import CandleDownload, ExchangeAccount
from exchanges.selectors import account_of
from exchanges.timeframes import TIMEFRAME_MS
from trading.backtests import services
from trading.backtests.catalogue import Catalogue
from trading.backtests.selectors import backtest_of, backtests_of
from trading.models import Backtest
from trading.pages.backtest_form_view import BacktestFormView
from trading.pages.backtest_start import FILLED_FROM_MOST, number_of, started
from trading.pages.forms_backtests import (
    BacktestForm,
    blank_form,
    choose_markets,
    fill_in,
    form_from_bot_form,
    form_from_post,
    form_of_backtest,
    form_of_bot,
    reach_back,
    usual_markets,
)

FROM_BOT_FORM = "from_bot_form"


@login_required
@require_http_methods(["GET", "POST"])
def new_page(request: PageRequest) -> HttpResponse:
    """`?bot=` or `?backtest=` fills it in from one of the user's own, `?exchange=&market1=&market2=&timeframe=` chooses
    markets."""
    if not request.user.can_trade:
        raise PermissionDenied
    if request.method == "POST" and request.POST.get("do") == FROM_BOT_FORM:
        return _from_bot_form(request)
    catalogue = Catalogue()
    if request.method == "POST":
        return _posted(request, catalogue)
    bot = _bot(request)
    form = _first_form(request, bot)
    if bot is not None and (work := _prepared(request, bot.exchange_account, form)):
        return _preparing(request, work)
    choose_markets(form, catalogue, request.GET.dict() or usual_markets(bots_of(request.user), catalogue))
    fill_in(form, catalogue)
    return _page(request, form, catalogue)


def _from_bot_form(request: PageRequest) -> HttpResponse:
    """What stands in the form of a bot is not lost while its market's history is made: it says what is missing."""
    try:
        account = account_of(request.user, number_of(request.POST.get("exchange_account", "")))
    except ExchangeAccount.DoesNotExist:
        account = None
    form = form_from_bot_form(request.POST, history_exchange(account) if account else "")
    if account and _prepared(request, account, form):
        sentence = _("The simulated market's history is being made. Use “Back-test this” again in some seconds.")
        messages.info(request, sentence)
    catalogue = Catalogue()
    fill_in(form, catalogue)
    return _page(request, form, catalogue)


def _prepared(request: PageRequest, account: ExchangeAccount, form: BacktestForm) -> list[CandleDownload]:
    """The work that has to end before the markets of a simulated bot have any history."""
    symbols, timeframe = [form.values[name] for name in SYMBOLS], form.values["timeframe"]
    if timeframe not in TIMEFRAME_MS:
        return []
    return history_prepare(
        actor=request.user, account=account, symbols=symbols, timeframe=timeframe, now=timezone.now()
    )


def _preparing(request: PageRequest, work: list[CandleDownload]) -> HttpResponse:
    context = {"preparing": work, "again": request.get_full_path()}
    return render(request, "backtests/form.html", context)


def _posted(request: PageRequest, catalogue: Catalogue) -> HttpResponse:
    form = form_from_post(request.POST)
    wish = request.POST.get("do", "run")
    change_rows(form, wish, request.POST.get("preset", ""))
    fill_in(form, catalogue)
    action, _colon, argument = wish.partition(":")
    if action == "last":
        reach_back(form, catalogue, argument)
    elif action == "cure" and argument == "pause_after_close=false":
        form.values["pause_after_close"] = "false"
    if wish != "run":
        return _page(request, form, catalogue)
    if backtest := started(request, form, lambda: _asked(form, catalogue), services.backtest_create):
        return redirect("backtest", backtest.pk)
    return _page(request, form, catalogue, status=400)


def _asked(form: BacktestForm, catalogue: Catalogue) -> dict[str, Any]:
    """Raises ValidationError by field."""
    view = BacktestFormView(form, catalogue, [], [])
    if view.draft.errors:
        raise ValidationError(view.draft.errors)
    return {"name": view.suggested_name} | view.draft.data


def _page(request: PageRequest, form: BacktestForm, catalogue: Catalogue, *, status: int = 200) -> HttpResponse:
    """Scripts get the form alone, with what is wrong so far."""
    view = BacktestFormView(
        form,
        catalogue,
        list(bots_of(request.user)[:FILLED_FROM_MOST]),
        list(backtests_of(request.user).filter(kind=Backtest.Kind.RUN)[:FILLED_FROM_MOST]),
    )
    if request.method == "GET" and not form.values["name"]:
        form.values["name"] = view.suggested_name
    is_script = request.headers.get("X-Requested-With") == "fetch"
    if is_script and view.draft.errors:
        form.refuse(ValidationError(view.draft.errors).message_dict)
    context = {"form": form, "view": view, "chart_words": chart_words()}
    template = "backtests/parts/form_body.html" if is_script else "backtests/form.html"
    return render(request, template, context, status=status)


def _bot(request: PageRequest) -> Bot | None:
    """Raises Http404 for what is not the user's own."""
    number = number_of(request.GET.get("bot", ""))
    try:
        return bot_of(request.user, number) if number else None
    except Bot.DoesNotExist:
        raise Http404 from None


def _first_form(request: PageRequest, bot: Bot | None) -> BacktestForm:
    """Raises Http404 for what is not the user's own."""
    if bot is not None:
        return form_of_bot(bot)
    try:
        if number := number_of(request.GET.get("backtest", "")):
            return form_of_backtest(backtest_of(request.user, number))
    except Backtest.DoesNotExist:
        raise Http404 from None
    return blank_form()
