"""A strategy's own lines on the chart of its bot, as the report of a back-test draws them."""

import logging
import math
from datetime import UTC, datetime, timedelta
from typing import Any, Final

import numpy as np

from bots.downsample import downsample
from bots.models import Bot
from bots.strategies.registry import Plugin
from bots.strategies.settings import SPREAD, plugin_of
from exchanges.bar_windows import bars_from
from exchanges.errors import ExchangeError
from exchanges.known_funding import known_funding
from exchanges.models import ExchangeAccount, PaperSource
from exchanges.timeframes import timeframe_ms
from trading.core.candles import Floats, Ints, Tape, align, single
from trading.core.strategy_failed import StrategyFailed
from trading.strategies.base import Bound, Overlay
from trading.strategies.parameters import ParametersRefused

log = logging.getLogger(__name__)

POINTS_MOST: Final = 2_000
POINTS_LEAST: Final = 500
"""Of each line, where there are many."""
BARS_MOST: Final = 1_500
"""Asked of a venue for one look, without those that warm the strategy up."""
OWN_BARS_MOST: Final = 10_000
"""The same of a market of our own."""
PLACES: Final = 8
PRICE: Final = "price"

_NOTHING: Final[dict[str, Any]] = {"t": [], "lines": []}


def has_lines(bot: Bot) -> bool:
    """Whether there can be any: the spread strategy's are the triggers that every chart has."""
    return bot.strategy != SPREAD and plugin_of(bot.strategy) is not None


def strategy_lines(bot: Bot, begin: datetime, end: datetime) -> dict[str, Any]:
    """JSON-ready: `t`, the bars' closing times in ms, and `lines`, {"name", "panel": price (percent since the start),
    spread or own, "values": null for none}. Of a long time the last bars only. Nothing where the source does not answer
    or the strategy fails."""
    plugin = plugin_of(bot.strategy)
    if plugin is None or plugin.name == SPREAD:
        return _NOTHING
    try:
        bound = plugin.bind(bot.strategy_params)
        tape, early = _bars(bot, bound, begin, end)
        found = bound.overlays(tape) if len(tape) > early else {}
    except (ParametersRefused, StrategyFailed, ExchangeError) as error:
        log.warning("No lines on the chart of bot %s: %s", bot.pk, error)
        return _NOTHING
    closes = tape.times[early:] + timeframe_ms(bot.timeframe)
    return _told(bot, plugin, closes, {name: line._replace(values=line.values[early:]) for name, line in found.items()})


def _bars(bot: Bot, bound: Bound, begin: datetime, end: datetime) -> tuple[Tape, int]:
    """The closed bars of that time and those before it that warm the strategy up, with their number."""
    length = timedelta(milliseconds=timeframe_ms(bot.timeframe))
    most = OWN_BARS_MOST if all(_is_ours(bot.account_of(leg)) for leg in bot.legs) else BARS_MOST
    first = _bar_at(max(begin, end - most * length), length)
    wanted = bound.warmup + (end - first) // length
    since = first - bound.warmup * length
    series = [
        bars_from(bot.account_of(leg), bot.symbol_of(leg), bot.timeframe, since=since, bars=wanted) for leg in bot.legs
    ]
    tape = single(series[0]) if len(series) == 1 else align(*series).tape
    if bound.strategy.funding:
        one, two = (known_funding(bot.account_of(leg), bot.symbol_of(leg), end) for leg in bot.legs)
        tape = tape.with_funding(one, two)
    return tape, int(np.searchsorted(tape.times, round(first.timestamp() * 1000)))


def _is_ours(account: ExchangeAccount) -> bool:
    return account.is_paper and account.paper_source != PaperSource.LIVE


def _bar_at(at: datetime, length: timedelta) -> datetime:
    step = length // timedelta(milliseconds=1)
    return datetime.fromtimestamp(round(at.timestamp() * 1000) // step * step / 1000, UTC)


def _told(bot: Bot, plugin: Plugin, closes: Ints, lines: dict[str, Overlay]) -> dict[str, Any]:
    kept = _kept([line.values for line in lines.values()], len(closes))
    start = float(bot.market1_start_price)
    return {
        "t": closes[kept].tolist(),
        "lines": [
            {
                "name": plugin.word(name),
                "panel": line.panel,
                "values": _values((line.values / start - 1) * 100 if line.panel == PRICE else line.values, kept),
            }
            for name, line in lines.items()
        ],
    }


def _kept(lines: list[Floats], bars: int) -> Ints:
    """Few enough bars, the extremes of every line among them."""
    if bars <= POINTS_MOST or not lines:
        return np.arange(min(bars, POINTS_MOST), dtype=np.int64)
    moving = [line for line in lines if np.isfinite(line).any() and np.ptp(line[np.isfinite(line)])] or lines[:1]
    most = max(POINTS_LEAST, POINTS_MOST // len(moving))
    return np.unique(np.concatenate([downsample(_finite(line), most) for line in moving]))


def _finite(values: Floats) -> Floats:
    """What is missing lies in the middle, where it is no extreme."""
    known = np.isfinite(values)
    return np.where(known, values, np.median(values[known]) if known.any() else 0.0)


def _values(values: Floats, kept: Ints) -> list[float | None]:
    return [value if math.isfinite(value) else None for value in np.round(values[kept], PLACES).tolist()]
