"""REST doors of parameter searches: asked for, gone on with, read. Listing, cancelling and deleting are back-tests'."""

from typing import Any

from django.core.exceptions import ValidationError
from django.db.models import F, QuerySet
from django.utils import timezone
from drf_spectacular.utils import extend_schema
from rest_framework.generics import ListAPIView
from rest_framework.request import Request
from rest_framework.response import Response
from rest_framework.views import APIView

from accounts.api.entry import refuse_haste
from accounts.api.permissions import UserRequest
from trading.api.serializers_backtests import BacktestSerializer
from trading.api.serializers_searches import (
    HeatMapQuery,
    HeatMapSerializer,
    SearchSerializer,
    SearchSettings,
    TrialQuery,
    TrialSerializer,
)
from trading.backtests.history import with_addresses
from trading.backtests.selectors import backtest_of
from trading.models import Backtest, Search, Trial
from trading.searches import results, services

BEST_FIRST = (F("score").desc(nulls_last=True), "number")
ASKED = ("method", "sets", "seed", "objective", "folds", "out_of_sample_pct", "min_cycles", "space")


class OptimizeView(APIView):
    """A search over many parameter sets: a grid, a seeded random choice, or Optuna's. Runs over the compute workers."""

    error_statuses = (404, 409, 429)

    @extend_schema(request=SearchSettings, responses={201: BacktestSerializer})
    def post(self, request: UserRequest) -> Response:
        refuse_haste(request, "backtests", request.user.username)
        data: Any = request.data
        try:
            backtest = services.search_create(actor=request.user, data=data, now=timezone.now())
        except ValidationError as error:
            raise with_addresses(error) from None
        return Response(BacktestSerializer(backtest).data, status=201)


class ResumeView(APIView):
    """Goes on with a search that was canceled or failed; what it found stays."""

    error_statuses = (409,)

    @extend_schema(request=None, responses={200: BacktestSerializer})
    def post(self, request: UserRequest, backtest_id: int) -> Response:
        backtest = search_of(request, backtest_id)
        resumed = services.search_resume(actor=request.user, backtest=backtest, now=timezone.now())
        return Response(BacktestSerializer(resumed).data)


class SearchView(APIView):
    @extend_schema(operation_id="backtest_search_retrieve", responses={200: SearchSerializer})
    def get(self, request: UserRequest, backtest_id: int) -> Response:
        backtest = search_of(request, backtest_id)
        found = {
            "best": results.best(backtest),
            "importance": results.importance(backtest),
            "walk_forward": results.walk_forward(backtest),
            "warnings": results.warnings(backtest),
        }
        return Response({name: getattr(backtest.search, name) for name in ASKED} | found)


class TrialsView(ListAPIView):
    """Every set of a search, also while it runs."""

    serializer_class = TrialSerializer
    filter_backends = ()
    queryset = Trial.objects.none()
    request: UserRequest

    @extend_schema(parameters=[TrialQuery])
    def get(self, request: Request, *args: Any, **kwargs: Any) -> Response:
        return super().get(request, *args, **kwargs)

    def get_queryset(self) -> QuerySet[Trial]:
        query = TrialQuery(data=self.request.query_params)
        query.is_valid(raise_exception=True)
        wanted: str = query.validated_data["ordering"]
        rows = Trial.objects.filter(search=search_of(self.request, self.kwargs["backtest_id"]).search)
        if wanted == "best":
            return rows.order_by(*BEST_FIRST)
        score = F(wanted.removeprefix("-"))
        return rows.order_by(score.desc(nulls_last=True) if wanted[0] == "-" else score.asc(nulls_last=True), "number")


class HeatMapView(APIView):
    """Scores over two of the varied parameters, the best or the median over all others."""

    @extend_schema(parameters=[HeatMapQuery], responses={200: HeatMapSerializer})
    def get(self, request: UserRequest, backtest_id: int) -> Response:
        query = HeatMapQuery(data=request.query_params)
        query.is_valid(raise_exception=True)
        wanted: dict[str, Any] = query.validated_data
        return Response(results.heat_map(search_of(request, backtest_id), **wanted))


def search_of(request: UserRequest, backtest_id: int) -> Backtest:
    """Raises Backtest.DoesNotExist and Search.DoesNotExist: a single run is not found here either."""
    backtest = backtest_of(request.user, backtest_id)
    backtest.search = Search.objects.get(backtest=backtest)
    backtest.search.backtest = backtest
    return backtest
