"""REST doors of log-in and of one's own settings."""

from django.contrib.auth import logout, update_session_auth_hash
from drf_spectacular.utils import extend_schema
from rest_framework.exceptions import AuthenticationFailed, ErrorDetail, NotAuthenticated, PermissionDenied, Throttled
from rest_framework.generics import GenericAPIView
from rest_framework.parsers import FormParser
from rest_framework.permissions import AllowAny
from rest_framework.request import Request
from rest_framework.response import Response
from rest_framework.views import APIView

from accounts import login, mails, services, tokens
from accounts.api.permissions import UserRequest
from accounts.api.serializers import (
    LoginSerializer,
    LogoutSerializer,
    PasswordSerializer,
    RefreshSerializer,
    RegisterSerializer,
    TicketSerializer,
    TokenPairSerializer,
    UserSerializer,
)
from accounts.login import LoginRefused
from accounts.models import ApiScope, ApiToken, User
from accounts.tickets import LIFE_S, ticket_issue


def refuse_haste(request: Request, scope: str, account: str = "") -> None:
    try:
        login.refuse_haste(request._request, scope, account)
    except LoginRefused as refusal:
        raise refused(refusal) from None


def refused(refusal: LoginRefused) -> Throttled | AuthenticationFailed:
    if refusal.wait_s:
        answer = Throttled(wait=refusal.wait_s, detail=refusal.message, code=refusal.code)
        answer.detail = ErrorDetail(refusal.message, refusal.code)  # without DRF's own sentence about the wait
        return answer
    return AuthenticationFailed(refusal.message, code=refusal.code)


class OpenDoor(APIView):
    """For callers who are not logged in: no credentials are read, and none that are stale get in the way."""

    authentication_classes = ()
    permission_classes = (AllowAny,)

    def get_authenticate_header(self, request: Request) -> str:
        return 'Bearer realm="api"'


class RegisterView(OpenDoor):
    @extend_schema(request=RegisterSerializer, responses={201: UserSerializer})
    def post(self, request: Request) -> Response:
        refuse_haste(request, "register")
        serializer = RegisterSerializer(data=request.data)
        serializer.is_valid(raise_exception=True)
        user = services.user_register(**serializer.validated_data)
        mails.mail_on_commit(mails.CONFIRM, user, mails.site_address(request))
        return Response(UserSerializer(user).data, status=201)


class LoginView(OpenDoor):
    """By user name or e-mail; 401 with code `otp_required` where a second factor is on and `otp` is missing.

    A disabled user is answered like a wrong password.
    """

    parser_classes = (*APIView.parser_classes, FormParser)
    error_statuses = (401,)

    @extend_schema(request=LoginSerializer, responses={200: TokenPairSerializer})
    def post(self, request: Request) -> Response:
        serializer = LoginSerializer(data=request.data)
        serializer.is_valid(raise_exception=True)
        sent = serializer.validated_data
        try:
            user = login.password_check(request._request, sent["username"], sent["password"])
            second_factor = login.second_factor_check(request._request, user, sent.get("otp", ""))
        except LoginRefused as refusal:
            raise refused(refusal) from None
        login.forget_failures(request._request, user)
        return Response(TokenPairSerializer(tokens.session_open(user, second_factor=second_factor)).data)


class RefreshView(OpenDoor):
    """A new pair for a refresh token, which is spent by that. One that comes a second time ends its log-in."""

    error_statuses = (401,)

    @extend_schema(request=RefreshSerializer, responses={200: TokenPairSerializer})
    def post(self, request: Request) -> Response:
        serializer = RefreshSerializer(data=request.data)
        serializer.is_valid(raise_exception=True)
        return Response(TokenPairSerializer(tokens.session_refresh(serializer.validated_data["refresh_token"])).data)


class LogoutView(APIView):
    """Ends the log-in of the refresh token, else of the bearer header, else of the cookie: its tokens stop at once."""

    permission_classes = (AllowAny,)
    error_statuses = (401,)

    @extend_schema(request=LogoutSerializer, responses={204: None})
    def post(self, request: Request) -> Response:
        serializer = LogoutSerializer(data=request.data)
        serializer.is_valid(raise_exception=True)
        if text := serializer.validated_data.get("refresh_token"):
            tokens.session_end(tokens.refresh_token(text))
        elif isinstance(request.auth, ApiToken):
            raise PermissionDenied(code="login_needed")
        elif request.auth is not None:
            tokens.session_end(request.auth)  # type: ignore[arg-type]
        elif request.user.is_authenticated:
            logout(request._request)
        else:
            raise NotAuthenticated
        return Response(status=204)


class MeView(GenericAPIView):
    """The user himself. A confirmed e-mail gives way to a new one only once that is confirmed too."""

    serializer_class = UserSerializer
    viewers_may_write = True
    write_scope = ApiScope.ADMIN

    def get(self, request: UserRequest) -> Response:
        return Response(self.get_serializer(request.user).data)

    def put(self, request: UserRequest) -> Response:
        return self._update(request, partial=False)

    def patch(self, request: UserRequest) -> Response:
        return self._update(request, partial=True)

    def _update(self, request: UserRequest, *, partial: bool) -> Response:
        user = User.objects.get(pk=request.user.pk)
        serializer = self.get_serializer(user, data=request.data, partial=partial)
        serializer.is_valid(raise_exception=True)
        changes = serializer.validated_data
        if (email := changes.pop("email", user.email)) != user.email:
            _email_change(request, user, email, changes.get("current_password", ""))
        return Response(self.get_serializer(services.user_update(user=user, changes=changes)).data)


def _email_change(request: UserRequest, user: User, email: str, password: str) -> None:
    refuse_haste(request, "login", user.username)
    if isinstance(request.auth, ApiToken):
        raise PermissionDenied(code="login_needed")
    services.email_change(user=user, email=email, password=password)
    mails.mail_on_commit(mails.CONFIRM, user, mails.site_address(request), email)


class PasswordView(APIView):
    """Every token of the user stops; a browser that changed it stays logged in."""

    viewers_may_write = True
    login_only = True

    @extend_schema(request=PasswordSerializer, responses={204: None})
    def post(self, request: UserRequest) -> Response:
        serializer = PasswordSerializer(data=request.data)
        serializer.is_valid(raise_exception=True)
        refuse_haste(request, "login", request.user.username)
        passwords = serializer.validated_data
        is_browser = request.auth is None
        user = services.user_change_password(
            user=request.user,
            current=passwords["current_password"],
            new=passwords["new_password"],
            keep=request.user.login_session if is_browser else None,
        )
        mails.mail_on_commit(mails.CHANGED, user, mails.site_address(request))
        if is_browser:
            update_session_auth_hash(request._request, user)
        return Response(status=204)


class TicketView(APIView):
    """A ticket opens one socket (`?ticket=…`) for callers that cannot send a header or a cookie with it."""

    viewers_may_write = True
    write_scope = ApiScope.READ
    error_statuses = (503,)

    @extend_schema(request=None, responses={200: TicketSerializer})
    def post(self, request: UserRequest) -> Response:
        token = request.auth if isinstance(request.auth, ApiToken) else None
        return Response({"ticket": ticket_issue(request.user, token=token), "expires_in": LIFE_S})
