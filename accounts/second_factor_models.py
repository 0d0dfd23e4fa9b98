"""The second factor: an authenticator app's secret, and codes for the day on which the phone is lost."""

from django.conf import settings
from django.db import models
from django.utils import timezone
from django.utils.translation import gettext_lazy as _
from django_otp.models import Device, ThrottlingMixin
from fernet_fields import EncryptedTextField

WAIT_MAX_S = 900


class AuthenticatorApp(ThrottlingMixin, Device):
    """One per user; counts only once `confirmed`. Wrong codes make the next one wait, twice as long each time."""

    user = models.OneToOneField(settings.AUTH_USER_MODEL, models.CASCADE, related_name="authenticator_app")
    secret = EncryptedTextField()  # base32
    drift = models.SmallIntegerField(default=0)  # 30 s steps by which the phone's clock is off
    last_step = models.BigIntegerField(default=-1)  # of the last code that was accepted: none counts twice
    created_at = models.DateTimeField(default=timezone.now)

    class Meta:
        db_table = "authenticator_apps"
        verbose_name = _("authenticator app")
        verbose_name_plural = _("authenticator apps")

    def get_throttle_factor(self) -> float:
        """Seconds after the first wrong code. Bounded: whoever guesses must not keep the owner out for days."""
        doublings = max(self.throttling_failure_count - 1, 0)
        return min(1.0, WAIT_MAX_S / 2**doublings)


class RecoveryCode(models.Model):
    """Instead of an app's code, once. Kept as a digest: 80 random bits need no slow hash."""

    owner = models.ForeignKey(settings.AUTH_USER_MODEL, models.CASCADE, related_name="recovery_codes")
    digest = models.CharField(max_length=64)
    used_at = models.DateTimeField(null=True)

    class Meta:
        db_table = "recovery_codes"
        verbose_name = _("recovery code")
        verbose_name_plural = _("recovery codes")
        constraints = [models.UniqueConstraint(fields=["owner", "digest"], name="recovery_codes_unique")]

    def __str__(self) -> str:
        return f"{self.owner} {self.pk}"
