"""API tokens: for programs that act for a user without a password."""

from django.conf import settings
from django.db import models
from django.utils import timezone
from django.utils.translation import gettext_lazy as _
from django.utils.translation import pgettext_lazy


class ApiScope(models.TextChoices):
    """Each contains those before it."""

    READ = "read", pgettext_lazy("API scope", "Read")
    TRADE = "trade", pgettext_lazy("API scope", "Trade")
    ADMIN = "admin", pgettext_lazy("API scope", "Administer")


class ApiToken(models.Model):
    """The token itself is shown once and kept as a digest."""

    owner = models.ForeignKey(settings.AUTH_USER_MODEL, models.CASCADE, related_name="api_tokens")
    name = models.CharField(_("name"), max_length=60)
    scope = models.CharField(_("scope"), max_length=5, choices=ApiScope)
    prefix = models.CharField(max_length=12)
    digest = models.CharField(max_length=64, unique=True)
    second_factor = models.BooleanField(default=False)
    """Made under a fresh second factor: its requests are not asked for one again."""
    created_at = models.DateTimeField(default=timezone.now)
    expires_at = models.DateTimeField(null=True)
    last_used_at = models.DateTimeField(null=True)
    last_used_ip = models.GenericIPAddressField(null=True)
    revoked_at = models.DateTimeField(null=True)

    class Meta:
        db_table = "api_tokens"
        verbose_name = _("API token")
        verbose_name_plural = _("API tokens")
        indexes = [models.Index(fields=["owner", "-created_at"], name="api_tokens_owner")]
        constraints = [
            models.CheckConstraint(condition=models.Q(scope__in=ApiScope.values), name="api_tokens_scope_known"),
            models.UniqueConstraint(
                fields=["owner", "name"], condition=models.Q(revoked_at=None), name="api_tokens_name_unique"
            ),
        ]

    def __str__(self) -> str:
        return self.name
