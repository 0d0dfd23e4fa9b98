"""The form of a bot, new or changed: it answers what was typed with figures, and starts what is ready."""

import contextlib
from datetime import datetime
from typing import Any

from django.contrib import messages
from django.contrib.auth.decorators import login_required
from django.core.exceptions import NON_FIELD_ERRORS, PermissionDenied, ValidationError
from django.http import Http404, HttpResponse
from django.shortcuts import redirect, render
from django.urls import reverse
from django.utils import timezone
from django.utils.translation import gettext as _
from django.views.decorators.http import require_GET, require_http_methods

from accounts.page_request import PageRequest
from bots import services
from bots.charts.words import chart_words
from bots.market_search import found_markets
from bots.models import Bot
from bots.pages.form_view import DEFAULT_RANGE, RANGES, FormView
from bots.pages.forms import (
    BotForm,
    blank_form,
    change_rows,
    form_from_post,
    form_of_bot,
    form_of_copy,
    form_of_parameters,
)
from bots.pages.shell import shell_of
from bots.selectors import bot_of, bots_of
from bots.settings.fields import read_symbol
from bots.start_preview import start_preview
from bots.strategies.settings import plugin_of
from exchanges.errors import DomainError, ExchangeError
from exchanges.history.simulated_shelf import history_exchange
from exchanges.models import ExchangeAccount, PaperSource
from exchanges.registry import venue_of
from exchanges.selectors import account_of, accounts_of
from trading.backtests.selectors import backtest_of
from trading.models import Backtest, Trial
from trading.searches import results

COPIES_MOST = 50
SAVES = ("save", "start", "start_paper")


@login_required
@require_http_methods(["GET", "POST"])
def new_page(request: PageRequest) -> HttpResponse:
    """`?copy=<bot>` begins with another bot's settings, `?backtest=<id>` with those of a back-test,
    `?backtest=<id>&set=<number>` with those of one set of a search, `?market1=&market2=&exchange=` with a pair."""
    _check_may_trade(request)
    if request.method == "POST":
        return _posted(request, None)
    return _page(request, _first_form(request), None)


@login_required
@require_http_methods(["GET", "POST"])
def edit_page(request: PageRequest, bot_id: int) -> HttpResponse:
    _check_may_trade(request)
    bot = _bot_or_404(request, bot_id)
    if request.method == "POST":
        return _posted(request, bot)
    return _page(request, form_of_bot(bot), bot)


@login_required
@require_GET
def markets_part(request: PageRequest) -> HttpResponse:
    """Markets of `account` whose name begins with or holds `q`, with price, day's change and smallest order."""
    number = request.GET.get("account", "")
    try:
        account = account_of(request.user, int(number) if number.isdecimal() and len(number) < 19 else 0)
    except ExchangeAccount.DoesNotExist:
        raise Http404 from None
    context: dict[str, Any] = {"leg": request.GET.get("leg", "1")}
    try:
        context["markets"] = found_markets(account, request.GET.get("q", ""))
    except (ExchangeError, ValidationError):
        context["is_unseen"] = True
    return render(request, "bots/parts/form_markets.html", context)


def _posted(request: PageRequest, bot: Bot | None) -> HttpResponse:
    """Buttons that save leave the page; all others show it again with their work done."""
    form = form_from_post(request.POST, bot)
    wish = request.POST.get("do", "save")
    if wish not in SAVES:
        change_rows(form, wish, request.POST.get("preset", ""))
        return _page(request, form, bot)
    if wish == "start_paper":
        _move_to_paper(request, form)
    try:
        saved = _saved(request, form, bot)
    except ValidationError as error:
        form.refuse(error.message_dict)
    except (DomainError, ExchangeError) as error:
        form.refuse({NON_FIELD_ERRORS: [error.message]})
    else:
        return redirect(_after_saving(request, saved, wish))
    return _page(request, form, bot, status=400)


def _saved(request: PageRequest, form: BotForm, bot: Bot | None) -> Bot:
    now = timezone.now()
    if bot is None:
        return services.bot_create(actor=request.user, data=form.data(), now=now)
    return services.bot_update(actor=request.user, bot=bot, data=form.data(), now=now)


def _after_saving(request: PageRequest, bot: Bot, wish: str) -> str:
    """Where to go next. A start that is live, that would trade at once or that is not possible is asked about first."""
    detail = reverse("bots:detail", args=[bot.pk])
    if wish == "save":
        messages.success(request, _("%(bot)s is saved.") % {"bot": bot.bot_name})
        return detail
    now = timezone.now()
    preview = start_preview(bot=bot, now=now)
    if not bot.is_paper or preview["problems"] or preview["action"] != "none":
        messages.info(request, _("%(bot)s is saved, and not started yet.") % {"bot": bot.bot_name})
        return f"{reverse('bots:confirm', args=[bot.pk, 'start'])}?next={detail}"
    try:
        services.bot_start(actor=request.user, bot=bot, now=now)
    except ValidationError as error:
        for text in error.messages:
            messages.error(request, text)
    except (DomainError, ExchangeError) as error:
        messages.error(request, error.message)
    else:
        messages.success(request, _("%(bot)s is running.") % {"bot": bot.bot_name})
    return detail


