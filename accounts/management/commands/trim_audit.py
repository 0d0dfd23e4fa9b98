"""`manage.py trim_audit`: deletes audit entries that are older than the installation must keep them."""

from argparse import ArgumentParser
from datetime import timedelta
from typing import Any

from django.core.management.base import BaseCommand
from django.utils import timezone

from accounts.audit_log import entries_trim
from accounts.models import AuditEntry


class Command(BaseCommand):
    help = "Deletes audit entries older than so many days. Nothing else can delete one."

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument("--days", type=int, required=True, help="Entries of the last DAYS days stay.")
        parser.add_argument("--yes", action="store_true", help="Do not ask.")

    def handle(self, *args: Any, **options: Any) -> None:
        before = timezone.now() - timedelta(days=options["days"])
        count = AuditEntry.objects.filter(at__lt=before).count()
        question = f"Delete {count} audit entries from before {before:%Y-%m-%d %H:%M} UTC? [y/N] "
        if not options["yes"] and input(question).strip().lower() != "y":
            self.stdout.write("Nothing was deleted.")
            return
        self.stdout.write(f"{entries_trim(before=before)} entries deleted.")
