"""What markets cost in the last days: once for each market, however many bots look at it."""

from django.db import models


class MarketQuote(models.Model):
    """The middle of a market's best bid and ask, about every 5 s while somebody decides on it. Drawn, never traded on.

    `source` names whose market it is (`exchanges.quote_log`), `at` is market time in whole steps. The table is
    partitioned by `stored_on`, the real day of writing, and old partitions are dropped: see the migration.
    """

    pk = models.CompositePrimaryKey("source", "symbol", "at", "stored_on")
    source = models.CharField(max_length=32)
    symbol = models.CharField(max_length=40)
    at = models.DateTimeField()
    price = models.FloatField()
    stored_on = models.DateField()

    class Meta:
        db_table = "market_quotes"

    def __str__(self) -> str:
        return f"{self.symbol} {self.price} at {self.at}"
