"""Figures that are looked up when they are asked for: a handful of queries, whatever the number of bots."""

import logging
import time
from collections.abc import Iterable, Iterator
from datetime import timedelta

from django.conf import settings
from django.db import Error as DatabaseError
from django.db import connection
from django.db.models import Count, Max
from django.utils import timezone
from prometheus_client.core import GaugeMetricFamily, Metric
from prometheus_client.registry import Collector
from redis.exceptions import RedisError

from bots.models import Bot, BotStatus
from chainmakes.health import PROCESSES, last_seen
from chainmakes.queues import queue_depths
from trading.core.order_state import UNSETTLED
from trading.models import (
    Difference,
    DifferenceStatus,
    EquitySnapshot,
    GuardianMark,
    Order,
    Scope,
    Trade,
    TradeStatus,
    TradingState,
    TradingSwitch,
)

log = logging.getLogger(__name__)

ACCOUNTS_WITH_EQUITY = 50


class NowCollector(Collector):
    """What does not answer is missing, and `chainmakes_up` says which."""

    def collect(self) -> Iterator[Metric]:
        up = GaugeMetricFamily("chainmakes_up", "Whether the database and Redis answer", labels=["server"])
        for server, look, failures in (
            ("database", _of_database, DatabaseError),
            ("redis", _of_redis, RedisError),
        ):
            try:
                found = list(look())
            except failures as error:
                log.warning("no figures of the %s: %s", server, type(error).__name__)
                found = []
            up.add_metric([server], float(bool(found)))
            yield from found
        yield up

    def describe(self) -> Iterable[Metric]:
        return []  # registering asks nothing


def _of_database() -> Iterator[Metric]:
    began = time.perf_counter()
    with connection.cursor() as cursor:
        cursor.execute("SELECT 1")
    yield _single("database_round_trip_seconds", "Of the smallest question", time.perf_counter() - began)
    yield _connections()
    yield _bots()
    yield _orders()
    working = Trade.objects.filter(status=TradeStatus.WORKING).count()
    yield _single("trades_working", "Trades of which a leg is not finished", working)
    open_ = Difference.objects.filter(status=DifferenceStatus.OPEN).count()
    yield _single("differences_open", "What venues say and our books do not, undecided", open_)
    yield _switches()
    yield _guardian()
    if settings.METRICS_EQUITY:
        yield _equity()


def _single(name: str, text: str, value: float) -> Metric:
    return GaugeMetricFamily(f"chainmakes_{name}", text, value=value)


def _connections() -> Metric:
    family = GaugeMetricFamily("chainmakes_database_connections", "Open ones, by process", labels=["process"])
    with connection.cursor() as cursor:
        cursor.execute(
            "SELECT application_name, count(*) FROM pg_stat_activity WHERE datname = current_database() "
            "GROUP BY application_name ORDER BY count(*) DESC LIMIT 30"
        )
        for process, count in cursor.fetchall():
            family.add_metric([process or "unnamed"], count)
    return family


def _bots() -> Metric:
    family = GaugeMetricFamily("chainmakes_bots", "Bots by status", labels=["status"])
    counts = dict(Bot.objects.order_by().values_list("status").annotate(Count("pk")))
    for status in BotStatus.values:
        family.add_metric([status], counts.get(status, 0))
    return family


def _orders() -> Metric:
    family = GaugeMetricFamily("chainmakes_orders_unfinished", "Orders by status", labels=["status"])
    counts = dict(Order.objects.filter(status__in=UNSETTLED).order_by().values_list("status").annotate(Count("pk")))
    for status in sorted(UNSETTLED):
        family.add_metric([status], counts.get(status, 0))
    return family


def _switches() -> Metric:
    family = GaugeMetricFamily("chainmakes_switched_off", "Switches that are not active", labels=["scope", "state"])
    off = TradingSwitch.objects.exclude(state=TradingState.ACTIVE)
    counts = {(scope, state): count for scope, state, count in off.values_list("scope", "state").annotate(Count("pk"))}
    for scope in Scope.values:
        for state in (TradingState.REDUCING, TradingState.HALTED):
            family.add_metric([scope, state], counts.get((scope, state), 0))
    return family


def _guardian() -> Metric:
    """Its sign of life is a row; none before the first one."""
    family = GaugeMetricFamily("chainmakes_guardian_seen_seconds", "Since the guardian was last seen")
    newest = GuardianMark.objects.aggregate(at=Max("at"))["at"]
    if newest is not None:
        family.add_metric([], max((timezone.now() - newest).total_seconds(), 0.0))
    return family


def _equity() -> Metric:
    """Of the largest accounts, so that the number of series stays bounded."""
    family = GaugeMetricFamily("chainmakes_account_equity", "Of the largest accounts", labels=["account", "currency"])
    recent = EquitySnapshot.objects.filter(at__gt=timezone.now() - timedelta(hours=2))
    newest = recent.order_by("account_id", "-at").distinct("account_id").values_list("account_id", "currency", "equity")
    for account_id, currency, equity in sorted(newest, key=lambda row: -row[2])[:ACCOUNTS_WITH_EQUITY]:
        family.add_metric([str(account_id), currency], float(equity))
    return family


def _of_redis() -> Iterator[Metric]:
    yield _queues()
    alive = GaugeMetricFamily("chainmakes_process_alive", "Whether a process reported itself", labels=["process"])
    for process, age_s in last_seen(PROCESSES).items():
        alive.add_metric([process], float(age_s is not None))
    yield alive


def _queues() -> Metric:
    family = GaugeMetricFamily("chainmakes_queue_depth", "Tasks that wait", labels=["queue"])
    for queue, depth in queue_depths().items():
        family.add_metric([queue], depth)
    return family
