"""REST doors of market data: an exchange's own, or at `paper` what the user's paper account trades on."""

from collections.abc import Mapping
from dataclasses import fields
from datetime import datetime, timedelta
from typing import Any

from django.core.exceptions import ValidationError
from django.utils import timezone
from django.utils.translation import gettext as _
from drf_spectacular.utils import extend_schema
from rest_framework.exceptions import NotFound
from rest_framework.request import Request
from rest_framework.response import Response
from rest_framework.views import APIView

from accounts.api.permissions import UserRequest
from exchanges.adapters.base import DayFigures, VenueQuote
from exchanges.adapters.venues import VENUES
from exchanges.api.accounts import VENUE_ERRORS
from exchanges.api.fields import data_of
from exchanges.api.serializers_markets import (
    AgedTickerSerializer,
    BookQuery,
    BookSerializer,
    CandleQuery,
    CandleSerializer,
    DayTickerSerializer,
    FundingQuery,
    FundingSerializer,
    MarketQuery,
    MarketSerializer,
    PublicTradeSerializer,
    TickerSerializer,
    TickersQuery,
    TradesQuery,
)
from exchanges.errors import ExchangeError
from exchanges.market_windows import PublicWindow, Window, paper_window
from exchanges.models import Exchange, ExchangeAccount
from exchanges.selectors import accounts_of
from exchanges.symbols import canonical

HISTORY = timedelta(days=7)
HISTORY_LONGEST = timedelta(days=92)


class MarketView(APIView):
    """`query_class` reads the query; `wanted` is what it read."""

    error_statuses = (404, *VENUE_ERRORS)
    query_class = MarketQuery
    request: UserRequest
    wanted: dict[str, Any]

    def initial(self, request: Request, *args: Any, **kwargs: Any) -> None:
        super().initial(request, *args, **kwargs)
        query = self.query_class(data=request.query_params)
        query.is_valid(raise_exception=True)
        self.wanted = query.validated_data

    def window_at(self, exchange: str) -> Window:
        if exchange not in Exchange.values:
            raise NotFound(_("This exchange is not known."))
        named = "exchange_account" in self.wanted
        if exchange in VENUES:
            testnet = named and self._account_at(exchange).is_testnet
            return PublicWindow(exchange, self.wanted["type"], testnet=testnet)
        return paper_window(self._account_at(exchange), self.wanted["type"])

    def symbol_at(self, window: Window, text: str) -> str:
        symbol = self.symbol_in(text)
        if symbol not in window.markets():
            raise NotFound(_("%(symbol)s is not traded there.") % {"symbol": symbol})
        return symbol

    def symbol_in(self, text: str) -> str:
        try:
            return canonical(text, self.wanted["type"])
        except ValueError:
            raise ValidationError({"symbol": [_("Enter a market, such as GALA/USDT.")]}) from None

    def _account_at(self, exchange: str) -> ExchangeAccount:
        """The account that `exchange_account` names, else the user's newest active one at that exchange."""
        found = accounts_of(self.request.user).filter(exchange=exchange, is_active=True)
        if "exchange_account" in self.wanted:
            found = found.filter(pk=self.wanted["exchange_account"])
        account = found.order_by("-id").first()
        if account is None:
            raise NotFound(_("You have no active account at this exchange."))
        return account


class MarketsView(MarketView):
    @extend_schema(parameters=[MarketQuery], responses={200: data_of(MarketSerializer, many=True)})
    def get(self, request: UserRequest, exchange: str) -> Response:
        markets = self.window_at(exchange).markets()
        return Response({"data": MarketSerializer([markets[name] for name in sorted(markets)], many=True).data})


