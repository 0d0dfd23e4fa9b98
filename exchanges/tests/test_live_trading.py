"""A bot on a real account: opens, adds and closes its pair over the wire, and the books agree to the last unit."""

from typing import Any

import pytest
from django.utils import timezone

from bots.models import BotStatus
from bots.services import bot_close_positions
from bots.tests.factories import CHZ, GALA
from exchanges.tests.wire.accounts import SERVERS, serving
from exchanges.tests.wire.server import WireServer
from trading.models import Order
from trading.tests.live_bots import (
    check_books,
    check_no_leg_alone,
    check_sent_once,
    look,
    look_until_settled,
    moved,
    started,
)

pytestmark = pytest.mark.django_db(transaction=True)


@pytest.fixture(params=sorted(SERVERS))
def server(request: Any, settings: Any) -> Any:
    settings.ORDER_PROOF_S = settings.QUOTE_CACHE_TTL = 0.0
    settings.ORDER_SEND_BY_S = 0.3
    with serving(request.param, settings) as server:
        yield server


def test_a_pair_opens_adds_and_closes(server: WireServer) -> None:
    bot = started(server)
    look(bot)
    assert bot.is_flat
    moved(server, "1.5")
    look(bot)
    assert (bot.level, bot.side) == (1, -1)
    assert server.market.held("GALA") < 0 < server.market.held("CHZ")
    check_books(bot, server)
    moved(server, "3.5")
    look(bot)
    assert bot.level == 2
    check_books(bot, server)
    bot_close_positions(actor=bot.owner, bot=bot, now=timezone.now(), idempotency_key="close")
    for _ in range(3):
        look(bot)
    assert bot.is_flat
    check_books(bot, server)
    assert bot.total_profit == server.market.wallet - 10_000
    assert {GALA, CHZ} == set(Order.objects.filter(bot=bot).values_list("symbol", flat=True))


@pytest.mark.parametrize("fault", ["timeout_before", "timeout_after", "not_found", "partial"])
def test_a_fault_at_the_opening_leaves_no_leg_alone(server: WireServer, fault: str) -> None:
    bot = started(server)
    moved(server, "1.5")
    server.market.fault(fault, 1)
    look_until_settled(bot)
    assert bot.status == BotStatus.RUNNING
    check_books(bot, server)
    check_no_leg_alone(server)
    check_sent_once(bot, server)
