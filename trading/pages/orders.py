"""The orders of a user and their fills, narrowed and exported."""

from typing import Any
from urllib.parse import urlencode

from django.contrib.auth.decorators import login_required
from django.db.models import QuerySet
from django.http import HttpResponse
from django.shortcuts import render
from django.utils import timezone

from accounts.page_request import PageRequest
from trading.pages.csv_response import ROWS_A_PART, SentWhileRead
from trading.pages.fills_csv import fills_csv
from trading.pages.forms_orders import OrderFilter
from trading.pages.orders_csv import orders_csv

PAGE_SIZE = 50
EXPORT_MOST = 50_000
FILLS = "fills"


@login_required
def orders_page(request: PageRequest) -> HttpResponse:
    """Turns over by the last row shown (`before`), so that the millionth order costs what the first does."""
    form = OrderFilter(request.GET, user=request.user)
    shows_fills = request.GET.get("show") == FILLS
    found: QuerySet[Any] = form.fills() if shows_fills else form.orders()
    before = request.GET.get("before", "")
    if before.isdecimal() and len(before) < 19:
        found = form.older(found, int(before))
    rows = list(found[: PAGE_SIZE + 1])
    wishes = {name: value for name, value in request.GET.items() if value and name not in ("before", "page")}
    narrowed = {name: value for name, value in wishes.items() if name != "show"}
    context = {
        "form": form,
        "shows_fills": shows_fills,
        "rows": rows[:PAGE_SIZE],
        "older": rows[PAGE_SIZE - 1].pk if len(rows) > PAGE_SIZE else None,
        "is_first": not before,
        "is_narrowed": bool(set(wishes) & set(form.fields)),
        "query": urlencode(wishes) + "&" if wishes else "",
        "narrowed": urlencode(narrowed) + "&" if narrowed else "",
        "export_most": EXPORT_MOST,
    }
    template = "trading/parts/orders_list.html" if request.htmx.target == "orders" else "trading/orders.html"
    return render(request, template, context)


@login_required
def orders_export(request: PageRequest) -> SentWhileRead:
    """The newest `EXPORT_MOST` orders of the same filter, or their fills."""
    form = OrderFilter(request.GET, user=request.user)
    at = f"{timezone.now():%Y%m%d-%H%M%S}"
    if request.GET.get("show") == FILLS:
        return fills_csv(f"fills-{at}.csv", form.fills()[:EXPORT_MOST].iterator(chunk_size=ROWS_A_PART))
    return orders_csv(f"orders-{at}.csv", form.orders()[:EXPORT_MOST].iterator(chunk_size=ROWS_A_PART))
