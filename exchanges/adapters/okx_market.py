"""OKX's public market data."""

from collections.abc import Mapping
from decimal import Decimal
from typing import Any

from exchanges.adapters.base import DayFigures, FundingOutlook, OrderBook, PublicTrade, VenueQuote
from exchanges.adapters.ccxt_adapter import Client
from exchanges.adapters.instruments import Instrument
from exchanges.adapters.market_dialect import (
    Bar,
    Rate,
    day_of,
    levels,
    prices_by_symbol,
    quote_of,
    rows_of,
)
from exchanges.adapters.paper_source import from_ms
from exchanges.adapters.venues import Kind
from exchanges.adapters.wire_rows import as_documented, table
from exchanges.timeframes import TIMEFRAME_MS

RECENT_BARS = 1_400
"""Older ones are at the history endpoint."""

INST_TYPES: Mapping[Kind, str] = {"swap": "SWAP", "spot": "SPOT", "future": "FUTURES", "option": "OPTION"}


class OkxMarket:
    """`before` and `after` both exclude what they name; `before` alone would answer with the newest."""

    spans = True
    timeframes = {
        "1m": "1m",
        "3m": "3m",
        "5m": "5m",
        "15m": "15m",
        "30m": "30m",
        "1h": "1H",
        "2h": "2H",
        "4h": "4H",
        "6h": "6Hutc",
        "12h": "12Hutc",
        "1d": "1Dutc",
    }

    def bars(
        self, client: Client, market: Instrument, timeframe: str, since_ms: int, until_ms: int, limit: int
    ) -> list[Bar]:
        old = since_ms < client.now_ms() - RECENT_BARS * TIMEFRAME_MS[timeframe]
        endpoint = "publicGetMarketHistoryCandles" if old else "publicGetMarketCandles"
        params = {
            "instId": market.id,
            "bar": self.timeframes[timeframe],
            "before": since_ms - 1,
            "after": until_ms,
            "limit": limit,
        }
        rows: list[Any] = list(rows_of(client.read(endpoint, params), "data"))
        volume = 5 if market.kind == "spot" else 6  # in contracts, then in coins
        with as_documented():
            return [Bar(int(row[0]), row[1], row[2], row[3], row[4], row[volume], closed=row[8] == "1") for row in rows]

    def rates(self, client: Client, market: Instrument, since_ms: int, until_ms: int, limit: int) -> list[Rate]:
        params = {"instId": market.id, "before": since_ms - 1, "after": until_ms, "limit": limit}
        rows: list[Any] = list(rows_of(client.read("publicGetPublicFundingRateHistory", params), "data"))
        with as_documented():
            return [Rate(int(row["fundingTime"]), row.get("realizedRate") or row["fundingRate"]) for row in rows]

    def quotes(self, client: Client, kind: Kind, markets: Mapping[str, Instrument]) -> list[VenueQuote]:
        asked = client.now_ms()
        rows = table(client.read("publicGetMarketTickers", {"instType": INST_TYPES[kind]}), "data")
        with as_documented():
            quotes = (
                quote_of(
                    markets[row["instId"]],
                    bid=row["bidPx"],
                    ask=row["askPx"],
                    sizes=(row.get("bidSz", ""), row.get("askSz", "")),
                    last=row.get("last", ""),
                    stamp_ms=int(row["ts"]),
                    asked_ms=asked,
                )
                for row in rows
                if row["instId"] in markets
            )
            return [quote for quote in quotes if quote is not None]

    def book(self, client: Client, market: Instrument, depth: int) -> OrderBook:
        rows = table(client.read("publicGetMarketBooks", {"instId": market.id, "sz": min(depth, 400)}), "data")
        with as_documented():
            bids, asks = levels(market, rows[0]["bids"]), levels(market, rows[0]["asks"])
            return OrderBook(market.rules.symbol, bids, asks, from_ms(int(rows[0]["ts"])))

    def trades(self, client: Client, market: Instrument, limit: int) -> list[PublicTrade]:
        rows = table(client.read("publicGetMarketTrades", {"instId": market.id, "limit": min(limit, 500)}), "data")
        with as_documented():
            return [
                PublicTrade(
                    market.rules.symbol,
                    row["tradeId"],
                    row["side"],
                    Decimal(row["px"]),
                    market.to_base(row["sz"]),
                    from_ms(int(row["ts"])),
                )
                for row in sorted(rows, key=lambda row: int(row["ts"]))
            ]

    def funding(self, client: Client, market: Instrument) -> FundingOutlook:
        rows = table(client.read("publicGetPublicFundingRate", {"instId": market.id}), "data")
        with as_documented():
            return _outlook(market, rows[0])

    def marks(self, client: Client, markets: Mapping[str, Instrument]) -> dict[str, Decimal]:
        rows = table(client.read("publicGetPublicMarkPrice", {"instType": "SWAP"}), "data")
        with as_documented():
            return prices_by_symbol(markets, ((row["instId"], row["markPx"]) for row in rows))

    def days(self, client: Client, kind: Kind, markets: Mapping[str, Instrument]) -> dict[str, DayFigures]:
        """The volume is in coins for contracts, in quote currency for spot."""
        rows = table(client.read("publicGetMarketTickers", {"instType": INST_TYPES[kind]}), "data")
        with as_documented():
            return {
                markets[row["instId"]].rules.symbol: day_of(
                    row["last"], row["open24h"], row["volCcy24h"], price="1" if kind == "spot" else row["last"]
                )
                for row in rows
                if row["instId"] in markets
            }

    def outlooks(self, client: Client, markets: Mapping[str, Instrument]) -> dict[str, FundingOutlook]:
        rows = table(client.read("publicGetPublicFundingRate", {"instId": "ANY"}), "data")
        with as_documented():
            return {
                markets[row["instId"]].rules.symbol: _outlook(markets[row["instId"]], row)
                for row in rows
                if row["instId"] in markets and row["fundingRate"]
            }


def _outlook(market: Instrument, row: Any) -> FundingOutlook:
    next_at = from_ms(int(row["fundingTime"]))
    return FundingOutlook(market.rules.symbol, Decimal(row["fundingRate"]), next_at, None)
