"""The paper venue's own books. Only `exchanges.adapters.paper…` touches them, on the `paper` connection.

A venue knows nothing of bots: no foreign key leads out of here but the account's number.
"""

from decimal import Decimal
from typing import Any

from django.db import models

UNITS: dict[str, Any] = {"max_digits": 32, "decimal_places": 12}
WORKING = ("open", "partially_filled")


class PaperWallet(models.Model):
    """One account at the paper venue: its money, its place in time and how it was told to misbehave."""

    account_id = models.BigIntegerField(primary_key=True)
    currency = models.CharField(max_length=12, default="USDT")
    balance = models.DecimalField(**UNITS)
    tape_index = models.BigIntegerField(default=0)  # bars that the tape has gone
    tape_at = models.DateTimeField(null=True, blank=True)  # opening time of the tape's current bar; null: not a tape
    started_at = models.DateTimeField()  # real time at which the account was opened
    settled_at = models.DateTimeField()  # venue time up to which resting orders and funding are dealt with
    sequence = models.BigIntegerField(default=0)  # last order or trade number given out
    leverage = models.JSONField(default=dict, blank=True)  # symbol -> [leverage, margin mode]
    chaos = models.JSONField(default=dict, blank=True)  # `exchanges.adapters.paper_chaos`

    class Meta:
        db_table = "paper_wallets"

    def __str__(self) -> str:
        return f"wallet {self.account_id}"


class PaperOrder(models.Model):
    account_id = models.BigIntegerField()
    number = models.BigIntegerField()
    client_order_id = models.CharField(max_length=36)
    symbol = models.CharField(max_length=40)
    side = models.CharField(max_length=4)
    type = models.CharField(max_length=8)
    price = models.DecimalField(**UNITS, null=True, blank=True)
    trigger_price = models.DecimalField(**UNITS, null=True, blank=True)  # of a stop
    post_only = models.BooleanField(default=False)
    amount = models.DecimalField(**UNITS)
    filled = models.DecimalField(**UNITS, default=Decimal(0))
    reduce_only = models.BooleanField(default=False)
    status = models.CharField(max_length=18)
    reason = models.CharField(max_length=200, blank=True)
    accepted_at = models.DateTimeField()  # venue time
    updated_at = models.DateTimeField()  # venue time
    # What the account was told to rehearse with this order.
    hold_steps = models.PositiveIntegerField(default=0)  # chances to fill that it still lets pass
    hidden_until = models.DateTimeField(null=True, blank=True)  # real time up to which it is not found
    fill_share = models.DecimalField(max_digits=8, decimal_places=6, null=True, blank=True)  # no more than this fills

    class Meta:
        db_table = "paper_orders"
        constraints = [
            models.UniqueConstraint(fields=["account_id", "client_order_id"], name="paper_orders_client_id_unique"),
            models.UniqueConstraint(fields=["account_id", "number"], name="paper_orders_number_unique"),
            models.CheckConstraint(
                condition=models.Q(amount__gt=0, filled__gte=0, filled__lte=models.F("amount")),
                name="paper_orders_filled_within",
            ),
        ]
        indexes = [
            models.Index(fields=["account_id"], condition=models.Q(status__in=WORKING), name="paper_orders_working"),
            models.Index(fields=["account_id", "symbol", "accepted_at"], name="paper_orders_by_time"),
        ]

    def __str__(self) -> str:
        return f"order {self.number} of wallet {self.account_id}"


class PaperFill(models.Model):
    account_id = models.BigIntegerField()
    number = models.BigIntegerField()
    order = models.ForeignKey(PaperOrder, models.CASCADE, related_name="fills")
    symbol = models.CharField(max_length=40)
    side = models.CharField(max_length=4)
    price = models.DecimalField(**UNITS)
    amount = models.DecimalField(**UNITS)
    fee = models.DecimalField(**UNITS)
    realised = models.DecimalField(**UNITS)
    at = models.DateTimeField()

    class Meta:
        db_table = "paper_fills"
        constraints = [models.UniqueConstraint(fields=["account_id", "number"], name="paper_fills_number_unique")]
        indexes = [models.Index(fields=["account_id", "symbol", "at"], name="paper_fills_by_time")]

    def __str__(self) -> str:
        return f"fill {self.number} of wallet {self.account_id}"


class PaperPosition(models.Model):
    """`amount` and `cost` signed: long positive. Entry price = cost / amount."""

    account_id = models.BigIntegerField()
    symbol = models.CharField(max_length=40)
    amount = models.DecimalField(**UNITS)
    cost = models.DecimalField(**UNITS)

    class Meta:
        db_table = "paper_positions"
        constraints = [models.UniqueConstraint(fields=["account_id", "symbol"], name="paper_positions_unique")]

    def __str__(self) -> str:
        return f"{self.symbol} of wallet {self.account_id}"


class PaperFunding(models.Model):
    account_id = models.BigIntegerField()
    symbol = models.CharField(max_length=40)
    rate = models.DecimalField(max_digits=20, decimal_places=12)
    amount = models.DecimalField(**UNITS)  # received positive
    at = models.DateTimeField()

    class Meta:
        db_table = "paper_funding"
        constraints = [models.UniqueConstraint(fields=["account_id", "symbol", "at"], name="paper_funding_unique")]

    def __str__(self) -> str:
        return f"{self.symbol} funding of wallet {self.account_id}"
