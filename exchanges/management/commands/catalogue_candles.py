"""`manage.py catalogue_candles`: brings the candle store's catalogue in line with its files."""

from typing import Any

from django.core.management.base import BaseCommand, no_translations

from exchanges.history.catalogue import catalogue_rebuild


class Command(BaseCommand):
    help = "Describes every stored series anew, for files that were copied here or stored before they had a row."

    @no_translations
    def handle(self, *args: Any, **options: Any) -> None:
        changed = catalogue_rebuild()
        for line in changed:
            self.stdout.write(line)
        self.stdout.write(f"{len(changed)} series described anew." if changed else "The catalogue was right.")
