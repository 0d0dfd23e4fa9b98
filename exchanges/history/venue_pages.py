"""Pages of history as venues send them, checked before anything of them is kept."""

from typing import Final

import numpy as np
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from exchanges.adapters.paper_source import from_ms
from exchanges.errors import ExchangeError
from exchanges.history import public_data, simulated_shelf
from exchanges.history.candle_files import usual_step
from exchanges.history.candles import minutes_of
from exchanges.history.simulated_shelf import SHELF
from exchanges.timeframes import TIMEFRAME_MS, timeframe_ms
from trading.core.candles import Candles, Floats, Ints, ProblemKind, validate

_NAMES: Final = {length: name for name, length in TIMEFRAME_MS.items()}
_SENTENCES: Final = {
    ProblemKind.DISORDER: gettext_lazy("the bar of %(time)s is not after the one before it"),
    ProblemKind.DUPLICATE: gettext_lazy("the bar of %(time)s came twice"),
    ProblemKind.OFF_GRID: gettext_lazy("the bar of %(time)s does not open on the timeframe's grid"),
    ProblemKind.IMPOSSIBLE: gettext_lazy("the bar of %(time)s has impossible prices or volume"),
}


class Garbled(ExchangeError):
    """The venue sent history that cannot be right. Nothing of the page is kept."""

    kind = "garbled"


def candles_from(exchange: str, symbol: str, timeframe: str, since: int, limit: int) -> Candles:
    """The next closed bars from `since` (ms) on, at most as many as the venue sends at once; none where it has none.

    Raises ExchangeError.
    """
    page = _candles(exchange, symbol, timeframe, since, limit)
    name, length = f"{exchange} {symbol} {timeframe}", timeframe_ms(timeframe)
    for problem in validate(page, length):
        if problem.kind in _SENTENCES:
            text = str(_SENTENCES[problem.kind]) % {"time": _at(problem.time)}
            raise Garbled(f"{name}: {text}")
    steps, usual = np.diff(page.times), usual_step(page.times)
    if len(steps) > 1 and usual in _NAMES and not (steps == length).any():
        text = _("the bars from %(time)s on are %(step)s apart")
        raise Garbled(f"{name}: {text % {'time': _at(page.times[0]), 'step': _NAMES[usual]}}")
    return part(page, since, None)


def funding_from(exchange: str, symbol: str, since: int) -> tuple[Ints, Floats]:
    """The next rates from `since` (ms) on. Raises ExchangeError."""
    stamps, rates = _funding(exchange, symbol, since)
    name = f"{exchange} {symbol} funding"
    late = np.flatnonzero(np.diff(minutes_of(stamps)) <= 0) + 1
    if len(late):
        text = _("the rate of %(time)s came twice or out of order")
        raise Garbled(f"{name}: {text % {'time': _at(stamps[late[0]])}}")
    absurd = np.flatnonzero(~(np.abs(rates) < 1))
    if len(absurd):
        text = _("%(rate)s of %(time)s is not a rate")
        raise Garbled(f"{name}: {text % {'rate': f'{rates[absurd[0]]:g}', 'time': _at(stamps[absurd[0]])}}")
    kept = stamps >= since
    return stamps[kept], rates[kept]


def _candles(exchange: str, symbol: str, timeframe: str, since: int, limit: int) -> Candles:
    if exchange == SHELF:
        return simulated_shelf.candles_page(symbol, timeframe, since_ms=since, limit=limit)
    return public_data.candles_page(exchange, symbol, timeframe, since_ms=since, limit=limit)


def _funding(exchange: str, symbol: str, since: int) -> tuple[Ints, Floats]:
    if exchange == SHELF:
        return simulated_shelf.funding_page(symbol, since_ms=since)
    return public_data.funding_page(exchange, symbol, since_ms=since)


def part(candles: Candles, first: int, last: int | None) -> Candles:
    """The bars that open at or between two instants (ms)."""
    start = int(np.searchsorted(candles.times, first))
    end = len(candles) if last is None else int(np.searchsorted(candles.times, last, side="right"))
    return candles.part(slice(start, max(start, end)))


def _at(time: int) -> str:
    return f"{from_ms(int(time)):%Y-%m-%d %H:%M} UTC"
