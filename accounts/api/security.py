"""REST doors of what guards an account: second factor, log-ins, tokens, addresses, mail links, audit log."""

from django.core.exceptions import ValidationError
from django.db.models import QuerySet
from django.utils.translation import gettext as _
from drf_spectacular.utils import extend_schema
from rest_framework.exceptions import NotFound
from rest_framework.generics import ListAPIView
from rest_framework.request import Request
from rest_framework.response import Response
from rest_framework.views import APIView

from accounts import allowed_addresses, links, logins, mails, password_mails, second_factor, services
from accounts.addresses import address_of
from accounts.api import token_book as api_token_book
from accounts.api.entry import OpenDoor, refuse_haste
from accounts.api.filters import AuditFilter
from accounts.api.permissions import UserRequest
from accounts.api.serializers import (
    AddressesSerializer,
    ApiTokenSerializer,
    ApiTokenSettings,
    AuditEntrySerializer,
    CodeSerializer,
    EmailTokenSerializer,
    ForgottenSerializer,
    NewApiTokenSerializer,
    RecoveryCodesSerializer,
    ResetSerializer,
    SecondFactorSerializer,
    SecondFactorSetupSerializer,
    SessionSerializer,
    SwitchOffSerializer,
)
from accounts.audit_log import entries_of
from accounts.models import ApiScope, ApiToken, AuditEntry, LoginSession, User
from accounts.second_factor import WrongCode
from accounts.step_up import SecondFactorWrong, mark_fresh, require_fresh_second_factor


class OwnDoor(APIView):
    """Viewers guard their account too; no API token gets in."""

    viewers_may_write = True
    login_only = True


class ForgottenView(OpenDoor):
    """Sends a link to set a new password, if the address is a user's; the answer does not say so."""

    @extend_schema(request=ForgottenSerializer, responses={204: None})
    def post(self, request: Request) -> Response:
        serializer = ForgottenSerializer(data=request.data)
        serializer.is_valid(raise_exception=True)
        email = serializer.validated_data["email"]
        refuse_haste(request, "mail", email)
        password_mails.ask_for_link(email, mails.site_address(request))
        return Response(status=204)


class ResetView(OpenDoor):
    @extend_schema(request=ResetSerializer, responses={204: None})
    def post(self, request: Request) -> Response:
        serializer = ResetSerializer(data=request.data)
        serializer.is_valid(raise_exception=True)
        refuse_haste(request, "login")
        sent = serializer.validated_data
        user = links.user_of_password_link(sent["uid"], sent["token"])
        if user is None:
            raise ValidationError({"token": [_("This link was used already or has run out. Ask for a new one.")]})
        services.user_reset_password(user=user, new=sent["new_password"])
        return Response(status=204)


class EmailConfirmView(OpenDoor):
    @extend_schema(request=EmailTokenSerializer, responses={204: None})
    def post(self, request: Request) -> Response:
        serializer = EmailTokenSerializer(data=request.data)
        serializer.is_valid(raise_exception=True)
        wish = links.wish_of_email_token(serializer.validated_data["token"])
        if wish is None:
            raise ValidationError({"token": [_("This link was used already or has run out. Ask for a new one.")]})
        services.email_confirm(user=wish.user, email=wish.email)
        return Response(status=204)


class EmailSendView(OwnDoor):
    """Sends the link that confirms the user's address once more."""

    @extend_schema(request=None, responses={204: None})
    def post(self, request: UserRequest) -> Response:
        refuse_haste(request, "mail", request.user.username)
        mails.mail_on_commit(mails.CONFIRM, request.user, mails.site_address(request))
        return Response(status=204)


class StepUpView(OwnDoor):
    """A code now: for ten minutes this log-in may start live trading and change keys and limits."""

    @extend_schema(request=CodeSerializer, responses={204: None})
    def post(self, request: UserRequest) -> Response:
        _code_check(request, request.user)
        mark_fresh(request.user.login_session)
        return Response(status=204)


class SecondFactorView(OwnDoor):
    error_statuses = (400,)

    @extend_schema(responses={200: SecondFactorSerializer})
    def get(self, request: UserRequest) -> Response:
        user = request.user
        state = {"is_on": second_factor.is_on(user), "recovery_codes_left": second_factor.codes_left(user)}
        return Response(SecondFactorSerializer(state).data)

    @extend_schema(operation_id="second_factor_set_up", request=None, responses={200: SecondFactorSetupSerializer})
    def post(self, request: UserRequest) -> Response:
        """A secret to put into an app; it counts once `confirm` has seen a code of it."""
        app = second_factor.set_up_anew(request.user)
        return Response({"secret": app.secret, "address": second_factor.address_of_app(app)})


class SecondFactorOffView(OwnDoor):
    """Switches it off: password and code."""

    @extend_schema(request=SwitchOffSerializer, responses={204: None})
    def post(self, request: UserRequest) -> Response:
        serializer = SwitchOffSerializer(data=request.data)
        serializer.is_valid(raise_exception=True)
        refuse_haste(request, "login", request.user.username)
        sent = serializer.validated_data
        try:
            second_factor.switch_off(user=request.user, password=sent["password"], code=sent["otp"])
        except ValidationError as error:
            names = {"code": "otp"}
            raise ValidationError(
                {names.get(name, name): texts for name, texts in error.message_dict.items()}
            ) from None
        return Response(status=204)


