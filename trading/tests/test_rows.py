"""Rows as JSON carries them."""

import json
from datetime import UTC, datetime, timedelta, timezone
from decimal import Decimal
from typing import Any

import pytest

from bots.models import Bot, BotStatus
from bots.rows import plain
from trading.core.order_state import OrderStatus
from trading.models import Cycle, Order, Position, Trade, TradeLog
from trading.rows import bot_row, cycle_row, log_row, order_row, position_row, trade_row

AT = datetime(2025, 1, 2, 3, 4, 5, 678000, tzinfo=UTC)


@pytest.mark.parametrize(
    ("value", "expected"),
    [
        (Decimal("100.000000000000"), "100"),
        (Decimal("0E-12"), "0"),
        (Decimal("-0.000000"), "0"),
        (Decimal("1E+5"), "100000"),
        (Decimal("0.000000120000"), "0.00000012"),
        (AT, "2025-01-02T03:04:05.678000Z"),
        (AT.astimezone(timezone(timedelta(hours=8))), "2025-01-02T03:04:05.678000Z"),
        (AT.replace(microsecond=0), "2025-01-02T03:04:05Z"),
        (AT.date(), "2025-01-02"),
        (OrderStatus.PARTIALLY_FILLED, "partially_filled"),
        (BotStatus.RUNNING, "running"),
        (None, None),
        (1.5, 1.5),
        (True, True),
        ([{"times": 1}], [{"times": 1}]),
    ],
)
def test_values(value: Any, expected: Any) -> None:
    assert plain(value) == expected
    assert type(plain(value)) is type(expected)


@pytest.mark.parametrize(
    ("row", "names"),
    [
        (
            bot_row(Bot(owner_id=1)),
            "exchange_account exchange_account2 level side total_profit total_trades current_cycle",
        ),
        (
            order_row(Order()),
            "cycle_number dca_level order_type exchange_order_id client_order_id filled_amount filled_at",
        ),
        (position_row(Position()), "cycle_number is_open closed_at unrealized_pnl realized_pnl fees funding"),
        (trade_row(Trade()), "cycle_number level action reason side spread pnl naked_ms"),
        (cycle_row(Cycle()), "number side levels realised_pnl fees funding open_spread close_spread"),
        (log_row(TradeLog()), "log_type message details created_at"),
    ],
)
def test_names_of_the_rest_api(row: dict[str, Any], names: str) -> None:
    assert set(names.split()) <= row.keys()
    json.dumps(row, allow_nan=False)


def test_nobody_outside_sees_who_holds_a_bot() -> None:
    assert not [name for name in bot_row(Bot()) if name.startswith("lease")]


def test_ids_stand_for_what_a_row_belongs_to() -> None:
    order = Order(account_id=1, bot_id=2, trade_id=3, client_order_id="cm1", exchange_order_id="9")
    row = order_row(order)
    assert [row[name] for name in ("account", "bot", "trade", "client_order_id", "exchange_order_id")] == [
        1,
        2,
        3,
        "cm1",
        "9",
    ]


def test_a_journal_line_is_worded_from_its_code() -> None:
    log = TradeLog(message="old words", details={"code": "created"})
    assert log_row(log)["message"] == "Created."
    assert log_row(TradeLog(message="as it came", details={}))["message"] == "as it came"
