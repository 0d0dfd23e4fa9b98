"""One market's page: its figures now, its funding, its rules in words, and what is recorded of it."""

from collections.abc import Sequence
from dataclasses import asdict, dataclass
from datetime import timedelta
from decimal import Decimal
from typing import Any, Final

from django.core.exceptions import ValidationError
from django.utils.http import urlencode
from django.utils.translation import gettext as _

from accounts.models import User
from bots.amounts import decimal_text
from exchanges.adapters.base import Candle, FundingOutlook
from exchanges.adapters.paper_source import FundingRate, from_ms
from exchanges.adapters.venues import Kind
from exchanges.errors import ExchangeError
from exchanges.history.simulated_shelf import history_exchange
from exchanges.market_windows import Window
from exchanges.models import CandleSet
from exchanges.pages.data_view import timeframe_word
from exchanges.pages.markets_view import MarketLine, MarketSource, known_days
from exchanges.timeframes import TIMEFRAME_MS

TIMEFRAMES: Final = ("1m", "5m", "15m", "1h", "4h", "1d")
DEFAULT_TIMEFRAME: Final = "5m"
CANDLES: Final = 300
RATES_SINCE: Final = timedelta(days=7)
RATES_SHOWN: Final = 21
PAIRS_MOST: Final = 400


@dataclass(frozen=True, slots=True)
class Rate:
    """`per_cent` for each payment, `share` of the largest shown, for its bar."""

    at: Any
    per_cent: Decimal
    share: float


@dataclass(frozen=True, slots=True)
class MarketPage:
    """`others`: what can be paired with it. `chart`: what the script draws (static/js/markets/candle_chart.js)."""

    source: MarketSource
    kind: Kind
    line: MarketLine
    rates: Sequence[Rate]
    recorded: Sequence[tuple[CandleSet, str]]
    others: Sequence[str]
    chart: dict[str, Any]
    history_exchange: str

    @property
    def yearly(self) -> Decimal | None:
        """What the funding of the week shown would come to in a year, in per cent."""
        if len(self.rates) < 2:
            return None
        span = (self.rates[-1].at - self.rates[0].at) / timedelta(days=365)
        step = span / (len(self.rates) - 1)
        return sum((rate.per_cent for rate in self.rates), Decimal()) / Decimal(str(step * len(self.rates)))

    @property
    def download_query(self) -> str:
        wishes = {"exchange": self.history_exchange, "type": self.kind, "symbol": self.line.name, "timeframe": "5m"}
        return urlencode(wishes)


def known_page(user: User, source: MarketSource, kind: Kind, symbol: str) -> MarketPage:
    """Raises LookupError for a market that is not listed, ExchangeError while nothing is known of it."""
    window, now = source.window(kind), source.now()
    markets = window.markets()
    rules = markets[symbol]
    quotes = window.quotes([symbol])
    outlook = _outlook(window, symbol) if kind == "swap" else None
    line = MarketLine(rules, quotes.get(symbol), known_days(window, quotes).get(symbol), outlook, now)
    shelf = history_exchange(source.account) if source.account else source.exchange
    recorded = CandleSet.objects.filter(exchange=shelf, symbol=symbol)
    others = [each.symbol for each in markets.values() if each.active and each.settle == rules.settle != ""]
    return MarketPage(
        source=source,
        kind=kind,
        line=line,
        rates=_rates(window, symbol, line) if outlook else [],
        recorded=_by_length(recorded),
        others=sorted(name for name in others if name != symbol)[:PAIRS_MOST] if kind == "swap" else [],
        chart=_chart(source, kind, window, line),
        history_exchange=shelf,
    )


def _outlook(window: Window, symbol: str) -> FundingOutlook | None:
    try:
        return window.funding(symbol)
    except ExchangeError:
        return None


def _rates(window: Window, symbol: str, line: MarketLine) -> list[Rate]:
    try:
        paid: Sequence[FundingRate] = window.rates(symbol, line.now - RATES_SINCE)[-RATES_SHOWN:]
    except ExchangeError:
        return []
    most = max((abs(rate.rate) for rate in paid), default=Decimal()) or Decimal(1)
    return [Rate(from_ms(rate.at_ms), rate.rate * 100, float(rate.rate / most)) for rate in paid]


def _by_length(sets: Any) -> list[tuple[CandleSet, str]]:
    rows = sorted(sets, key=lambda row: TIMEFRAME_MS[row.timeframe])
    return [(row, timeframe_word(row.timeframe)) for row in rows]


def _chart(source: MarketSource, kind: Kind, window: Window, line: MarketLine) -> dict[str, Any]:
    query = {"type": kind} | source.query
    return {
        "exchange": source.exchange,
        "path": line.path,
        "query": urlencode(query),
        "timeframe": DEFAULT_TIMEFRAME,
        "lengths": {name: TIMEFRAME_MS[name] for name in TIMEFRAMES},
        "digits": _digits(line.rules.price_tick),
        "base": line.rules.base,
        "quote": line.rules.quote,
        "is_made": source.is_made,
        "candles": _candles(window, line.symbol),
    }


def _digits(tick: Decimal) -> int | None:
    """None without a tick: then as many as show five significant figures."""
    return max(0, -int(tick.normalize().as_tuple().exponent)) if tick else None


def _candles(window: Window, symbol: str) -> list[list[str | int]] | None:
    """None where there is nothing to be had: the chart asks again for itself."""
    try:
        return [_row(candle) for candle in window.candles(symbol, DEFAULT_TIMEFRAME, None, CANDLES)]
    except (ExchangeError, ValidationError):
        return None


def _row(candle: Candle) -> list[str | int]:
    figures = {name: decimal_text(value) for name, value in asdict(candle).items() if name != "at"}
    return [round(candle.at.timestamp() * 1000), *figures.values()]


def chart_words() -> dict[str, str]:
    """What the scripts write (static/js/markets); the letters are those of a candle's four prices."""
    return {
        "open": _("O"),
        "high": _("H"),
        "low": _("L"),
        "close": _("C"),
        "volume": _("Volume"),
        "change": _("Move"),
        "chart": _("Candles of %(length)s, %(n)s of them, the last closed at %(close)s"),
        "bought": _("bought"),
        "sold": _("sold"),
        "none": _("No trade yet."),
        "no_candles": _("No candles of this length."),
        "unavailable": _("No prices now: the exchange does not answer."),
    }
