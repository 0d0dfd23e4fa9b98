"""`/healthz`."""

import pytest

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
