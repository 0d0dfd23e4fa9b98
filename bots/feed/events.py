"""Events of bots and back-tests on their way to open pages. Nothing else writes to the channel layer.

A bot's event goes to two groups: `bot.<id>`, read by the bot's page, and `user.<id>`, read by its owner's dashboard; a
back-test's goes to a group of its own. Each group counts its events in Redis, so that a reader sees when one is
missing. Redis may be down or forget everything: publishing never fails, counting goes on above every earlier number,
and readers fetch anew.
"""

import atexit
import os
import threading
from collections.abc import Iterable
from functools import partial
from typing import Any

from django.core.cache import cache
from django.db import connection, transaction
from redis import RedisError

from bots.feed import keys as feed_keys
from bots.feed.messages import Event, GroupEvent
from bots.feed.outage import Outage
from bots.feed.publisher import Publisher

EXIT_WAIT_S = 1.0

_publishers: dict[int, Publisher] = {}  # by process: a fork has no thread of its own yet
_starting = threading.Lock()
_outage = Outage("pages are shown without live figures")


def publish_on_commit(bot_id: int, owner_id: int, type: str, data: dict[str, Any]) -> None:
    """Sends `data` (JSON-ready) to the bot's readers once the transaction is committed, at once outside of one.

    The data of `spread_update` (`bots.figures.live_figures`) is kept as the bot's last figures; it may bring `points`,
    [[ms, spread, price1, price2], …], when it stands for several moments.
    """
    _put_on_commit(Event(bot_id, owner_id, type, data))


def publish_group_on_commit(group: str, type: str, data: dict[str, Any]) -> None:
    """The same for readers of something else than a bot. Of several `progress` in a row they may see the last only."""
    _put_on_commit(GroupEvent(group, type, data))


def last_figures(bot_ids: Iterable[int]) -> dict[int, dict[str, Any]]:
    """Figures by bot id, without bots that have none; their `at` says how old they are."""
    keys = {feed_keys.figures_key(bot_id): bot_id for bot_id in bot_ids}
    try:
        found = cache.get_many(keys)
    except (RedisError, OSError) as error:
        _outage.begin(error)
        return {}
    _outage.end()
    return {keys[key]: figures for key, figures in found.items()}


def watch(group: str) -> None:
    """Says that somebody reads this group now; live figures are sent to watched groups only. Redis may be down."""
    try:
        feed_keys.connection().set(feed_keys.watched_key(group), 1, ex=feed_keys.WATCHED_S)
    except (RedisError, OSError) as error:
        _outage.begin(error)


def sequence_of(group: str) -> int | None:
    """Number of the group's last event; None while Redis does not answer."""
    key = feed_keys.sequence_key(group)
    try:
        with feed_keys.connection().pipeline(transaction=False) as pipe:
            pipe.set(key, feed_keys.first_number(), nx=True, ex=feed_keys.COUNTER_KEPT_S)
            pipe.get(key)
            return int(pipe.execute()[1])
    except (RedisError, OSError):
        return None


def flush(timeout_s: float) -> bool:
    """Waits until what this process published is sent; False when that takes longer."""
    publisher = _publishers.get(os.getpid())
    return publisher is None or publisher.flush(timeout_s)


def _put_on_commit(event: Event | GroupEvent) -> None:
    put = partial(_publisher().put, event)
    if connection.in_atomic_block:
        transaction.on_commit(put)
    else:
        put()


def _publisher() -> Publisher:
    with _starting:
        publisher = _publishers.get(os.getpid())
        if publisher is None:
            publisher = _publishers[os.getpid()] = Publisher()
            atexit.register(flush, EXIT_WAIT_S)
        return publisher
