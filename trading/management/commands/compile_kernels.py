"""`manage.py compile_kernels`: what a bot's back-test and a scan for pairs run, compiled into `NUMBA_CACHE_DIR`."""

from typing import Any

from django.core.management.base import BaseCommand

from trading.backtests import warming
from trading.scans import warming as scan_warming


class Command(BaseCommand):
    help = "Compiles what a bot's back-test and a scan run, once for all processes, so that the first does not wait."
    requires_system_checks = ()

    def handle(self, *args: Any, **options: Any) -> None:
        warming.warm_first()
        scan_warming.warm_up()
