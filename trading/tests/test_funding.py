"""When a bot asks its venue for funding payments."""

from datetime import UTC, datetime

import pytest

from bots.models import Bot
from trading.funding import funding_due


def at(hour: int, minute: int, second: int = 0) -> datetime:
    return datetime(2025, 3, 1, hour, minute, second, tzinfo=UTC)


@pytest.mark.parametrize(
    ("read", "now", "wanted"),
    [
        (None, at(11, 30), True),
        (at(11, 5), at(11, 55), False),
        (at(11, 5), at(12, 0), False),  # the payment of twelve may not be booked yet
        (at(11, 5), at(12, 0, 59), False),
        (at(11, 5), at(12, 1), True),
        (at(12, 0), at(12, 5), True),  # the last look came at the very stamp
        (at(12, 1), at(12, 59), False),
        (at(12, 5), at(13, 5), True),
        (at(12, 5), at(18, 0), True),
    ],
)
def test_once_an_hour_and_late_enough_for_its_payment(read: datetime | None, now: datetime, wanted: bool) -> None:
    assert funding_due(Bot(level=1, side=1, funding_read_at=read), now) is wanted
    assert not funding_due(Bot(level=0, side=0, funding_read_at=read), now)
