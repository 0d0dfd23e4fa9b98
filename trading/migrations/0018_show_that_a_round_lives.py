import django.utils.timezone
from django.db import migrations, models


class Migration(migrations.Migration):
    dependencies = [
        ("trading", "0017_names_for_people"),
    ]

    operations = [
        migrations.AddField(
            model_name="reconciliation",
            name="alive_at",
            field=models.DateTimeField(default=django.utils.timezone.now),
        ),
    ]
