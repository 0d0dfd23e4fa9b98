"""Funding payments of a back-test: when each one is booked and what one base unit pays."""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

Times = NDArray[np.int64]
Floats = NDArray[np.float64]

MINUTE_MS = 60_000


@dataclass(frozen=True, slots=True)
class FundingRates:
    """One market's funding: stamps in ms UTC (ascending), rates as fractions, the mark price at each stamp."""

    stamps: Times
    rates: Floats
    marks: Floats


@dataclass(frozen=True, slots=True)
class FundingSchedule:
    """Bookings in time's order: the bar, and what one base unit held long pays there, per leg."""

    bars: NDArray[np.int64]
    per_unit1: Floats
    per_unit2: Floats


def no_funding() -> FundingSchedule:
    return FundingSchedule(np.empty(0, np.int64), np.empty(0), np.empty(0))


def funding_schedule(times: Times, leg1: FundingRates | None, leg2: FundingRates | None) -> FundingSchedule:
    """Book every payment at the first bar at or after its stamp, rounded to the minute.

    `times` are the bars' open times in ms. Stamps before the first bar or after the last one are left out.
    """
    bars1, values1 = _booked(times, leg1)
    bars2, values2 = _booked(times, leg2)
    bars = np.concatenate((bars1, bars2))
    per_unit1 = np.concatenate((values1, np.zeros(len(bars2))))
    per_unit2 = np.concatenate((np.zeros(len(bars1)), values2))
    order = np.argsort(bars, kind="stable")
    return FundingSchedule(bars[order], per_unit1[order], per_unit2[order])


def mark_at(stamps: Times, mark_times: Times, mark_opens: Floats) -> Floats:
    """The open of the last mark-price candle at or before each stamp (rounded to the minute).

    Raises ValueError where a stamp lies before the first candle.
    """
    index = np.searchsorted(mark_times, _to_minute(stamps), side="right") - 1
    if len(index) and index.min() < 0:
        raise ValueError(f"no mark price at or before {int(stamps[int(index.argmin())])}")
    return mark_opens[index]


def _booked(times: Times, leg: FundingRates | None) -> tuple[NDArray[np.int64], Floats]:
    if leg is None or not len(times):
        return np.empty(0, np.int64), np.empty(0)
    stamps = _to_minute(leg.stamps)
    within = (stamps >= times[0]) & (stamps <= times[-1])
    return np.searchsorted(times, stamps[within], side="left").astype(np.int64), (leg.rates * leg.marks)[within]


def _to_minute(stamps: Times) -> Times:
    return (stamps + MINUTE_MS // 2) // MINUTE_MS * MINUTE_MS
