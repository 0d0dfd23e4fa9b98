"""REST door of a bot's past beside its back-test."""

from drf_spectacular.utils import extend_schema
from rest_framework.response import Response
from rest_framework.views import APIView

from accounts.api.permissions import UserRequest
from bots.selectors import bot_of
from exchanges.api.accounts import VENUE_ERRORS
from exchanges.symbols import settle_of
from trading.api.serializers_parity import ParityQuery, ParitySerializer, parity_row
from trading.parity.report import parity_of


class ParityView(APIView):
    """Replays the bot's own past through the back-test and lists every decision of both sides, with the reasons."""

    error_statuses = VENUE_ERRORS

    @extend_schema(parameters=[ParityQuery], responses={200: ParitySerializer})
    def get(self, request: UserRequest, bot_id: int) -> Response:
        query = ParityQuery(data=request.query_params)
        query.is_valid(raise_exception=True)
        wanted = query.validated_data
        bot = bot_of(request.user, bot_id)
        row = parity_row(
            parity_of(bot),
            settle_of(bot.market1_symbol),
            outcome=wanted.get("outcome"),
            limit=wanted["limit"],
            offset=wanted["offset"],
        )
        return Response(ParitySerializer(row).data)
