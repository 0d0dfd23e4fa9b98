"""`/metrics`: who may ask, what is counted, and that counts outlive the process that made them."""

import os
import signal
import subprocess
import sys
from collections import Counter
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext
from django.utils import timezone
from prometheus_client.parser import text_string_to_metric_families

from bots.tests.factories import make_bot
from bots.tests.page_client import client_of
from chainmakes.tests.launched import ROOT
from exchanges.metrics import outcome_of
from trading.models import GuardianMark

COUNT = "chainmakes_http_request_seconds_count"
TOKEN = "metrics-token-of-a-test"

COUNTING = """
import os, signal, django
django.setup()
from exchanges.metrics import WEIGHT
WEIGHT.labels("okx", "test").inc(2)
if os.environ.get("FORKED") and os.fork() == 0:
    WEIGHT.labels("okx", "test").inc(5)
    os._exit(0)
if os.environ.get("FORKED"):
    os.wait()
os.kill(os.getpid(), signal.SIGKILL)
"""


@pytest.fixture
def client() -> Client:
    return client_of()


def samples_of(text: str) -> dict[tuple[str, tuple[tuple[str, str], ...]], float]:
    families = text_string_to_metric_families(text)
    return {(one.name, tuple(sorted(one.labels.items()))): one.value for family in families for one in family.samples}


def scraped(client: Client) -> dict[Any, float]:
    answer = client.get("/metrics")
    assert answer.status_code == 200
    return samples_of(answer.content.decode())


@pytest.mark.django_db
class TestWhoMayAsk:
    def test_this_host_without_a_token(self, client: Client) -> None:
        assert client.get("/metrics").status_code == 200

    @pytest.mark.parametrize("address", ["10.1.2.3", "2001:db8::1", ""])
    def test_nobody_from_elsewhere(self, client: Client, address: str) -> None:
        assert client.get("/metrics", REMOTE_ADDR=address).status_code == 404

    @pytest.mark.parametrize("header", ["X-Forwarded-For", "Forwarded", "X-Real-IP"])
    def test_nobody_whom_a_proxy_of_this_host_passes_on(self, client: Client, header: str) -> None:
        assert client.get("/metrics", headers={header: "127.0.0.1"}).status_code == 404

    def test_with_a_token_only_those_who_know_it(self, client: Client, settings: Any) -> None:
        settings.METRICS_TOKEN = TOKEN
        assert client.get("/metrics").status_code == 404
        assert client.get("/metrics", headers={"Authorization": "Bearer wrong"}).status_code == 404
        right = {"Authorization": f"Bearer {TOKEN}"}
        assert client.get("/metrics", headers=right, REMOTE_ADDR="10.1.2.3").status_code == 200


@pytest.mark.django_db
def test_figures_of_now_take_few_queries(client: Client) -> None:
    for _ in range(3):
        make_bot()
    GuardianMark.objects.create(name="here", at=timezone.now() - timedelta(seconds=70))
    with CaptureQueriesContext(
        connection,
    ) as queries:
        found = scraped(client)
    assert len(queries) <= 12
    assert found["chainmakes_bots", (("status", "stopped"),)] == 3
    assert found["chainmakes_up", (("server", "database"),)] == 1
    assert found["chainmakes_queue_depth", (("queue", "trading"),)] >= 0
    assert found["chainmakes_process_alive", (("process", "beat"),)] == 0
    assert 70 <= found["chainmakes_guardian_seen_seconds", ()] < 600


@pytest.mark.django_db
def test_a_redis_that_is_down_is_said_and_the_rest_told(client: Client, settings: Any) -> None:
    settings.CELERY_BROKER_URL = "redis://127.0.0.1:1/0"
    found = scraped(client)
    assert found["chainmakes_up", (("server", "redis"),)] == 0
    assert found["chainmakes_up", (("server", "database"),)] == 1


@pytest.mark.django_db
def test_requests_are_counted_by_view_and_not_by_address(client: Client) -> None:
    for path in ("/login", "/api/v1/bots/1", "/api/v1/bots/2", "/no/such/address", "/healthz"):
        client.get(path)
    counts: Counter[str] = Counter()
    for (name, labels), value in scraped(client).items():
        if name == COUNT:
            counts[dict(labels)["view"]] += int(value)
    assert counts["api-bot"] >= 2
    assert counts["other"] >= 1
    assert not [view for view in counts if "/" in view or view == "healthz"]


@pytest.mark.parametrize(("status", "label"), [(200, "2xx"), (418, "418"), (429, "429"), (403, "4xx"), (503, "5xx")])
def test_statuses_have_few_labels(status: int, label: str) -> None:
    assert outcome_of(status) == label


def counted_in(home: Path, **more: str) -> None:
    """One process that counts and is killed."""
    variables = os.environ | {"CHAINMAKES_HOME": str(home), "PROCESS_NAME": "worker_x"} | more
    variables["DJANGO_SETTINGS_MODULE"] = "chainmakes.settings"
    done = subprocess.run([sys.executable, "-c", COUNTING], cwd=ROOT, env=variables, capture_output=True, text=True)
    assert done.returncode == -signal.SIGKILL, done.stderr


@pytest.mark.django_db
def test_counts_outlive_kills_and_add_up(client: Client, settings: Any, tmp_path: Path) -> None:
    """Two processes after each other share one place; a fork and a file that was left half written disturb nothing."""
    settings.METRICS_DIR, settings.PROCESS_NAME = tmp_path / "metrics", "web"
    weight = ("chainmakes_venue_weight_total", (("bucket", "test"), ("venue", "okx")))
    counted_in(tmp_path)
    assert scraped(client)[weight] == 2
    counted_in(tmp_path, FORKED="1")
    assert scraped(client)[weight] == 2 + 2 + 5
    [broken] = settings.METRICS_DIR.glob("histogram_worker-x-0.db")
    broken.write_bytes(b"\xff" * 64)
    counted_in(tmp_path)
    assert scraped(client)[weight] == 2 + 2 + 5 + 2
    assert broken.stat().st_size > 64
