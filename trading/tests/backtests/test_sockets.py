"""A back-test watched while it runs: who may, what comes first, and what happens while Redis is away."""

from typing import Any

import pytest
from channels.db import database_sync_to_async
from django.utils import timezone, translation

from bots import consumers
from bots.feed import events as feed
from bots.feed import keys as feed_keys
from bots.feed.messages import GroupEvent, merged, messages_of
from bots.tests.factories import make_user
from bots.tests.gated import redis_gate  # noqa: F401
from bots.tests.test_consumers import WAIT_S, bearer, first_frame, opened, refusal
from chainmakes.tests.broker import own_broker  # noqa: F401
from chainmakes.tests.gate import Gate
from exchanges.models import JobStatus
from exchanges.tests.series import BARS, candle_dir, stored_pair  # noqa: F401
from trading.backtests import progress, running, services
from trading.models import Backtest
from trading.tests.backtests.made import NOW, queued

pytestmark = [pytest.mark.django_db(transaction=True), pytest.mark.usefixtures("stored_pair", "broker")]

in_database = database_sync_to_async


@pytest.fixture
def backtest() -> Backtest:
    return queued(make_user(password=None))


def path_of(backtest: Backtest) -> str:
    return f"/api/v1/ws/backtest/{backtest.pk}"


@pytest.mark.parametrize("slash", ["", "/"])
async def test_the_owner_reads_a_snapshot_first(backtest: Backtest, slash: str) -> None:
    headers = await in_database(bearer)(backtest.owner)
    frame = await first_frame(path_of(backtest) + slash, headers)
    assert frame["type"] == "snapshot"
    assert frame["sequence"] == feed.sequence_of(progress.group(backtest.pk))
    assert frame["data"] == {
        "id": backtest.pk,
        "kind": "run",
        "status": "queued",
        "done": 0,
        "total": BARS,
        "problems": [],
        "summary": {},
    }


async def test_somebody_elses_does_not_exist(backtest: Backtest) -> None:
    stranger = await in_database(make_user)(password=None)
    headers = await in_database(bearer)(stranger)
    assert await refusal(path_of(backtest), headers) == consumers.NOT_FOUND
    assert await refusal(f"/api/v1/ws/backtest/{backtest.pk + 1}", headers) == consumers.NOT_FOUND


async def test_without_a_log_in_nothing_is_read(backtest: Backtest) -> None:
    assert await refusal(path_of(backtest)) == consumers.UNAUTHENTICATED


async def test_a_run_is_followed_to_its_end(backtest: Backtest) -> None:
    async with opened(path_of(backtest), await in_database(bearer)(backtest.owner)) as socket:
        before = (await socket.frame())["sequence"]
        await in_database(running.backtest_run)(backtest.pk, timezone.now)
        status = ""
        while status != "done":
            frame = await socket.frame()
            assert (frame["type"], frame["first_sequence"] <= frame["sequence"]) == ("progress", True)
            assert frame["sequence"] > before
            before, status = frame["sequence"], frame["data"]["status"]
        assert frame["data"] == {"status": "done", "done": BARS, "total": BARS, "problems": []}
        await socket.send_json_to({"type": "snapshot"})
        assert (await socket.frame())["data"]["summary"]["bars"] == BARS


async def test_a_cancel_and_a_failure_are_told(backtest: Backtest) -> None:
    async with opened(path_of(backtest), await in_database(bearer)(backtest.owner)) as socket:
        await socket.frame()
        await in_database(services.backtest_cancel)(actor=backtest.owner, backtest=backtest, now=NOW)
        assert (await socket.frame())["data"]["status"] == "canceled"
        backtest.status, backtest.problems = JobStatus.FAILED, ["data: the two markets have no bar in common"]
        progress.publish(backtest)
        assert (await socket.frame())["data"]["problems"] == backtest.problems


async def test_what_goes_wrong_is_told_in_the_reader_s_language(backtest: Backtest) -> None:
    sentence = "The request is too large."  # one that is translated
    with translation.override("zh-hans"):
        expected = progress.worded([sentence])
    assert expected != [sentence]
    backtest.owner.language = "zh-hans"
    await in_database(backtest.owner.save)()
    async with opened(path_of(backtest), await in_database(bearer)(backtest.owner)) as socket:
        await socket.frame()
        backtest.status, backtest.problems = JobStatus.FAILED, [sentence]
        progress.publish(backtest)
        assert (await socket.frame())["data"]["problems"] == expected


async def test_a_missing_event_brings_a_new_snapshot(backtest: Backtest) -> None:
    async with opened(path_of(backtest), await in_database(bearer)(backtest.owner)) as socket:
        first = await socket.frame()
        feed_keys.connection().incr(feed_keys.sequence_key(progress.group(backtest.pk)))
        progress.publish(backtest)
        second = await socket.frame()
        assert (second["type"], second["sequence"]) == ("snapshot", first["sequence"] + 2)


async def test_one_that_is_deleted_ends_its_sockets(backtest: Backtest, monkeypatch: Any) -> None:
    monkeypatch.setattr(consumers, "SNAPSHOT_PAUSE_S", 0.0)
    async with opened(path_of(backtest), await in_database(bearer)(backtest.owner)) as socket:
        await socket.frame()
        await in_database(services.backtest_delete)(actor=backtest.owner, backtest=backtest)
        await socket.send_json_to({"type": "snapshot"})
        assert await socket.close_code() == consumers.NOT_FOUND


def test_a_run_does_not_notice_that_redis_is_away(backtest: Backtest, gate: Gate) -> None:
    gate.shut()
    running.backtest_run(backtest.pk, timezone.now)
    assert feed.flush(WAIT_S)
    backtest.refresh_from_db()
    assert backtest.status == JobStatus.DONE


def test_of_several_steps_in_a_row_the_last_is_enough() -> None:
    group = progress.group(1)
    steps = [messages_of(GroupEvent(group, "progress", {"done": done}))[group] for done in range(3)]
    numbered = [step | {"sequence": number} for number, step in enumerate(steps, start=7)]
    assert [(step["sequence"], step["data"]) for step in merged(numbered)] == [(9, {"done": 2})]
