"""The last closed candles of a market as arrays, kept from close to close: a venue is asked only for what is new."""

from collections import OrderedDict
from collections.abc import Sequence
from datetime import UTC, datetime
from threading import Lock
from typing import Final, NamedTuple

import numpy as np

from exchanges import market_data
from exchanges.adapters.base import Candle
from exchanges.models import ExchangeAccount, PaperSource
from exchanges.timeframes import timeframe_ms
from trading.core.candles import Candles, Floats, Ints

KEPT_MOST: Final = 512
"""Series of one process."""
SPARE: Final = 64
"""Bars asked for above what is needed: a strategy that looks a little further back then finds them."""

_Key = tuple[str, str, str]


class _Kept(NamedTuple):
    """`asked`: how many bars the source was asked for; it may have had fewer."""

    candles: Candles
    asked: int


_kept: OrderedDict[_Key, _Kept] = OrderedDict()
_lock = Lock()


def last_bars(account: ExchangeAccount, symbol: str, timeframe: str, *, until: datetime, bars: int) -> Candles:
    """At most so many, oldest first, up to the one that opened at `until`. Raises ExchangeError."""
    key, last = (_source_of(account), symbol, timeframe), round(until.timestamp() * 1000)
    with _lock:
        known = _kept.get(key)
    known = _extended(known, account, symbol, timeframe, last, bars)
    with _lock:
        _kept[key] = known
        _kept.move_to_end(key)
        if len(_kept) > KEPT_MOST:
            _kept.popitem(last=False)
    end = int(np.searchsorted(known.candles.times, last, side="right"))
    return known.candles.part(slice(max(0, end - bars), end))


def bars_from(account: ExchangeAccount, symbol: str, timeframe: str, *, since: datetime, bars: int) -> Candles:
    """At most so many closed ones from an instant on, asked for anew. Raises ExchangeError."""
    return _candles(market_data.closed_candles(account, symbol, timeframe, since=since, limit=bars))


def _extended(
    known: _Kept | None, account: ExchangeAccount, symbol: str, timeframe: str, last: int, bars: int
) -> _Kept:
    """What was kept with the bars since, or all of it anew where that does not go on from there."""
    if known is not None and known.asked >= bars and len(known.candles) and known.candles.times[0] <= last:
        newest, length = int(known.candles.times[-1]), timeframe_ms(timeframe)
        if newest >= last:
            return known
        missing = (last - newest) // length
        if missing < known.asked:
            since = datetime.fromtimestamp((newest + length) / 1000, UTC)
            found = market_data.closed_candles(account, symbol, timeframe, since=since, limit=missing)
            return _Kept(_joined(known.candles, _candles(found), known.asked), known.asked)
    size = bars + SPARE
    return _Kept(_candles(market_data.closed_candles(account, symbol, timeframe, limit=size)), size)


def _source_of(account: ExchangeAccount) -> str:
    """Accounts that see the same prices share what is kept; a replay may have become another one."""
    if account.is_paper and account.paper_source != PaperSource.LIVE:
        return f"paper:{account.pk}:{account.updated_at.timestamp()}"
    return f"{account.rules_venue}:{account.is_testnet}"


def _joined(older: Candles, newer: Candles, most: int) -> Candles:
    return Candles(*(np.concatenate(pair)[-most:] for pair in zip(_columns(older), _columns(newer), strict=True)))


def _columns(candles: Candles) -> tuple[Ints, Floats, Floats, Floats, Floats, Floats]:
    return candles.times, candles.opens, candles.highs, candles.lows, candles.closes, candles.volumes


def _candles(rows: Sequence[Candle]) -> Candles:
    times = np.array([round(row.at.timestamp() * 1000) for row in rows], dtype=np.int64)
    prices = np.array([(row.open, row.high, row.low, row.close, row.volume) for row in rows], dtype=np.float64)
    return Candles(times, *prices.reshape(-1, 5).T.copy())
