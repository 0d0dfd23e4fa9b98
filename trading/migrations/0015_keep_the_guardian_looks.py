import django.utils.timezone
from django.db import migrations, models


class Migration(migrations.Migration):
    dependencies = [
        ("trading", "0014_margin_warning_and_newest_snapshots"),
    ]

    operations = [
        migrations.AddField(
            model_name="safetyalert",
            name="guarded_at",
            field=models.DateTimeField(default=django.utils.timezone.now),
        ),
    ]
