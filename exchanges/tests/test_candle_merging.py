"""Merging and looking for holes, against dictionaries and sets."""

import numpy as np
from hypothesis import given
from hypothesis import strategies as st

from exchanges.history.candles import differing, merge, minutes_of
from exchanges.history.fetching import lacking
from trading.core.candles import Candles

MINUTE = 60_000

bars = st.dictionaries(st.integers(0, 40), st.sampled_from([1.0, 2.0]))


def series(held: dict[int, float]) -> Candles:
    times = np.array(sorted(held), dtype=np.int64) * MINUTE
    price = np.array([held[k] for k in sorted(held)], dtype=np.float64)
    return Candles(times, price, price, price, price, price)


@given(bars, bars)
def test_newer_bars_win(older: dict[int, float], newer: dict[int, float]) -> None:
    merged = merge(series(older), series(newer))
    held = dict(zip((merged.times // MINUTE).tolist(), merged.closes.tolist(), strict=True))
    assert held == older | newer
    assert list(held) == sorted(held)
    assert all(np.array_equal(merged.closes, getattr(merged, name)) for name in ("opens", "highs", "lows", "volumes"))


@given(bars, bars)
def test_merging_again_changes_nothing(older: dict[int, float], newer: dict[int, float]) -> None:
    once = merge(series(older), series(newer))
    twice = merge(once, series(newer))
    assert np.array_equal(once.times, twice.times)
    assert np.array_equal(once.closes, twice.closes)


@given(bars, bars)
def test_what_differs(stored: dict[int, float], sent: dict[int, float]) -> None:
    found = differing(series(stored), series(sent)) // MINUTE
    assert found.tolist() == sorted(k for k in stored.keys() & sent.keys() if stored[k] != sent[k])


@given(bars, st.integers(0, 40), st.integers(0, 40))
def test_what_lacks(held: dict[int, float], first: int, last: int) -> None:
    first, last = sorted((first, last))
    holes = lacking(series(held).times, first * MINUTE, last * MINUTE, MINUTE)
    missing = [k for hole in holes for k in range(hole.first // MINUTE, hole.last // MINUTE + 1)]
    assert missing == [k for k in range(first, last + 1) if k not in held]


@given(st.integers(0, 10**6), st.integers(-29_999, 29_999))
def test_stamps_belong_to_the_nearest_minute(minute: int, off: int) -> None:
    assert minutes_of(np.array([minute * MINUTE + off], dtype=np.int64)).tolist() == [minute]
