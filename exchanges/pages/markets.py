"""Markets: what can be traded where, at which price; one market with its candles, book, trades, funding and rules."""

from typing import Any

from django.contrib.auth.decorators import login_required
from django.core.exceptions import ValidationError
from django.core.paginator import Page, Paginator
from django.http import Http404, HttpResponse, JsonResponse
from django.shortcuts import render
from django.views.decorators.http import require_GET

from accounts.page_request import PageRequest
from exchanges.adapters.venues import VENUES
from exchanges.errors import ExchangeError
from exchanges.models import Exchange
from exchanges.pages.market_view import MarketPage, chart_words, known_page
from exchanges.pages.markets_view import (
    ROWS,
    MarketLine,
    MarketQuery,
    MarketSource,
    market_lines,
    market_sources,
    source_of,
)
from exchanges.symbols import canonical


@login_required
@require_GET
def markets_page(request: PageRequest) -> HttpResponse:
    query = MarketQuery.of(request.GET.dict())
    sources = market_sources(request.user)
    source = source_of(sources, query.source)
    context: dict[str, Any] = {
        "query": query,
        "sources": [(each, each.key == source.key) for each in sources],
        "source": source,
        "page_account": source.account,
        "wishes": query.encoded(source=source.key, sort=""),
        "page_wishes": query.encoded(source=source.key),
        "swap_url": f"?{query.encoded(source=source.key, type='swap')}",
        "spot_url": f"?{query.encoded(source=source.key, type='spot')}",
        "dated_url": f"?{query.encoded(source=source.key, type='future')}",
        "all_url": f"?{query.encoded(source=source.key, q='')}",
    }
    return render(request, "markets/list.html", context | _shown(request, source, query))


@login_required
@require_GET
def prices_part(request: PageRequest) -> JsonResponse:
    """The live figures of the rows that the same address shows; 503 while there are none."""
    query = MarketQuery.of(request.GET.dict())
    source = source_of(market_sources(request.user), query.source)
    try:
        page = _page_of(request, market_lines(source, query))
    except (ExchangeError, ValidationError):
        return JsonResponse({}, status=503)
    return JsonResponse({line.symbol: line.live for line in page.object_list})


@login_required
@require_GET
def market_page(request: PageRequest, exchange: str, symbol: str) -> HttpResponse:
    source = _source_at(request, exchange)
    query = MarketQuery.of(request.GET.dict())
    try:
        name = canonical(symbol, query.kind)
    except ValueError:
        raise Http404 from None
    context: dict[str, Any] = {"source": source, "query": query, "page_account": source.account, "symbol": name}
    try:
        market: MarketPage | None = known_page(request.user, source, query.kind, name)
    except LookupError:
        raise Http404 from None
    except (ExchangeError, ValidationError):
        market = None
    context |= {"market": market, "chart_words": chart_words()}
    return render(request, "markets/detail.html", context)


def _shown(request: PageRequest, source: MarketSource, query: MarketQuery) -> dict[str, Any]:
    try:
        return {"page": _page_of(request, market_lines(source, query))}
    except (ExchangeError, ValidationError):
        return {"page": None}


def _page_of(request: PageRequest, lines: list[MarketLine]) -> "Page[MarketLine]":
    return Paginator(lines, ROWS).get_page(request.GET.get("page"))


def _source_at(request: PageRequest, exchange: str) -> MarketSource:
    """`?account=` names one of the user's own; without it an exchange's public data, of paper the first account."""
    if exchange not in Exchange.values:
        raise Http404
    wished = request.GET.get("account", "")
    if exchange in VENUES and not wished:
        return MarketSource(exchange)
    own = [source for source in market_sources(request.user) if source.account and source.exchange == exchange]
    found = next((source for source in own if wished in ("", source.key)), None)
    if found is None:
        raise Http404
    return found
