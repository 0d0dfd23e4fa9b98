"""Help: the guide page by page, its search, and every term of the strategy in plain words."""

from typing import Any

from django.contrib.auth.decorators import login_not_required
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.views.decorators.http import require_GET

from bots.guide.contents import contents, guide_page, language_of_reader
from bots.guide.search import found
from bots.guide.terms import CHAPTERS


@login_not_required
@require_GET
def help_page(request: HttpRequest) -> HttpResponse:
    return render(request, "bots/help.html", _frame(request) | {"chapters": CHAPTERS})


@login_not_required
@require_GET
def guide_page_view(request: HttpRequest, name: str) -> HttpResponse:
    try:
        page = guide_page(name, language_of_reader())
    except KeyError:
        raise Http404 from None
    return render(request, "help/page.html", _frame(request) | {"page": page})


@login_not_required
@require_GET
def search_page(request: HttpRequest) -> HttpResponse:
    frame = _frame(request)
    if not frame["query"]:
        return redirect("help")
    return render(request, "help/search.html", frame | {"hits": found(frame["query"], language_of_reader())})


def _frame(request: HttpRequest) -> dict[str, Any]:
    return {"guide": list(contents(language_of_reader())), "query": request.GET.get("q", "").strip()}
