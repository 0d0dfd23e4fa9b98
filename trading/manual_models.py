"""Orders by hand: one key, one order, however often it is asked for."""

from django.db import models

from exchanges.models import ExchangeAccount


class ManualOrderKey(models.Model):
    """`fingerprint`: of what was asked for with the key, so that another wish under the same key is noticed."""

    account = models.ForeignKey(ExchangeAccount, models.CASCADE, related_name="+")
    idempotency_key = models.CharField(max_length=64)
    fingerprint = models.CharField(max_length=64)
    order = models.OneToOneField("trading.Order", models.CASCADE, related_name="manual_key")

    class Meta:
        db_table = "manual_order_keys"
        constraints = [
            models.UniqueConstraint(fields=["account", "idempotency_key"], name="manual_order_keys_once"),
        ]

    def __str__(self) -> str:
        return self.idempotency_key
