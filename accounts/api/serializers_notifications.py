"""Notifications, channels and deliveries as the API shows and takes them."""

from typing import Any

from rest_framework import serializers

from accounts.models import Channel, ChannelKind, Delivery, DeliveryStatus, NoticeKind, Notification, Severity
from accounts.notifications.channels import ADDRESS_LENGTH, CHOOSABLE
from accounts.notifications.failures import failure_text

CHANNEL_KINDS = [(kind, NoticeKind(kind).label) for kind in CHOOSABLE]


class NotificationSerializer(serializers.ModelSerializer):
    kind = serializers.ChoiceField(choices=NoticeKind.choices)
    severity = serializers.ChoiceField(choices=Severity.choices)

    class Meta:
        model = Notification
        fields = ["id", "kind", "severity", "title", "text", "link", "count", "at", "last_at", "read_at"]
        extra_kwargs = {
            "link": {"help_text": "A path of this site, or empty."},
            "count": {"help_text": "How often it happened within ten minutes."},
        }


class ReadSerializer(serializers.Serializer):
    ids = serializers.ListField(
        child=serializers.IntegerField(min_value=1, max_value=2**63 - 1),
        max_length=500,
        required=False,
        help_text="Without it: all.",
    )


class ReadDoneSerializer(serializers.Serializer):
    read = serializers.IntegerField(min_value=0, help_text="How many were unread.")
    unread = serializers.IntegerField(min_value=0, help_text="How many are left, at most 100.")


class ChannelSerializer(serializers.ModelSerializer):
    """Address and signing secret are never shown; `address_shown` is what of the address is no secret."""

    kind = serializers.ChoiceField(choices=ChannelKind.choices)
    least_severity = serializers.ChoiceField(choices=Severity.choices)
    kinds = serializers.ListField(child=serializers.ChoiceField(choices=CHANNEL_KINDS), help_text="Empty: all.")

    class Meta:
        model = Channel
        fields = [
            "id",
            "kind",
            "name",
            "address_shown",
            "is_active",
            "least_severity",
            "kinds",
            "quiet_from",
            "quiet_to",
            "errors_pass",
            "created_at",
        ]


class ChannelWithSecretSerializer(ChannelSerializer):
    signing_secret = serializers.CharField(help_text="Of a webhook, shown this once; else empty.")

    class Meta(ChannelSerializer.Meta):
        fields = [*ChannelSerializer.Meta.fields, "signing_secret"]


class ChannelSettings(serializers.Serializer):
    """What is not sent stays."""

    name = serializers.CharField(max_length=60, required=False)
    address = serializers.CharField(
        max_length=ADDRESS_LENGTH,
        required=False,
        allow_blank=True,
        write_only=True,
        help_text="An https:// address for a webhook, an Apprise address for a service; nothing for mail.",
    )
    is_active = serializers.BooleanField(required=False)
    least_severity = serializers.ChoiceField(choices=Severity.choices, required=False)
    kinds = serializers.ListField(
        child=serializers.ChoiceField(choices=CHANNEL_KINDS),
        max_length=len(CHANNEL_KINDS),
        required=False,
        help_text="Empty: all.",
    )
    quiet_from = serializers.TimeField(required=False, allow_null=True, help_text="In your time zone.")
    quiet_to = serializers.TimeField(required=False, allow_null=True)
    errors_pass = serializers.BooleanField(required=False, help_text="Errors come through in quiet hours too.")


class NewChannelSerializer(ChannelSettings):
    name = serializers.CharField(max_length=60)
    kind = serializers.ChoiceField(choices=ChannelKind.choices)


class ChannelChangeSerializer(ChannelSettings):
    renew_signing_secret = serializers.BooleanField(required=False, default=False)


class DeliverySerializer(serializers.ModelSerializer):
    """`id` is the delivery id that the receiver sees. A summary has no notification."""

    id = serializers.UUIDField(source="uid")
    channel = serializers.IntegerField(source="channel_id")
    notification = serializers.IntegerField(source="notification_id", allow_null=True)
    title = serializers.SerializerMethodField()
    status = serializers.ChoiceField(choices=DeliveryStatus.choices)
    error_text = serializers.SerializerMethodField()

    class Meta:
        model = Delivery
        fields = [
            "id",
            "channel",
            "notification",
            "title",
            "status",
            "attempts",
            "next_at",
            "error",
            "error_text",
            "created_at",
            "delivered_at",
        ]

    def get_title(self, delivery: Delivery) -> str:
        return delivery.notification.title if delivery.notification else ""

    def get_error_text(self, delivery: Delivery) -> str:
        return failure_text(delivery.error) if delivery.error else ""


def channel_values(data: dict[str, Any]) -> dict[str, Any]:
    """Without what is no setting of the row."""
    return {name: value for name, value in data.items() if name not in ("kind", "address", "renew_signing_secret")}
