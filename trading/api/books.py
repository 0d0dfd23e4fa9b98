"""REST doors of what bots have traded and logged. Nothing is changed here."""

from django.db.models import QuerySet
from rest_framework.generics import ListAPIView

from accounts.api.permissions import UserRequest
from bots.models import Bot
from bots.selectors import bot_of
from exchanges.models import ExchangeAccount
from trading.api.filters import LogFilter, OrderFilter, OwnOrderFilter, PositionFilter, SpreadPointFilter
from trading.api.serializers import (
    LogSerializer,
    OrderSerializer,
    PositionSerializer,
    SpreadPointSerializer,
)
from trading.models import Order, Position, SpreadHistory, TradeLog

ORDER_FIELDS = ("id", "created_at", "filled_at", "symbol", "status")


class OrdersView(ListAPIView):
    """Every order of the user's accounts, newest first."""

    serializer_class = OrderSerializer
    filterset_class = OwnOrderFilter
    ordering_fields = ORDER_FIELDS
    queryset = Order.objects.none()
    request: UserRequest

    def get_queryset(self) -> QuerySet[Order]:
        """By the ids of the accounts: rows are then counted in the index alone."""
        accounts = ExchangeAccount.objects.filter(owner=self.request.user).values_list("pk", flat=True)
        return Order.objects.filter(account__in=list(accounts))


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
