"""How far an account's books have been compared with its venue's, and which installation they belong to."""

from django.db import models
from django.utils import timezone

from bots.models import UNITS
from exchanges.models import ExchangeAccount


class AccountBooks(models.Model):
    """Up to where an account agreed with its venue. Written by the round of reconciliation that holds the claim.

    `balance` and `booked`: the venue's wallet and the sum of our lines in its currency when they were compared last;
    what one moves without the other is a transfer. `fills_read`: symbol -> [id of the claim, venue times as ISO], from
    when and up to when every fill of that symbol is known; of markets that no bot owns under `*` and the symbol
    (`trading.reconciliation.outside`).
    """

    account = models.OneToOneField(ExchangeAccount, models.CASCADE, primary_key=True, related_name="books")
    currency = models.CharField(max_length=12, blank=True)
    balance = models.DecimalField(**UNITS, null=True, blank=True)
    booked = models.DecimalField(**UNITS, default=0)
    fills_read = models.JSONField(default=dict, blank=True)
    funding_read_at = models.DateTimeField(null=True, blank=True)  # venue time
    settings_read_at = models.DateTimeField(null=True, blank=True)  # real time
    thorough_at = models.DateTimeField(null=True, blank=True)  # real time of the last round that read everything

    class Meta:
        db_table = "account_books"

    def __str__(self) -> str:
        return f"books of account {self.account_id}"


class Installation(models.Model):
    """The newest row's `tag` is part of every client order id. A restored database begins a new one."""

    tag = models.CharField(max_length=4, unique=True)
    database = models.CharField(max_length=60)  # which database server and database the rows lay in
    reason = models.CharField(max_length=300, blank=True)
    since = models.DateTimeField(default=timezone.now)

    class Meta:
        db_table = "installations"
        ordering = ["-id"]

    def __str__(self) -> str:
        return self.tag
