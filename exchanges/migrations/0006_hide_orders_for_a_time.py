from django.db import migrations, models


class Migration(migrations.Migration):
    dependencies = [
        ("exchanges", "0005_market_quotes"),
    ]

    operations = [
        migrations.RemoveField(
            model_name="paperorder",
            name="hidden_queries",
        ),
        migrations.AddField(
            model_name="paperorder",
            name="hidden_until",
            field=models.DateTimeField(blank=True, null=True),
        ),
    ]
