"""`/healthz`, `/readyz` and the health page of the back office."""

from datetime import timedelta

import pytest
from django.core.cache import cache
from django.utils import timezone

from accounts.models import Channel, Delivery
from bots.tests.factories import make_user
from bots.tests.page_client import client_of
from chainmakes.health import mark_alive
from exchanges.models import ExchangeAccount
from trading.models import GuardianMark


def _guardian_line(answer):
    return next(line for section in answer.context["sections"] for line in section.lines if line.name == "Guardian")


@pytest.mark.django_db
class TestHealth:
    def test_everything_answers(self, client):
        answer = client.get("/healthz")
        assert answer.status_code == 200
        parts = {"database": True, "redis": True}
        assert answer.json() == {"ok": True, "parts": parts, "guardian": False}

    def test_a_redis_that_is_down_is_named(self, client, settings):
        nowhere = settings.CACHES["default"] | {"LOCATION": "redis://127.0.0.1:1/0"}
        settings.CACHES = {"default": nowhere}
        answer = client.get("/healthz")
        assert (answer.status_code, answer.json()["parts"]) == (503, {"database": True, "redis": False})

    def test_processes_that_count_must_have_been_seen(self, client, settings):
        settings.HEALTH_PARTS = ["beat", "worker"]
        mark_alive("beat")
        answer = client.get("/healthz")
        assert answer.status_code == 503
        assert answer.json()["parts"] == {"database": True, "redis": True, "beat": True, "worker": False}
        mark_alive("worker")
        assert client.get("/healthz").status_code == 200

    def test_the_guardian_is_seen_by_its_row(self, client, settings):
        settings.HEALTH_PARTS = ["guardian"]
        assert client.get("/healthz").status_code == 503
        GuardianMark.objects.create(name="here", at=timezone.now())
        answer = client.get("/healthz").json()
        assert (answer["parts"]["guardian"], answer["guardian"]) == (True, True)
        GuardianMark.objects.update(at=timezone.now() - timedelta(minutes=1))
        assert client.get("/healthz").status_code == 503


@pytest.mark.django_db
class TestReady:
    def test_both_servers_and_all_tables(self, client):
        answer = client.get("/readyz")
        assert answer.status_code == 200
        assert answer.json()["parts"] == {"database": True, "redis": True, "migrations": True}

    def test_not_without_redis(self, client, settings):
        settings.CACHES = {"default": settings.CACHES["default"] | {"LOCATION": "redis://127.0.0.1:1/0"}}
        assert client.get("/readyz").status_code == 503


@pytest.mark.django_db
class TestHealthPage:
    @pytest.fixture
    def page(self, settings):
        settings.ADMIN_SECOND_FACTOR = False
        client = client_of(make_user(is_staff=True, is_superuser=True))
        return lambda: client.get(f"/{settings.ADMIN_URL}health/")

    def test_says_of_each_part_how_it_is(self, page, settings, tmp_path):
        settings.BACKUP_DIR, settings.STRATEGY_DIR = tmp_path, tmp_path
        (tmp_path / "chainmakes.dump").write_text("x")
        (tmp_path / "bad.py").write_text("x = 1")
        mark_alive("worker")
        answer = page()
        html = answer.content.decode()
        lines = {line.name: line for section in answer.context["sections"] for line in section.lines}
        assert (lines["Trading worker"].state, lines["Schedule (beat)"].state) == ("good", "bad")
        assert lines["Newest backup"].state == "good"
        assert lines["trading"].value.endswith("waiting")
        assert (lines["Messages to users"].value, lines["Messages to users"].state) == ("0 waiting", "good")
        assert lines["Collector of prices"].state == "warn"
        assert lines["OKX"].value == "no account here uses it"
        assert (lines["bad"].state, "defines no strategy" in lines["bad"].value) == ("warn", True)
        assert "z_score" in lines["Usable"].value
        for text in ("Guardian", "PostgreSQL", "Redis", "Binance", "GB free", "In order", "Not working"):
            assert text in html

    def test_what_the_guardian_looks_after_is_shown(self, page):
        assert _guardian_line(page()).state == "bad"
        GuardianMark.objects.create(name="here", at=timezone.now(), watched=12, neglected=1)
        line = _guardian_line(page())
        assert (line.state, "watches 12 bots, looks after 1 of them" in line.value) == ("warn", True)

    def test_a_collector_that_is_missed_and_messages_that_wait_are_shown(self, page, settings, tmp_path):
        settings.BACKUP_DIR = tmp_path
        (tmp_path / "failed.dump").touch()
        user = make_user()
        ExchangeAccount.objects.create(owner=user, exchange="okx", label="Live")
        channel = Channel.objects.create(owner=user, kind="mail", name="Mail")
        Delivery.objects.create(channel=channel, place=1, created_at=timezone.now() - timedelta(hours=2))
        cache.set("alive:stream-bybit", 1, 30)
        lines = {line.name: line for section in page().context["sections"] for line in section.lines}
        collector = lines["Collector of prices"]
        assert (collector.state, "OKX" in collector.value, "Bybit" in collector.value) == ("bad", True, False)
        assert (lines["Messages to users"].value, lines["Messages to users"].state) == ("1 waiting", "warn")
        assert (lines["OKX"].state, lines["Bybit"].state) == ("warn", "good")
        assert lines["Newest backup"].state == "warn"

    def test_is_shown_while_redis_is_down(self, page, settings):
        settings.CELERY_BROKER_URL = "redis://127.0.0.1:1/0"
        assert "does not answer" in page().content.decode()

    def test_changes_nothing(self, settings):
        settings.ADMIN_SECOND_FACTOR = False
        client = client_of(make_user(is_staff=True, is_superuser=True))
        assert client.post(f"/{settings.ADMIN_URL}health/").status_code == 405
