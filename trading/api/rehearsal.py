"""REST door of rehearsals: what a paper account does wrong, and what its bots did about it."""

from django.utils import timezone
from drf_spectacular.utils import extend_schema
from rest_framework.response import Response
from rest_framework.views import APIView

from accounts.api.permissions import UserRequest
from exchanges.api.accounts import VENUE_ERRORS
from exchanges.models import ExchangeAccount
from exchanges.selectors import account_of
from trading.api.serializers_rehearsal import RehearsalRequest, RehearsalSerializer
from trading.models import Rehearsal
from trading.rehearsal import rehearsal_begin, rehearsal_end, rehearsal_result


class RehearsalView(APIView):
    """A rehearsal of a paper account. 409 for an account that trades with money."""

    error_statuses = (409, *VENUE_ERRORS)

    @extend_schema(responses={200: RehearsalSerializer})
    def get(self, request: UserRequest, account_id: int) -> Response:
        """What came of the last one so far. 404 when there was none."""
        return _answer(account_of(request.user, account_id))

    @extend_schema(request=RehearsalRequest, responses={201: RehearsalSerializer})
    def post(self, request: UserRequest, account_id: int) -> Response:
        """Begins one, or adds to the one that is going on."""
        account = account_of(request.user, account_id)
        asked = RehearsalRequest(data=request.data)
        asked.is_valid(raise_exception=True)
        rehearsal_begin(actor=request.user, account=account, wish=asked.wish(), now=timezone.now())
        return _answer(account, status=201)

    @extend_schema(responses={200: RehearsalSerializer})
    def delete(self, request: UserRequest, account_id: int) -> Response:
        """Ends it: the account behaves again."""
        account = account_of(request.user, account_id)
        rehearsal_end(actor=request.user, account=account, now=timezone.now())
        return _answer(account)


def _answer(account: ExchangeAccount, status: int = 200) -> Response:
    result = rehearsal_result(account)
    if result is None:
        raise Rehearsal.DoesNotExist
    return Response(RehearsalSerializer(result).data, status=status)
