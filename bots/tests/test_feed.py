"""Publishing: numbers, merging, and what happens while Redis is away."""

import asyncio
import os
import subprocess
import sys
from collections.abc import Iterator
from typing import Any

import pytest
from asgiref.sync import async_to_sync
from channels.layers import get_channel_layer
from django.conf import settings
from django.core.cache import cache
from django.db import transaction

from bots.feed import events as feed
from bots.feed import keys as feed_keys
from bots.feed import publisher as feed_publisher
from bots.feed.buffer import PATIENCE_S, WAITING_MAX, FeedBuffer
from bots.feed.keys import bot_group, user_group
from bots.feed.messages import Event, merged, messages_of
from bots.tests.gated import redis_gate  # noqa: F401
from chainmakes.tests.gate import Gate

BOT, OWNER = 900_001, 800_001
WAIT_S = 5.0


def figures(second: int = 0, **fields: Any) -> dict[str, Any]:
    at = f"2025-01-01T00:00:{second:02}+00:00"
    return {"at": at, "spread": float(second), "price1": "0.035", "price2": "0.085"} | fields


def point(second: int) -> list[float]:
    return [1_735_689_600_000 + second * 1000, float(second), 0.035, 0.085]


class Readers:
    """Channels of this test in the groups of a bot and its owner."""

    def __init__(self) -> None:
        self._layer = get_channel_layer()
        self._channels: dict[str, str] = {}

    async def join(self, *groups: str) -> None:
        for group in groups:
            self._channels[group] = await self._layer.new_channel()
            await self._layer.group_add(group, self._channels[group])

    async def next(self, group: str) -> dict[str, Any]:
        return await asyncio.wait_for(self._layer.receive(self._channels[group]), WAIT_S)


async def received(publish: Any, counts: dict[str, int]) -> dict[str, list[dict[str, Any]]]:
    """What the readers of each group get, when so many messages are expected."""
    readers = Readers()
    await readers.join(*counts)
    publish()
    found = {group: [await readers.next(group) for _ in range(count)] for group, count in counts.items()}
    await get_channel_layer().flush()
    return found


@pytest.fixture(autouse=True)
def _empty_feed() -> Iterator[None]:
    assert feed.flush(WAIT_S)
    redis = feed_keys.connection()
    for group in (bot_group(BOT), user_group(OWNER)):
        redis.delete(feed_keys.sequence_key(group), feed_keys.watched_key(group))
    cache.delete(feed_keys.figures_key(BOT))
    yield
    assert feed.flush(WAIT_S)


def publish(type: str = "bot_status", data: dict[str, Any] | None = None) -> None:
    feed.publish_on_commit(BOT, OWNER, type, {"id": BOT} if data is None else data)


def watch() -> None:
    for group in (bot_group(BOT), user_group(OWNER)):
        feed.watch(group)


def test_both_groups_get_an_event_with_the_number_after_the_one_they_know() -> None:
    numbers = {group: feed.sequence_of(group) or 0 for group in (bot_group(BOT), user_group(OWNER))}
    found = async_to_sync(received)(publish, dict.fromkeys(numbers, 1))
    for group, before in numbers.items():
        assert found[group] == [
            {"type": "feed.event", "event": "bot_status", "bot": BOT, "data": {"id": BOT}, "sequence": before + 1}
        ]


def test_numbers_have_no_holes() -> None:
    def publish_many() -> None:
        for number in range(200):
            publish(data={"id": number})

    group = bot_group(BOT)
    found = async_to_sync(received)(publish_many, {group: 200})[group]
    first = found[0]["sequence"]
    assert [(message["sequence"] - first, message["data"]["id"]) for message in found] == [(n, n) for n in range(200)]


def test_counting_goes_on_above_all_earlier_numbers_when_redis_forgot_them() -> None:
    group = bot_group(BOT)
    before = async_to_sync(received)(publish, {group: 1})[group][0]["sequence"]
    feed_keys.connection().delete(feed_keys.sequence_key(group))
    assert async_to_sync(received)(publish, {group: 1})[group][0]["sequence"] > before


