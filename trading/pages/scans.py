"""The pairs scanner: the form, a scan with its pairs and heat map, one pair."""

from typing import Any

from django.contrib import messages
from django.contrib.auth.decorators import login_required
from django.core.exceptions import PermissionDenied, ValidationError
from django.http import Http404, HttpResponse, JsonResponse
from django.shortcuts import redirect, render
from django.utils import timezone
from django.utils.translation import gettext as _
from django.views.decorators.http import require_GET, require_http_methods, require_POST

from accounts.page_request import PageRequest
from exchanges.errors import DomainError
from trading.models import PairScan, ScannedPair
from trading.pages.forms_scans import ScanForm
from trading.pages.scans_view import PairRow, ScanPage, chart_words
from trading.scans import drawing, services
from trading.scans.selectors import pair_of, scan_of, scans_of
from trading.scans.shelf import Shelf

RECENT = 8


@login_required
@require_http_methods(["GET", "POST"])
def pairs_page(request: PageRequest) -> HttpResponse:
    """The newest scan, or what to do to get one."""
    if request.method == "POST":
        return _posted(request)
    return _shown(request, scans_of(request.user).first(), ScanForm(shelf=Shelf()))


@login_required
@require_GET
def scan_page(request: PageRequest, scan_id: int) -> HttpResponse:
    """`verdict`, `q`, `sort` and `page` choose the pairs."""
    scan = _scan_or_404(request, scan_id)
    return _shown(request, scan, ScanForm(shelf=Shelf(), initial=_asked_before(scan)))


@login_required
@require_GET
def pair_page(request: PageRequest, scan_id: int, number: int) -> HttpResponse:
    pair = _pair_or_404(request, scan_id, number)
    context = {
        "row": PairRow(pair, pair.scan),
        "pair": pair,
        "scan": pair.scan,
        "can_trade": request.user.can_trade,
        "chart": {"url": f"{request.path}chart", "words": chart_words()},
    }
    return render(request, "pairs/pair.html", context)


@login_required
@require_GET
def pair_chart(request: PageRequest, scan_id: int, number: int) -> JsonResponse:
    pair = _pair_or_404(request, scan_id, number)
    try:
        return JsonResponse(drawing.spread_of(pair))
    except LookupError as error:
        return JsonResponse({"detail": str(error)}, status=404)


@login_required
@require_GET
def map_data(request: PageRequest, scan_id: int) -> JsonResponse:
    figure = request.GET.get("figure", "")
    if figure not in drawing.MAPPED:
        figure = drawing.MAPPED[0]
    return JsonResponse(drawing.matrix_of(_scan_or_404(request, scan_id), figure))


@login_required
@require_POST
def cancel_post(request: PageRequest, scan_id: int) -> HttpResponse:
    scan = _scan_or_404(request, scan_id)
    try:
        services.scan_cancel(actor=request.user, scan=scan, now=timezone.now())
    except DomainError as error:
        messages.error(request, error.message)
    else:
        messages.success(request, _("The scan is canceled; what was measured stays."))
    return redirect("pairs-scan", scan.pk)


@login_required
@require_POST
def delete_post(request: PageRequest, scan_id: int) -> HttpResponse:
    scan = _scan_or_404(request, scan_id)
    try:
        services.scan_delete(actor=request.user, scan=scan)
    except DomainError as error:
        messages.error(request, error.message)
        return redirect("pairs-scan", scan.pk)
    messages.success(request, _("The scan is deleted."))
    return redirect("pairs")


def _posted(request: PageRequest) -> HttpResponse:
    if not request.user.can_trade:
        raise PermissionDenied
    form = ScanForm(request.POST, shelf=Shelf())
    try:
        scan = services.scan_create(actor=request.user, data=form.sent(), now=timezone.now())
    except ValidationError as error:
        form.full_clean()
        form.errors.clear()
        form.show_errors(error.message_dict)
    except DomainError as error:
        form.full_clean()
        form.add_error(None, error.message)
    else:
        return redirect("pairs-scan", scan.pk)
    return _shown(request, scans_of(request.user).first(), form, status=400)


def _shown(request: PageRequest, scan: PairScan | None, form: ScanForm, status: int = 200) -> HttpResponse:
    shelf = Shelf()
    context: dict[str, Any] = {
        "scan": scan,
        "page": scan and ScanPage(scan, request.GET.dict(), request.user.can_trade),
        "form": form,
        "shelf": shelf,
        "recent": list(scans_of(request.user).defer("markets", "left_out", "symbols")[:RECENT]),
        "can_trade": request.user.can_trade,
        "is_form_open": form.is_bound or scan is None,
    }
    return render(request, "pairs/page.html", context, status=status)


def _asked_before(scan: PairScan) -> dict[str, Any]:
    """A new scan begins with the settings of the one that is looked at."""
    return {
        "exchange": scan.exchange,
        "timeframe": scan.timeframe,
        "since": scan.since and scan.since.date().isoformat(),
        "until": scan.until and scan.until.date().isoformat(),
        "symbols": ", ".join(symbol.partition(":")[0] for symbol in scan.symbols),
        "size_quote": f"{scan.size_quote:,.15g}",
        "cost_pct": f"{scan.cost_pct:.15g}",
        "out_of_sample_pct": str(scan.out_of_sample_pct),
        "download": scan.is_download_wanted,
    }


def _scan_or_404(request: PageRequest, scan_id: int) -> PairScan:
    try:
        return scan_of(request.user, scan_id)
    except PairScan.DoesNotExist:
        raise Http404 from None


def _pair_or_404(request: PageRequest, scan_id: int, number: int) -> ScannedPair:
    try:
        return pair_of(request.user, scan_id, number)
    except ScannedPair.DoesNotExist:
        raise Http404 from None
