"""REST doors of reconciliation: compare now, what differs, and what is to be done about it."""

from django.db.models import QuerySet
from django.utils import timezone
from django.utils.translation import gettext as _
from drf_spectacular.utils import extend_schema
from rest_framework.generics import ListAPIView
from rest_framework.response import Response
from rest_framework.views import APIView

from accounts.api.permissions import UserRequest
from exchanges.api.fields import data_of
from exchanges.errors import DomainError
from exchanges.selectors import account_of
from trading.api.filters_reconciliation import DifferenceFilter
from trading.api.serializers import OrderSerializer
from trading.api.serializers_reconciliation import (
    DifferenceSerializer,
    EquationQuery,
    EquationSerializer,
    OutcomeSerializer,
    SettleRequest,
)
from trading.models import Difference, DifferenceStatus, Order
from trading.reconciliation.choices import Choice, difference_settle
from trading.reconciliation.equation import equation
from trading.reconciliation.rounds import account_reconcile
from trading.settlement import order_declare

VENUE_ERRORS = (422, 429, 502, 503)


class ReconcileView(APIView):
    """Compares the account with its exchange now. 409 while somebody else does."""

    error_statuses = (409,)

    @extend_schema(request=None, responses={200: OutcomeSerializer})
    def post(self, request: UserRequest, account_id: int) -> Response:
        account = account_of(request.user, account_id)
        outcome = account_reconcile(account, timezone.now(), thorough=True)
        if outcome is None:
            raise DomainError(_("This account is being compared already."), "busy")
        return Response(OutcomeSerializer(outcome).data)


class DifferencesView(ListAPIView):
    """Where the exchange and the books differ, newest first."""

    serializer_class = DifferenceSerializer
    filterset_class = DifferenceFilter
    ordering_fields = ("id", "found_at", "settled_at")
    queryset = Difference.objects.none()
    request: UserRequest

    def get_queryset(self) -> QuerySet[Difference]:
        account = account_of(self.request.user, self.kwargs["account_id"])
        rows = Difference.objects.filter(account=account).exclude(status=DifferenceStatus.SUSPECT)
        return rows.select_related("bot", "account")


class SettleView(APIView):
    """Adopt, close or ignore one difference. What books or trades is done at the bot's next look."""

    error_statuses = (409, *VENUE_ERRORS)

    @extend_schema(request=SettleRequest, responses={200: DifferenceSerializer})
    def post(self, request: UserRequest, account_id: int, difference_id: int) -> Response:
        account = account_of(request.user, account_id)
        difference = Difference.objects.select_related("bot", "account").get(account=account, pk=difference_id)
        asked = SettleRequest(data=request.data)
        asked.is_valid(raise_exception=True)
        settled = difference_settle(
            actor=request.user,
            difference=difference,
            choice=Choice(asked.validated_data["choice"]),
            note=asked.validated_data["note"],
            now=timezone.now(),
        )
        return Response(DifferenceSerializer(settled).data)


class DeclareView(APIView):
    """Says that an order which its exchange cannot remember any more is not there. Look there first."""

    error_statuses = (409,)

    @extend_schema(request=None, responses={200: data_of(OrderSerializer)})
    def post(self, request: UserRequest, account_id: int, order_id: int) -> Response:
        order = Order.objects.select_related("bot").get(account=account_of(request.user, account_id), pk=order_id)
        return Response({"data": OrderSerializer(order_declare(actor=request.user, order=order)).data})


class EquationView(APIView):
    """What the account's equity changed by since then, and why. 404 before two snapshots of it are there."""

    @extend_schema(parameters=[EquationQuery], responses={200: EquationSerializer})
    def get(self, request: UserRequest, account_id: int) -> Response:
        query = EquationQuery(data=request.query_params)
        query.is_valid(raise_exception=True)
        found = equation(account_of(request.user, account_id), query.validated_data["since"])
        if found is None:
            raise Difference.DoesNotExist
        return Response(EquationSerializer(found).data)
