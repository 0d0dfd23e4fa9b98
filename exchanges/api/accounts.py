"""REST doors of exchange accounts and of what their venues hold."""

import time
from collections.abc import Mapping, Sequence
from typing import Any

from django.core.exceptions import ValidationError
from django.db.models import QuerySet
from django.utils import timezone
from django.utils.translation import gettext as _
from drf_spectacular.utils import extend_schema
from rest_framework.exceptions import NotFound
from rest_framework.generics import ListAPIView
from rest_framework.response import Response
from rest_framework.serializers import Serializer
from rest_framework.views import APIView

from accounts.api.permissions import UserRequest
from accounts.models import ApiScope, User
from accounts.step_up import require_fresh_second_factor
from exchanges import account_check, services
from exchanges.account_fields import SECRETS
from exchanges.adapters.venues import ALL_TYPES, VENUES, Kind
from exchanges.api.fields import data_of
from exchanges.api.filters import ExchangeAccountFilter
from exchanges.api.serializers import (
    BalanceSerializer,
    CheckSerializer,
    ConnectQuery,
    ExchangeAccountSerializer,
    ExchangeAccountSettings,
    PingSerializer,
    PositionsQuery,
    SupportedSerializer,
    VenuePositionSerializer,
    WalletQuery,
)
from exchanges.balances import wallet_of
from exchanges.models import Exchange, ExchangeAccount
from exchanges.registry import desks_of
from exchanges.selectors import account_of, accounts_of

VENUE_ERRORS = (422, 429, 502, 503)
"""Statuses of views that ask a venue (`chainmakes.errors`)."""


class AccountsView(ListAPIView):
    """The user's exchange accounts."""

    serializer_class = ExchangeAccountSerializer
    filterset_class = ExchangeAccountFilter
    ordering_fields = ("id", "label", "exchange", "created_at")
    queryset = ExchangeAccount.objects.none()
    write_scope = ApiScope.ADMIN
    request: UserRequest

    def get_queryset(self) -> QuerySet[ExchangeAccount]:
        return accounts_of(self.request.user).order_by("id")

    @extend_schema(request=ExchangeAccountSettings, responses={201: ExchangeAccountSerializer})
    def post(self, request: UserRequest) -> Response:
        if not _is_paper(request.data):
            require_fresh_second_factor(request)
        account = services.account_create(owner=request.user, data=request.data, actor=request.user)
        return Response(ExchangeAccountSerializer(account).data, status=201)


class AccountView(APIView):
    """One account. It cannot be deleted while a bot uses it."""

    write_scope = ApiScope.ADMIN
    error_statuses = (409,)

    @extend_schema(responses={200: ExchangeAccountSerializer})
    def get(self, request: UserRequest, account_id: int) -> Response:
        return Response(ExchangeAccountSerializer(account_of(request.user, account_id)).data)

    @extend_schema(request=ExchangeAccountSettings, responses={200: ExchangeAccountSerializer})
    def put(self, request: UserRequest, account_id: int) -> Response:
        _refuse_incomplete(request.data)
        return self._update(request, account_id)

    @extend_schema(request=ExchangeAccountSettings(partial=True), responses={200: ExchangeAccountSerializer})
    def patch(self, request: UserRequest, account_id: int) -> Response:
        return self._update(request, account_id)

    @extend_schema(responses={204: None})
    def delete(self, request: UserRequest, account_id: int) -> Response:
        account = account_of(request.user, account_id)
        _refuse_stale(request, account)
        services.account_delete(account=account, actor=request.user)
        return Response(status=204)

    def _update(self, request: UserRequest, account_id: int) -> Response:
        account = account_of(request.user, account_id)
        _refuse_stale(request, account)
        account = services.account_update(account=account, data=request.data, actor=request.user)
        return Response(ExchangeAccountSerializer(account).data)


class SupportedView(ListAPIView):
    """Exchanges that accounts can be added for, and which secrets each needs."""

    serializer_class = SupportedSerializer
    filter_backends = ()

    def get_queryset(self) -> list[dict[str, Any]]:  # type: ignore[override]
        return [
            {
                "exchange": exchange.value,
                "name": exchange.label,
                "secrets": _secrets_of(exchange),
                "has_testnet": exchange != Exchange.PAPER,
                "orders": _orders_of(exchange),
            }
            for exchange in Exchange
        ]


