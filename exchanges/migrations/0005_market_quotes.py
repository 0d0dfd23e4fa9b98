"""Quotes of the last days, once for each market, in a table partitioned by day of writing.

Rows of all markets are written in turn, so that one market's lie far apart: the key carries the price, and a chart is
read from it alone.
"""

from django.db import migrations, models

PARTITIONED = """
CREATE TABLE market_quotes (
    source varchar(32) NOT NULL,
    symbol varchar(40) NOT NULL,
    at timestamptz NOT NULL,
    price double precision NOT NULL,
    stored_on date NOT NULL,
    PRIMARY KEY (source, symbol, at, stored_on) INCLUDE (price)
) PARTITION BY RANGE (stored_on);
CREATE TABLE market_quotes_default PARTITION OF market_quotes DEFAULT;
"""


class Migration(migrations.Migration):
    dependencies = [("exchanges", "0004_paper_stops")]

    operations = [
        migrations.SeparateDatabaseAndState(
            database_operations=[migrations.RunSQL(PARTITIONED, "DROP TABLE market_quotes")],
            state_operations=[
                migrations.CreateModel(
                    name="MarketQuote",
                    fields=[
                        (
                            "pk",
                            models.CompositePrimaryKey(
                                "source",
                                "symbol",
                                "at",
                                "stored_on",
                                blank=True,
                                editable=False,
                                primary_key=True,
                                serialize=False,
                            ),
                        ),
                        ("source", models.CharField(max_length=32)),
                        ("symbol", models.CharField(max_length=40)),
                        ("at", models.DateTimeField()),
                        ("price", models.FloatField()),
                        ("stored_on", models.DateField()),
                    ],
                    options={"db_table": "market_quotes"},
                ),
            ],
        ),
    ]
