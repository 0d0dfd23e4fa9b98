"""Bybit's public market data."""

from collections.abc import Iterator, Mapping
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


class BybitMarket:
    """Both ends of a period include what they name."""

    spans = True
    timeframes = {
        "1m": "1",
        "3m": "3",
        "5m": "5",
        "15m": "15",
        "30m": "30",
        "1h": "60",
        "2h": "120",
        "4h": "240",
        "6h": "360",
        "12h": "720",
        "1d": "D",
    }

    def bars(
        self, client: Client, market: Instrument, timeframe: str, since_ms: int, until_ms: int, limit: int
    ) -> list[Bar]:
        params = {
            "category": market.category,
            "symbol": market.id,
            "interval": self.timeframes[timeframe],
            "start": since_ms,
            "end": until_ms - 1,
            "limit": limit,
        }
        rows: list[Any] = list(rows_of(client.read("publicGetV5MarketKline", params), "result", "list"))
        volume = 5 if market.linear else 6  # of inverse contracts in quote currency, then in coins
        with as_documented():
            return [Bar(int(row[0]), row[1], row[2], row[3], row[4], row[volume]) for row in rows]

    def rates(self, client: Client, market: Instrument, since_ms: int, until_ms: int, limit: int) -> list[Rate]:
        params = {
            "category": market.category,
            "symbol": market.id,
            "startTime": since_ms,
            "endTime": until_ms - 1,
            "limit": limit,
        }
        rows: list[Any] = list(rows_of(client.read("publicGetV5MarketFundingHistory", params), "result", "list"))
        with as_documented():
            return [Rate(int(row["fundingRateTimestamp"]), row["fundingRate"]) for row in rows]

    def quotes(self, client: Client, kind: Kind, markets: Mapping[str, Instrument]) -> list[VenueQuote]:
        """The time is the answer's: a row has none, so a book that stands still looks as fresh as the others."""
        found: list[VenueQuote] = []
        for params in _ticker_questions(markets):
            asked = client.now_ms()
            answer = client.read("publicGetV5MarketTickers", params)
            rows = table(answer, "result", "list")
            with as_documented():
                quotes = (
                    quote_of(
                        markets[row["symbol"]],
                        bid=row["bid1Price"],
                        ask=row["ask1Price"],
                        sizes=(row.get("bid1Size", ""), row.get("ask1Size", "")),
                        last=row.get("lastPrice", ""),
                        stamp_ms=int(answer["time"]),
                        asked_ms=asked,
                    )
                    for row in rows
                    if row["symbol"] in markets
                )
                found += [quote for quote in quotes if quote is not None]
        return found

    def book(self, client: Client, market: Instrument, depth: int) -> OrderBook:
        most = 25 if market.kind == "option" else 200
        params = {"category": market.category, "symbol": market.id, "limit": min(depth, most)}
        answer = client.read("publicGetV5MarketOrderbook", params)
        with as_documented():
            row = answer["result"]
            bids, asks = levels(market, row["b"]), levels(market, row["a"])
            return OrderBook(market.rules.symbol, bids, asks, from_ms(int(row["ts"])))

    def trades(self, client: Client, market: Instrument, limit: int) -> list[PublicTrade]:
        most = 60 if market.kind == "spot" else 1_000
        params = {"category": market.category, "symbol": market.id, "limit": min(limit, most)}
        rows = table(client.read("publicGetV5MarketRecentTrade", params), "result", "list")
        with as_documented():
            return [
                PublicTrade(
                    market.rules.symbol,
                    row["execId"],
                    row["side"].lower(),
                    Decimal(row["price"]),
                    market.to_base(row["size"]),
                    from_ms(int(row["time"])),
                )
                for row in sorted(rows, key=lambda row: int(row["time"]))
            ]

    def funding(self, client: Client, market: Instrument) -> FundingOutlook:
        params = {"category": market.category, "symbol": market.id}
        rows = table(client.read("publicGetV5MarketTickers", params), "result", "list")
        with as_documented():
            return _outlook(market, rows[0])

    def marks(self, client: Client, markets: Mapping[str, Instrument]) -> dict[str, Decimal]:
        rows = self._tickers(client, markets)
        with as_documented():
            return prices_by_symbol(markets, ((row["symbol"], row["markPrice"]) for row in rows))

    def days(self, client: Client, kind: Kind, markets: Mapping[str, Instrument]) -> dict[str, DayFigures]:
        """Inverse contracts count their turnover in coins and their volume in quote currency."""
        rows = self._tickers(client, markets)
        with as_documented():
            return {
                markets[row["symbol"]].rules.symbol: day_of(
                    row["lastPrice"],
                    row.get("prevPrice24h", ""),
                    row["turnover24h" if markets[row["symbol"]].linear else "volume24h"],
                )
                for row in rows
                if row["symbol"] in markets
            }

    def outlooks(self, client: Client, markets: Mapping[str, Instrument]) -> dict[str, FundingOutlook]:
        rows = self._tickers(client, markets)
        with as_documented():
            return {
                markets[row["symbol"]].rules.symbol: _outlook(markets[row["symbol"]], row)
                for row in rows
                if row["symbol"] in markets and row["fundingRate"] and int(row["nextFundingTime"])
            }

    def _tickers(self, client: Client, markets: Mapping[str, Instrument]) -> list[Any]:
        answers = (client.read("publicGetV5MarketTickers", params) for params in _ticker_questions(markets))
        return [row for answer in answers for row in table(answer, "result", "list")]


def _outlook(market: Instrument, row: Any) -> FundingOutlook:
    next_at = from_ms(int(row["nextFundingTime"]))
    return FundingOutlook(market.rules.symbol, Decimal(row["fundingRate"]), next_at, Decimal(row["markPrice"]))


def _ticker_questions(markets: Mapping[str, Instrument]) -> Iterator[dict[str, str]]:
    """One for each category; options are asked for coin by coin."""
    for category in sorted({market.category for market in markets.values()}):
        if category != "option":
            yield {"category": category}
            continue
        for coin in sorted({market.rules.base for market in markets.values()}):
            yield {"category": category, "baseCoin": coin}
