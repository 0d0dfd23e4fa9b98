"""REST doors of the pairs scanner: asked for, watched, canceled, read and taken away."""

from typing import Any

from django.db.models import QuerySet
from django.utils import timezone
from django_filters.rest_framework import DjangoFilterBackend
from drf_spectacular.utils import extend_schema
from rest_framework.generics import ListAPIView
from rest_framework.request import Request
from rest_framework.response import Response
from rest_framework.views import APIView

from accounts.api.entry import refuse_haste
from accounts.api.permissions import UserRequest
from trading.api.filters_scans import ScanFilter, ScannedPairFilter, ordered
from trading.api.serializers_scans import (
    ListedScanSerializer,
    PairQuery,
    ScannedPairSerializer,
    ScanSerializer,
    ScanSettings,
)
from trading.models import PairScan, ScannedPair
from trading.scans import services
from trading.scans.selectors import pairs_of_scan, scan_of, scans_of


class StartScanView(APIView):
    """Looks at every pair among many markets: correlation, hedge ratio, cointegration, half-life, funding, liquidity.

    Runs over the compute workers; watch it at `pairs/scans/{id}` or over its socket.
    """

    error_statuses = (409, 429)

    @extend_schema(request=ScanSettings, responses={201: ScanSerializer})
    def post(self, request: UserRequest) -> Response:
        refuse_haste(request, "backtests", request.user.username)
        data: Any = request.data
        scan = services.scan_create(actor=request.user, data=data, now=timezone.now())
        return Response(ScanSerializer(scan).data, status=201)


class ScansView(ListAPIView):
    """The user's scans, newest first."""

    serializer_class = ListedScanSerializer
    filterset_class = ScanFilter
    ordering_fields = ("id", "status", "created_at", "finished_at")
    queryset = PairScan.objects.none()
    request: UserRequest

    def get_queryset(self) -> QuerySet[PairScan]:
        return scans_of(self.request.user)


class ScanView(APIView):
    """One scan and how far it has come. It cannot be deleted while it runs."""

    error_statuses = (409,)

    @extend_schema(responses={200: ScanSerializer})
    def get(self, request: UserRequest, scan_id: int) -> Response:
        return Response(ScanSerializer(scan_of(request.user, scan_id)).data)

    @extend_schema(responses={204: None})
    def delete(self, request: UserRequest, scan_id: int) -> Response:
        services.scan_delete(actor=request.user, scan=scan_of(request.user, scan_id))
        return Response(status=204)


class CancelScanView(APIView):
    """At once while it waits, within a moment while it runs."""

    error_statuses = (409,)

    @extend_schema(request=None, responses={200: ScanSerializer})
    def post(self, request: UserRequest, scan_id: int) -> Response:
        scan = scan_of(request.user, scan_id)
        return Response(ScanSerializer(services.scan_cancel(actor=request.user, scan=scan, now=timezone.now())).data)


class ScannedPairsView(ListAPIView):
    """Every pair of a scan. Scores and q-values need all pairs: they are null until the scan is done."""

    serializer_class = ScannedPairSerializer
    filter_backends = (DjangoFilterBackend,)
    filterset_class = ScannedPairFilter
    queryset = ScannedPair.objects.none()
    request: UserRequest

    @extend_schema(parameters=[PairQuery])
    def get(self, request: Request, *args: Any, **kwargs: Any) -> Response:
        return super().get(request, *args, **kwargs)

    def get_queryset(self) -> QuerySet[ScannedPair]:
        query = PairQuery(data=self.request.query_params)
        query.is_valid(raise_exception=True)
        scan = scan_of(self.request.user, self.kwargs["scan_id"])
        return ordered(pairs_of_scan(scan).select_related("scan"), query.validated_data["ordering"])
