"""The audit log's rows. PostgreSQL refuses to change them; only an operator's retention may delete old ones."""

from typing import Any

from django.conf import settings
from django.core.serializers.json import DjangoJSONEncoder
from django.db import models
from django.utils import timezone
from django.utils.translation import gettext_lazy as _

_OUTLIVED: dict[str, Any] = {
    "on_delete": models.DO_NOTHING,
    "db_constraint": False,
    "db_index": False,
    "null": True,
    "blank": True,
    "related_name": "+",
}


class AuditEntry(models.Model):
    """Who did what from where. Names are copied: an entry outlives the user and the object that it speaks of."""

    at = models.DateTimeField(_("time"), default=timezone.now)
    actor = models.ForeignKey(settings.AUTH_USER_MODEL, verbose_name=_("who"), **_OUTLIVED)
    actor_name = models.CharField(_("name"), max_length=254, blank=True)
    owner = models.ForeignKey(settings.AUTH_USER_MODEL, verbose_name=_("concerns"), **_OUTLIVED)
    """Whose object or account it is: this user reads the entry, whoever did it."""
    action = models.CharField(_("action"), max_length=64)
    object_type = models.CharField(_("kind of object"), max_length=64, blank=True)
    object_id = models.CharField(_("number"), max_length=64, blank=True)
    object_label = models.CharField(_("object"), max_length=254, blank=True)
    summary = models.CharField(_("summary"), max_length=500, blank=True)
    details = models.JSONField(_("details"), default=dict, blank=True, encoder=DjangoJSONEncoder)
    source = models.CharField(_("by way of"), max_length=8)
    ip = models.GenericIPAddressField(_("address"), null=True, blank=True)
    user_agent = models.CharField(_("device"), max_length=300, blank=True)

    class Meta:
        db_table = "audit_log"
        verbose_name = _("audit entry")
        verbose_name_plural = _("audit log")
        indexes = [
            models.Index(fields=["owner", "-at", "-id"], name="audit_log_owner"),
            models.Index(fields=["actor", "-at", "-id"], name="audit_log_actor"),
            models.Index(fields=["-at", "-id"], name="audit_log_time"),
            models.Index(fields=["action", "-at"], name="audit_log_action"),
        ]

    def __str__(self) -> str:
        return f"{self.at:%Y-%m-%d %H:%M:%S} {self.actor_name} {self.action} {self.object_label}".strip()
