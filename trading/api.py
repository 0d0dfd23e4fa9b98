"""REST doors of what bots have traded and logged. Nothing is changed here."""

from typing import Any

from django.db.models import QuerySet
from drf_spectacular.utils import extend_schema
from rest_framework.generics import ListAPIView
from rest_framework.response import Response
from rest_framework.views import APIView

from accounts.permissions import UserRequest
from bots.models import Bot
from bots.selectors import bot_of
from exchanges.api_fields import data_of
from exchanges.selectors import account_of
from trading.core.order_state import TERMINAL, UNSETTLED
from trading.filters import LogFilter, OrderFilter, OwnOrderFilter, PositionFilter, SpreadPointFilter
from trading.models import Order, Position, SpreadHistory, TradeLog
from trading.serializers import (
    AccountOrderQuery,
    LogSerializer,
    OrderSerializer,
    PositionSerializer,
    SpreadPointSerializer,
)

ORDER_FIELDS = ("id", "created_at", "filled_at", "symbol", "status")


class OrdersView(ListAPIView):
    """Every order of the user's accounts, newest first."""

    serializer_class = OrderSerializer
    filterset_class = OwnOrderFilter
    ordering_fields = ORDER_FIELDS
    queryset = Order.objects.none()
    request: UserRequest

    def get_queryset(self) -> QuerySet[Order]:
        return Order.objects.filter(account__owner=self.request.user)


class OfBot(ListAPIView):
    """Rows of one of the user's bots; somebody else's bot is not found."""

    request: UserRequest

    def bot(self) -> Bot:
        return bot_of(self.request.user, self.kwargs["bot_id"])


class BotOrdersView(OfBot):
    serializer_class = OrderSerializer
    filterset_class = OrderFilter
    ordering_fields = ORDER_FIELDS
    queryset = Order.objects.none()

    def get_queryset(self) -> QuerySet[Order]:
        return Order.objects.filter(bot=self.bot())


class BotPositionsView(OfBot):
    serializer_class = PositionSerializer
    filterset_class = PositionFilter
    ordering_fields = ("id", "opened_at", "closed_at", "cycle_number")
    queryset = Position.objects.none()

    def get_queryset(self) -> QuerySet[Position]:
        return Position.objects.filter(bot=self.bot())


class BotLogsView(OfBot):
    serializer_class = LogSerializer
    filterset_class = LogFilter
    ordering_fields = ("id", "created_at")
    queryset = TradeLog.objects.none()

    def get_queryset(self) -> QuerySet[TradeLog]:
        return TradeLog.objects.filter(bot=self.bot())


class BotSpreadView(OfBot):
    """One point a minute and one for each trade, newest first."""

    serializer_class = SpreadPointSerializer
    filterset_class = SpreadPointFilter
    ordering_fields = ("recorded_at", "spread_percentage")
    queryset = SpreadHistory.objects.none()

    def get_queryset(self) -> QuerySet[SpreadHistory]:
        return SpreadHistory.objects.filter(bot=self.bot())


class AccountOrdersView(APIView):
    """Orders that were sent to this account, newest first, at most `limit`."""

    statuses: frozenset[str] = frozenset()

    @extend_schema(parameters=[AccountOrderQuery], responses={200: data_of(OrderSerializer, many=True)})
    def get(self, request: UserRequest, account_id: int) -> Response:
        query = AccountOrderQuery(data=request.query_params)
        query.is_valid(raise_exception=True)
        wanted: dict[str, Any] = query.validated_data
        orders = Order.objects.filter(account=account_of(request.user, account_id))
        if self.statuses:
            orders = orders.filter(status__in=self.statuses)
        if "symbol" in wanted:
            orders = orders.filter(symbol=wanted["symbol"])
        if "before" in wanted:
            orders = orders.filter(pk__lt=wanted["before"])
        return Response({"data": OrderSerializer(orders[: wanted["limit"]], many=True).data})


class AccountOpenOrdersView(AccountOrdersView):
    """Orders that are not settled yet."""

    statuses = UNSETTLED


class AccountClosedOrdersView(AccountOrdersView):
    """Orders of which nothing more is expected."""

    statuses = TERMINAL


class AccountOrderView(APIView):
    @extend_schema(operation_id="account_order_retrieve", responses={200: data_of(OrderSerializer)})
    def get(self, request: UserRequest, account_id: int, order_id: int) -> Response:
        order = Order.objects.get(account=account_of(request.user, account_id), pk=order_id)
        return Response({"data": OrderSerializer(order).data})
