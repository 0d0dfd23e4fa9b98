"""What venues tell everybody, without an account: history for the candle store. One client per venue and process."""

from collections.abc import Mapping

import numpy as np

from exchanges import listings
from exchanges.adapters.access import HISTORY
from exchanges.adapters.ccxt_adapter import Client
from exchanges.adapters.instruments import Instrument
from exchanges.adapters.market_dialect import Bar, bars_page, rates_page
from exchanges.adapters.venues import Kind
from exchanges.errors import Rejected
from exchanges.limits import FOR_HISTORY
from exchanges.venue_clients import DIALECTS, public_client
from trading.core.candles import Candles, Floats, Ints
from trading.core.sizing import MarketRules


def candles_page(exchange: str, symbol: str, timeframe: str, *, since_ms: int, limit: int | None = None) -> Candles:
    """Closed candles from `since_ms` on, oldest first, as many as one page holds; empty when there are none after it.

    Raises ExchangeError.
    """
    client = history_client(exchange)
    size = min(limit or client.venue.candle_page, client.venue.candle_page)
    return candles_of(bars_page(DIALECTS[exchange], client, instrument(client, symbol), timeframe, since_ms, size))


def funding_page(exchange: str, symbol: str, *, since_ms: int, limit: int | None = None) -> tuple[Ints, Floats]:
    """Settled funding: stamps in ms and rates as fractions, oldest first; empty when there are none after `since_ms`.

    Raises ExchangeError.
    """
    client = history_client(exchange)
    market = instrument(client, symbol)
    if market.kind != "swap":
        raise Rejected(f"{symbol} has no funding", code="no_funding")
    size = min(limit or client.venue.funding_page, client.venue.funding_page)
    rates = rates_page(DIALECTS[exchange], client, market, since_ms, size)
    stamps = np.array([rate.at_ms for rate in rates], dtype=np.int64)
    return stamps, np.array([float(rate.rate) for rate in rates], dtype=np.float64)


def listed(exchange: str, kind: Kind = "swap") -> Mapping[str, MarketRules]:
    """The venue's markets of one kind by symbol. Raises ExchangeError."""
    found = listings.instruments(history_client(exchange), kind)
    return {symbol: market.rules for symbol, market in found.items()}


def history_client(exchange: str) -> Client:
    """Patient: for work in the background. Raises Rejected for an exchange without public data."""
    return public_client(exchange, patience=HISTORY, share=FOR_HISTORY)


def instrument(client: Client, symbol: str) -> Instrument:
    """Raises Rejected for a market that the venue does not list."""
    found = listings.instruments(client, kind_of(symbol)).get(symbol)
    if found is None:
        raise Rejected(f"{symbol} is not traded there", code="unknown_market", reason="unknown_market")
    return found


def kind_of(symbol: str) -> Kind:
    """By the spelling: BASE/QUOTE, BASE/QUOTE:SETTLE, …-YYMMDD, …-YYMMDD-STRIKE-C."""
    settle = symbol.partition(":")[2]
    if not settle:
        return "spot"
    kinds: Mapping[int, Kind] = {0: "swap", 1: "future"}
    return kinds.get(settle.count("-"), "option")


def candles_of(bars: list[Bar]) -> Candles:
    columns = [
        np.array([float(getattr(bar, name)) for bar in bars], dtype=np.float64)
        for name in ("open", "high", "low", "close", "volume")
    ]
    return Candles(np.array([bar.at_ms for bar in bars], dtype=np.int64), *columns)
