"""How each venue is seen from here: prices over sockets, its clock and its answers, as the processes last measured."""

from collections.abc import Iterator
from dataclasses import dataclass

from django.conf import settings
from prometheus_client import REGISTRY, CollectorRegistry
from prometheus_client.multiprocess import MultiProcessCollector

from exchanges.metrics import CLOCK_OFFSET, PING
from exchanges.models import Exchange, ExchangeAccount
from exchanges.stream.collector import is_alive

CLOCK_OFF_S = 1.0


@dataclass(frozen=True, slots=True)
class VenueLine:
    """`is_needed`: there are accounts at it. None: not measured yet."""

    name: str
    is_needed: bool
    is_streamed: bool
    offset_s: float | None
    ping_s: float | None

    @property
    def is_clock_off(self) -> bool:
        return self.offset_s is not None and abs(self.offset_s) > CLOCK_OFF_S


def venue_lines() -> Iterator[VenueLine]:
    used = set(ExchangeAccount.objects.filter(is_active=True).values_list("exchange", flat=True).distinct())
    figures = _measured()
    for exchange in Exchange:
        if exchange != Exchange.PAPER:
            offset, ping = (figures.get((name, exchange.value)) for name in (_name(CLOCK_OFFSET), _name(PING)))
            yield VenueLine(str(exchange.label), exchange.value in used, is_alive(exchange.value), offset, ping)


def _name(gauge: object) -> str:
    return str(getattr(gauge, "_name", ""))


def _measured() -> dict[tuple[str, str], float]:
    """By name of the gauge and venue."""
    registry = REGISTRY
    if settings.PROCESS_NAME:
        registry = CollectorRegistry()
        MultiProcessCollector(registry, path=str(settings.METRICS_DIR))
    samples = (sample for metric in registry.collect() if metric.type == "gauge" for sample in metric.samples)
    return {(sample.name, sample.labels["venue"]): sample.value for sample in samples if "venue" in sample.labels}
