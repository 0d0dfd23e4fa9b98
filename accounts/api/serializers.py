"""JSON of users, log-ins and tokens."""

from typing import Any

from rest_framework import serializers

from accounts.audit_words import sentence
from accounts.models import ApiScope, ApiToken, AuditEntry, LoginKind, LoginSession, User, validate_time_zone
from accounts.places import device_of

LANGUAGES = User._meta.get_field("language").choices or ()
PASSWORD: dict[str, Any] = {
    "write_only": True,
    "trim_whitespace": False,
    "max_length": 256,
    "style": {"input_type": "password"},
}


class UserSerializer(serializers.ModelSerializer):
    """`role` is given by an administrator; the name stays as registered. A new `email` needs `current_password`."""

    current_password = serializers.CharField(**PASSWORD | {"required": False})

    class Meta:
        model = User
        fields = [
            "id",
            "username",
            "email",
            "email_confirmed_at",
            "current_password",
            "role",
            "is_active",
            "time_zone",
            "language",
            "theme",
            "date_joined",
        ]
        read_only_fields = ["id", "username", "email_confirmed_at", "role", "is_active", "date_joined"]


class RegisterSerializer(serializers.Serializer):
    username = serializers.RegexField(r"^[\w.@+-]+$", max_length=150)
    email = serializers.EmailField(max_length=254)
    password = serializers.CharField(**PASSWORD)
    time_zone = serializers.CharField(max_length=64, default="UTC", validators=[validate_time_zone])
    language = serializers.ChoiceField(choices=LANGUAGES, default="en")


class LoginSerializer(serializers.Serializer):
    username = serializers.CharField(max_length=254, help_text="User name or e-mail.")
    password = serializers.CharField(**PASSWORD)
    otp = serializers.CharField(
        max_length=64, required=False, allow_blank=True, help_text="Code of the second factor, where one is on."
    )


class TokenPairSerializer(serializers.Serializer):
    access_token = serializers.CharField()
    refresh_token = serializers.CharField()
    token_type = serializers.ChoiceField(choices=["bearer"])
    expires_in = serializers.IntegerField(min_value=1, help_text="Seconds until the access token ends.")


class RefreshSerializer(serializers.Serializer):
    refresh_token = serializers.CharField(max_length=4096)


class LogoutSerializer(serializers.Serializer):
    refresh_token = serializers.CharField(
        max_length=4096, required=False, help_text="Not needed with a bearer header: its own session ends."
    )


class PasswordSerializer(serializers.Serializer):
    current_password = serializers.CharField(**PASSWORD)
    new_password = serializers.CharField(**PASSWORD)


class TicketSerializer(serializers.Serializer):
    ticket = serializers.CharField()
    expires_in = serializers.IntegerField(help_text="Seconds.")


class CodeSerializer(serializers.Serializer):
    otp = serializers.CharField(max_length=64, help_text="Code of the authenticator app, or a recovery code.")


class ForgottenSerializer(serializers.Serializer):
    email = serializers.EmailField(max_length=254)


class ResetSerializer(serializers.Serializer):
    uid = serializers.CharField(max_length=64, help_text="The first part of the link's end.")
    token = serializers.CharField(max_length=128, help_text="The second part.")
    new_password = serializers.CharField(**PASSWORD)


class EmailTokenSerializer(serializers.Serializer):
    token = serializers.CharField(max_length=1024, help_text="The end of the link in the mail.")


class SecondFactorSerializer(serializers.Serializer):
    is_on = serializers.BooleanField()
    recovery_codes_left = serializers.IntegerField(min_value=0)


class SecondFactorSetupSerializer(serializers.Serializer):
    secret = serializers.CharField(help_text="Base32, for typing into an app.")
    address = serializers.CharField(help_text="otpauth://… for a QR code.")


class RecoveryCodesSerializer(serializers.Serializer):
    recovery_codes = serializers.ListField(child=serializers.CharField(), help_text="Shown once; each works once.")


class SwitchOffSerializer(serializers.Serializer):
    password = serializers.CharField(**PASSWORD)
    otp = serializers.CharField(max_length=64)


class SessionSerializer(serializers.ModelSerializer):
    """One open log-in. `is_current`: the one that asks."""

    kind = serializers.ChoiceField(choices=LoginKind.choices)
    device = serializers.SerializerMethodField()
    is_current = serializers.SerializerMethodField()

    class Meta:
        model = LoginSession
        fields = ["id", "kind", "device", "ip", "created_at", "last_seen_at", "expires_at", "is_current"]

    def get_device(self, login: LoginSession) -> str:
        return device_of(login.user_agent)

    def get_is_current(self, login: LoginSession) -> bool:
        return login.pk == self.context.get("current")


class ApiTokenSerializer(serializers.ModelSerializer):
    scope = serializers.ChoiceField(choices=ApiScope.choices)

    class Meta:
        model = ApiToken
        fields = ["id", "name", "scope", "prefix", "created_at", "expires_at", "last_used_at", "last_used_ip"]


class ApiTokenSettings(serializers.Serializer):
    name = serializers.CharField(max_length=60)
    scope = serializers.ChoiceField(choices=ApiScope.choices)
    expires_at = serializers.DateTimeField(required=False, allow_null=True, default=None)


class NewApiTokenSerializer(ApiTokenSerializer):
    token = serializers.CharField(help_text="Shown this once.")

    class Meta(ApiTokenSerializer.Meta):
        fields = [*ApiTokenSerializer.Meta.fields, "token"]


class AddressesSerializer(serializers.Serializer):
    networks = serializers.ListField(
        child=serializers.CharField(max_length=64), max_length=50, help_text="CIDRs; empty: from everywhere."
    )


class AuditEntrySerializer(serializers.ModelSerializer):
    text = serializers.SerializerMethodField(help_text="What happened, in the reader's language.")

    class Meta:
        model = AuditEntry
        fields = [
            "id",
            "at",
            "actor_name",
            "action",
            "text",
            "object_type",
            "object_id",
            "object_label",
            "details",
            "source",
            "ip",
            "user_agent",
        ]
        extra_kwargs = {"details": {"help_text": "What else is known; secrets are never in it."}}

    def get_text(self, entry: AuditEntry) -> str:
        return sentence(entry)
