"""REST doors of an account's orders: those of our books, those at the venue, and orders by hand."""

import uuid
from typing import Any

from django.utils import timezone
from drf_spectacular.types import OpenApiTypes
from drf_spectacular.utils import OpenApiParameter, extend_schema
from rest_framework.response import Response
from rest_framework.serializers import Serializer
from rest_framework.views import APIView

from accounts.api.entry import refuse_haste
from accounts.api.permissions import UserRequest
from exchanges.api.accounts import VENUE_ERRORS
from exchanges.api.fields import data_of
from exchanges.selectors import account_of
from trading.api.serializers import OrderSerializer
from trading.api.serializers_manual_orders import (
    AccountOrderQuery,
    AccountOrderSerializer,
    ClosedOrderQuery,
    ForeignOrderQuery,
    ManualOrderSettings,
    OpenOrderQuery,
)
from trading.by_hand import account_orders
from trading.by_hand import orders as manual_orders
from trading.models import Order

KEY_HEADER = OpenApiParameter(
    "Idempotency-Key",
    OpenApiTypes.STR,
    OpenApiParameter.HEADER,
    description="The same key again answers with the same order and sends nothing. At most 64 characters.",
)


class AccountOrdersView(APIView):
    """Orders that were sent to this account, newest first, at most `limit`; and orders by hand."""

    error_statuses = (404, 409, *VENUE_ERRORS)

    @extend_schema(parameters=[AccountOrderQuery], responses={200: data_of(OrderSerializer, many=True)})
    def get(self, request: UserRequest, account_id: int) -> Response:
        wanted = _read(AccountOrderQuery, request)
        orders = Order.objects.filter(account=account_of(request.user, account_id))
        if "symbol" in wanted:
            orders = orders.filter(symbol=wanted["symbol"])
        if "before" in wanted:
            orders = orders.filter(pk__lt=wanted["before"])
        return Response({"data": OrderSerializer(orders[: wanted["limit"]], many=True).data})

    @extend_schema(
        operation_id="account_order_create",
        parameters=[KEY_HEADER],
        request=ManualOrderSettings,
        responses={201: data_of(OrderSerializer)},
    )
    def post(self, request: UserRequest, account_id: int) -> Response:
        """Places an order by hand. What the exchange makes of it is its `status` and `reason`."""
        account = account_of(request.user, account_id)
        settings = ManualOrderSettings(data=request.data)
        settings.is_valid(raise_exception=True)
        wanted: dict[str, Any] = dict(settings.validated_data)
        wanted.pop("type")  # the symbol says it
        if not wanted["reduce_only"]:
            refuse_haste(request, "orders", request.user.username)
        key = wanted.pop("idempotency_key", "") or request.headers.get("Idempotency-Key", "") or uuid.uuid4().hex
        order = manual_orders.manual_order_create(
            actor=request.user,
            account=account,
            type=wanted.pop("order_type"),
            idempotency_key=key,
            now=timezone.now(),
            **wanted,
        )
        return Response({"data": OrderSerializer(order).data}, status=201)


class AccountOpenOrdersView(APIView):
    """Orders that work at the venue, whoever placed them (of one kind of market), and own ones that are not settled
    yet."""

    error_statuses = (404, 409, *VENUE_ERRORS)

    @extend_schema(parameters=[OpenOrderQuery], responses={200: data_of(AccountOrderSerializer, many=True)})
    def get(self, request: UserRequest, account_id: int) -> Response:
        account, wanted = account_of(request.user, account_id), _read(OpenOrderQuery, request)
        lines = account_orders.orders_open(account, wanted.get("symbol"), kind=wanted["type"])
        return Response({"data": AccountOrderSerializer(lines, many=True).data})


class AccountClosedOrdersView(APIView):
    """Orders of which nothing more is expected, as the venue and our books have them, newest first."""

    error_statuses = (404, 409, *VENUE_ERRORS)

    @extend_schema(parameters=[ClosedOrderQuery], responses={200: data_of(AccountOrderSerializer, many=True)})
    def get(self, request: UserRequest, account_id: int) -> Response:
        account, wanted = account_of(request.user, account_id), _read(ClosedOrderQuery, request)
        lines = account_orders.orders_closed(
            account, wanted.get("symbol"), since=wanted.get("since"), limit=wanted["limit"], now=timezone.now()
        )
        return Response({"data": AccountOrderSerializer(lines, many=True).data})


class AccountOrderView(APIView):
    """One order. DELETE cancels an order by hand; orders of bots are the bots' own."""

    error_statuses = (404, 409, *VENUE_ERRORS)

    @extend_schema(operation_id="account_order_retrieve", responses={200: data_of(OrderSerializer)})
    def get(self, request: UserRequest, account_id: int, order_id: int) -> Response:
        return Response({"data": OrderSerializer(_order_of(request, account_id, order_id)).data})

    @extend_schema(operation_id="account_order_cancel", responses={200: data_of(OrderSerializer)})
    def delete(self, request: UserRequest, account_id: int, order_id: int) -> Response:
        order = _order_of(request, account_id, order_id)
        canceled = manual_orders.manual_order_cancel(actor=request.user, order=order, now=timezone.now())
        return Response({"data": OrderSerializer(canceled).data})


class ForeignOrderView(APIView):
    """Cancels an order by the exchange's number, whoever placed it. On markets of bots that is refused."""

    error_statuses = (404, 409, *VENUE_ERRORS)

    @extend_schema(
        operation_id="account_order_cancel_by_number",
        parameters=[ForeignOrderQuery],
        responses={200: data_of(AccountOrderSerializer)},
    )
    def delete(self, request: UserRequest, account_id: int, number: str) -> Response:
        account, wanted = account_of(request.user, account_id), _read(ForeignOrderQuery, request)
        line = manual_orders.order_cancel_by_number(
            actor=request.user,
            account=account,
            symbol=wanted["symbol"],
            exchange_order_id=number,
            is_stop=wanted["stop"],
            now=timezone.now(),
        )
        return Response({"data": AccountOrderSerializer(line).data})


def _order_of(request: UserRequest, account_id: int, order_id: int) -> Order:
    account = account_of(request.user, account_id)
    order = Order.objects.select_related("bot").get(account=account, pk=order_id)
    order.account = account
    return order


def _read(query: type[Serializer], request: UserRequest) -> dict[str, Any]:
    found = query(data=request.query_params)
    found.is_valid(raise_exception=True)
    values: dict[str, Any] = found.validated_data
    return values
