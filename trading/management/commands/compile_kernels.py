"""`manage.py compile_kernels`: what back-tests and a scan for pairs run, compiled into `NUMBA_CACHE_DIR`."""

from typing import Any

from django.core.management.base import BaseCommand, CommandParser

from trading.backtests import warming
from trading.scans import warming as scan_warming


class Command(BaseCommand):
    help = "Compiles what a bot's back-test and a scan run, once for all processes, so that the first does not wait."
    requires_system_checks = ()

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument(
            "--strategies",
            action="store_true",
            help="instead, every strategy beside the spread: minutes, in which they run in plain Python, more slowly",
        )

    def handle(self, *args: Any, **options: Any) -> None:
        if options["strategies"]:
            warming.compile_strategies()
            return
        warming.warm_first()
        scan_warming.warm_up()
