"""`/metrics`: what every process of this host counted, and how things stand now, for Prometheus."""

import ipaddress

from django.conf import settings
from django.http import Http404, HttpRequest, HttpResponse
from django.utils.crypto import constant_time_compare
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_GET
from prometheus_client import CONTENT_TYPE_LATEST, REGISTRY, CollectorRegistry, generate_latest
from prometheus_client.multiprocess import MultiProcessCollector

from chainmakes.metrics_now import NowCollector

FORWARDED = ("X-Forwarded-For", "Forwarded", "X-Real-IP")


@require_GET
@never_cache
def metrics(request: HttpRequest) -> HttpResponse:
    """404 for everybody without the token; without a token set, for everybody but this host."""
    if not _may_ask(request):
        raise Http404
    now = CollectorRegistry()
    now.register(NowCollector())
    return HttpResponse(_counted() + generate_latest(now), content_type=CONTENT_TYPE_LATEST)


def _counted() -> bytes:
    if not settings.PROCESS_NAME:
        return generate_latest(REGISTRY)
    registry = CollectorRegistry()
    MultiProcessCollector(registry, path=str(settings.METRICS_DIR))
    return generate_latest(registry)


def _may_ask(request: HttpRequest) -> bool:
    if settings.METRICS_TOKEN:
        kind, _space, token = request.headers.get("Authorization", "").partition(" ")
        return kind.lower() == "bearer" and constant_time_compare(token.strip(), settings.METRICS_TOKEN)
    return _is_this_host(request)


def _is_this_host(request: HttpRequest) -> bool:
    """A proxy on the same machine passes on what comes from elsewhere."""
    if any(name in request.headers for name in FORWARDED):
        return False
    try:
        return ipaddress.ip_address(request.META.get("REMOTE_ADDR", "")).is_loopback
    except ValueError:
        return False