def test_live_figures_reach_the_chart_as_points_and_the_dashboard_without() -> None:
    watch()
    groups = {bot_group(BOT): 1, user_group(OWNER): 1}
    found = async_to_sync(received)(lambda: publish("spread_update", figures(3)), groups)
    assert found[bot_group(BOT)][0]["data"] == figures(3) | {"points": [point(3)]}
    assert found[user_group(OWNER)][0]["data"] == figures(3)


def test_live_figures_that_nobody_reads_are_kept_but_not_sent() -> None:
    def publish_both() -> None:
        publish("spread_update", figures(3))
        publish()

    group = bot_group(BOT)
    (only,) = async_to_sync(received)(publish_both, {group: 1})[group]
    assert only["event"] == "bot_status"
    assert feed.last_figures([BOT, BOT + 1]) == {BOT: figures(3)}


def test_last_figures_are_the_newest_without_points() -> None:
    publish("spread_update", figures(1))
    publish("spread_update", figures(2, points=[point(1), point(2)]))
    assert feed.flush(WAIT_S)
    assert feed.last_figures([BOT]) == {BOT: figures(2)}


@pytest.mark.django_db(transaction=True)
def test_nothing_is_published_before_the_commit_nor_after_a_rollback() -> None:
    with transaction.atomic():
        publish("spread_update", figures(1))
        assert feed.flush(WAIT_S)
        assert feed.last_figures([BOT]) == {}
    assert feed.flush(WAIT_S)
    assert feed.last_figures([BOT]) == {BOT: figures(1)}
    with transaction.atomic():
        publish("spread_update", figures(2))
        transaction.set_rollback(True)
    assert feed.flush(WAIT_S)
    assert feed.last_figures([BOT]) == {BOT: figures(1)}


def test_an_event_that_cannot_be_sent_does_not_stop_the_next() -> None:
    publish(data={"odd": object()})
    group = bot_group(BOT)
    assert feed.flush(WAIT_S)
    assert async_to_sync(received)(publish, {group: 1})[group][0]["data"] == {"id": BOT}


# --- Redis away ------------------------------------------------------------------------------------------------------


def test_publishing_and_reading_never_fail_while_redis_is_away(gate: Gate) -> None:
    gate.shut()
    publish()
    feed.watch(bot_group(BOT))
    assert feed.sequence_of(bot_group(BOT)) is None
    assert feed.flush(WAIT_S)


def test_events_lost_while_redis_was_away_leave_a_hole_in_the_numbers(gate: Gate) -> None:
    before = feed.sequence_of(bot_group(BOT))
    assert before is not None
    gate.shut()
    publish()
    assert feed.flush(WAIT_S)
    gate.open()
    publish(data={"id": 2})
    publish(data={"id": 3})
    assert feed.flush(WAIT_S)
    assert feed.sequence_of(bot_group(BOT)) == before + 3