def _move_to_paper(request: PageRequest, form: BotForm) -> None:
    paper = _view(request, form, None).paper_account
    if paper is not None:
        form.values["exchange_account"], form.values["exchange_account2"] = str(paper.pk), ""


def _page(request: PageRequest, form: BotForm, bot: Bot | None, *, status: int = 200) -> HttpResponse:
    """Scripts get the form alone, with what is wrong so far."""
    view = _view(request, form, bot)
    if bot is None and request.method == "GET" and not form.values["bot_name"]:
        form.values["bot_name"] = view.suggested_name
    is_script = request.headers.get("X-Requested-With") == "fetch"
    if is_script and view.preview:
        form.refuse(view.preview["errors"])
    context = {"form": form, "view": view, "bot": bot, "page_account": view.account, "chart_words": chart_words()}
    return render(request, "bots/parts/form_body.html" if is_script else "bots/form.html", context, status=status)


def _view(request: PageRequest, form: BotForm, bot: Bot | None) -> FormView:
    wished = request.POST.get("range") or request.GET.get("range", "")
    return FormView(
        user=request.user,
        form=form,
        bot=bot,
        accounts=[account for account in accounts_of(request.user).order_by("exchange", "label") if account.is_active],
        others=list(bots_of(request.user)[:COPIES_MOST]),
        now=timezone.now(),
        range_name=wished if wished in RANGES else DEFAULT_RANGE,
    )


def _first_form(request: PageRequest) -> BotForm:
    copied = request.GET.get("copy", "")
    if copied.isdecimal() and len(copied) < 19:
        original = _bot_or_404(request, int(copied))
        return form_of_copy(original, _("%(bot)s, copy") % {"bot": original.bot_name[:70]})
    run = request.GET.get("backtest", "")
    if run.isdecimal() and len(run) < 19:
        return _form_of_backtest(request, int(run))
    shown = [each for each in shell_of(request).scope.accounts if each.is_active]
    account = next(iter(_trading_at(request.GET.get("exchange", ""), shown) or shown), None)
    symbols = _named_pair(request) or _only_pair(account)
    return blank_form(account.pk if account else None, symbols, _market_now(account))


def _form_of_backtest(request: PageRequest, backtest_id: int) -> BotForm:
    """On the first account that trades by the rules of the exchange whose candles the run had, paper before live."""
    try:
        run = backtest_of(request.user, backtest_id)
        parameters = _parameters_of(run, request.GET.get("set", ""))
    except (Backtest.DoesNotExist, Trial.DoesNotExist):
        raise Http404 from None
    if plugin_of(run.strategy) is None:
        raise Http404
    own = [account for account in accounts_of(request.user).order_by("exchange", "label") if account.is_active]
    account = next(iter(_trading_at(run.exchange, own) or own), None)
    return form_of_parameters(
        parameters,
        name=run.name,
        account_id=account.pk if account else None,
        symbols=(run.market1_symbol, run.market2_symbol),
        timeframe=run.timeframe,
        start=_market_now(account),
        strategy=run.strategy,
    )


def _trading_at(exchange: str, own: list[ExchangeAccount]) -> list[ExchangeAccount]:
    """Those that trade by the rules of the exchange whose candles were looked at, paper before live."""
    if not exchange:
        return []
    fitting = [each for each in own if exchange in (history_exchange(each), each.rules_venue)]
    return sorted(fitting, key=lambda each: not each.is_paper)


def _named_pair(request: PageRequest) -> tuple[str, str] | None:
    """Of an address that names both markets (`market1`, `market2`), as the pairs scanner's does."""
    try:
        one, two = (read_symbol(request.GET.get(name, "")) for name in ("market1", "market2"))
    except ValidationError:
        return None
    return one, two


def _parameters_of(run: Backtest, number: str) -> dict[str, Any]:
    """A run's own, or those of one of a search's sets. Raises Trial.DoesNotExist."""
    if run.kind == Backtest.Kind.SEARCH and number.isdecimal() and len(number) < 10:
        return results.parameters_of(results.trial_of(run, int(number)))
    return run.summary.get("parameters") or run.parameters


def _only_pair(account: ExchangeAccount | None) -> tuple[str, str]:
    """A replay or a simulation of two markets leaves nothing to choose."""
    if account is not None and account.paper_source in (PaperSource.REPLAY, PaperSource.SIMULATED):
        try:
            names = list(venue_of(account).markets())
        except (ExchangeError, ValidationError):
            return "", ""
        if len(names) == 2:
            return names[0], names[1]
    return "", ""


def _market_now(account: ExchangeAccount | None) -> datetime:
    """The minute that is over on the account's own clock: a replay's lies in the past."""
    now = timezone.now()
    if account is not None and account.is_paper:
        with contextlib.suppress(ExchangeError, ValidationError):
            now = venue_of(account).clock()
    return now.replace(second=0, microsecond=0)


def _check_may_trade(request: PageRequest) -> None:
    if not request.user.can_trade:
        raise PermissionDenied


def _bot_or_404(request: PageRequest, bot_id: int) -> Bot:
    try:
        return bot_of(request.user, bot_id)
    except Bot.DoesNotExist:
        raise Http404 from None
