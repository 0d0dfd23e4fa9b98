"""Bots on real accounts at the wire-format servers, and what must hold of their books whatever happened."""

import time
from datetime import timedelta
from decimal import Decimal
from typing import Any

from django.db.models import Sum
from django.utils import timezone

from bots.models import Bot
from bots.services import bot_close_positions, bot_create, bot_start
from bots.tests.factories import ladder, make_user
from exchanges.services import account_test
from exchanges.tests.wire.accounts import live_account
from exchanges.tests.wire.server import WireServer
from trading.core.order_state import UNSETTLED
from trading.engine import run_tick
from trading.models import LedgerLine, Order, Position, Trade, TradeStatus
from trading.tests.replays import bot_data

BASES = ("GALA", "CHZ")


def made(server: WireServer, **fields: Any) -> Bot:
    """On an account that passed its test."""
    user = make_user()
    account = account_test(account=live_account(user, server.exchange), now=timezone.now())
    values = {
        "start_time": timezone.now() - timedelta(minutes=30),
        "dca_config": ladder((1.0, 1.0), (1.0, 1.0)),
        "max_dca_times": 2,
        "profit_ratio": "500",
        "stop_loss_ratio": "0",
        "decide_on": "tick",
        "max_slippage": "0.5",
    } | fields
    return bot_create(actor=user, data=bot_data(account, **values), now=timezone.now())


def started(server: WireServer, **fields: Any) -> Bot:
    bot = made(server, **fields)
    return bot_start(actor=bot.owner, bot=bot, now=timezone.now())


def opened(server: WireServer, **fields: Any) -> Bot:
    bot = started(server, **fields)
    moved(server, "1.5")
    look_until_settled(bot)
    assert bot.level == 1
    return bot


def moved(server: WireServer, percent: str) -> None:
    server.market.move("GALA", Decimal("0.02") * (1 + Decimal(percent) / 100))


def look(bot: Bot) -> None:
    run_tick(bot.pk, timezone.now())
    bot.refresh_from_db()


def look_until_settled(bot: Bot, *, flat: bool = False, may_wait: bool = False) -> None:
    """As often as ticks would, for as long as an order's time to be sent is not over.

    With `may_wait` an entry of which nothing was sent will do: the next one is some minutes away.
    """
    deadline = time.monotonic() + 20
    while True:
        look(bot)
        under_way = Trade.objects.filter(bot=bot, status=TradeStatus.WORKING).exists()
        if not under_way and (bot.is_flat == flat or (may_wait and entry_was_given_up(bot))):
            return
        assert time.monotonic() < deadline


def entry_was_given_up(bot: Bot) -> bool:
    return bot.is_flat and Trade.objects.filter(bot=bot, status=TradeStatus.FAILED).exists()


def closed(bot: Bot) -> None:
    bot_close_positions(actor=bot.owner, bot=bot, now=timezone.now(), idempotency_key="close")
    look_until_settled(bot, flat=True)


def check_books(bot: Bot, server: WireServer) -> None:
    ours = {p.symbol: p.signed_amount for p in Position.objects.filter(bot=bot, is_open=True)}
    theirs = {f"{base}/USDT:USDT": server.market.held(base) for base in server.market.contracts}
    assert ours == {symbol: amount for symbol, amount in theirs.items() if amount}
    lines = LedgerLine.objects.filter(bot=bot).aggregate(total=Sum("amount"))["total"] or Decimal(0)
    assert server.market.wallet == 10_000 + lines
    assert not Order.objects.filter(bot=bot, status__in=UNSETTLED).exists()


def check_sent_once(bot: Bot, server: WireServer) -> None:
    """Every order at the venue is one of ours, and no id is there twice (invariant 1)."""
    ids = [order.client_id for order in server.market.orders]
    assert len(ids) == len(set(ids))
    assert set(ids) <= set(Order.objects.filter(bot=bot).values_list("client_order_id", flat=True))


def check_no_leg_alone(server: WireServer) -> None:
    held = [server.market.held(base) for base in BASES]
    assert all(held) or not any(held)
