"""Downloads on open pages: a snapshot of those under way, then each that moves, nobody else's."""

from typing import Any

import pytest

from accounts.models import User
from bots.tests.factories import make_user
from bots.tests.test_consumers import bearer, in_database, opened, refusal
from exchanges import tasks
from exchanges.models import CandleDownload, JobStatus
from exchanges.tests.series import GALA, START

PATH = "/api/v1/ws/downloads"

pytestmark = pytest.mark.django_db(transaction=True)


def download(user: User, **values: Any) -> CandleDownload:
    fields = {"exchange": "binance", "symbol": GALA, "timeframe": "1m", "since": START, "until": START}
    return CandleDownload.objects.create(owner=user, **fields | values)


@pytest.fixture
def user() -> User:
    return make_user()


async def test_a_snapshot_and_then_what_moves(user: User) -> None:
    mine = await in_database(download)(user, done=5, total=10)
    await in_database(download)(user, timeframe="5m", status=JobStatus.DONE)
    theirs = await in_database(download)(await in_database(make_user)(), timeframe="15m")
    expected = {"id": mine.pk, "status": "queued", "done": 5, "total": 10, "rows": 0, "reached_at": None}
    async with opened(PATH, await in_database(bearer)(user)) as socket:
        snapshot = await socket.frame()
        assert (snapshot["type"], snapshot["data"]) == ("snapshot", {"downloads": [expected]})
        mine.status, mine.done, mine.reached_at = JobStatus.RUNNING, 7, START
        await in_database(tasks.tell)(theirs)
        await in_database(tasks.tell)(mine)
        frame = await socket.frame()
        assert frame["type"] == "download"
        moved = {"status": "running", "done": 7, "reached_at": "2025-01-01T00:00:00+00:00"}
        assert frame["data"] == expected | moved
        assert frame["first_sequence"] == frame["sequence"] == snapshot["sequence"] + 1


async def test_who_is_not_logged_in_hears_nothing() -> None:
    assert await refusal(PATH) == 4401
