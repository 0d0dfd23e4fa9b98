"""`manage.py strategies [--json]`: what bots and back-tests can trade by, as `GET /api/v1/strategies/` lists it."""

import json
from typing import Any

from django.core.management.base import BaseCommand, CommandParser

from bots.api import StrategiesView
from bots.serializers import StrategySerializer


class Command(BaseCommand):
    help = "Lists the strategies; with --json each with the JSON schema of its parameters."
    requires_system_checks = ()

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("--json", action="store_true", help="name, title and parameter schema, as JSON")

    def handle(self, *args: Any, **options: Any) -> None:
        strategies = StrategySerializer(StrategiesView().get_queryset(), many=True).data
        if options["json"]:
            self.stdout.write(json.dumps(strategies, indent=2))
            return
        for strategy in strategies:
            self.stdout.write(f"{strategy['name']}: {strategy['title']}")
            for name, schema in strategy["parameters"]["properties"].items():
                default = f" (default {json.dumps(schema['default'])})" if "default" in schema else " (needed)"
                self.stdout.write(f"  {name}: {schema['title']}{default}")
