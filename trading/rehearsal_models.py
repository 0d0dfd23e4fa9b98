"""What a paper account was told to do wrong, by whom, from when to when."""

from django.conf import settings
from django.db import models
from django.db.models import Q

from exchanges.models import ExchangeAccount


class Rehearsal(models.Model):
    """`plan`: what was asked for, in order: {kind, strength, orders, minutes, symbol, at}."""

    account = models.ForeignKey(ExchangeAccount, models.CASCADE, related_name="rehearsals")
    plan = models.JSONField(default=list, blank=True)
    started_by = models.ForeignKey(settings.AUTH_USER_MODEL, models.SET_NULL, related_name="+", null=True, blank=True)
    started_at = models.DateTimeField()
    stopped_at = models.DateTimeField(null=True, blank=True)

    class Meta:
        db_table = "rehearsals"
        ordering = ["-id"]
        constraints = [
            models.UniqueConstraint(
                fields=["account"], condition=Q(stopped_at__isnull=True), name="rehearsals_one_at_a_time"
            ),
        ]

    def __str__(self) -> str:
        return f"rehearsal of account {self.account_id}"
