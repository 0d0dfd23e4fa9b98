"""Data of a bot's spread chart for one range: points, trades, cycles and the figures that the thresholds come from."""

from datetime import datetime, timedelta
from typing import Any, Final

from bots.charts.point import Point
from bots.charts.points import interval_s, spread_points
from bots.charts.trades import chart_cycles, chart_trades, milliseconds
from bots.models import Bot
from trading.models import SpreadHistory

RANGES: Final[dict[str, timedelta | None]] = {
    "6h": timedelta(hours=6),
    "24h": timedelta(hours=24),
    "start": None,
    "30d": timedelta(days=30),
}
"""None: since the bot's start time."""

SHORTEST: Final = timedelta(hours=6)
"""What "since the start" shows at least: a new bot's chart begins with the pair's past."""


def spread_chart(bot: Bot, range_name: str, now: datetime, figures: dict[str, Any] | None) -> dict[str, Any]:
    """JSON-ready; times in ms, spreads in percentage points. `figures` are the bot's last `live_figures`.

    The range ends at the market's own present: a replay's tape lies in the past. Raises KeyError for an unknown range.
    """
    span = RANGES[range_name]
    begin, end = time_of_range(bot, range_name, now, figures)
    data = _data(bot, begin, end, _with_now(spread_points(bot, begin, end), figures), figures)
    return data | {"span": None if span is None else int(span.total_seconds() * 1000)}


def time_of_range(
    bot: Bot, range_name: str, now: datetime, figures: dict[str, Any] | None
) -> tuple[datetime, datetime]:
    span, end = RANGES[range_name], market_now(bot, now, figures)
    return (min(bot.start_time, end - SHORTEST) if span is None else end - span), end


def spread_part(bot: Bot, begin: datetime, end: datetime, figures: dict[str, Any] | None) -> dict[str, Any]:
    """The same for a part that is looked at closer: as many points for a shorter time."""
    return _data(bot, begin, end, spread_points(bot, begin, end), figures)


def _data(
    bot: Bot, begin: datetime, end: datetime, points: list[Point], figures: dict[str, Any] | None
) -> dict[str, Any]:
    return {
        "from": milliseconds(begin),
        "to": milliseconds(end),
        "step": interval_s(begin, end) * 1000,
        "t": [milliseconds(point.at) for point in points],
        "spread": [round(point.spread, 5) for point in points],
        "low": [round(point.low, 5) for point in points],
        "high": [round(point.high, 5) for point in points],
        "p1": [point.price1 for point in points],
        "p2": [point.price2 for point in points],
        "start": {
            "at": milliseconds(bot.start_time),
            "p1": float(bot.market1_start_price),
            "p2": float(bot.market2_start_price),
        },
        "trades": chart_trades(bot, begin, end),
        "cycles": chart_cycles(bot, begin, figures["pnl"] if figures else None),
        "figures": figures,
    }


def _with_now(points: list[Point], figures: dict[str, Any] | None) -> list[Point]:
    """The line ends where the figures say that the pair is."""
    if figures is None:
        return points
    at, spread = datetime.fromisoformat(figures["at"]), figures["spread"]
    if points and points[-1].at > at:
        return points
    earlier = points[:-1] if points and points[-1].at == at else points
    return [*earlier, Point(at, spread, spread, spread, float(figures["price1"]), float(figures["price2"]))]


def market_now(bot: Bot, now: datetime, figures: dict[str, Any] | None) -> datetime:
    """The last moment that is known of the pair's market; real time while nothing is."""
    known = [datetime.fromisoformat(figures["at"])] if figures else []
    recorded = SpreadHistory.objects.filter(bot=bot).order_by("-recorded_at")
    newest = recorded.values_list("recorded_at", flat=True).first()
    if newest is not None:
        known.append(newest)
    return max(known, default=now)
