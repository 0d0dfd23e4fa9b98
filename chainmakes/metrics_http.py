"""How long pages and the API take, by the name of the view."""

import time
from collections.abc import Callable

from django.http import HttpRequest, HttpResponse
from prometheus_client import Histogram

from exchanges import metric_files as metric_files  # first: says where counts are kept

SECONDS = Histogram(
    "chainmakes_http_request_seconds",
    "Requests for pages and to the API",
    ["view", "method", "status"],
    buckets=(0.025, 0.05, 0.1, 0.25, 0.5, 1.0, 2.5, 10.0),
)
METHODS = frozenset({"GET", "HEAD", "POST", "PUT", "PATCH", "DELETE"})
UNCOUNTED = frozenset({"healthz", "readyz", "metrics"})
UNNAMED = "other"  # files, unknown addresses


class MetricsMiddleware:
    def __init__(self, get_response: Callable[[HttpRequest], HttpResponse]) -> None:
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponse:
        began = time.perf_counter()
        response = self.get_response(request)
        view = _view_of(request)
        if view not in UNCOUNTED:
            method = request.method if request.method in METHODS else UNNAMED
            SECONDS.labels(view, method, f"{response.status_code // 100}xx").observe(time.perf_counter() - began)
        return response


def _view_of(request: HttpRequest) -> str:
    match = request.resolver_match
    return (match.view_name if match else "") or UNNAMED