class TickersView(MarketView):
    """Markets without a price now are left out; the last 24 hours are null where they are not known."""

    query_class = TickersQuery

    @extend_schema(parameters=[TickersQuery], responses={200: data_of(DayTickerSerializer, many=True)})
    def get(self, request: UserRequest, exchange: str) -> Response:
        window = self.window_at(exchange)
        known = set(window.markets())
        if names := self.wanted.get("symbols"):
            known &= {self.symbol_in(name) for name in names.split(",")}
        quotes = window.quotes(sorted(known))
        days = _days_of(window, quotes)
        now = window.clock()
        rows = [_aged(quotes[name], now) | _day(days.get(name)) for name in sorted(quotes)]
        return Response({"data": DayTickerSerializer(rows, many=True).data})


class TickerView(MarketView):
    @extend_schema(parameters=[MarketQuery], responses={200: data_of(AgedTickerSerializer)})
    def get(self, request: UserRequest, exchange: str, symbol: str) -> Response:
        window = self.window_at(exchange)
        name = self.symbol_at(window, symbol)
        quote = window.quotes([name]).get(name)
        if quote is None:
            raise NotFound(_("%(symbol)s has no price now.") % {"symbol": name})
        return Response({"data": AgedTickerSerializer(_aged(quote, window.clock())).data})


class CandlesView(MarketView):
    """Closed candles, oldest first; without `since` the newest."""

    query_class = CandleQuery

    @extend_schema(parameters=[CandleQuery], responses={200: data_of(CandleSerializer, many=True)})
    def get(self, request: UserRequest, exchange: str, symbol: str) -> Response:
        window = self.window_at(exchange)
        name = self.symbol_at(window, symbol)
        since: datetime | None = self.wanted.get("since")
        candles = window.candles(name, self.wanted["timeframe"], since, self.wanted["limit"])
        return Response({"data": CandleSerializer(candles, many=True).data})


class BookView(MarketView):
    """The order book from the touch outwards. Paper accounts have none."""

    query_class = BookQuery

    @extend_schema(parameters=[BookQuery], responses={200: data_of(BookSerializer)})
    def get(self, request: UserRequest, exchange: str, symbol: str) -> Response:
        window = self.window_at(exchange)
        book = window.book(self.symbol_at(window, symbol), self.wanted["limit"])
        return Response({"data": BookSerializer(book).data})


class TradesView(MarketView):
    """The newest trades of everybody, oldest first. Paper accounts have none."""

    query_class = TradesQuery

    @extend_schema(parameters=[TradesQuery], responses={200: data_of(PublicTradeSerializer, many=True)})
    def get(self, request: UserRequest, exchange: str, symbol: str) -> Response:
        window = self.window_at(exchange)
        trades = window.trades(self.symbol_at(window, symbol), self.wanted["limit"])
        return Response({"data": PublicTradeSerializer(trades, many=True).data})


class FundingView(MarketView):
    """The funding rate of a perpetual swap as it stands, when it is paid next, and the rates that were paid."""

    query_class = FundingQuery

    @extend_schema(parameters=[FundingQuery], responses={200: data_of(FundingSerializer)})
    def get(self, request: UserRequest, exchange: str, symbol: str) -> Response:
        window = self.window_at(exchange)
        name, limit = self.symbol_at(window, symbol), self.wanted["limit"]
        outlook = window.funding(name)
        since = max(self.wanted.get("since", timezone.now() - HISTORY), timezone.now() - HISTORY_LONGEST)
        history = window.rates(name, since)[-limit:] if limit else []
        row = {field.name: getattr(outlook, field.name) for field in fields(outlook)} | {"history": history}
        return Response({"data": FundingSerializer(row).data})


def _days_of(window: Window, quotes: Mapping[str, VenueQuote]) -> Mapping[str, DayFigures]:
    """Prices are told without it."""
    try:
        return window.days(quotes)
    except ExchangeError:
        return {}


def _aged(quote: VenueQuote, now: datetime) -> dict[str, Any]:
    row: dict[str, Any] = {str(name): getattr(quote, str(name)) for name in TickerSerializer().fields}
    return row | {"age_ms": max(round((now - quote.at).total_seconds() * 1000), 0)}


def _day(day: DayFigures | None) -> dict[str, Any]:
    return {"change_24h": day and day.change, "volume_24h": day and day.volume}