class ConnectView(APIView):
    """Opens the user's account at an exchange and says what came of it."""

    @extend_schema(request=None, parameters=[ConnectQuery], responses={200: CheckSerializer})
    def post(self, request: UserRequest) -> Response:
        query = ConnectQuery(data=request.query_params)
        query.is_valid(raise_exception=True)
        account = _account_named(request.user, query.validated_data["exchange_id"])
        return Response(
            CheckSerializer(services.account_test(account=account, now=timezone.now(), actor=request.user)).data
        )


class TestView(APIView):
    """Opens the account at its venue and keeps what came of it."""

    __test__ = False

    @extend_schema(request=None, responses={200: CheckSerializer})
    def post(self, request: UserRequest, account_id: int) -> Response:
        account = services.account_test(
            account=account_of(request.user, account_id), now=timezone.now(), actor=request.user
        )
        return Response(CheckSerializer(account).data)


class PingView(APIView):
    """Asks the venue for its time; nothing is kept."""

    error_statuses = VENUE_ERRORS

    @extend_schema(responses={200: PingSerializer})
    def get(self, request: UserRequest, account_id: int) -> Response:
        account = account_of(request.user, account_id)
        asked_at = time.perf_counter()
        venue_time = account_check.venue_time(account)
        took_ms = round((time.perf_counter() - asked_at) * 1000, 3)
        return Response(
            PingSerializer({"exchange_account": account.pk, "time": venue_time, "round_trip_ms": took_ms}).data
        )


class BalanceView(APIView):
    """The money that margins (with `type=spot`: that pays for coins), and every currency of that wallet."""

    error_statuses = (409, *VENUE_ERRORS)

    @extend_schema(parameters=[WalletQuery], responses={200: data_of(BalanceSerializer)})
    def get(self, request: UserRequest, account_id: int) -> Response:
        wallet = wallet_of(account_of(request.user, account_id), _kind_of(WalletQuery, request))
        return Response({"data": BalanceSerializer(wallet).data})


class PositionsView(APIView):
    """What the venue says is held, by whomever it was opened: of perpetual swaps, or of dated futures."""

    error_statuses = (409, *VENUE_ERRORS)

    @extend_schema(parameters=[PositionsQuery], responses={200: data_of(VenuePositionSerializer, many=True)})
    def get(self, request: UserRequest, account_id: int) -> Response:
        account = account_of(request.user, account_id)
        desks = desks_of(account, _kind_of(PositionsQuery, request))
        positions = [position for desk in desks for position in desk.positions()]
        return Response({"data": VenuePositionSerializer(positions, many=True).data})


def _kind_of(query: type[Serializer], request: UserRequest) -> Kind:
    read = query(data=request.query_params)
    read.is_valid(raise_exception=True)
    kind: Kind = read.validated_data["type"]
    return kind


def _is_paper(data: Any) -> bool:
    return isinstance(data, dict) and data.get("exchange") == Exchange.PAPER


def _refuse_stale(request: UserRequest, account: ExchangeAccount) -> None:
    """Keys that trade with money are changed under a fresh second factor only."""
    if not account.is_paper:
        require_fresh_second_factor(request)


def _refuse_incomplete(data: Any) -> None:
    """A whole account names its exchange and label; what is no object at all is refused by the service."""
    required = ("exchange", "label") if isinstance(data, dict) else ()
    if missing := {name: [_("This field is required.")] for name in required if name not in data}:
        raise ValidationError(missing)


def _account_named(user: User, name: str) -> ExchangeAccount:
    """By number, or by exchange where the user has one active account only."""
    if name.isascii() and name.isdigit():
        return account_of(user, int(name))
    found = list(accounts_of(user).filter(exchange=name, is_active=True)[:2])
    if not found:
        raise NotFound(_("You have no active account at this exchange."))
    if len(found) > 1:
        sentence = _("You have several accounts at this exchange: send the number of one.")
        raise ValidationError({"exchange_id": [sentence]})
    return found[0]


def _orders_of(exchange: Exchange) -> Mapping[str, Sequence[str]]:
    if exchange == Exchange.PAPER:
        return {"swap": ALL_TYPES}
    return VENUES[exchange].orders


def _secrets_of(exchange: Exchange) -> tuple[str, ...]:
    if exchange == Exchange.PAPER:
        return ()
    return SECRETS if exchange == Exchange.OKX else SECRETS[:2]
