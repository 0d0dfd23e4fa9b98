"""A result as its page and its report draw it: curves with far fewer points that keep every extreme.

Prices come from the candle store. Where the series are gone since, or begin at other prices, the lines that need them
are empty and everything else is drawn.
"""

import math
from typing import Any, Final

import numpy as np

from exchanges.history import candles
from trading.backtests import stored
from trading.backtests.overlays import DrawnLine, lines_of
from trading.core.candles import Candles, Floats, Ints
from trading.core.stats_tables import distribution, monthly
from trading.models import Backtest

POINTS: Final = 2_000
TRADES_MAX: Final = 5_000
_KEPT: Final = 5
"""Bars of each stretch: the lowest and highest equity and spread, and the deepest fall; two more of each own line."""
PLACES: Final = 8
_ENDS: Final = 2


def chart_of(backtest: Backtest, points: int = POINTS) -> dict[str, Any]:
    """JSON-ready. `t` in ms; `equity` and `drawdown` (0 or below) in quote currency; `spread` in percentage points,
    with the `low` and `high` of the stretch around; `p1` and `p2` in percent since the start. `overlays`: the
    strategy's own lines, {"name", "panel": price (percent since the start), spread or own, "values": null for none}.

    `trades` holds at most TRADES_MAX, the last ones; `trades_left_out` counts the others.
    """
    times, equity = stored.equity_of(backtest)
    if not len(times):
        return _EMPTY | {"trades": [], "monthly": [], "distribution": {"edges": [], "counts": []}}
    capital = float(backtest.summary["stats"]["capital"])
    trades = stored.trade_frame(backtest)
    drawn = trades.tail(TRADES_MAX)
    return {
        **_curves(backtest, times, equity, max(points, _KEPT + _ENDS)),
        "trades": stored.rows_of(drawn),
        "trades_left_out": len(trades) - len(drawn),
        "monthly": [month._asdict() for month in monthly(times, equity, capital)],
        "distribution": distribution(trades["pnl"].drop_nulls().to_numpy())._asdict(),
    }


def curves_between(backtest: Backtest, begin: int, end: int, points: int = POINTS) -> dict[str, Any]:
    """The curves of `chart_of` over the bars that open from `begin` to `end` (ms) alone, and so in more detail; with
    the trades of that time and the one before it."""
    times, equity = stored.equity_of(backtest)
    window = slice(*np.searchsorted(times, (begin, max(begin, end) + 1)))
    if not len(times[window]):
        return _EMPTY | {"trades": []}
    trades = stored.trade_frame(backtest)
    first, last = np.searchsorted(trades["t"].to_numpy(), (begin, max(begin, end) + 1))
    drawn = trades.slice(max(0, int(first) - 1), int(last) - max(0, int(first) - 1))
    return {
        **_curves(backtest, times, equity, points, window),
        "trades": stored.rows_of(drawn.tail(TRADES_MAX)),
        "trades_left_out": max(0, len(drawn) - TRADES_MAX),
    }


