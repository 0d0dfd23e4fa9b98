"""Users: who may log in, with which role, language and time zone."""

import zoneinfo

from django.contrib.auth.models import AbstractUser
from django.contrib.postgres.fields import ArrayField
from django.core.exceptions import ValidationError
from django.db import models
from django.db.models.functions import Lower
from django.utils.translation import gettext_lazy as _

from accounts.audit_models import AuditEntry
from accounts.chat_models import ChannelChat
from accounts.notification_models import (
    Channel,
    ChannelKind,
    Delivery,
    DeliveryStatus,
    NoticeKind,
    Notification,
    Severity,
    SignOfLife,
)
from accounts.second_factor_models import AuthenticatorApp, RecoveryCode
from accounts.session_models import LoginKind, LoginSession
from accounts.token_models import ApiScope, ApiToken

__all__ = [
    "ApiScope",
    "ApiToken",
    "AuditEntry",
    "AuthenticatorApp",
    "Channel",
    "ChannelChat",
    "ChannelKind",
    "Delivery",
    "DeliveryStatus",
    "LoginKind",
    "LoginSession",
    "NoticeKind",
    "Notification",
    "RecoveryCode",
    "Role",
    "Severity",
    "SignOfLife",
    "Theme",
    "User",
    "validate_time_zone",
]


class Role(models.TextChoices):
    ADMIN = "admin", _("Administrator")
    TRADER = "trader", _("Trader")
    VIEWER = "viewer", _("Viewer")


class Theme(models.TextChoices):
    AUTO = "auto", _("As the device")
    DARK = "dark", _("Dark")
    LIGHT = "light", _("Light")


def validate_time_zone(name: str) -> None:
    if name not in zoneinfo.available_timezones():
        raise ValidationError(_("Unknown time zone."), code="time_zone")


class User(AbstractUser):
    email = models.EmailField(_("e-mail"))
    role = models.CharField(_("role"), max_length=8, choices=Role, default=Role.TRADER)
    time_zone = models.CharField(_("time zone"), max_length=64, default="UTC", validators=[validate_time_zone])
    language = models.CharField(
        _("language"), max_length=8, choices=[("en", "English"), ("zh-hans", "简体中文")], default="en"
    )
    theme = models.CharField(_("theme"), max_length=5, choices=Theme, default=Theme.AUTO)
    email_confirmed_at = models.DateTimeField(_("e-mail confirmed"), null=True, blank=True)
    allowed_networks = ArrayField(
        models.CharField(max_length=43), verbose_name=_("allowed addresses"), default=list, blank=True
    )
    """CIDRs from which this user may come in; empty: from everywhere."""

    login_session: LoginSession | None = None
    """Through which log-in this user came in; set by whoever authenticated the request."""

    class Meta:
        db_table = "users"
        verbose_name = _("user")
        verbose_name_plural = _("users")
        constraints = [
            models.UniqueConstraint(
                Lower("username"),
                name="users_username_unique",
                violation_error_code="username",
                violation_error_message=_("This user name is taken."),
            ),
            models.UniqueConstraint(
                Lower("email"),
                name="users_email_unique",
                violation_error_code="email",
                violation_error_message=_("This e-mail is already registered."),
            ),
            models.CheckConstraint(condition=models.Q(role__in=Role.values), name="users_role_known"),
        ]

    @property
    def can_trade(self) -> bool:
        """Viewers look; everybody else may change what is theirs."""
        return self.is_active and self.role != Role.VIEWER
