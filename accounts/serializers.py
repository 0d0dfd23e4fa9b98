"""JSON of users, log-ins and tokens."""

from typing import Any

from rest_framework import serializers

from accounts.models import User, validate_time_zone

LANGUAGES = User._meta.get_field("language").choices or ()
PASSWORD: dict[str, Any] = {
    "write_only": True,
    "trim_whitespace": False,
    "max_length": 256,
    "style": {"input_type": "password"},
}


class UserSerializer(serializers.ModelSerializer):
    """`role` is given by an administrator; the name stays as registered."""

    class Meta:
        model = User
        fields = ["id", "username", "email", "role", "is_active", "time_zone", "language", "theme", "date_joined"]
        read_only_fields = ["id", "username", "role", "is_active", "date_joined"]


class RegisterSerializer(serializers.Serializer):
    username = serializers.RegexField(r"^[\w.@+-]+$", max_length=150)
    email = serializers.EmailField(max_length=254)
    password = serializers.CharField(**PASSWORD)
    time_zone = serializers.CharField(max_length=64, default="UTC", validators=[validate_time_zone])
    language = serializers.ChoiceField(choices=LANGUAGES, default="en")


class LoginSerializer(serializers.Serializer):
    username = serializers.CharField(max_length=254, help_text="User name or e-mail.")
    password = serializers.CharField(**PASSWORD)


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