def sampled_equity(backtest: Backtest, points: int) -> tuple[Ints, Floats]:
    """At most that many bars, extremes kept."""
    times, equity = stored.equity_of(backtest)
    if len(times) <= points:
        return times, equity
    stretches = _stretches(len(times), max(1, (points - 2) // 2))
    kept = np.unique(np.r_[0, _arg(np.argmin, equity, stretches), _arg(np.argmax, equity, stretches), len(times) - 1])
    return times[kept], equity[kept]


def _curves(
    backtest: Backtest, times: Ints, equity: Floats, points: int, window: slice = slice(None)
) -> dict[str, Any]:
    drawdown = (equity - np.maximum.accumulate(np.maximum(equity, 0.0)))[window]
    times, equity = times[window], equity[window]
    prices = _closes(backtest, times)
    lines = [] if prices is None else lines_of(backtest, times)
    values = [equity] if prices is None else [equity, _spread(prices)]
    values += [_finite(line.values) for line in lines if line.moves_alone]
    count = max(1, (points - _ENDS) // (2 * len(values) + 1))
    stretches = _stretches(len(times), count) if len(times) > points else None
    kept = np.arange(len(times)) if stretches is None else _kept(values, drawdown, stretches)
    found: dict[str, Any] = {"t": times[kept], "equity": equity[kept], "drawdown": drawdown[kept]}
    if prices is None:
        found |= {name: [] for name in ("spread", "low", "high", "p1", "p2")}
    else:
        found |= {"spread": values[1][kept], **_band(values[1], kept, stretches)}
        found |= {f"p{leg}": closes[kept] for leg, closes in enumerate(prices, start=1)}
    return {name: _plain(column) for name, column in found.items()} | {"overlays": [_told(it, kept) for it in lines]}


def _told(line: DrawnLine, kept: Ints) -> dict[str, Any]:
    values = np.round(line.values[kept], PLACES)
    return {
        "name": line.name,
        "panel": line.panel,
        "values": [value if math.isfinite(value) else None for value in values.tolist()],
    }


def _finite(values: Floats) -> Floats:
    """What is missing lies in the middle, where it is no extreme."""
    return np.where(np.isfinite(values), values, np.median(values[np.isfinite(values)]))


def _closes(backtest: Backtest, times: Ints) -> tuple[Floats, Floats] | None:
    """Both markets' closes in percent since the run's start prices; None where they are not stored any more."""
    found = []
    for symbol, start in zip(_symbols(backtest), backtest.summary["start_prices"], strict=False):
        series = candles.load(backtest.exchange, symbol, backtest.timeframe)
        closes = None if series is None else _at(series, times)
        if closes is None:
            return None
        found.append((closes / start - 1) * 100)
    one, two = found if len(found) == 2 else (found[0], np.zeros(len(times)))
    return one, two


def _symbols(backtest: Backtest) -> list[str]:
    return [symbol for symbol in (backtest.market1_symbol, backtest.market2_symbol) if symbol]


def _at(series: Candles, times: Ints) -> Floats | None:
    """Closes of the bars that open at these times; None where one is missing."""
    first = int(np.searchsorted(series.times, times[0]))
    if np.array_equal(series.times[first : first + len(times)], times):
        return series.closes[first : first + len(times)]
    index = np.searchsorted(series.times, times)
    is_there = index < len(series)
    if not is_there.all() or not np.array_equal(series.times[index], times):
        return None
    return series.closes[index]


def _spread(prices: tuple[Floats, Floats]) -> Floats:
    return prices[0] - prices[1]


def _stretches(bars: int, count: int) -> Ints:
    """Where each begins: `count` of them, of equal length but for one bar."""
    return np.linspace(0, bars, count, endpoint=False).astype(np.int64)


def _kept(values: list[Floats], drawdown: Floats, stretches: Ints) -> Ints:
    found = [_arg(arg, line, stretches) for line in values for arg in (np.argmin, np.argmax)]
    return np.unique(np.concatenate([[0, len(drawdown) - 1], *found, _arg(np.argmin, drawdown, stretches)]))


def _arg(arg: Any, values: Floats, stretches: Ints) -> Ints:
    """Where in each stretch the extreme lies."""
    ends = np.r_[stretches[1:], len(values)]
    return np.array([begin + arg(values[begin:end]) for begin, end in zip(stretches, ends, strict=True)])


def _band(spread: Floats, kept: Ints, stretches: Ints | None) -> dict[str, Floats]:
    if stretches is None:
        return {"low": spread[kept], "high": spread[kept]}
    stretch = np.searchsorted(stretches, kept, side="right") - 1
    return {
        "low": np.minimum.reduceat(spread, stretches)[stretch],
        "high": np.maximum.reduceat(spread, stretches)[stretch],
    }


def _plain(column: Any) -> list[Any]:
    return list(column) if isinstance(column, list) else column.tolist()


_EMPTY: Final[dict[str, Any]] = {
    "t": [],
    "equity": [],
    "drawdown": [],
    "spread": [],
    "low": [],
    "high": [],
    "p1": [],
    "p2": [],
    "overlays": [],
    "trades_left_out": 0,
}
