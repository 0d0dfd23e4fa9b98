from django.db import migrations, models


class Migration(migrations.Migration):
    dependencies = [("trading", "0003_backtests")]

    operations = [
        migrations.AddField(
            model_name="backtest",
            name="alive_at",
            field=models.DateTimeField(blank=True, null=True),
        ),
        migrations.AddField(
            model_name="backtest",
            name="attempts",
            field=models.PositiveSmallIntegerField(default=0),
        ),
    ]
