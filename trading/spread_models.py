"""What stays of a bot's spread for ever: its hours."""

from django.db import models

from bots.models import Bot


class SpreadHour(models.Model):
    """An hour of minute rows, made when their day is dropped. `at` is its beginning, by the market's clock; prices are
    its last."""

    bot = models.ForeignKey(Bot, models.CASCADE, related_name="spread_hours")
    at = models.DateTimeField()
    spread_low = models.FloatField()
    spread_high = models.FloatField()
    spread_close = models.FloatField()
    market1_price = models.FloatField()
    market2_price = models.FloatField()

    class Meta:
        db_table = "spread_hours"
        constraints = [models.UniqueConstraint(fields=["bot", "at"], name="spread_hours_once")]

    def __str__(self) -> str:
        return f"{self.spread_close} at {self.at}"
