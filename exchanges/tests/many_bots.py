"""Many bots on few markets of one venue."""

from collections.abc import Sequence
from decimal import Decimal
from itertools import count

from django.utils import timezone

from bots.models import Bot, BotStatus
from bots.tests.factories import bot_fields, make_user
from exchanges import venue_clients
from exchanges.models import ExchangeAccount
from exchanges.tests.wire.accounts import live_paper_account
from exchanges.tests.wire.market import Contract
from exchanges.tests.wire.server import WireServer
from trading.ticks import tick_chunk

CHUNK = 50

_labels = count(1)


def list_markets(server: WireServer, wanted: int) -> None:
    """The venue lists so many from now on."""
    like = server.market.contracts["GALA"]
    for number in range(wanted - len(server.market.contracts)):
        base = f"COIN{number}"
        contract = Contract(base, like.price, like.tick, like.lot, like.size, like.notional_min)
        server.market.contracts[base] = contract


def made(exchange: str, bots: int, accounts: int = 10) -> list[int]:
    """Running, flat, over some accounts; every market in as many bots as every other."""
    owned = [live_paper_account(make_user(), exchange, label=f"Play {next(_labels)}") for _ in range(accounts)]
    names = sorted(venue_clients.markets_of(exchange).instruments())
    rows = [_row(owned[number % accounts], names, number) for number in range(bots)]
    return [bot.pk for bot in Bot.objects.bulk_create(rows)]


def look(ids: Sequence[int]) -> None:
    """At each once, chunk by chunk, as beat hands them over."""
    for at in range(0, len(ids), CHUNK):
        tick_chunk(ids[at : at + CHUNK], timezone.now())


def _row(account: ExchangeAccount, names: Sequence[str], number: int) -> Bot:
    one, two = names[2 * number % len(names)], names[(2 * number + 1) % len(names)]
    prices = {"market1_start_price": Decimal("0.02"), "market2_start_price": Decimal("0.02")}
    fields = bot_fields(market1_symbol=one, market2_symbol=two, status=BotStatus.RUNNING, **prices)
    return Bot(owner_id=account.owner_id, exchange_account=account, **fields)
