from django.db import migrations, models


class Migration(migrations.Migration):
    dependencies = [
        ("trading", "0004_backtest_signs_of_life"),
    ]

    operations = [
        migrations.AddField(
            model_name="search",
            name="min_cycles",
            field=models.PositiveIntegerField(default=10, verbose_name="least cycles"),
        ),
        migrations.AddField(
            model_name="search",
            name="taken_up",
            field=models.PositiveIntegerField(default=0),
        ),
        migrations.AddField(
            model_name="trial",
            name="problem",
            field=models.CharField(blank=True, max_length=200),
        ),
    ]
