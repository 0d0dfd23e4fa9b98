"""Fetching history: resumed, holes asked for again, nothing wrong kept. The venue answers over HTTP."""

import _thread
from io import StringIO
from typing import Any

import numpy as np
import pytest
from django.core.management import CommandError, call_command

from exchanges.errors import ExchangeError
from exchanges.history import candles
from exchanges.history import fetching as history
from exchanges.history.fetching import CandleHistory, FundingHistory, NothingYet
from exchanges.history.venue_pages import Garbled
from exchanges.models import CandleSet, FundingSet
from exchanges.tests.series import GALA
from exchanges.tests.venue_history import T0, HistoryServer, down, hourly, minute, minutes
from exchanges.timeframes import HOUR_MS, MINUTE_MS
from trading.core.candles import Candles, Stretch

pytestmark = pytest.mark.django_db

LATER = T0 + 400 * 86_400_000


def at(number: int) -> int:
    return T0 + number * MINUTE_MS


def fetched(first: int, end: int, *, now: int = LATER, timeframe: str = "1m") -> CandleHistory:
    found = CandleHistory("binance", GALA, timeframe, at(first), at(end), now)
    for _ in found.steps():
        pass
    return found


def stored_minutes() -> list[int]:
    found = candles.load("binance", GALA, "1m")
    return [] if found is None else [(int(time) - T0) // MINUTE_MS for time in found.times]


def test_everything_is_fetched_page_by_page(wire: HistoryServer) -> None:
    wire.record(minutes(*range(2_500)))
    found = CandleHistory("binance", GALA, "1m", at(0), at(2_500), LATER)
    steps = list(found.steps())
    assert wire.asked == [at(0), at(1_000), at(2_000)]
    assert [(step.done, step.total, step.rows) for step in steps] == [
        (1_000, 2_500, 1_000), (2_000, 2_500, 2_000), (2_500, 2_500, 2_500)
    ]  # fmt: skip
    assert steps[-1].reached == at(2_500)
    assert stored_minutes() == list(range(2_500))
    assert found.result() == history.Result(2_500, [], [])
    row = CandleSet.objects.get()
    assert (row.rows, row.source, row.gaps) == (2_500, "downloaded from binance", [])


def test_what_is_stored_is_not_asked_for_again(wire: HistoryServer) -> None:
    wire.record(minutes(*range(3_000)))
    fetched(500, 1_000)
    fetched(1_500, 2_000)
    del wire.requests[:]
    found = fetched(0, 2_500)
    assert wire.asked == [at(0), at(1_000), at(2_000)]
    assert found.rows == 1_500
    assert stored_minutes() == list(range(2_500))
    del wire.requests[:]
    assert fetched(0, 2_500).rows == 0
    assert wire.asked == []


def test_what_the_venue_lacks_is_asked_for_twice_and_then_named(wire: HistoryServer) -> None:
    wire.record([*minutes(*range(100, 200)), *map(down, range(200, 210)), *minutes(*range(215, 300), *range(301, 400))])
    found = fetched(0, 500)
    result = found.result()
    assert result.missing == [
        Stretch(at(0), at(99), 100), Stretch(at(210), at(214), 5), Stretch(at(300), at(300), 1),
        Stretch(at(400), at(499), 100),
    ]  # fmt: skip
    assert result.outages == [Stretch(at(200), at(209), 10)]
    assert wire.asked == [at(0), at(400), at(0), at(210), at(300), at(400)]
    row = CandleSet.objects.get()
    assert (row.flat_bars, row.gaps) == (10, [[at(210), at(214)], [at(300), at(300)]])


def test_a_hole_that_the_venue_has_filled_meanwhile_is_filled(wire: HistoryServer) -> None:
    wire.record(minutes(*range(50), *range(60, 100)))
    assert fetched(0, 100).result().missing == [Stretch(at(50), at(59), 10)]
    wire.record(minutes(*range(100)))
    assert fetched(0, 100).rows == 10
    assert stored_minutes() == list(range(100))


def test_whoever_stops_keeps_what_has_come_and_goes_on_from_there(wire: HistoryServer) -> None:
    wire.record(minutes(*range(5_000)))
    first = CandleHistory("binance", GALA, "1m", at(0), at(5_000), LATER)
    steps = first.steps()
    next(steps)
    next(steps)
    steps.close()
    assert first.rows == 2_000
    assert stored_minutes() == list(range(2_000))
    del wire.requests[:]
    assert fetched(0, 5_000).rows == 3_000
    assert wire.asked == [at(2_000), at(3_000), at(4_000)]


def test_pages_are_stored_while_others_come(wire: HistoryServer, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(history, "BATCH_PAGES", 2)
    wire.record(minutes(*range(5_000)))
    stored = [len(stored_minutes()) for _ in CandleHistory("binance", GALA, "1m", at(0), at(5_000), LATER).steps()]
    assert stored == [0, 2_000, 2_000, 4_000, 4_000]
    assert len(stored_minutes()) == 5_000


def test_the_last_bar_is_stored_only_once_it_has_closed(wire: HistoryServer) -> None:
    wire.record(minutes(*range(100)))
    fetched(0, 100, now=at(10) + history.SETTLED_MS - 1)
    assert stored_minutes() == list(range(9))
    fetched(0, 100, now=at(10) + history.SETTLED_MS)
    assert stored_minutes() == list(range(10))
    with pytest.raises(NothingYet):
        CandleHistory("binance", GALA, "1m", at(10), at(100), at(10) + history.SETTLED_MS)


def test_times_between_bars_mean_the_bars_within(wire: HistoryServer) -> None:
    wire.record(minutes(*range(100)))
    found = CandleHistory("binance", GALA, "1m", at(3) + 1, at(7) + 1, LATER)
    list(found.steps())
    assert stored_minutes() == [4, 5, 6, 7]


@pytest.mark.parametrize(
    ("rows", "complaint"),
    [
        ([*minutes(0, 1), *minutes(1, 2)], "the bar of 2025-01-01 00:01 UTC came twice"),
        ([*minutes(0, 1), (at(2) + 7, ["1", "1", "1", "1", "1"])], "the bar of 2025-01-01 00:02 UTC does not open on"),
        (minutes(0, 5, 10, 15), "the bars from 2025-01-01 00:00 UTC on are 5m apart"),
        ([*minutes(0, 1), (at(2), ["1", "0.5", "0.5", "1", "1"])], "the bar of 2025-01-01 00:02 UTC has impossible"),
        ([*minutes(0), (at(1), ["0", "0", "0", "0", "0"])], "the bar of 2025-01-01 00:01 UTC has impossible"),
        ([*minutes(0), (at(1), ["1", "2", "1", "nan", "5"])], "the bar of 2025-01-01 00:01 UTC has impossible"),
    ],
)
def test_a_page_that_cannot_be_right_is_refused_with_its_bar(
    wire: HistoryServer, rows: list[tuple[int, list[str]]], complaint: str
) -> None:
    wire.record(rows)
    with pytest.raises(Garbled, match=complaint):
        fetched(0, 100)
    assert not CandleSet.objects.exists()


def test_what_came_before_a_failure_is_stored(wire: HistoryServer) -> None:
    wire.record([*minutes(*range(1_500)), *minutes(1_499, 1_500)])
    with pytest.raises(Garbled):
        fetched(0, 2_000)
    assert stored_minutes() == list(range(1_000))


def test_a_market_that_is_not_traded(wire: HistoryServer) -> None:
    with pytest.raises(ExchangeError):
        list(CandleHistory("binance", "NOSUCH/USDT:USDT", "1m", at(0), at(10), LATER).steps())


# --- funding ---


def funding(first: int, end: int) -> FundingHistory:
    """Hours."""
    found = FundingHistory("binance", GALA, T0 + first * HOUR_MS, T0 + end * HOUR_MS, LATER)
    for _ in found.steps():
        pass
    return found


def stored_hours() -> list[int]:
    stamps, _ = candles.load_funding("binance", GALA) or (np.empty(0, np.int64), None)
    return [(int(stamp) - T0) // HOUR_MS for stamp in stamps]


def test_funding_is_fetched_and_resumed(wire: HistoryServer) -> None:
    wire.funding["GALA"] = hourly(*range(0, 81, 8))
    assert funding(0, 81).rows == 11
    assert stored_hours() == list(range(0, 81, 8))
    row = FundingSet.objects.get()
    assert (row.rows, row.source) == (11, "downloaded from binance")
    wire.funding["GALA"] = hourly(*range(0, 161, 8))
    assert funding(0, 161).rows == 10
    assert funding(0, 161).rows == 0
    assert funding(0, 161).result().missing == []


def test_shorter_intervals_are_followed_and_holes_in_them_named(wire: HistoryServer) -> None:
    wire.funding["GALA"] = hourly(0, 8, 16, 24, 28, 32, 36, 44, 48, 52, 56, 60, 61, 62, 63, 71, 79, 87)
    result = funding(0, 90).result()
    assert stored_hours() == [0, 8, 16, 24, 28, 32, 36, 44, 48, 52, 56, 60, 61, 62, 63, 71, 79, 87]
    (hole,) = result.missing
    assert ((hole.first - T0) // HOUR_MS, (hole.last - T0) // HOUR_MS) == (36, 43)


def test_funding_that_the_venue_does_not_have(wire: HistoryServer) -> None:
    wire.funding["GALA"] = hourly(48, 56, 64, 96)
    result = funding(0, 120).result()
    assert [((hole.first - T0) // HOUR_MS, (hole.last - T0) // HOUR_MS) for hole in result.missing] == [
        (0, 47), (64, 95), (96, 119)
    ]  # fmt: skip
    with pytest.raises(NothingYet):
        FundingHistory("binance", GALA, LATER + 1, LATER + 2, LATER)


# --- the command ---


def command(*extra: str) -> str:
    out = StringIO()
    fields = ("--exchange", "binance", "--symbol", "GALA/USDT", "--since", "2025-01-01", "--no-progress")
    call_command("download_candles", *fields, *extra, stdout=out, stderr=StringIO())
    return out.getvalue()


def test_the_command_says_what_it_stored_and_what_is_missing(wire: HistoryServer) -> None:
    wire.record([*minutes(*range(60)), down(60), *minutes(*range(62, 120))])
    text = command("--timeframe", "1m", "--until", "2025-01-01T02:00Z")
    assert text == (
        "binance GALA/USDT:USDT: 119 bars are newly stored.\n"
        "binance does not have: 1 bar in 1 stretch\n"
        "  2025-01-01 01:01 to 2025-01-01 01:01 UTC, 1 bar\n"
        "Venue down (flat bars without volume): 1 bar in 1 stretch\n"
        "  2025-01-01 01:00 to 2025-01-01 01:00 UTC, 1 bar\n"
    )
    wire.record(minutes(*range(121)))
    text = command("--timeframe", "1m", "--until", "2025-01-01T02:00Z")
    assert "1 bar is newly stored." in text
    assert text.endswith("Nothing is missing in that time.\n")


def test_the_command_fetches_funding(wire: HistoryServer) -> None:
    wire.funding["GALA"] = hourly(*range(0, 48, 8))
    assert "6 rates are newly stored." in command("--kind", "funding", "--until", "2025-01-03")


@pytest.mark.parametrize(
    ("extra", "complaint"),
    [
        ((), "--timeframe: Choose one of 1m"),
        (("--timeframe", "1m", "--until", "2024-01-01"), "--until: The end must be after the start"),
        (("--timeframe", "1m", "--until", "tomorrow"), "--until: Enter a time"),
        (("--timeframe", "1m", "--symbol", "GALA"), "--symbol: Enter a market"),
        (("--timeframe", "1m", "--since", "2015-01-01"), "--since: That is .* bars; at most 3,000,000"),
        (("--timeframe", "1d", "--since", "2999-01-01"), "--since: That time has not come yet"),
        (("--kind", "funding", "--type", "spot"), "--type: Only perpetual swaps"),
    ],
)
def test_the_command_refuses_what_makes_no_sense(wire: HistoryServer, extra: tuple[str, ...], complaint: str) -> None:
    with pytest.raises(CommandError, match=complaint):
        command(*extra)
    assert wire.requests == []


def test_the_command_says_what_is_stored_when_it_fails(wire: HistoryServer) -> None:
    wire.record([*minutes(*range(1_500)), *minutes(1_499, 1_500)])
    with pytest.raises(CommandError, match=r"came twice. 1,000 bars are newly stored. The same command goes on"):
        command("--timeframe", "1m", "--until", "2025-01-03")


def test_the_command_can_be_stopped(wire: HistoryServer, monkeypatch: pytest.MonkeyPatch) -> None:
    """Ctrl-C arrives while the third page is on its way."""
    wire.record(minutes(*range(5_000)))
    answer = wire.answer

    def interrupting(request: Any) -> Any:
        if request.path == "/fapi/v1/klines" and len(wire.asked) == 3:
            _thread.interrupt_main()
        return answer(request)

    monkeypatch.setattr(wire, "answer", interrupting)
    err = StringIO()
    fields = ("--exchange", "binance", "--symbol", "GALA/USDT", "--timeframe", "1m", "--since", "2025-01-01")
    with pytest.raises(SystemExit) as stopped:
        call_command("download_candles", *fields, "--until", "2025-01-04", stdout=StringIO(), stderr=err)
    assert stopped.value.code == 130
    assert "Stopped. 2,000 bars are newly stored." in err.getvalue()
    assert stored_minutes() == list(range(2_000))


def test_somebody_else_who_stores_other_bars_meanwhile_is_not_overwritten(wire: HistoryServer) -> None:
    wire.record(minutes(*range(2_000)))
    found = CandleHistory("binance", GALA, "1m", at(0), at(2_000), LATER)
    steps = found.steps()
    next(steps)
    price = np.array([9.0])
    candles.save("binance", GALA, "1m", Candles(np.array([at(5)]), price, price, price, price, price))
    with pytest.raises(candles.StoredDiffers):
        list(steps)
    stored = candles.load("binance", GALA, "1m")
    assert stored is not None
    assert stored.closes.tolist() == [9.0]
    assert minute(5)[0] == at(5)
