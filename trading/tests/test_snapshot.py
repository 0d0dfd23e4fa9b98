"""What a page of the live feed begins with."""

import json
from datetime import UTC, datetime
from decimal import Decimal
from typing import Any

import pytest

from bots.models import Bot
from bots.tests.factories import GALA, make_bot, make_paper_account, make_user
from trading.models import LogType, Order, Position, Purpose, TradeLog
from trading.snapshot import LOGS_SHOWN, ORDERS_SHOWN, bot_snapshot, dashboard_snapshot

AT = datetime(2025, 1, 1, tzinfo=UTC)

pytestmark = pytest.mark.django_db


def add_history(bot: Bot, count: int) -> None:
    account = bot.exchange_account
    for number in range(count):
        Order.objects.create(
            account=account,
            bot=bot,
            purpose=Purpose.OPEN,
            client_order_id=f"b{bot.pk}o{number}",
            symbol=GALA,
            side="buy",
            order_type="ioc",
            amount=Decimal(1),
            market_time=AT,
        )
        TradeLog.objects.create(bot=bot, log_type=LogType.INFO, message=f"line {number}")


def add_position(bot: Bot, *, leg: int, is_open: bool) -> None:
    Position.objects.create(
        bot=bot,
        account=bot.exchange_account,
        cycle_number=1,
        leg=leg,
        symbol=GALA,
        side="long",
        amount=int(is_open),
        cost=1,
        entry_price=1,
        is_open=is_open,
        opened_at=AT,
    )


@pytest.fixture
def bot() -> Bot:
    return make_bot(account=make_paper_account(make_user(password=None)))


def test_a_bots_page_begins_with_its_newest_rows_and_open_positions(bot: Bot, django_assert_num_queries: Any) -> None:
    add_history(bot, LOGS_SHOWN + 1)
    add_history(make_bot(account=bot.exchange_account), 1)
    add_position(bot, leg=1, is_open=False)
    add_position(bot, leg=2, is_open=True)
    with django_assert_num_queries(3):
        found = bot_snapshot(bot)
    assert [position["leg"] for position in found["positions"]] == [2]
    assert [order["client_order_id"] for order in found["orders"]] == [
        f"b{bot.pk}o{LOGS_SHOWN - number}" for number in range(ORDERS_SHOWN)
    ]
    assert [log["message"] for log in found["logs"]] == [f"line {LOGS_SHOWN - number}" for number in range(LOGS_SHOWN)]
    json.dumps(found, allow_nan=False)


def test_a_dashboard_begins_with_all_bots_of_its_user_in_one_query(bot: Bot, django_assert_num_queries: Any) -> None:
    others = [make_bot(account=bot.exchange_account) for _ in range(5)]
    make_bot()
    with django_assert_num_queries(1):
        found = dashboard_snapshot(bot.owner)
    assert [row["id"] for row in found["bots"]] == [bot.pk, *(other.pk for other in others)]
    assert found["figures"] == {}
    json.dumps(found, allow_nan=False)