class SecondFactorConfirmView(OwnDoor):
    """The app's first code switches it on; the answer holds the recovery codes, once."""

    @extend_schema(request=CodeSerializer, responses={200: RecoveryCodesSerializer})
    def post(self, request: UserRequest) -> Response:
        serializer = CodeSerializer(data=request.data)
        serializer.is_valid(raise_exception=True)
        try:
            codes = second_factor.switch_on(user=request.user, code=serializer.validated_data["otp"])
        except WrongCode as error:
            raise ValidationError({"otp": error.messages}) from None
        mark_fresh(request.user.login_session)
        return Response({"recovery_codes": codes})


class RecoveryCodesView(OwnDoor):
    """New recovery codes; the old ones stop."""

    error_statuses = (400,)

    @extend_schema(request=None, responses={200: RecoveryCodesSerializer})
    def post(self, request: UserRequest) -> Response:
        if not second_factor.is_on(request.user):
            raise ValidationError(_("The second factor is off."))
        require_fresh_second_factor(request)
        return Response({"recovery_codes": second_factor.codes_renew(user=request.user)})


class SessionsView(ListAPIView):
    """Open log-ins of the user: browsers and programs, last used first."""

    serializer_class = SessionSerializer
    queryset = LoginSession.objects.none()
    filter_backends = ()
    login_only = True
    request: UserRequest

    def get_queryset(self) -> QuerySet[LoginSession]:
        return logins.logins_of(self.request.user)

    def get_serializer_context(self) -> dict[str, object]:
        current = getattr(self.request.user, "login_session", None)
        return {**super().get_serializer_context(), "current": current.pk if current else None}


class SessionView(OwnDoor):
    @extend_schema(responses={204: None})
    def delete(self, request: UserRequest, session_id: int) -> Response:
        """Ends the log-in: its tokens stop and its sockets close at once."""
        login = logins.logins_of(request.user).filter(pk=session_id).select_related("owner").first()
        if login is None:
            raise NotFound
        logins.login_end(actor=request.user, login=login)
        return Response(status=204)


class TokensView(ListAPIView):
    """API tokens that work; what they are is shown when they are made."""

    serializer_class = ApiTokenSerializer
    queryset = ApiToken.objects.none()
    filter_backends = ()
    viewers_may_write = True
    login_only = True
    request: UserRequest

    def get_queryset(self) -> QuerySet[ApiToken]:
        return api_token_book.tokens_of(self.request.user)

    @extend_schema(request=ApiTokenSettings, responses={201: NewApiTokenSerializer})
    def post(self, request: UserRequest) -> Response:
        serializer = ApiTokenSettings(data=request.data)
        serializer.is_valid(raise_exception=True)
        require_fresh_second_factor(request)
        is_strong = second_factor.is_on(request.user)
        token, text = api_token_book.token_make(user=request.user, second_factor=is_strong, **serializer.validated_data)
        return Response({**ApiTokenSerializer(token).data, "token": text}, status=201)


class TokenView(OwnDoor):
    @extend_schema(responses={204: None})
    def delete(self, request: UserRequest, token_id: int) -> Response:
        """Revokes it: it opens nothing from now on."""
        token = api_token_book.tokens_of(request.user).filter(pk=token_id).first()
        if token is None:
            raise NotFound
        api_token_book.token_revoke(actor=request.user, token=token)
        return Response(status=204)


class AddressesView(OwnDoor):
    """From where the user may come in. A list without the address of this very request is refused."""

    @extend_schema(responses={200: AddressesSerializer})
    def get(self, request: UserRequest) -> Response:
        return Response({"networks": request.user.allowed_networks})

    @extend_schema(request=AddressesSerializer, responses={200: AddressesSerializer})
    def put(self, request: UserRequest) -> Response:
        serializer = AddressesSerializer(data=request.data)
        serializer.is_valid(raise_exception=True)
        require_fresh_second_factor(request)
        networks = allowed_addresses.allowed_change(
            actor=request.user,
            user=request.user,
            networks=serializer.validated_data["networks"],
            ip=address_of(request),
        )
        return Response({"networks": networks})


class AuditView(ListAPIView):
    """What was done by the user, to what is his, and from where; newest first."""

    serializer_class = AuditEntrySerializer
    filterset_class = AuditFilter
    ordering_fields = ("id", "at", "action")
    queryset = AuditEntry.objects.none()
    read_scope = ApiScope.ADMIN
    request: UserRequest

    def get_queryset(self) -> QuerySet[AuditEntry]:
        return entries_of(self.request.user)


def _code_check(request: UserRequest, user: User) -> None:
    serializer = CodeSerializer(data=request.data)
    serializer.is_valid(raise_exception=True)
    try:
        second_factor.check(user, serializer.validated_data["otp"])
    except WrongCode as error:
        raise SecondFactorWrong(error.messages[0]) from None
