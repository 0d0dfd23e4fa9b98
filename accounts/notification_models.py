"""News for users: what happened, over which channels they hear of it, and what became of each message."""

import uuid

from django.conf import settings
from django.contrib.postgres.fields import ArrayField
from django.db import models
from django.utils import timezone
from django.utils.translation import gettext_lazy as _
from django.utils.translation import pgettext_lazy
from fernet_fields import EncryptedTextField


class Severity(models.TextChoices):
    """From quiet to loud."""

    INFO = "info", pgettext_lazy("severity", "Info")
    WARNING = "warning", pgettext_lazy("severity", "Warning")
    ERROR = "error", pgettext_lazy("severity", "Error")


class NoticeKind(models.TextChoices):
    """What a channel can be narrowed to."""

    TRADE = "trade", _("Opened or level added")
    CLOSED = "closed", _("Closed")
    TAKE_PROFIT = "take_profit", _("Take profit")
    STOP_LOSS = "stop_loss", _("Stop loss")
    ENTRY = "entry", _("Entry failed")
    BOT_ERROR = "bot_error", _("Bot failed")
    NAKED_LEG = "naked_leg", _("Leg stands alone")
    STALE_DATA = "stale_data", _("Old quotes")
    VENUE_DOWN = "venue_down", _("Exchange does not answer")
    DIFFERENCE = "difference", _("Books and exchange differ")
    GUARDIAN = "guardian", _("Guardian")
    KILL_SWITCH = "kill_switch", _("Kill switch")
    LIMIT = "limit", _("Risk limit")
    PAIR_BREAK = "pair_break", _("Pair breaks apart")
    PROTECTION = "protection", _("Protective stop")
    LIQUIDATION = "liquidation", _("Liquidated or settled by the exchange")
    LOGIN = "login", _("Log-in from a new place")
    KEY = "key", _("Exchange key")
    ENGINE = "engine", _("Program is silent")
    DAILY = "daily", _("Daily summary")
    FINISHED = "finished", _("Scan, search or back-test ended")
    TEST = "test", _("Test message")


class ChannelKind(models.TextChoices):
    MAIL = "mail", _("E-mail")
    WEBHOOK = "webhook", "Webhook"
    TELEGRAM = "telegram", "Telegram"
    DISCORD = "discord", "Discord"
    SLACK = "slack", "Slack"
    SMS = "sms", _("SMS gateway")
    OTHER = "other", _("Other service")


class DeliveryStatus(models.TextChoices):
    PENDING = "pending", pgettext_lazy("message", "On its way")
    HELD = "held", pgettext_lazy("message", "Held back")
    SUMMARISED = "summarised", pgettext_lazy("message", "Part of a summary")
    DELIVERED = "delivered", pgettext_lazy("message", "Delivered")
    FAILED = "failed", pgettext_lazy("message", "Given up")


class Channel(models.Model):
    """Where a user hears of what happens. One process at a time sends for it, so that the order is kept."""

    uid = models.UUIDField(default=uuid.uuid4, unique=True, editable=False)
    """Binds the encrypted columns to this row (`accounts.notifications.secrets`)."""
    owner = models.ForeignKey(settings.AUTH_USER_MODEL, models.CASCADE, related_name="channels")
    kind = models.CharField(_("kind"), max_length=8, choices=ChannelKind)
    name = models.CharField(_("name"), max_length=60)
    address = EncryptedTextField(null=True)  # NULL for mail: that goes to the user's own address
    address_shown = models.CharField(max_length=100, blank=True)  # what of it is no secret
    signing_secret = EncryptedTextField(null=True)  # webhooks
    is_active = models.BooleanField(_("active"), default=True)
    least_severity = models.CharField(_("from"), max_length=7, choices=Severity, default=Severity.INFO)
    kinds = ArrayField(models.CharField(max_length=12, choices=NoticeKind), default=list, blank=True)
    """Empty: all kinds."""
    quiet_from = models.TimeField(_("quiet from"), null=True, blank=True)  # in the user's time zone
    quiet_to = models.TimeField(_("quiet until"), null=True, blank=True)
    errors_pass = models.BooleanField(_("errors come through at any hour"), default=True)
    sending_until = models.DateTimeField(null=True, editable=False)  # by PostgreSQL's clock
    sending_token = models.UUIDField(null=True, editable=False)
    created_at = models.DateTimeField(default=timezone.now)

    class Meta:
        db_table = "notification_channels"
        verbose_name = _("channel")
        verbose_name_plural = _("channels")
        constraints = [
            models.UniqueConstraint(fields=["owner", "name"], name="notification_channels_name_unique"),
            models.CheckConstraint(condition=models.Q(kind__in=ChannelKind.values), name="channel_kind_known"),
            models.CheckConstraint(
                condition=models.Q(least_severity__in=Severity.values), name="channel_severity_known"
            ),
            models.CheckConstraint(
                condition=models.Q(quiet_from=None, quiet_to=None)
                | models.Q(quiet_from__isnull=False, quiet_to__isnull=False),
                name="channel_quiet_hours_whole",
            ),
        ]

    def __str__(self) -> str:
        return self.name


