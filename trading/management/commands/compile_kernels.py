"""`manage.py compile_kernels`: what a bot's back-test runs, compiled into `NUMBA_CACHE_DIR`."""

from typing import Any

from django.core.management.base import BaseCommand

from trading.backtests import warming


class Command(BaseCommand):
    help = "Compiles what a bot's back-test runs, once for all processes, so that the first one does not wait for it."
    requires_system_checks = ()

    def handle(self, *args: Any, **options: Any) -> None:
        warming.warm_first()
