"""Binance's public market data: USD-M futures and spot."""

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


class BinanceMarket:
    """Pages begin at the start time, so that the end need not be named."""

    spans = False
    timeframes = {name: name for name in TIMEFRAME_MS}

    def bars(
        self, client: Client, market: Instrument, timeframe: str, since_ms: int, until_ms: int, limit: int
    ) -> list[Bar]:
        params = {
            "symbol": market.id,
            "interval": self.timeframes[timeframe],
            "startTime": since_ms,
            "limit": limit,
        }
        rows: list[Any] = list(rows_of(client.read(f"{_area(market.kind)}GetKlines", params)))
        with as_documented():
            return [Bar(int(row[0]), row[1], row[2], row[3], row[4], row[5]) for row in rows]

    def rates(self, client: Client, market: Instrument, since_ms: int, until_ms: int, limit: int) -> list[Rate]:
        params = {"symbol": market.id, "startTime": since_ms, "limit": limit}
        rows: list[Any] = list(rows_of(client.read("fapiPublicGetFundingRate", params)))
        with as_documented():
            return [Rate(int(row["fundingTime"]), row["fundingRate"]) for row in rows]

    def quotes(self, client: Client, kind: Kind, markets: Mapping[str, Instrument]) -> list[VenueQuote]:
        asked = client.now_ms()
        rows = table(client.read(f"{_area(kind)}GetTickerBookTicker"))
        with as_documented():
            quotes = (
                quote_of(
                    markets[row["symbol"]],
                    bid=row["bidPrice"],
                    ask=row["askPrice"],
                    sizes=(row["bidQty"], row["askQty"]),
                    last="",
                    stamp_ms=int(row.get("time") or asked),
                    asked_ms=asked,
                )
                for row in rows
                if row["symbol"] in markets
            )
            return [quote for quote in quotes if quote is not None]

    def book(self, client: Client, market: Instrument, depth: int) -> OrderBook:
        asked = client.now_ms()
        size = next((size for size in DEPTHS if size >= depth), DEPTHS[-1])
        row = client.read(f"{_area(market.kind)}GetDepth", {"symbol": market.id, "limit": size})
        with as_documented():
            bids, asks = levels(market, row["bids"][:depth]), levels(market, row["asks"][:depth])
            return OrderBook(market.rules.symbol, bids, asks, from_ms(int(row.get("T") or asked)))

    def trades(self, client: Client, market: Instrument, limit: int) -> list[PublicTrade]:
        rows = table(client.read(f"{_area(market.kind)}GetTrades", {"symbol": market.id, "limit": limit}))
        with as_documented():
            return [
                PublicTrade(
                    market.rules.symbol,
                    str(row["id"]),
                    "sell" if row["isBuyerMaker"] else "buy",
                    Decimal(row["price"]),
                    market.to_base(row["qty"]),
                    from_ms(int(row["time"])),
                )
                for row in sorted(rows, key=lambda row: int(row["time"]))
            ]

    def funding(self, client: Client, market: Instrument) -> FundingOutlook:
        row = client.read("fapiPublicGetPremiumIndex", {"symbol": market.id})
        with as_documented():
            return _outlook(market, row)

    def marks(self, client: Client, markets: Mapping[str, Instrument]) -> dict[str, Decimal]:
        rows = table(client.read("fapiPublicGetPremiumIndex"))
        with as_documented():
            return prices_by_symbol(markets, ((row["symbol"], row["markPrice"]) for row in rows))

    def days(self, client: Client, kind: Kind, markets: Mapping[str, Instrument]) -> dict[str, DayFigures]:
        rows = table(client.read(f"{_area(kind)}GetTicker24hr"))
        with as_documented():
            return {
                markets[row["symbol"]].rules.symbol: day_of(row["lastPrice"], row["openPrice"], row["quoteVolume"])
                for row in rows
                if row["symbol"] in markets
            }

    def outlooks(self, client: Client, markets: Mapping[str, Instrument]) -> dict[str, FundingOutlook]:
        rows = table(client.read("fapiPublicGetPremiumIndex"))
        with as_documented():
            return {
                markets[row["symbol"]].rules.symbol: _outlook(markets[row["symbol"]], row)
                for row in rows
                if row["symbol"] in markets and row["lastFundingRate"] and int(row["nextFundingTime"])
            }


def _outlook(market: Instrument, row: Any) -> FundingOutlook:
    rate, next_at = Decimal(row["lastFundingRate"]), from_ms(int(row["nextFundingTime"]))
    return FundingOutlook(market.rules.symbol, rate, next_at, Decimal(row["markPrice"]))


DEPTHS = (5, 10, 20, 50, 100, 500, 1_000)


def _area(kind: str) -> str:
    return "public" if kind == "spot" else "fapiPublic"
