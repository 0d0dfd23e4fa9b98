"""A bot on a real account: opens, adds and closes its pair over the wire, and the books agree to the last unit."""

from datetime import timedelta
from typing import Any

import pytest
from django.utils import timezone

from bots.models import BotStatus
from bots.services import bot_close_positions, bot_create, bot_start
from bots.tests.factories import CHZ, GALA, make_user
from exchanges.adapters import venue_clock
from exchanges.services import account_test
from exchanges.tests.wire.accounts import SERVERS, live_account, serving
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
from trading.tests.replays import bot_data
from trading.ticks import tick_chunk

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


@pytest.mark.parametrize("ahead_ms", [-30_000, 30_000])
def test_two_exchanges_need_not_agree_on_the_time(ahead_ms: int, settings: Any, monkeypatch: Any) -> None:
    monkeypatch.setattr(venue_clock, "DOUBT_AFTER_S", 0.0)
    settings.ORDER_PROOF_S = settings.QUOTE_CACHE_TTL = 0.0
    with serving("okx", settings) as one, serving("bybit", settings) as two:
        settings.EXCHANGE_BASE_URLS = {"okx": {"rest": one.url}, "bybit": {"rest": two.url}}
        user = make_user()
        accounts = [account_test(account=live_account(user, name), now=timezone.now()) for name in ("okx", "bybit")]
        values = {"exchange_account2": accounts[1].pk, "start_time": timezone.now() - timedelta(minutes=30)}
        bot = bot_create(actor=user, data=bot_data(accounts[0], decide_on="tick", **values), now=timezone.now())
        bot = bot_start(actor=user, bot=bot, now=timezone.now())
        two.skew_ms = ahead_ms
        assert tick_chunk([bot.pk], timezone.now()) == []
        moved(one, "1.5")
        assert tick_chunk([bot.pk], timezone.now()) == [bot.pk]
        look(bot)
        assert (bot.level, bot.side) == (1, -1)
        assert one.market.held("GALA") < 0 < two.market.held("CHZ")
