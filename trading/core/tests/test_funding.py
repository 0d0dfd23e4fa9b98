import numpy as np
import pytest

from trading.core.funding import FundingRates, funding_schedule, mark_at, no_funding

MINUTE = 60_000
TIMES = np.arange(10, dtype=np.int64) * 5 * MINUTE


def rates(stamps: list[int], rate: float = 0.001, mark: float = 100.0) -> FundingRates:
    count = len(stamps)
    return FundingRates(np.array(stamps, dtype=np.int64), np.full(count, rate), np.full(count, mark))


@pytest.mark.parametrize(
    ("stamp", "bars"),
    [
        (10 * MINUTE, [2]),
        (10 * MINUTE + 12, [2]),
        (10 * MINUTE - 12, [2]),
        (10 * MINUTE + 40_000, [3]),
        (11 * MINUTE, [3]),
        (-5 * MINUTE, []),
        (46 * MINUTE, []),
        (45 * MINUTE, [9]),
    ],
)
def test_booked_at_the_first_bar_at_or_after_the_minute(stamp: int, bars: list[int]) -> None:
    assert funding_schedule(TIMES, rates([stamp]), None).bars.tolist() == bars


def test_legs_are_merged_in_order_with_mark_times_rate() -> None:
    schedule = funding_schedule(TIMES, rates([5 * MINUTE, 20 * MINUTE]), rates([10 * MINUTE, 20 * MINUTE], -0.002, 50))
    assert schedule.bars.tolist() == [1, 2, 4, 4]
    assert schedule.per_unit1.tolist() == [0.1, 0.0, 0.1, 0.0]
    assert schedule.per_unit2.tolist() == [0.0, -0.1, 0.0, -0.1]


def test_none() -> None:
    assert len(no_funding().bars) == len(funding_schedule(TIMES, None, None).bars) == 0
    assert len(funding_schedule(TIMES[:0], rates([0]), None).bars) == 0


def test_mark_of_the_candle_at_or_before_the_stamp() -> None:
    opens = np.arange(10, dtype=np.float64)
    stamps = np.array([10 * MINUTE, 12 * MINUTE, 10 * MINUTE - 9], dtype=np.int64)
    assert mark_at(stamps, TIMES, opens).tolist() == [2.0, 2.0, 2.0]
    with pytest.raises(ValueError, match="no mark price"):
        mark_at(np.array([0], dtype=np.int64), TIMES[1:], opens[1:])
