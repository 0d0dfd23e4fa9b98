from django.db import migrations, models


class Migration(migrations.Migration):
    dependencies = [("exchanges", "0002_funding_sets_and_downloads")]

    operations = [
        migrations.AddField(
            model_name="candledownload",
            name="alive_at",
            field=models.DateTimeField(blank=True, null=True),
        ),
        migrations.AddField(
            model_name="candledownload",
            name="done",
            field=models.PositiveIntegerField(default=0),
        ),
        migrations.AddField(
            model_name="candledownload",
            name="total",
            field=models.PositiveIntegerField(default=0),
        ),
        migrations.AddField(
            model_name="candledownload",
            name="lost_workers",
            field=models.PositiveSmallIntegerField(default=0),
        ),
        migrations.AddField(
            model_name="candledownload",
            name="missing",
            field=models.JSONField(blank=True, default=list),
        ),
        migrations.AddField(
            model_name="candledownload",
            name="missing_bars",
            field=models.PositiveIntegerField(default=0),
        ),
    ]
