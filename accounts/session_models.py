"""Log-ins that are open: a browser's session or a program's family of tokens."""

import uuid

from django.conf import settings
from django.db import models
from django.utils import timezone
from django.utils.translation import gettext_lazy as _


class LoginKind(models.TextChoices):
    BROWSER = "browser", _("Browser")
    PROGRAM = "program", _("Program")


class LoginSession(models.Model):
    """Ending the row ends the log-in: the cookie or every token that names `key` is worth nothing from then on."""

    key = models.UUIDField(default=uuid.uuid4, unique=True, editable=False)
    owner = models.ForeignKey(settings.AUTH_USER_MODEL, models.CASCADE, related_name="logins")
    kind = models.CharField(max_length=8, choices=LoginKind)
    ip = models.GenericIPAddressField(null=True)
    user_agent = models.CharField(max_length=300, blank=True)
    created_at = models.DateTimeField(default=timezone.now)
    last_seen_at = models.DateTimeField(default=timezone.now)
    second_factor_at = models.DateTimeField(null=True)
    """When a code was last given in this log-in."""
    expires_at = models.DateTimeField()
    ended_at = models.DateTimeField(null=True)

    class Meta:
        db_table = "login_sessions"
        verbose_name = _("log-in")
        verbose_name_plural = _("log-ins")
        indexes = [models.Index(fields=["owner", "-last_seen_at"], name="login_sessions_owner")]
        constraints = [models.CheckConstraint(condition=models.Q(kind__in=LoginKind.values), name="login_kind_known")]

    def __str__(self) -> str:
        return f"{self.get_kind_display()} {self.created_at:%Y-%m-%d %H:%M}"
