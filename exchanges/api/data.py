"""REST doors of recorded history: what there is, and downloading more."""

from typing import Any

from django.db.models import QuerySet
from django.utils import timezone
from drf_spectacular.utils import extend_schema
from rest_framework.generics import ListAPIView
from rest_framework.request import Request
from rest_framework.response import Response
from rest_framework.views import APIView

from accounts.api.permissions import UserRequest
from exchanges import tasks
from exchanges.api.filters_data import DownloadFilter
from exchanges.api.serializers_data import (
    DownloadSerializer,
    DownloadSettings,
    HolesSerializer,
    SeriesQuery,
    SeriesSerializer,
)
from exchanges.history import downloads
from exchanges.history.catalogue import holes_of
from exchanges.history.stored_series import StoredSeries, stretch_row
from exchanges.models import CandleDownload, CandleSet


class SeriesView(ListAPIView):
    """What the candle store holds, by exchange, symbol and timeframe. It is everybody's."""

    serializer_class = SeriesSerializer
    filter_backends = ()

    def get_queryset(self) -> StoredSeries:  # type: ignore[override]
        query = SeriesQuery(data=self.request.query_params)
        query.is_valid(raise_exception=True)
        return StoredSeries(query.validated_data)

    @extend_schema(parameters=[SeriesQuery])
    def get(self, request: Request, *args: Any, **kwargs: Any) -> Response:
        return super().get(request, *args, **kwargs)


class HolesView(APIView):
    """Where a series of candles has gaps, and where the exchange was down."""

    @extend_schema(responses={200: HolesSerializer})
    def get(self, request: UserRequest, series_id: int) -> Response:
        holes = holes_of(CandleSet.objects.get(pk=series_id))
        rows = {
            "gaps": [stretch_row(gap.first, gap.last, gap.bars) for gap in holes.gaps],
            "outages": [stretch_row(outage.first, outage.last, outage.bars) for outage in holes.outages],
        }
        return Response(HolesSerializer(rows).data)


class DownloadView(APIView):
    """Asks for history. It comes in the background; what is stored already is not fetched again."""

    error_statuses = (409,)

    @extend_schema(request=DownloadSettings, responses={202: DownloadSerializer})
    def post(self, request: UserRequest) -> Response:
        data: Any = request.data
        download = downloads.download_create(actor=request.user, data=data, now=timezone.now())
        tasks.tell(download)
        return Response(DownloadSerializer(download).data, status=202)


class DownloadsView(ListAPIView):
    """The user's downloads, newest first."""

    serializer_class = DownloadSerializer
    filterset_class = DownloadFilter
    ordering_fields = ("id", "status", "created_at", "finished_at")
    queryset = CandleDownload.objects.none()
    request: UserRequest

    def get_queryset(self) -> QuerySet[CandleDownload]:
        return downloads.downloads_of(self.request.user)


class OneDownloadView(APIView):
    """Deleting cancels: at once while it waits, soon while it runs. What is stored stays."""

    error_statuses = (409,)

    @extend_schema(responses={200: DownloadSerializer})
    def get(self, request: UserRequest, download_id: int) -> Response:
        return Response(DownloadSerializer(downloads.download_of(request.user, download_id)).data)

    @extend_schema(responses={200: DownloadSerializer})
    def delete(self, request: UserRequest, download_id: int) -> Response:
        download = downloads.download_of(request.user, download_id)
        canceled = downloads.download_cancel(actor=request.user, download=download, now=timezone.now())
        tasks.tell(canceled)
        return Response(DownloadSerializer(canceled).data)