def test_a_full_queue_drops_events_and_leaves_a_hole(gate: Gate, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(feed_publisher, "QUEUE_SIZE", 3)
    publisher = feed_publisher.Publisher()
    before = feed.sequence_of(bot_group(BOT)) or 0
    gate.shut()
    for _ in range(50):
        publisher.put(Event(BOT, OWNER, "bot_status", {"id": BOT}))
    gate.open()
    assert publisher.flush(WAIT_S)
    publisher.put(Event(BOT, OWNER, "bot_status", {"id": BOT}))
    assert publisher.flush(WAIT_S)
    assert before + 2 <= (feed.sequence_of(bot_group(BOT)) or 0) <= before + 50


# --- what readers do with it -----------------------------------------------------------------------------------------


def message(sequence: int, event: str = "log", **data: Any) -> dict[str, Any]:
    return {"type": "feed.event", "event": event, "bot": BOT, "data": data or {"id": sequence}, "sequence": sequence}


def update(sequence: int, bot: int = BOT) -> dict[str, Any]:
    return message(sequence, "spread_update", spread=sequence, points=[[sequence]]) | {"bot": bot}


def numbers(messages: list[dict[str, Any]]) -> list[int]:
    return [each["sequence"] for each in messages]


def test_live_figures_between_two_frames_become_one_with_all_points() -> None:
    first, last = update(1), update(4)
    assert merged([first, message(2), update(3), last, message(5)]) == [
        message(2),
        last | {"data": {"spread": 4, "points": [[1], [3], [4]]}},
        message(5),
    ]


def test_live_figures_of_two_bots_stay_apart() -> None:
    assert merged([update(1, bot=1), update(2, bot=2)]) == [update(1, bot=1), update(2, bot=2)]


def test_an_event_of_several_moments_keeps_its_points() -> None:
    points = [point(1), point(2)]
    event = Event(BOT, OWNER, "spread_update", figures(2, points=points))
    assert messages_of(event)[bot_group(BOT)]["data"]["points"] == points


def test_a_buffer_begins_without_a_snapshot_and_forgets_what_the_snapshot_holds() -> None:
    buffer = FeedBuffer()
    assert not buffer.is_complete
    for number in (4, 5, 6):
        buffer.add(message(number))
    buffer.restart(5)
    buffer.add(message(3))
    assert buffer.is_complete
    assert numbers(buffer.take(0.0)) == [6]


def test_messages_that_overtook_each_other_are_put_in_order() -> None:
    buffer = FeedBuffer()
    buffer.restart(0)
    buffer.add(message(2))
    assert buffer.take(0.0) == []
    assert buffer.is_waiting
    buffer.add(message(1))
    assert numbers(buffer.take(0.1)) == [1, 2]
    assert not buffer.is_waiting
    assert buffer.is_complete


def test_a_hole_that_stays_asks_for_a_snapshot() -> None:
    buffer = FeedBuffer()
    buffer.restart(0)
    buffer.add(message(2))
    buffer.take(0.0)
    buffer.take(PATIENCE_S)
    assert buffer.is_complete
    buffer.take(PATIENCE_S + 0.01)
    assert not buffer.is_complete
    buffer.restart(2)
    assert buffer.is_complete
    assert buffer.take(1.0) == []


def test_a_second_hole_gets_its_own_patience() -> None:
    buffer = FeedBuffer()
    buffer.restart(0)
    buffer.add(message(2))
    buffer.take(0.0)
    buffer.add(message(1))
    buffer.take(0.1)
    buffer.add(message(4))
    buffer.take(10.0)
    assert buffer.is_complete


def test_a_reader_that_takes_nothing_holds_a_bounded_number_of_messages() -> None:
    buffer = FeedBuffer()
    buffer.restart(0)
    for number in range(1, WAITING_MAX + 2):
        buffer.add(message(number))
    assert not buffer.is_complete
    assert not buffer.is_waiting


def test_without_a_known_number_the_first_message_begins_the_count() -> None:
    buffer = FeedBuffer()
    buffer.restart(None)
    buffer.add(message(41))
    assert numbers(buffer.take(0.0)) == [41]
    buffer.add(message(42))
    assert numbers(buffer.take(0.0)) == [42]


def test_a_process_with_a_cache_of_its_own_speaks_to_the_same_pages():
    """The guardian, that is: it does without Redis, and tells pages as long as Redis is there."""
    code = "import django; django.setup(); from bots.feed import keys; print(keys.watched_key('bot.1'))"
    found = {
        subprocess.run(
            [sys.executable, "-c", code],
            env=os.environ | {"LOCAL_CACHE": own},
            cwd=settings.BASE_DIR,
            capture_output=True,
            text=True,
            check=True,
        ).stdout
        for own in ("0", "1")
    }
    assert len(found) == 1
