"""The user's own audit log: a page and a CSV file."""

from django.contrib.auth.decorators import login_required
from django.core.paginator import Paginator
from django.http import HttpResponse
from django.shortcuts import render
from django.utils import timezone
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_GET

from accounts.audit_csv import audit_csv
from accounts.audit_log import AREAS, entries_of, entries_shown
from accounts.audit_words import details_shown, sentence, source_words
from accounts.page_request import PageRequest
from accounts.places import device_of

PAGE_SIZE = 50
EXPORT_MOST = 50_000


@login_required
@never_cache
@require_GET
def audit_page(request: PageRequest) -> HttpResponse:
    area = request.GET.get("area", "")
    area = area if area in dict(AREAS) else ""
    entries = entries_shown(entries_of(request.user), area)
    page = Paginator(entries, PAGE_SIZE).get_page(request.GET.get("page"))
    rows = [
        (entry, sentence(entry), source_words(entry), device_of(entry.user_agent), details_shown(entry))
        for entry in page.object_list
    ]
    context = {
        "page": page,
        "rows": rows,
        "areas": [("", ""), *AREAS],
        "area": area,
        "query": f"area={area}&" if area else "",
        "tab": "audit",
    }
    return render(request, "accounts/settings_audit.html", context)


@login_required
@require_GET
def audit_export(request: PageRequest) -> HttpResponse:
    """The newest `EXPORT_MOST` entries."""
    text = audit_csv(entries_of(request.user)[:EXPORT_MOST].iterator(chunk_size=2000))
    name = f"audit-{timezone.now():%Y%m%d-%H%M%S}.csv"
    headers = {"Content-Disposition": f'attachment; filename="{name}"', "X-Content-Type-Options": "nosniff"}
    return HttpResponse(text, content_type="text/csv; charset=utf-8", headers=headers)
