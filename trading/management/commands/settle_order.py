"""A person's word on an order that its venue cannot remember any more."""

from typing import Any

from django.core.management.base import BaseCommand, CommandError, CommandParser

from accounts.models import User
from exchanges.errors import DomainError
from trading.models import Order
from trading.settlement import order_declare


class Command(BaseCommand):
    help = (
        "Declares that a lost order is not at the exchange and holds nothing more. Look there first: it is not asked."
    )

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("client_order_id")
        parser.add_argument("--by", required=True, metavar="USERNAME", help="who has looked; kept on record")

    def handle(self, *args: Any, **options: Any) -> None:
        try:
            actor = User.objects.get(username=options["by"])
            order = Order.objects.select_related("bot").get(client_order_id=options["client_order_id"])
            settled = order_declare(actor=actor, order=order)
        except (User.DoesNotExist, Order.DoesNotExist) as error:
            raise CommandError(str(error)) from None
        except DomainError as error:
            raise CommandError(error.message) from None
        self.stdout.write(f"{settled.symbol} {settled.client_order_id}: {settled.status}")
