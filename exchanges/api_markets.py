"""REST doors of market data, seen through the user's own account at the named exchange."""

from datetime import datetime
from typing import Any

from django.core.exceptions import ValidationError
from django.utils.translation import gettext as _
from drf_spectacular.utils import extend_schema
from rest_framework.exceptions import NotFound
from rest_framework.request import Request
from rest_framework.response import Response
from rest_framework.views import APIView

from accounts.permissions import UserRequest
from exchanges import market_data
from exchanges.api import VENUE_ERRORS
from exchanges.api_fields import data_of
from exchanges.models import Exchange, ExchangeAccount
from exchanges.selectors import accounts_of
from exchanges.serializers import (
    CandleQuery,
    CandleSerializer,
    MarketQuery,
    MarketSerializer,
    TickerSerializer,
    TickersQuery,
)
from exchanges.symbols import canonical


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

    def account_at(self, exchange: str) -> ExchangeAccount:
        """The account that `exchange_account` names, else the user's newest active one at that exchange."""
        if exchange not in Exchange.values:
            raise NotFound(_("This exchange is not known."))
        found = accounts_of(self.request.user).filter(exchange=exchange, is_active=True)
        if "exchange_account" in self.wanted:
            found = found.filter(pk=self.wanted["exchange_account"])
        account = found.order_by("-id").first()
        if account is None:
            raise NotFound(_("You have no active account at this exchange."))
        return account

    def symbol_at(self, account: ExchangeAccount, text: str) -> str:
        symbol = self.symbol_in(text)
        if symbol not in market_data.markets(account):
            raise NotFound(_("%(symbol)s is not traded there.") % {"symbol": symbol})
        return symbol

    def symbol_in(self, text: str) -> str:
        try:
            return canonical(text, self.wanted["type"])
        except ValueError:
            raise ValidationError({"symbol": [_("Enter a market, such as GALA/USDT.")]}) from None


class MarketsView(MarketView):
    @extend_schema(parameters=[MarketQuery], responses={200: data_of(MarketSerializer, many=True)})
    def get(self, request: UserRequest, exchange: str) -> Response:
        markets = market_data.markets(self.account_at(exchange))
        wanted = [rules for symbol, rules in sorted(markets.items()) if _kind(symbol) == self.wanted["type"]]
        return Response({"data": MarketSerializer(wanted, many=True).data})


class TickersView(MarketView):
    """Markets without a price now are left out."""

    query_class = TickersQuery

    @extend_schema(parameters=[TickersQuery], responses={200: data_of(TickerSerializer, many=True)})
    def get(self, request: UserRequest, exchange: str) -> Response:
        account = self.account_at(exchange)
        known = {symbol for symbol in market_data.markets(account) if _kind(symbol) == self.wanted["type"]}
        if names := self.wanted.get("symbols"):
            known &= {self.symbol_in(name) for name in names.split(",")}
        quotes = market_data.quotes(account, sorted(known))
        return Response({"data": TickerSerializer([quotes[name] for name in sorted(quotes)], many=True).data})


class TickerView(MarketView):
    @extend_schema(parameters=[MarketQuery], responses={200: data_of(TickerSerializer)})
    def get(self, request: UserRequest, exchange: str, symbol: str) -> Response:
        account = self.account_at(exchange)
        name = self.symbol_at(account, symbol)
        quote = market_data.quotes(account, [name]).get(name)
        if quote is None:
            raise NotFound(_("%(symbol)s has no price now.") % {"symbol": name})
        return Response({"data": TickerSerializer(quote).data})


class CandlesView(MarketView):
    """Closed candles, oldest first; without `since` the newest."""

    query_class = CandleQuery

    @extend_schema(parameters=[CandleQuery], responses={200: data_of(CandleSerializer, many=True)})
    def get(self, request: UserRequest, exchange: str, symbol: str) -> Response:
        account = self.account_at(exchange)
        name = self.symbol_at(account, symbol)
        since: datetime | None = self.wanted.get("since")
        candles = market_data.closed_candles(
            account, name, self.wanted["timeframe"], since=since, limit=self.wanted["limit"]
        )
        return Response({"data": CandleSerializer(candles, many=True).data})


def _kind(symbol: str) -> str:
    settle = symbol.partition(":")[2]
    if not settle:
        return "spot"
    return {0: "swap", 1: "future"}.get(settle.count("-"), "option")
