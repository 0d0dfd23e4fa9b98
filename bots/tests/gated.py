"""Redis behind a gate: `from bots.tests.gated import redis_gate  # noqa: F401` gives a module the fixture `gate`."""

from collections.abc import Iterator
from urllib.parse import urlsplit

import pytest
from channels.layers import channel_layers
from channels_redis.pubsub import RedisPubSubChannelLayer
from django.conf import settings
from django.test import override_settings

from bots.feed import events as feed
from bots.feed import keys as feed_keys
from bots.feed import publisher as feed_publisher
from chainmakes.tests.gate import Gate, through

WAIT_S = 5.0


@pytest.fixture(name="gate")
def redis_gate(monkeypatch: pytest.MonkeyPatch) -> Iterator[Gate]:
    """Channel layer and counters reach Redis through the gate."""
    redis = urlsplit(settings.REDIS_URL)
    with Gate((redis.hostname or "", redis.port or 6379)) as gate:
        url = through(settings.REDIS_URL, gate)
        monkeypatch.setattr(feed_publisher, "PAUSE_AFTER_FAILURE_S", 0.05)
        before = channel_layers.set("default", RedisPubSubChannelLayer(hosts=[url]))
        feed_keys.connection.cache_clear()
        with override_settings(REDIS_URL=url):
            yield gate
            assert feed.flush(WAIT_S)
        channel_layers.set("default", before)
        feed_keys.connection.cache_clear()
