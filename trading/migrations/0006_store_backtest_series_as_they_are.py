from django.db import migrations

TABLE = "ALTER TABLE backtest_series ALTER COLUMN trades SET STORAGE {0}, ALTER COLUMN equity SET STORAGE {0}"


class Migration(migrations.Migration):
    """Parquet is compressed already: PostgreSQL would take ten times as long to try it again."""

    dependencies = [("trading", "0005_search_take_up")]

    operations = [migrations.RunSQL(TABLE.format("EXTERNAL"), TABLE.format("EXTENDED"))]
