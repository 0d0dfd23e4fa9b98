"""Back-tests: the list, one run with its report, and several laid side by side."""

from typing import Any

from django.contrib import messages
from django.contrib.auth.decorators import login_required
from django.core.paginator import Paginator
from django.http import Http404, HttpResponse, HttpResponseBase, JsonResponse
from django.shortcuts import redirect, render
from django.utils import timezone
from django.utils.translation import gettext as _
from django.views.decorators.http import require_GET, require_POST

from accounts.page_request import PageRequest
from exchanges.errors import DomainError
from exchanges.models import JobStatus
from trading.api.backtests import report_answer
from trading.backtests import drawing, services
from trading.backtests.outlines import outlines
from trading.backtests.selectors import backtest_of, backtests_of
from trading.models import Backtest
from trading.pages.backtest_compare import COMPARED_MOST, Comparison
from trading.pages.backtest_view import BacktestPage
from trading.pages.forms_backtest_list import KINDS, STATUSES, BacktestQuery
from trading.pages.searches import search_page

PAGE_SIZE = 25
FORMATS = ("html", "json")


@login_required
@require_GET
def list_page(request: PageRequest) -> HttpResponse:
    query = BacktestQuery.of(request.GET)
    own = backtests_of(request.user)
    page = Paginator(query.found(own.defer("problems", "parameters")), PAGE_SIZE).get_page(request.GET.get("page"))
    context = {
        "query": query,
        "page": page,
        "page_query": query.address(),
        "kinds": KINDS,
        "statuses": STATUSES,
        "strategies": own.order_by("strategy").values_list("strategy", flat=True).distinct(),
        "outlines": outlines(list(page.object_list)),
        "open_count": sum(run.is_open for run in page),
        "list_words": {
            "choose": _("Choose two runs or more to lay them side by side."),
            "chosen": _("%(n)s chosen"),
            "most": _("%(n)s chosen, at most %(most)s can be compared"),
            "compare_most": COMPARED_MOST,
        },
    }
    return render(request, "backtests/list.html", context)


@login_required
@require_GET
def backtest_page(request: PageRequest, backtest_id: int) -> HttpResponseBase:
    """`?tab=` chooses the tab, `page` and `cycle` what it lists."""
    backtest = _backtest_or_404(request, backtest_id)
    if backtest.kind == Backtest.Kind.SEARCH:
        return search_page(request, backtest)
    page = BacktestPage(backtest, request.GET.dict(), request.user.can_trade)
    return render(request, "backtests/detail.html", {"run": backtest, "page": page})


@login_required
@require_GET
def chart_data(request: PageRequest, backtest_id: int) -> JsonResponse:
    """What the page draws; `from` and `to` in ms for a closer look. Trades come all, or not where they are too many."""
    backtest = _backtest_or_404(request, backtest_id)
    if backtest.status != JobStatus.DONE or backtest.kind != Backtest.Kind.RUN:
        raise Http404
    begin, end = (_milliseconds(request.GET.get(name, "")) for name in ("from", "to"))
    is_whole = begin is None or end is None
    found = drawing.chart_of(backtest) if is_whole else drawing.curves_between(backtest, begin or 0, end or 0)
    if found["trades_left_out"]:
        found |= {"trades": [], "trades_left_out": found["trades_left_out"] + len(found["trades"])}
    return JsonResponse(found)


@login_required
@require_GET
def report_file(request: PageRequest, backtest_id: int) -> HttpResponseBase:
    backtest = _backtest_or_404(request, backtest_id)
    kind = request.GET.get("format", "html")
    if kind not in FORMATS:
        raise Http404
    try:
        return report_answer(backtest, kind)
    except DomainError as error:
        messages.error(request, error.message)
        return redirect("backtest", backtest.pk)


@login_required
@require_POST
def cancel_post(request: PageRequest, backtest_id: int) -> HttpResponse:
    backtest = _backtest_or_404(request, backtest_id)
    try:
        services.backtest_cancel(actor=request.user, backtest=backtest, now=timezone.now())
    except DomainError as error:
        messages.error(request, error.message)
    else:
        messages.success(request, _("%(name)s is canceled.") % {"name": backtest})
    return redirect("backtest", backtest.pk)


@login_required
@require_POST
def delete_post(request: PageRequest, backtest_id: int) -> HttpResponse:
    backtest = _backtest_or_404(request, backtest_id)
    try:
        services.backtest_delete(actor=request.user, backtest=backtest)
    except DomainError as error:
        messages.error(request, error.message)
        return redirect("backtest", backtest.pk)
    messages.success(request, _("%(name)s is deleted.") % {"name": backtest})
    return redirect("backtests")


@login_required
@require_GET
def compare_page(request: PageRequest) -> HttpResponse:
    """`ids`: several times, or one list with commas. Those of others count as not there."""
    ids = [int(text) for given in request.GET.getlist("ids") for text in given.split(",") if _is_number(text)]
    chosen = list(dict.fromkeys(ids))[:COMPARED_MOST]
    found = {run.pk: run for run in backtests_of(request.user).filter(pk__in=chosen, kind=Backtest.Kind.RUN)}
    runs = [found[pk] for pk in chosen if pk in found and found[pk].status == JobStatus.DONE]
    context: dict[str, Any] = {"comparison": Comparison(runs) if len(runs) > 1 else None}
    return render(request, "backtests/compare.html", context)


def _backtest_or_404(request: PageRequest, backtest_id: int) -> Backtest:
    try:
        return backtest_of(request.user, backtest_id)
    except Backtest.DoesNotExist:
        raise Http404 from None


def _is_number(text: str) -> bool:
    return text.isascii() and text.isdecimal() and len(text) < 19


def _milliseconds(text: str) -> int | None:
    return int(text) if _is_number(text) else None
