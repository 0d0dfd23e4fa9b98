"""What the guardian keeps in PostgreSQL: when bots in position were looked at, who guards, what a person must know."""

from django.db import models
from django.utils import timezone
from django.utils.translation import gettext_lazy as _

from bots.models import Bot


class LastLook(models.Model):
    """When a bot with something to lose was looked at without a lease (PostgreSQL's clock); `trading.ticks` writes it
    for a chunk at once. A look under a lease leaves its time on the bot's own row."""

    bot = models.OneToOneField(Bot, models.CASCADE, primary_key=True, related_name="last_look")
    at = models.DateTimeField()
    mark_said_at = models.DateTimeField(null=True, blank=True)  # when the mark alone last said "stop loss" (real time)

    class Meta:
        db_table = "last_looks"

    def __str__(self) -> str:
        return f"bot {self.bot_id} at {self.at}"


class GuardianMark(models.Model):
    """A guardian's sign of life (PostgreSQL's clock): the health page needs no Redis to read it."""

    name = models.CharField(max_length=80, primary_key=True)  # host
    at = models.DateTimeField()
    watched = models.PositiveIntegerField(default=0)  # bots with something to lose
    neglected = models.PositiveIntegerField(default=0)  # of them, that missed their looks

    class Meta:
        db_table = "guardian_marks"

    def __str__(self) -> str:
        return f"{self.name} at {self.at}"


class AlertKind(models.TextChoices):
    NEGLECTED = "neglected", _("Not looked at")
    NOT_FLAT = "not_flat", _("Not closed yet")
    UNPROTECTED = "unprotected", _("Protective stop is missing")


class SafetyAlert(models.Model):
    """Something about a bot that a person should know at once, open until it is over; one of a kind at a time."""

    bot = models.ForeignKey(Bot, models.CASCADE, related_name="safety_alerts")
    kind = models.CharField(max_length=11, choices=AlertKind)
    lease_token = models.BigIntegerField(default=0)  # of the guardian's own last look: a higher one is somebody else's
    guarded_at = models.DateTimeField(default=timezone.now)  # the guardian's own last look (PostgreSQL's clock)
    raised_at = models.DateTimeField(default=timezone.now)
    cleared_at = models.DateTimeField(null=True, blank=True)

    class Meta:
        db_table = "safety_alerts"
        ordering = ["-id"]
        constraints = [
            models.UniqueConstraint(
                fields=["bot", "kind"], condition=models.Q(cleared_at=None), name="safety_alerts_open_once"
            ),
        ]

    def __str__(self) -> str:
        return f"{self.kind} of bot {self.bot_id}"
