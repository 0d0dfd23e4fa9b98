"""Quotes over the venues' sockets into Redis, for bots and open pages, until it is stopped."""

import asyncio
import signal
from typing import Any

from django.core.management.base import BaseCommand, CommandError, CommandParser

from exchanges.adapters.venues import VENUES
from exchanges.stream.collector import Collector, collected, is_alive


class Command(BaseCommand):
    help = "Collects quotes over the venues' sockets for running bots and open pages; without them bots ask over REST."

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("--exchange", choices=sorted(VENUES), help="one exchange only; else all of them")
        parser.add_argument("--check", action="store_true", help="only say whether one runs (exit status 1: no)")

    def handle(self, *args: Any, **options: Any) -> None:
        exchanges = [options["exchange"]] if options["exchange"] else sorted(VENUES)
        if options["check"]:
            self._check(exchanges)
            return
        asyncio.run(_until_stopped(exchanges))

    def _check(self, exchanges: list[str]) -> None:
        silent = [exchange for exchange in exchanges if not is_alive(exchange)]
        if silent:
            raise CommandError(f"no collector runs for {', '.join(silent)}")
        self.stdout.write("the collector runs")


async def _until_stopped(exchanges: list[str]) -> None:
    stop = asyncio.Event()
    for number in (signal.SIGINT, signal.SIGTERM):
        asyncio.get_running_loop().add_signal_handler(number, stop.set)
    await collected([Collector(exchange) for exchange in exchanges], stop)
