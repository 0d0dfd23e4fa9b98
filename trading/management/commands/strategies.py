"""`manage.py strategies [--json]`: what bots and back-tests can trade by, as `GET /api/v1/strategies/` lists it."""

import json
from typing import Any

from django.core.management.base import BaseCommand, CommandParser, no_translations

from bots.api.serializers import StrategySerializer
from bots.api.strategies import strategy_rows
from bots.strategies.registry import broken


class Command(BaseCommand):
    help = (
        "Lists the strategies: built in, of installed packages and of the folder STRATEGY_DIR; with --json each with "
        "the JSON schema of its parameters. Those that cannot be used are named with the reason, with --json on "
        "standard error."
    )
    requires_system_checks = ()

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("--json", action="store_true", help="name, title and parameter schema, as JSON")

    @no_translations
    def handle(self, *args: Any, **options: Any) -> None:
        strategies = StrategySerializer(strategy_rows(), many=True).data
        if options["json"]:
            self.stdout.write(json.dumps(strategies, indent=2))
        else:
            for strategy in strategies:
                self._write(strategy)
        where = self.stderr if options["json"] else self.stdout
        for failed in broken():
            where.write(f"{failed.name}: cannot be used: {failed.reason}")

    def _write(self, strategy: dict[str, Any]) -> None:
        self.stdout.write(f"{strategy['name']}: {strategy['title']}")
        for name, schema in strategy["parameters"]["properties"].items():
            default = f" (default {json.dumps(schema['default'])})" if "default" in schema else " (needed)"
            unit = f", {schema['x-unit']}" if "x-unit" in schema else ""
            self.stdout.write(f"  {name}: {schema['title']}{unit}{default}")
