"""`/healthz`, `/readyz` and the health page of the back office."""

import pytest

from bots.tests.factories import make_user
from bots.tests.page_client import client_of
from chainmakes.health import mark_alive


@pytest.mark.django_db
class TestHealth:
    def test_everything_answers(self, client):
        answer = client.get("/healthz")
        assert answer.status_code == 200
        assert answer.json() == {"ok": True, "parts": {"database": True, "redis": True}}

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
        settings.BACKUP_DIR = tmp_path
        (tmp_path / "chainmakes.dump").write_text("x")
        mark_alive("worker")
        answer = page()
        html = answer.content.decode()
        lines = {line.name: line for section in answer.context["sections"] for line in section.lines}
        assert (lines["Trading worker"].state, lines["Schedule (beat)"].state) == ("good", "bad")
        assert lines["Newest backup"].state == "good"
        assert lines["trading"].value.endswith("waiting")
        for text in ("Guardian", "PostgreSQL", "Redis", "Binance", "GB free", "In order", "Not working"):
            assert text in html

    def test_is_shown_while_redis_is_down(self, page, settings):
        settings.CELERY_BROKER_URL = "redis://127.0.0.1:1/0"
        assert "does not answer" in page().content.decode()

    def test_changes_nothing(self, settings):
        settings.ADMIN_SECOND_FACTOR = False
        client = client_of(make_user(is_staff=True, is_superuser=True))
        assert client.post(f"/{settings.ADMIN_URL}health/").status_code == 405
