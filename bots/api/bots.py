"""REST doors of bots: their settings, their life, how they did."""

import uuid
from collections.abc import Iterable
from typing import Any

from django.db.models import QuerySet
from django.utils import timezone
from drf_spectacular.utils import OpenApiParameter, extend_schema
from rest_framework.generics import ListAPIView
from rest_framework.response import Response
from rest_framework.views import APIView

from accounts.api.permissions import UserRequest
from accounts.step_up import require_fresh_second_factor
from bots import services
from bots.amounts import decimal_text
from bots.api.filters import BotFilter
from bots.api.serializers import (
    BotChanges,
    BotSerializer,
    BotSettings,
    CloseSerializer,
    IntentSerializer,
    PreviewQuery,
    PreviewSerializer,
    StartSerializer,
    StatisticsSerializer,
    StrategySerializer,
)
from bots.api.strategies import strategy_rows
from bots.feed import events as feed
from bots.models import Bot
from bots.preview.whole import bot_preview
from bots.selectors import bot_of, bot_stats, bots_of
from bots.settings.fields import REQUIRED
from exchanges.api.accounts import VENUE_ERRORS

IDEMPOTENCY = OpenApiParameter(
    "Idempotency-Key", str, OpenApiParameter.HEADER, description="Instead of `idempotency_key` in the body."
)


def shown(bot: Bot) -> dict[str, Any]:
    return BotSerializer(bot, context={"figures": feed.last_figures([bot.pk])}).data


class BotsView(ListAPIView):
    """The user's bots, newest first."""

    serializer_class = BotSerializer
    filterset_class = BotFilter
    ordering_fields = ("id", "bot_name", "status", "total_profit", "total_trades", "created_at")
    queryset = Bot.objects.none()
    request: UserRequest

    def get_queryset(self) -> QuerySet[Bot]:
        return bots_of(self.request.user)

    def paginate_queryset(self, queryset: Any) -> Any:
        self.page: list[Bot] = super().paginate_queryset(queryset) or []
        return self.page

    def get_serializer_context(self) -> dict[str, Any]:
        ids: Iterable[int] = (bot.pk for bot in getattr(self, "page", []))
        return {**super().get_serializer_context(), "figures": feed.last_figures(ids)}

    @extend_schema(request=BotSettings, responses={201: BotSerializer})
    def post(self, request: UserRequest) -> Response:
        settings: Any = request.data
        bot = services.bot_create(actor=request.user, data=settings, now=timezone.now())
        return Response(shown(bot_of(request.user, bot.pk)), status=201)


class BotView(APIView):
    """One bot. It cannot be deleted while it runs, holds a position or has an unsettled order."""

    error_statuses = (409, *VENUE_ERRORS)

    @extend_schema(responses={200: BotSerializer})
    def get(self, request: UserRequest, bot_id: int) -> Response:
        return Response(shown(bot_of(request.user, bot_id)))

    @extend_schema(request=BotSettings, responses={200: BotSerializer})
    def put(self, request: UserRequest, bot_id: int) -> Response:
        data = request.data
        return self._update(request, bot_id, dict.fromkeys(REQUIRED) | data if isinstance(data, dict) else data)

    @extend_schema(request=BotChanges, responses={200: BotSerializer})
    def patch(self, request: UserRequest, bot_id: int) -> Response:
        return self._update(request, bot_id, request.data)

    @extend_schema(responses={204: None})
    def delete(self, request: UserRequest, bot_id: int) -> Response:
        services.bot_delete(actor=request.user, bot=bot_of(request.user, bot_id), now=timezone.now())
        return Response(status=204)

    def _update(self, request: UserRequest, bot_id: int, data: Any) -> Response:
        bot = bot_of(request.user, bot_id)
        return Response(shown(services.bot_update(actor=request.user, bot=bot, data=data, now=timezone.now())))


class PreviewView(APIView):
    """What a bot with these settings would meet now and would have done; complete as far as the settings go.

    Nothing is written, and values that are not right are named in `errors` of a good answer.
    """

    error_statuses = VENUE_ERRORS

    @extend_schema(request=BotChanges, parameters=[PreviewQuery], responses={200: PreviewSerializer})
    def post(self, request: UserRequest) -> Response:
        query = PreviewQuery(data=request.query_params)
        query.is_valid(raise_exception=True)
        wanted = query.validated_data
        bot = bot_of(request.user, wanted["bot"]) if "bot" in wanted else None
        found = bot_preview(request.user, request.data, now=timezone.now(), bot=bot, range_name=wanted["range"])
        return Response(found)


class StartView(APIView):
    """Continues the bot's cycle. Everything that stands in the way is named at once."""

    error_statuses = (409, *VENUE_ERRORS)

    @extend_schema(request=StartSerializer, responses={200: BotSerializer})
    def post(self, request: UserRequest, bot_id: int) -> Response:
        bot = bot_of(request.user, bot_id)
        wish = StartSerializer(data=request.data)
        wish.is_valid(raise_exception=True)
        if not bot.is_paper:
            require_fresh_second_factor(request)
        started = services.bot_start(actor=request.user, bot=bot, now=timezone.now(), **wish.validated_data)
        return Response(shown(started))


class PauseView(APIView):
    """Opens and adds nothing more; stop loss and take profit stay armed."""

    error_statuses = (409,)

    @extend_schema(request=None, responses={200: BotSerializer})
    def post(self, request: UserRequest, bot_id: int) -> Response:
        bot = bot_of(request.user, bot_id)
        return Response(shown(services.bot_pause(actor=request.user, bot=bot, now=timezone.now())))


class StopView(APIView):
    """Does nothing more; an open position is the user's from here on."""

    error_statuses = (409,)

    @extend_schema(request=None, responses={200: BotSerializer})
    def post(self, request: UserRequest, bot_id: int) -> Response:
        bot = bot_of(request.user, bot_id)
        return Response(shown(services.bot_stop(actor=request.user, bot=bot, now=timezone.now())))


class ClosePositionsView(APIView):
    """Asks for both legs to be closed at the market; the answer is the request, which is done within a moment."""

    error_statuses = (409,)

    @extend_schema(request=CloseSerializer, parameters=[IDEMPOTENCY], responses={202: IntentSerializer})
    def post(self, request: UserRequest, bot_id: int) -> Response:
        bot = bot_of(request.user, bot_id)
        wish = CloseSerializer(data=request.data)
        wish.is_valid(raise_exception=True)
        key = wish.validated_data.get("idempotency_key") or request.headers.get("Idempotency-Key") or uuid.uuid4().hex
        intent = services.bot_close_positions(
            actor=request.user, bot=bot, now=timezone.now(), idempotency_key=key, stop=wish.validated_data["stop"]
        )
        return Response(IntentSerializer(intent).data, status=202)


class StatisticsView(APIView):
    @extend_schema(responses={200: StatisticsSerializer})
    def get(self, request: UserRequest, bot_id: int) -> Response:
        bot = bot_of(request.user, bot_id)
        return Response({"total_profit": decimal_text(bot.total_profit), **bot_stats(bot)})


class StrategiesView(ListAPIView):
    """Those that can be used, each with the JSON schema of its parameters."""

    serializer_class = StrategySerializer
    filter_backends = ()

    def get_queryset(self) -> list[dict[str, Any]]:  # type: ignore[override]
        return strategy_rows()
