"""The candles that a bot's own accounts have of its past, aligned. What is missing is counted, never filled."""

from dataclasses import dataclass
from typing import Final

import numpy as np

from bots.models import TIMEFRAMES, Bot, DecideOn
from exchanges import market_data
from exchanges.adapters.base import Candle
from exchanges.adapters.paper_source import from_ms, to_ms
from exchanges.history import candles
from exchanges.models import ExchangeAccount, PaperSource
from exchanges.registry import venue_of
from exchanges.timeframes import TIMEFRAME_MS, timeframe_ms
from trading.core.candles import Candles, Ints, Tape, align, single

BARS_MOST: Final = 100_000
"""Of recordings that lie here."""
ASKED_MOST: Final = 5_000
"""Of candles that have to be asked for or made up."""
PAGE: Final = 1_000


@dataclass(frozen=True, slots=True)
class Bars:
    """`missing`: opening times between the first and the last bar at which one of the markets has no candle."""

    timeframe: str
    tape: Tape
    missing: Ints

    @property
    def bar_ms(self) -> int:
        return timeframe_ms(self.timeframe)

    @property
    def end(self) -> int:
        """The close of the last bar."""
        return int(self.tape.times[-1]) + self.bar_ms if len(self.tape) else 0


def bars_of(bot: Bot, since: int, until: int) -> Bars:
    """From the bar before `since` to the last that closed by `until`; the newest ones where there are too many.

    A bot that decides on candles has those of its own length; any other the finest that both markets have and that
    are not too many. Raises ExchangeError.
    """
    on_close = bot.decide_on == DecideOn.CANDLE_CLOSE
    lengths = [bot.timeframe] if on_close else _fitting(bot, since, until)
    for timeframe in lengths:
        found = _bars(bot, timeframe, since, until)
        if len(found.tape):
            break
    return found


def _fitting(bot: Bot, since: int, until: int) -> list[str]:
    most = min(BARS_MOST if _recorded(bot.account_of(leg)) else ASKED_MOST for leg in bot.legs)
    fitting = [name for name in TIMEFRAMES if (until - since) // TIMEFRAME_MS[name] < most]
    return fitting or TIMEFRAMES[-1:]


def _bars(bot: Bot, timeframe: str, since: int, until: int) -> Bars:
    tape = tape_of(bot, timeframe, since, until)
    return Bars(timeframe, tape, _missing(tape, timeframe_ms(timeframe)))


def tape_of(bot: Bot, timeframe: str, since: int, until: int) -> Tape:
    """Raises ExchangeError."""
    series = [_series(bot.account_of(leg), bot.symbol_of(leg), timeframe, since, until) for leg in bot.legs]
    return align(*series).tape if len(series) > 1 else single(series[0])


def _missing(tape: Tape, bar_ms: int) -> Ints:
    if not len(tape):
        return np.empty(0, np.int64)
    return np.setdiff1d(np.arange(tape.times[0], tape.times[-1] + 1, bar_ms, dtype=np.int64), tape.times)


def _recorded(account: ExchangeAccount) -> bool:
    return account.is_paper and account.paper_source == PaperSource.REPLAY


def _series(account: ExchangeAccount, symbol: str, timeframe: str, since: int, until: int) -> Candles:
    """Closed candles of one market, within the bounds and the number that may be read."""
    bar_ms = timeframe_ms(timeframe)
    until = min(until, to_ms(venue_of(account).clock()))
    stored = candles.load(account.paper_venue, symbol, timeframe) if _recorded(account) else None
    most = ASKED_MOST if stored is None else BARS_MOST
    first = max((since // bar_ms - 1) * bar_ms, (until // bar_ms - most) * bar_ms)
    if stored is not None:
        start, end = np.searchsorted(stored.times, [first, until - bar_ms + 1])
        return _columns(stored, slice(int(start), int(end)))
    return _of_rows(_asked(account, symbol, timeframe, first, until))


def _asked(account: ExchangeAccount, symbol: str, timeframe: str, first: int, until: int) -> list[Candle]:
    bar_ms, found = timeframe_ms(timeframe), list[Candle]()
    at = first
    while at + bar_ms <= until:
        page = market_data.closed_candles(account, symbol, timeframe, since=from_ms(at), limit=PAGE)
        fresh = [candle for candle in page if at <= to_ms(candle.at) <= until - bar_ms]
        if not fresh:
            break
        found += fresh
        at = to_ms(fresh[-1].at) + bar_ms
    return found


def _of_rows(rows: list[Candle]) -> Candles:
    def column(name: str) -> np.ndarray[tuple[int], np.dtype[np.float64]]:
        return np.array([float(getattr(row, name)) for row in rows], dtype=np.float64)

    times = np.array([to_ms(row.at) for row in rows], dtype=np.int64)
    return Candles(times, column("open"), column("high"), column("low"), column("close"), column("volume"))


def _columns(series: Candles, rows: slice) -> Candles:
    return Candles(
        series.times[rows],
        series.opens[rows],
        series.highs[rows],
        series.lows[rows],
        series.closes[rows],
        series.volumes[rows],
    )
