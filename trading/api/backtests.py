"""REST doors of back-tests: asked for, watched, canceled, read and taken away."""

import json
from typing import Any

from django.core.exceptions import ValidationError
from django.db.models import QuerySet
from django.http import HttpResponse
from django.utils import timezone
from drf_spectacular.types import OpenApiTypes
from drf_spectacular.utils import extend_schema
from rest_framework.generics import ListAPIView
from rest_framework.negotiation import BaseContentNegotiation
from rest_framework.request import Request
from rest_framework.response import Response
from rest_framework.serializers import Serializer
from rest_framework.views import APIView

from accounts.api.entry import refuse_haste
from accounts.api.permissions import UserRequest
from trading.api.filters_backtests import BacktestFilter
from trading.api.serializers_backtests import (
    BacktestSerializer,
    BacktestSettings,
    ChartQuery,
    ChartSerializer,
    EquityPointSerializer,
    EquityQuery,
    ListedBacktestSerializer,
    ReportQuery,
    TradeQuery,
    TradeSerializer,
)
from trading.backtests import drawing, report, services, stored
from trading.backtests.history import with_addresses
from trading.backtests.selectors import backtest_of, backtests_of
from trading.models import Backtest

EQUITY_PAGE = 5_000  # bars: a year of minutes in about a hundred pages


class BacktestsView(ListAPIView):
    """The user's back-tests and searches, newest first. A new one waits for a worker and is run within seconds."""

    serializer_class = ListedBacktestSerializer
    filterset_class = BacktestFilter
    ordering_fields = ("id", "name", "status", "created_at", "finished_at")
    queryset = Backtest.objects.none()
    request: UserRequest
    error_statuses = (404, 409, 429)

    def get_queryset(self) -> QuerySet[Backtest]:
        return backtests_of(self.request.user)

    @extend_schema(request=BacktestSettings, responses={201: BacktestSerializer})
    def post(self, request: UserRequest) -> Response:
        refuse_haste(request, "backtests", request.user.username)
        data: Any = request.data
        try:
            backtest = services.backtest_create(actor=request.user, data=data, now=timezone.now())
        except ValidationError as error:
            raise with_addresses(error) from None
        return Response(BacktestSerializer(backtest).data, status=201)


class BacktestView(APIView):
    """One back-test or search. It cannot be deleted while it runs."""

    error_statuses = (409,)

    @extend_schema(responses={200: BacktestSerializer})
    def get(self, request: UserRequest, backtest_id: int) -> Response:
        return Response(BacktestSerializer(backtest_of(request.user, backtest_id)).data)

    @extend_schema(responses={204: None})
    def delete(self, request: UserRequest, backtest_id: int) -> Response:
        services.backtest_delete(actor=request.user, backtest=backtest_of(request.user, backtest_id))
        return Response(status=204)


class CancelView(APIView):
    """At once while it waits, within a moment while it runs."""

    error_statuses = (409,)

    @extend_schema(request=None, responses={200: BacktestSerializer})
    def post(self, request: UserRequest, backtest_id: int) -> Response:
        backtest = backtest_of(request.user, backtest_id)
        canceled = services.backtest_cancel(actor=request.user, backtest=backtest, now=timezone.now())
        return Response(BacktestSerializer(canceled).data)


class OfBacktest(ListAPIView):
    """Rows of one of the user's back-tests; none before it is done."""

    filter_backends = ()
    request: UserRequest

    def backtest(self) -> Backtest:
        return backtest_of(self.request.user, self.kwargs["backtest_id"])

    def page_of(self, rows: stored.Rows) -> Response:
        return self.get_paginated_response(self.paginate_queryset(rows))


class TradesView(OfBacktest):
    """Every trade of the run, oldest first."""

    serializer_class = TradeSerializer

    @extend_schema(parameters=[TradeQuery])
    def get(self, request: Request, *args: Any, **kwargs: Any) -> Response:
        wanted = _query(TradeQuery, request)
        trades = stored.narrowed(stored.trade_frame(self.backtest()), **wanted)
        return self.page_of(stored.trade_rows(trades))


class EquityView(OfBacktest):
    """Equity after each bar, in quote currency from 0, with far fewer points unless `points` is 0."""

    serializer_class = EquityPointSerializer

    @property
    def paginator(self) -> Any:
        pages: Any = super().paginator
        pages.page_size = pages.max_page_size = EQUITY_PAGE
        return pages

    @extend_schema(parameters=[EquityQuery])
    def get(self, request: Request, *args: Any, **kwargs: Any) -> Response:
        points = _query(EquityQuery, request)["points"]
        backtest = self.backtest()
        if not points:
            return self.page_of(stored.equity_rows(*stored.equity_of(backtest)))
        rows = stored.equity_rows(*drawing.sampled_equity(backtest, points))[:]
        return Response({"count": len(rows), "next": None, "previous": None, "results": rows})


class ChartView(APIView):
    """Everything that the page of a back-test draws, with at most about `points` points that keep every extreme."""

    @extend_schema(parameters=[ChartQuery], responses={200: ChartSerializer})
    def get(self, request: UserRequest, backtest_id: int) -> Response:
        points = _query(ChartQuery, request)["points"]
        return Response(drawing.chart_of(backtest_of(request.user, backtest_id), points))


class ByQuery(BaseContentNegotiation):
    """`format` is the report's own here, and errors stay JSON."""

    def select_parser(self, request: Any, parsers: Any) -> Any:
        return parsers[0]

    def select_renderer(self, request: Any, renderers: Any, format_suffix: str | None = None) -> Any:
        return renderers[0], renderers[0].media_type


class ReportView(APIView):
    """The whole result as a file: JSON as the command writes it, or a page of HTML that needs nothing else."""

    content_negotiation_class = ByQuery
    error_statuses = (409,)

    @extend_schema(
        parameters=[ReportQuery],
        responses={(200, "application/json"): OpenApiTypes.OBJECT, (200, "text/html"): OpenApiTypes.STR},
    )
    def get(self, request: UserRequest, backtest_id: int) -> HttpResponse:
        kind = _query(ReportQuery, request)["format"]
        return report_answer(backtest_of(request.user, backtest_id), kind)


def report_answer(backtest: Backtest, kind: str) -> HttpResponse:
    """`kind`: html or json. Raises DomainError for a back-test without a result."""
    if kind == "html":
        text, content_type = report.report_html(backtest), "text/html; charset=utf-8"
    else:
        text, content_type = json.dumps(report.report_json(backtest), indent=2, allow_nan=False), "application/json"
    headers = {
        "Content-Disposition": f'attachment; filename="backtest-{backtest.pk}.{kind}"',
        "X-Content-Type-Options": "nosniff",
    }
    return HttpResponse(text, content_type=content_type, headers=headers)


def _query(serializer: type[Serializer], request: Request) -> dict[str, Any]:
    query = serializer(data=request.query_params)
    query.is_valid(raise_exception=True)
    return dict(query.validated_data)
