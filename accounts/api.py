"""REST doors of log-in and of one's own settings."""

from django.contrib.auth import authenticate, logout, update_session_auth_hash
from django.utils.translation import gettext as _
from drf_spectacular.utils import extend_schema
from rest_framework.exceptions import AuthenticationFailed, NotAuthenticated, Throttled
from rest_framework.generics import GenericAPIView
from rest_framework.parsers import FormParser
from rest_framework.permissions import AllowAny
from rest_framework.request import Request
from rest_framework.response import Response
from rest_framework.views import APIView

from accounts import services, tokens
from accounts.permissions import UserRequest
from accounts.serializers import (
    LoginSerializer,
    LogoutSerializer,
    PasswordSerializer,
    RefreshSerializer,
    RegisterSerializer,
    TicketSerializer,
    TokenPairSerializer,
    UserSerializer,
)
from accounts.throttles import wait_s
from accounts.tickets import LIFE_S, ticket_issue


def refuse_haste(request: Request, scope: str, account: str = "") -> None:
    if seconds := wait_s(request, scope, account=account):
        raise Throttled(wait=seconds)


class OpenDoor(APIView):
    """For callers who are not logged in: no credentials are read, and none that are stale get in the way."""

    authentication_classes = ()
    permission_classes = (AllowAny,)

    def get_authenticate_header(self, request: Request) -> str:
        return 'Bearer realm="api"'


class RegisterView(OpenDoor):
    error_statuses = (429,)

    @extend_schema(request=RegisterSerializer, responses={201: UserSerializer})
    def post(self, request: Request) -> Response:
        refuse_haste(request, "register")
        serializer = RegisterSerializer(data=request.data)
        serializer.is_valid(raise_exception=True)
        user = services.user_register(**serializer.validated_data)
        return Response(UserSerializer(user).data, status=201)


class LoginView(OpenDoor):
    """By user name or e-mail. A disabled user is answered like a wrong password."""

    parser_classes = (*APIView.parser_classes, FormParser)
    error_statuses = (401, 429)

    @extend_schema(request=LoginSerializer, responses={200: TokenPairSerializer})
    def post(self, request: Request) -> Response:
        serializer = LoginSerializer(data=request.data)
        serializer.is_valid(raise_exception=True)
        credentials = serializer.validated_data
        refuse_haste(request, "login", credentials["username"])
        user = authenticate(request, **credentials)
        if user is None:
            raise AuthenticationFailed(_("User name or password is not right."), code="invalid_credentials")
        return Response(TokenPairSerializer(tokens.session_open(user)).data)


class RefreshView(OpenDoor):
    """A new pair for a refresh token, which is spent by that."""

    error_statuses = (401,)

    @extend_schema(request=RefreshSerializer, responses={200: TokenPairSerializer})
    def post(self, request: Request) -> Response:
        serializer = RefreshSerializer(data=request.data)
        serializer.is_valid(raise_exception=True)
        return Response(TokenPairSerializer(tokens.session_refresh(serializer.validated_data["refresh_token"])).data)


class LogoutView(APIView):
    """Ends the session of the refresh token, else of the bearer header, else of the cookie: its tokens stop at once."""

    permission_classes = (AllowAny,)
    error_statuses = (401,)

    @extend_schema(request=LogoutSerializer, responses={204: None})
    def post(self, request: Request) -> Response:
        serializer = LogoutSerializer(data=request.data)
        serializer.is_valid(raise_exception=True)
        if text := serializer.validated_data.get("refresh_token"):
            tokens.session_end(tokens.refresh_token(text))
        elif request.auth is not None:
            tokens.session_end(request.auth)  # type: ignore[arg-type]
        elif request.user.is_authenticated:
            logout(request._request)
        else:
            raise NotAuthenticated
        return Response(status=204)


class MeView(GenericAPIView):
    serializer_class = UserSerializer
    viewers_may_write = True

    def get(self, request: UserRequest) -> Response:
        return Response(self.get_serializer(request.user).data)

    def put(self, request: UserRequest) -> Response:
        return self._update(request, partial=False)

    def patch(self, request: UserRequest) -> Response:
        return self._update(request, partial=True)

    def _update(self, request: UserRequest, *, partial: bool) -> Response:
        serializer = self.get_serializer(request.user, data=request.data, partial=partial)
        serializer.is_valid(raise_exception=True)
        user = services.user_update(user=request.user, changes=serializer.validated_data)
        return Response(self.get_serializer(user).data)


class PasswordView(APIView):
    """Every token of the user stops; a browser that changed it stays logged in."""

    viewers_may_write = True
    error_statuses = (429,)

    @extend_schema(request=PasswordSerializer, responses={204: None})
    def post(self, request: UserRequest) -> Response:
        serializer = PasswordSerializer(data=request.data)
        serializer.is_valid(raise_exception=True)
        refuse_haste(request, "login", request.user.username)
        passwords = serializer.validated_data
        user = services.user_change_password(
            user=request.user, current=passwords["current_password"], new=passwords["new_password"]
        )
        if request.auth is None:
            update_session_auth_hash(request._request, user)
        return Response(status=204)


class TicketView(APIView):
    """A ticket opens one socket (`?ticket=…`) for callers that cannot send a header or a cookie with it."""

    viewers_may_write = True
    error_statuses = (503,)

    @extend_schema(request=None, responses={200: TicketSerializer})
    def post(self, request: UserRequest) -> Response:
        return Response({"ticket": ticket_issue(request.user), "expires_in": LIFE_S})
