"""Dashboards and alert rules name only what the program counts."""

import json
import re
from collections.abc import Iterator
from typing import Any

import pytest
import yaml
from prometheus_client import REGISTRY, CollectorRegistry

from chainmakes import metrics_celery, metrics_http
from chainmakes.metrics_now import NowCollector
from chainmakes.tests.launched import ROOT
from exchanges import metrics as venue_metrics
from trading import metrics as trading_metrics

LOADED = (metrics_celery, metrics_http, venue_metrics, trading_metrics)
NAME = re.compile(r"\bchainmakes_[a-z_]+\b")
SELECTED = re.compile(r"\b(chainmakes_[a-z_]+)\{([^}]*)\}")
GROUPED = re.compile(r"\b(?:by|without|on|ignoring)\s*\(([^)]*)\)")
OF_PROMETHEUS = {"le", "job", "instance"}
SUFFIXES = ("_bucket", "_count", "_sum", "_total")


def dashboard() -> dict[str, Any]:
    return dict(json.loads((ROOT / "ops/grafana/dashboards/chainmakes.json").read_text()))


def rules() -> list[dict[str, Any]]:
    [group] = yaml.safe_load((ROOT / "ops/prometheus/alerts.yml").read_text())["groups"]
    return list(group["rules"])


def expressions() -> Iterator[str]:
    for panel in dashboard()["panels"]:
        yield from (target["expr"] for target in panel.get("targets", ()))
    yield from (rule["expr"] for rule in rules())


def base(name: str) -> str:
    for suffix in SUFFIXES:
        name = name.removesuffix(suffix)
    return name


@pytest.fixture
def known(settings: Any) -> set[str]:
    settings.METRICS_EQUITY = True
    now = CollectorRegistry()
    now.register(NowCollector())
    counted = {metric.name for metric in REGISTRY.collect()}
    return {base(name) for name in counted | {metric.name for metric in now.collect()}}


@pytest.mark.django_db
def test_only_what_is_counted_is_asked_for(known: set[str]) -> None:
    asked = {base(name) for text in expressions() for name in NAME.findall(text)}
    assert len(LOADED) == 4
    assert len(asked) > 20
    assert asked - known == set()


@pytest.mark.django_db
def test_only_labels_that_it_has_are_asked_of_a_metric(settings: Any) -> None:
    settings.METRICS_EQUITY = True
    labels = {metric.name: set(getattr(metric, "_labelnames", ())) for metric in NowCollector().collect()}
    for counted, names in REGISTRY._collector_to_names.items():
        labels |= {name: set(getattr(counted, "_labelnames", ())) for name in names}
    wrong = []
    for text in expressions():
        for name, chosen in SELECTED.findall(text):
            asked = {part.partition("=")[0].strip(" !~") for part in chosen.split(",")}
            wrong += [(name, label) for label in asked - labels[name] - OF_PROMETHEUS]
        has = set().union(*(labels[name] for name in NAME.findall(text)))
        grouped = {label.strip() for part in GROUPED.findall(text) for label in part.split(",")}
        wrong += [(text, label) for label in grouped - has - OF_PROMETHEUS]
    assert wrong == []
    assert [text for text in expressions() if text.count("(") != text.count(")")] == []


@pytest.mark.django_db
def test_everything_that_is_counted_is_shown(known: set[str]) -> None:
    shown = {base(name) for text in expressions() for name in NAME.findall(text)}
    assert {name for name in known if name.startswith("chainmakes_")} - shown == set()


def test_panels_have_places_of_their_own() -> None:
    panels = dashboard()["panels"]
    assert len({panel["id"] for panel in panels}) == len(panels)
    places = [(panel["gridPos"]["x"], panel["gridPos"]["y"]) for panel in panels]
    assert len(set(places)) == len(places)


def test_every_rule_says_what_it_means_and_how_bad_it_is() -> None:
    for rule in rules():
        assert rule["annotations"]["summary"].endswith(".")
        assert rule["labels"]["severity"] in ("warning", "critical")


def test_prometheus_reads_these_rules() -> None:
    read = yaml.safe_load((ROOT / "ops/prometheus/prometheus.yml").read_text())
    assert read["rule_files"] == ["/etc/prometheus/alerts.yml"]
    assert read["scrape_configs"][0]["metrics_path"] == "/metrics"
