"""List pages and API lists of a trader with 1,000 bots and 1,000,000 orders and fills: queries, and server time."""

import statistics
import time
from collections.abc import Sequence
from dataclasses import dataclass

from django.conf import settings
from django.db import connection
from django.test import Client, override_settings
from django.test.utils import CaptureQueriesContext

from benchmarks.installation import own_environment  # loads Django's apps first
from benchmarks.page_rows import Installation, build
from benchmarks.report import Table

BOTS, ORDERS = 1_000, 1_000_000
REQUESTS = 30
MOST_QUERIES = 12
BASELINE = "/healthz"
PLAIN = {"BACKEND": "django.contrib.staticfiles.storage.StaticFilesStorage"}


@dataclass(frozen=True)
class Timed:
    path: str
    queries: int
    seconds: Sequence[float]

    @property
    def median(self) -> float:
        return statistics.median(self.seconds)

    @property
    def late(self) -> float:
        """95 of 100 are faster."""
        return statistics.quantiles(self.seconds, n=20)[-1]


def run() -> list[Table]:
    with own_environment():
        found = measured(build(bots=BOTS, orders=ORDERS))
    base = found[0]
    rows = [
        (each.path, str(each.queries), _ms(each.median), _ms(each.late), f"{each.median / base.median:.1f}")
        for each in found
    ]
    note = (
        f"{REQUESTS} requests of each in turn after a warm one, through Django's own client. At most {MOST_QUERIES} "
        f"queries of a list and 100 ms (p95) are wanted; the chart is of 30 days of minutes and 48 h of quotes. Ratio: "
        f"medians against {BASELINE}, which asks whether the servers and the guardian are there."
    )
    title = f"Pages with {BOTS:,} bots and {ORDERS:,} orders"
    return [Table(title, note, ("address", "queries", "p50, ms", "p95, ms", "ratio"), rows)]


def paths(installation: Installation) -> list[str]:
    account, bot, office = installation.account.pk, installation.bot.pk, settings.ADMIN_URL
    return [
        BASELINE,
        "/",
        "/bots/",
        "/bots/?sort=-pnl&q=pair",
        f"/bots/{bot}/",
        f"/bots/{bot}/chart?range=30d",
        "/orders/",
        f"/orders/?bot={bot}&state=filled",
        "/orders/?since=2026-01-01&until=2026-02-01",
        "/orders/?show=fills",
        f"/orders/?show=fills&bot={bot}",
        "/exchanges/",
        f"/exchanges/{account}/",
        f"/exchanges/{account}/differences",
        "/markets/",
        "/backtests/",
        "/pairs/",
        "/risk/",
        "/notifications/",
        "/notifications/log",
        "/settings/audit",
        "/api/v1/bots/",
        "/api/v1/orders/",
        f"/api/v1/bots/{bot}/orders",
        f"/api/v1/bots/{bot}/logs",
        f"/api/v1/account/{account}/orders",
        "/api/v1/exchanges/",
        "/api/v1/notifications/",
        "/api/v1/backtests/",
        f"/{office}",
        f"/{office}bots/bot/",
        f"/{office}trading/order/",
        f"/{office}trading/fill/",
        f"/{office}trading/position/",
        f"/{office}trading/tradelog/",
        f"/{office}django_celery_beat/periodictask/",
    ]


def measured(installation: Installation) -> list[Timed]:
    """Pages take turns, so that a noisy minute falls on all of them."""
    stores = settings.STORAGES | {"staticfiles": PLAIN}
    with override_settings(STORAGES=stores, ADMIN_SECOND_FACTOR=False, ALLOWED_HOSTS=["testserver"]):
        client = Client()
        client.force_login(installation.owner)
        wanted = paths(installation)
        queries = {path: _queries(client, path) for path in wanted}
        seconds: dict[str, list[float]] = {path: [] for path in wanted}
        for _ in range(REQUESTS):
            for path in wanted:
                seconds[path].append(_seconds(client, path))
    return [Timed(path, queries[path], seconds[path]) for path in wanted]


def _queries(client: Client, path: str) -> int:
    """Of a warm request."""
    _get(client, path)
    with CaptureQueriesContext(connection) as found:
        _get(client, path)
    return len(found)


def _seconds(client: Client, path: str) -> float:
    start = time.perf_counter()
    _get(client, path)
    return time.perf_counter() - start


def _get(client: Client, path: str) -> None:
    """Raises RuntimeError for anything but the page. Whoever looks whether all is well is not logged in."""
    response = (Client() if path == BASELINE else client).get(path)
    if response.status_code != 200:
        raise RuntimeError(f"{path}: {response.status_code}")
    response.getvalue() if response.streaming else response.content


def _ms(seconds: float) -> str:
    return f"{seconds * 1000:.1f}"
