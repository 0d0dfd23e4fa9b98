"""Parameter searches: the form, the page of one search, and what its drawings ask for."""

from typing import Any

from django.contrib import messages
from django.contrib.auth.decorators import login_required
from django.core.exceptions import PermissionDenied, ValidationError
from django.http import Http404, HttpResponse, HttpResponseBase, JsonResponse
from django.shortcuts import redirect, render
from django.utils import timezone
from django.utils.translation import gettext as _
from django.views.decorators.http import require_GET, require_http_methods, require_POST

from accounts.page_request import PageRequest
from bots.models import Bot
from bots.pages.forms import change_rows
from bots.selectors import bot_of, bots_of
from exchanges.errors import DomainError
from trading.backtests import services as backtests
from trading.backtests.catalogue import Catalogue
from trading.backtests.selectors import backtest_of, backtests_of
from trading.models import Backtest, Trial
from trading.pages.backtest_start import FILLED_FROM_MOST, number_of, started
from trading.pages.forms_backtests import (
    blank_form,
    choose_markets,
    fill_in,
    form_of_backtest,
    form_of_bot,
    reach_back,
    usual_markets,
)
from trading.pages.forms_searches import (
    SEARCH_FIELDS,
    SearchForm,
    search_form,
    search_form_again,
    search_form_from_post,
)
from trading.pages.search_form_view import SearchFormView, errors_of
from trading.pages.search_view import SearchPage
from trading.searches import results, services

PARALLEL_MOST = 500


@login_required
@require_http_methods(["GET", "POST"])
def new_page(request: PageRequest) -> HttpResponse:
    """`?bot=` or `?backtest=` (a search too) fills it in from one of the user's own."""
    if not request.user.can_trade:
        raise PermissionDenied
    catalogue = Catalogue()
    if request.method == "POST":
        return _posted(request, catalogue)
    form = _first_form(request, catalogue)
    return _form_page(request, form, catalogue)


@require_GET
def search_page(request: PageRequest, backtest: Backtest) -> HttpResponse:
    """Of a search that the caller has found to be the user's. `?set=` chooses the set that is looked at."""
    page = SearchPage(backtest, request.GET.dict(), request.user.can_trade)
    return render(request, "searches/detail.html", {"run": backtest, "page": page})


@login_required
@require_GET
def map_data(request: PageRequest, backtest_id: int) -> JsonResponse:
    """`x`, `y`, `of` (score, oos_score) and `statistic` (max, median)."""
    backtest = _search_or_404(request, backtest_id)
    wanted: dict[str, Any] = {name: request.GET.get(name, "") for name in ("x", "y")}
    try:
        found = results.heat_map(
            backtest,
            **wanted,
            statistic="median" if request.GET.get("statistic") == "median" else "max",
            of="oos_score" if request.GET.get("of") == "oos_score" else "score",
        )
    except ValidationError as error:
        return JsonResponse({"errors": error.message_dict}, status=400)
    return JsonResponse(found)


@login_required
@require_GET
def parallel_data(request: PageRequest, backtest_id: int) -> JsonResponse:
    return JsonResponse(results.parallel(_search_or_404(request, backtest_id), PARALLEL_MOST))


@login_required
@require_POST
def resume_post(request: PageRequest, backtest_id: int) -> HttpResponse:
    backtest = _search_or_404(request, backtest_id)
    try:
        services.search_resume(actor=request.user, backtest=backtest, now=timezone.now())
    except DomainError as error:
        messages.error(request, error.message)
    else:
        messages.success(request, _("The search goes on where it was left."))
    return redirect("backtest", backtest.pk)


@login_required
@require_POST
def run_set_post(request: PageRequest, backtest_id: int, number: int) -> HttpResponseBase:
    """One set as a back-test over the whole of the search's data."""
    backtest = _search_or_404(request, backtest_id)
    trial = _trial_or_404(backtest, number)
    try:
        run = backtests.backtest_create(actor=request.user, data=results.run_data(trial), now=timezone.now())
    except DomainError as error:
        messages.error(request, error.message)
        return redirect("backtest", backtest.pk)
    except ValidationError as error:
        messages.error(request, " ".join(error.messages))
        return redirect("backtest", backtest.pk)
    return redirect("backtest", run.pk)


def _posted(request: PageRequest, catalogue: Catalogue) -> HttpResponse:
    form = search_form_from_post(request.POST)
    wish = request.POST.get("do", "run")
    change_rows(form, wish, "")
    fill_in(form, catalogue)
    action, _colon, argument = wish.partition(":")
    if action == "last":
        reach_back(form, catalogue, argument)
    if wish != "run":
        return _form_page(request, form, catalogue)
    if backtest := started(request, form, lambda: _asked(form, catalogue), services.search_create):
        return redirect("backtest", backtest.pk)
    return _form_page(request, form, catalogue, status=400)


def _asked(form: SearchForm, catalogue: Catalogue) -> dict[str, Any]:
    """Raises ValidationError by field."""
    view = SearchFormView(form, catalogue, [], [])
    if errors := errors_of(view):
        raise ValidationError(errors)
    return {"name": view.suggested_name} | view.draft.data | {"search": form.search()}


def _form_page(request: PageRequest, form: SearchForm, catalogue: Catalogue, *, status: int = 200) -> HttpResponse:
    """Scripts get the form alone, with what is wrong so far."""
    bots = list(bots_of(request.user)[:FILLED_FROM_MOST])
    runs = list(backtests_of(request.user)[:FILLED_FROM_MOST])
    view = SearchFormView(form, catalogue, bots, runs)
    if request.method == "GET" and not form.values["name"]:
        form.values["name"] = view.suggested_name
    view.mark()
    is_script = request.headers.get("X-Requested-With") == "fetch"
    if is_script and (errors := errors_of(view)):
        form.refuse(errors)
    template = "searches/parts/form_body.html" if is_script else "searches/form.html"
    return render(request, template, {"form": form, "view": view}, status=status)


def _first_form(request: PageRequest, catalogue: Catalogue) -> SearchForm:
    """Raises Http404 for what is not the user's own."""
    again: Backtest | None = None
    try:
        if number := number_of(request.GET.get("bot", "")):
            base = form_of_bot(bot_of(request.user, number))
        elif number := number_of(request.GET.get("backtest", "")):
            found = backtest_of(request.user, number)
            base = form_of_backtest(found)
            again = found if found.kind == Backtest.Kind.SEARCH else None
        else:
            base = blank_form()
    except (Bot.DoesNotExist, Backtest.DoesNotExist):
        raise Http404 from None
    if again is None:
        base.values["name"] = ""
    choose_markets(base, catalogue, request.GET.dict() or usual_markets(bots_of(request.user), catalogue))
    fill_in(base, catalogue)
    if again is None:
        return search_form(base)
    settings = {name: getattr(again.search, name) for name in SEARCH_FIELDS}
    return search_form_again(base, settings, again.search.space)


def _search_or_404(request: PageRequest, backtest_id: int) -> Backtest:
    try:
        return backtests_of(request.user).select_related("search").get(pk=backtest_id, kind=Backtest.Kind.SEARCH)
    except Backtest.DoesNotExist:
        raise Http404 from None


def _trial_or_404(backtest: Backtest, number: int) -> Trial:
    try:
        return results.trial_of(backtest, number)
    except Trial.DoesNotExist:
        raise Http404 from None