class Notification(models.Model):
    """Written in the transaction of what it tells. What repeats within minutes is counted on the first one's row."""

    owner = models.ForeignKey(settings.AUTH_USER_MODEL, models.CASCADE, related_name="notifications")
    kind = models.CharField(max_length=12, choices=NoticeKind)
    severity = models.CharField(max_length=7, choices=Severity)
    title = models.CharField(max_length=200)
    text = models.TextField(blank=True)
    link = models.CharField(max_length=300, blank=True)  # a path of this site
    group = models.CharField(max_length=120, blank=True)
    count = models.PositiveIntegerField(default=1)
    at = models.DateTimeField(default=timezone.now)
    last_at = models.DateTimeField(default=timezone.now)
    read_at = models.DateTimeField(null=True)
    is_routed = models.BooleanField(default=False)
    """Grouped, and handed to the channels that want it."""

    class Meta:
        db_table = "notifications"
        verbose_name = _("notification")
        verbose_name_plural = _("notifications")
        indexes = [
            models.Index(fields=["owner", "-id"], name="notifications_of_owner"),
            models.Index(fields=["owner"], condition=models.Q(read_at=None), name="notifications_unread"),
            models.Index(fields=["id"], condition=models.Q(is_routed=False), name="notifications_unrouted"),
            models.Index(
                fields=["owner", "group", "-id"], condition=~models.Q(group=""), name="notifications_by_group"
            ),
        ]
        constraints = [
            models.CheckConstraint(condition=models.Q(kind__in=NoticeKind.values), name="notification_kind_known"),
            models.CheckConstraint(
                condition=models.Q(severity__in=Severity.values), name="notification_severity_known"
            ),
        ]

    def __str__(self) -> str:
        return self.title


class Delivery(models.Model):
    """One message to one channel. A summary has no notification of its own but others' deliveries as `members`."""

    uid = models.UUIDField(default=uuid.uuid4, unique=True, editable=False)
    """Sent along, the same at every attempt: the receiver knows a repeat by it."""
    channel = models.ForeignKey(Channel, models.CASCADE, related_name="deliveries")
    notification = models.ForeignKey(Notification, models.CASCADE, null=True, related_name="deliveries")
    summary = models.ForeignKey("self", models.SET_NULL, null=True, related_name="members")
    place = models.BigIntegerField()
    """Order of sending within the channel: id of the notification, of a summary's first one."""
    status = models.CharField(max_length=10, choices=DeliveryStatus, default=DeliveryStatus.PENDING)
    attempts = models.PositiveSmallIntegerField(default=0)
    count_sent = models.PositiveIntegerField(null=True)
    """What the first attempt said: a repeat says the same."""
    next_at = models.DateTimeField(default=timezone.now)
    error = models.CharField(max_length=200, blank=True)  # never an address or a key
    created_at = models.DateTimeField(default=timezone.now)
    delivered_at = models.DateTimeField(null=True)

    class Meta:
        db_table = "notification_deliveries"
        verbose_name = _("delivery")
        verbose_name_plural = _("deliveries")
        indexes = [
            models.Index(
                fields=["channel", "place", "id"],
                condition=models.Q(status__in=["pending", "held"]),
                name="deliveries_waiting",
            ),
            models.Index(fields=["channel", "-id"], name="deliveries_of_channel"),
            models.Index(fields=["channel", "delivered_at"], name="deliveries_by_time"),
        ]
        constraints = [
            models.UniqueConstraint(fields=["notification", "channel"], name="deliveries_once_a_channel"),
            models.CheckConstraint(condition=models.Q(status__in=DeliveryStatus.values), name="delivery_status_known"),
        ]

    def __str__(self) -> str:
        return str(self.uid)


class SignOfLife(models.Model):
    """When a part of the program last said, in PostgreSQL, that it runs. A part that never did is not expected to."""

    part = models.CharField(primary_key=True, max_length=20)
    at = models.DateTimeField()
    silent_since = models.DateTimeField(null=True)  # told; NULL while it is heard
    heard_since = models.DateTimeField(null=True)  # again, after it was silent

    class Meta:
        db_table = "signs_of_life"
        verbose_name = _("sign of life")
        verbose_name_plural = _("signs of life")

    def __str__(self) -> str:
        return self.part
