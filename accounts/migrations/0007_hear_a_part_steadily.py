from django.db import migrations, models


class Migration(migrations.Migration):
    dependencies = [
        ("accounts", "0006_news_of_finished_runs"),
    ]

    operations = [
        migrations.AddField(
            model_name="signoflife",
            name="heard_since",
            field=models.DateTimeField(null=True),
        ),
    ]
