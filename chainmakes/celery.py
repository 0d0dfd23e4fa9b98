"""Celery: three queues (`trading`, `io`, `compute`), one worker kind for each."""

import os

from celery import Celery

from chainmakes.alive import ReportAlive

os.environ.setdefault("DJANGO_SETTINGS_MODULE", "chainmakes.settings")

app = Celery("chainmakes")
app.config_from_object("django.conf:settings", namespace="CELERY")
app.autodiscover_tasks()
app.autodiscover_tasks(["trading"], related_name="tasks_backtests")
app.autodiscover_tasks(["trading"], related_name="tasks_manual_orders")
app.autodiscover_tasks(["trading"], related_name="tasks_searches")
app.autodiscover_tasks(["trading"], related_name="tasks_reconciliation")
app.autodiscover_tasks(["trading"], related_name="tasks_scans")
app.autodiscover_tasks(["trading"], related_name="tasks_risk")
app.autodiscover_tasks(["trading"], related_name="tasks_journal")
app.autodiscover_tasks(["trading"], related_name="tasks_chat")  # its signals
app.autodiscover_tasks(["accounts", "trading"], related_name="tasks_notifications")
app.autodiscover_tasks(["chainmakes"], related_name="metrics_celery")  # its signals
app.steps["worker"].add(ReportAlive)
