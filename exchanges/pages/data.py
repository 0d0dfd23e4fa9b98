"""Recorded history: what there is, where it has holes, and downloading more."""

from typing import Any

from django.contrib import messages
from django.contrib.auth.decorators import login_required
from django.core.exceptions import PermissionDenied, ValidationError
from django.core.paginator import Paginator
from django.http import Http404, HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.utils import timezone
from django.utils.http import urlencode
from django.utils.translation import gettext as _
from django.views.decorators.http import require_GET, require_POST

from accounts.page_request import PageRequest
from exchanges import tasks
from exchanges.api.filters_data import VENUES
from exchanges.errors import DomainError
from exchanges.history import downloads
from exchanges.history.download_data import BARS_MAX
from exchanges.history.stored_series import StoredSeries
from exchanges.models import CandleDownload, CandleSet
from exchanges.pages.data_view import HOLES_SHOWN, axis_of, downloads_shown, lines_of, series_page
from exchanges.pages.forms_data import DownloadForm
from exchanges.timeframes import timeframe_ms

SERIES_ON_A_PAGE = 60


@login_required
def data_page(request: PageRequest) -> HttpResponse:
    if request.method == "POST":
        return _asked(request)
    return _shown(request, DownloadForm(initial=_wished(request)))


@login_required
@require_GET
def series_part(request: PageRequest, series_id: int) -> HttpResponse:
    """A page of its own without scripts; with them its middle in a dialogue."""
    row = get_object_or_404(CandleSet, pk=series_id)
    is_dialogue = request.headers.get("X-Requested-With") == "fetch"
    template = "exchanges/parts/data_series.html" if is_dialogue else "exchanges/data_series.html"
    context = {"series": series_page(row), "length": timeframe_ms(row.timeframe), "most": HOLES_SHOWN}
    return render(request, template, context)


@login_required
@require_POST
def cancel_post(request: PageRequest, download_id: int) -> HttpResponse:
    try:
        download = downloads.download_of(request.user, download_id)
        tasks.tell(downloads.download_cancel(actor=request.user, download=download, now=timezone.now()))
    except CandleDownload.DoesNotExist:
        raise Http404 from None
    except DomainError as error:
        messages.error(request, error.message)
    else:
        messages.success(request, _("The download is canceled; what was stored stays."))
    return redirect("data")


def _asked(request: PageRequest) -> HttpResponse:
    if not request.user.can_trade:
        raise PermissionDenied
    form = DownloadForm(request.POST)
    if form.is_valid() and _created(request, form):
        messages.success(request, _("The download has begun; it goes on when you leave this page."))
        return redirect("data")
    return _shown(request, form, status=400)


def _created(request: PageRequest, form: DownloadForm) -> bool:
    """False: the complaints stand beside their fields."""
    try:
        tasks.tell(downloads.download_create(actor=request.user, data=form.sent(), now=timezone.now()))
    except ValidationError as error:
        form.show_errors(error.message_dict)
    except DomainError as error:
        form.add_error(None, error.message)
    else:
        return True
    return False


def _shown(request: PageRequest, form: DownloadForm, status: int = 200) -> HttpResponse:
    venue, text = request.GET.get("exchange", ""), request.GET.get("q", "").strip()[:40]
    wanted = {"exchange": venue} if venue in dict(VENUES) else {}
    page = Paginator(StoredSeries(wanted, text.replace("\x00", "")), SERIES_ON_A_PAGE).get_page(request.GET.get("page"))
    rows = list(page.object_list)
    axis = axis_of(rows, timezone.now())
    shown = downloads_shown(request.user)
    context: dict[str, Any] = {
        "form": form,
        "page": page,
        "lines": lines_of(rows, axis),
        "axis": axis,
        "downloads": shown,
        "is_side_first": form.is_bound or not rows or any(download.is_open for download in shown),
        "venues": [("", _("All")), *VENUES],
        "venue": wanted.get("exchange", ""),
        "text": text,
        "query": urlencode({"exchange": venue, "q": text}) + "&",
        "symbols": sorted({row.symbol.partition(":")[0] for row in rows}),
        "is_narrowed": bool(wanted or text),
        "page_words": _words(),
        "bars_max": BARS_MAX,
        "quick": [(30, _("30 d")), (90, _("90 d")), (365, _("1 year"))],
    }
    return render(request, "exchanges/data.html", context, status=status)


def _wished(request: PageRequest) -> dict[str, str]:
    """Fields that a link fills in, such as the markets of a back-test without history."""
    return {name: value for name in DownloadForm.base_fields if (value := request.GET.get(name, ""))}


def _words() -> dict[str, str]:
    """What the script writes (static/js/pages/data.js)."""
    return {
        "bars": _("%(n)s bars"),
        "hours": _("%(n)s h"),
        "of": _("%(done)s of %(total)s"),
        "stored": _("%(n)s stored"),
        "estimate": _("About %(bars)s bars, %(size)s MB."),
        "too_many": _("About %(bars)s bars: too many at once."),
    }
