"""The orders page and its CSV file."""

import csv
import io
from datetime import timedelta
from decimal import Decimal

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext
from django.utils import timezone
from hypothesis import given
from hypothesis import strategies as st

from accounts.csv_cells import FORMULA_STARTS, safe_cell
from bots.tests.factories import CHZ, GALA, make_bot, make_paper_account, make_user
from bots.tests.page_client import client_of, page_of
from bots.tests.page_rows import AT
from trading.core.order_state import OrderStatus
from trading.models import Fill, Order, Purpose
from trading.pages.csv_response import ROWS_A_PART, csv_response

pytestmark = pytest.mark.django_db


def make_order(bot, n=1, **fields):
    values = {
        "account": bot.exchange_account,
        "bot": bot,
        "cycle_number": 1,
        "dca_level": 1,
        "leg": 1,
        "purpose": Purpose.OPEN,
        "client_order_id": f"cm{bot.pk}x{n}",
        "symbol": GALA,
        "side": "sell",
        "order_type": "ioc",
        "amount": Decimal(2800),
        "filled_amount": Decimal(2800),
        "average_price": Decimal("0.0357"),
        "cost": Decimal("99.96"),
        "fee": Decimal("0.05"),
        "fee_currency": "USDT",
        "status": OrderStatus.CLOSED,
        "market_time": AT,
    }
    return Order.objects.create(**values | fields)


def make_fill(order, trade_id, amount, realised):
    Fill.objects.create(
        order=order,
        account=order.account,
        symbol=order.symbol,
        trade_id=trade_id,
        side=order.side,
        price=Decimal("0.0357"),
        amount=Decimal(amount),
        fee=Decimal("0.01"),
        fee_currency="USDT",
        realised_pnl=Decimal(realised),
        at=AT,
    )


def rows_of(response):
    return list(csv.DictReader(io.StringIO(response.getvalue().decode("utf-8-sig"))))


def test_an_order_is_shown_with_its_bot_and_figures():
    bot = make_bot(bot_name="Alpha")
    make_order(bot)
    html = page_of(bot.owner, "/orders/")
    for text in ("Alpha", "GALA/USDT", "2,800", "0.035700", "99.96", "Filled"):
        assert text in html


def test_no_order_yet_is_said():
    assert "Nothing was ordered yet" in page_of(make_user(), "/orders/")


@pytest.mark.parametrize(
    ("query", "shown"),
    [
        ("state=filled", {"1"}),
        ("state=working", {"2"}),
        ("state=unfilled", {"3"}),
        ("symbol=chz", {"2"}),
        ("symbol=GALA-USDT", {"1", "3"}),
        ("state=nonsense", {"1", "2", "3"}),
        ("since=2000-01-01&until=2000-01-02", set()),
        ("since=nonsense", {"1", "2", "3"}),
    ],
)
def test_orders_can_be_narrowed(query, shown):
    bot = make_bot()
    make_order(bot, 1)
    make_order(bot, 2, symbol=CHZ, status=OrderStatus.OPEN, filled_amount=0)
    make_order(bot, 3, status=OrderStatus.REJECTED, filled_amount=0)
    rows = rows_of(client_of(bot.owner).get(f"/orders/export.csv?{query}"))
    assert {row["Client order id"].rpartition("x")[2] for row in rows} == shown
    assert client_of(bot.owner).get(f"/orders/?{query}").status_code == 200


def test_days_are_those_of_the_user():
    user = make_user(time_zone="Pacific/Kiritimati")
    order = make_order(make_bot(account=make_paper_account(user)))
    today = (timezone.now() + timedelta(hours=14)).date()
    Order.objects.filter(pk=order.pk).update(created_at=timezone.now())
    assert len(rows_of(client_of(user).get(f"/orders/export.csv?since={today}&until={today}"))) == 1
    tomorrow = today + timedelta(days=1)
    assert not rows_of(client_of(user).get(f"/orders/export.csv?since={tomorrow}"))


def test_pages_go_on_where_the_one_before_ended():
    bot = make_bot()
    for n in range(1, 61):
        make_order(bot, n)
    client = client_of(bot.owner)
    first = client.get("/orders/")
    assert len(first.context["rows"]) == 50
    second = client.get(f"/orders/?before={first.context['older']}")
    assert len(second.context["rows"]) == 10
    assert second.context["older"] is None
    seen = {order.pk for page in (first, second) for order in page.context["rows"]}
    assert len(seen) == 60


@pytest.mark.parametrize("before", ["-1", "x", "9" * 40, "%00", "²"])
def test_an_odd_place_to_go_on_from_answers(before):
    bot = make_bot()
    make_order(bot)
    assert client_of(bot.owner).get(f"/orders/?before={before}").status_code == 200


def test_the_page_costs_the_same_for_one_order_and_for_fifty():
    bot = make_bot()
    make_order(bot, 1)
    client = client_of(bot.owner)
    with CaptureQueriesContext(connection) as few:
        client.get("/orders/")
    for n in range(2, 51):
        make_order(bot, n)
    with CaptureQueriesContext(connection) as many:
        client.get("/orders/")
    assert len(many) == len(few) <= 12


def test_nobody_sees_the_orders_of_others():
    theirs = make_bot(bot_name="Secret plan")
    make_order(theirs)
    stranger = make_user()
    assert "Secret plan" not in page_of(stranger, f"/orders/?bot={theirs.pk}&account={theirs.exchange_account_id}")
    assert not rows_of(client_of(stranger).get(f"/orders/export.csv?bot={theirs.pk}"))


def test_the_file_executes_nothing_in_a_spreadsheet():
    bot = make_bot(bot_name='=HYPERLINK("http://evil.example","here")')
    make_order(bot, reason="@SUM(1+1)")
    [row] = rows_of(client_of(bot.owner).get("/orders/export.csv"))
    assert row["Bot"] == '\'=HYPERLINK("http://evil.example","here")'
    assert row["Reason"] == "'@SUM(1+1)"
    assert row["Amount"] == "2800"


@given(st.text())
def test_a_cell_never_begins_a_formula_and_loses_nothing(text):
    cell = safe_cell(text)
    assert not cell.startswith(FORMULA_STARTS)
    assert cell.endswith(text)


def test_only_the_list_is_sent_when_the_filter_changes():
    bot = make_bot()
    make_order(bot)
    headers = {"HX-Request": "true", "HX-Target": "orders"}
    html = client_of(bot.owner).get("/orders/", headers=headers).content.decode()
    assert "<html" not in html
    assert "GALA/USDT" in html


def test_fills_stand_beside_the_orders_and_in_a_file_of_their_own():
    bot = make_bot(bot_name="Alpha")
    order = make_order(bot, purpose=Purpose.CLOSE, cycle_number=7)
    make_fill(order, "1", "800", "4.5")
    make_fill(order, "2", "2000", "-1.25")
    make_order(bot, 2)
    html = page_of(bot.owner, "/orders/?show=fills")
    assert html.count("GALA/USDT") == 2
    for text in ("2,000", "+4.50", "−1.25", "cycle 7"):
        assert text in html
    rows = rows_of(client_of(bot.owner).get("/orders/export.csv?show=fills"))
    assert [row["Amount"] for row in rows] == ["2000", "800"]
    names = ("Exchange", "Market", "Side", "Price", "Fee", "Fee currency", "Realised P&L", "Cycle")
    assert [rows[1][name] for name in names] == ["paper", GALA, "sell", "0.0357", "0.01", "USDT", "4.5", "7"]
    assert rows[0]["Time (UTC)"] == "2025-02-05 15:30:00"


def test_an_order_says_what_its_fills_realised():
    bot = make_bot()
    order = make_order(bot, purpose=Purpose.CLOSE)
    make_fill(order, "1", "800", "4.5")
    make_fill(order, "2", "2000", "-1.25")
    assert "+3.25" in page_of(bot.owner, "/orders/")
    [row] = rows_of(client_of(bot.owner).get("/orders/export.csv"))
    assert row["Realised P&L"] == "3.25"


def test_fills_are_narrowed_by_their_orders():
    bot = make_bot()
    make_fill(make_order(bot, purpose=Purpose.CLOSE), "1", "800", "4.5")
    make_fill(make_order(bot, 2), "2", "700", "0")
    html = page_of(bot.owner, "/orders/?show=fills&purpose=close")
    assert "800" in html
    assert "700 " not in html
    stranger = client_of(make_user())
    assert not rows_of(stranger.get(f"/orders/export.csv?show=fills&bot={bot.pk}"))


@pytest.mark.parametrize(
    ("state", "status"),
    [("cancelled", OrderStatus.EXPIRED), ("refused", OrderStatus.REJECTED), ("unknown", OrderStatus.UNKNOWN)],
)
def test_orders_are_narrowed_by_how_they_ended(state, status):
    bot = make_bot()
    make_order(bot)
    make_order(bot, 2, status=status, symbol=CHZ, filled_amount=0)
    html = page_of(bot.owner, f"/orders/?state={state}")
    assert "CHZ/USDT" in html
    assert "GALA/USDT" not in html


def counted(read):
    for number in range(1200):
        read.append(number)
        yield [str(number)]


def test_a_file_is_sent_while_it_is_read():
    read: list[int] = []
    parts = iter(csv_response("x.csv", ["number"], counted(read)))
    assert (next(parts), read) == ("\ufeffnumber\r\n".encode(), [])
    assert next(parts).startswith(b"0\r\n1\r\n")
    assert len(read) == ROWS_A_PART


async def test_nor_does_a_server_read_it_first():
    read: list[int] = []
    parts = aiter(csv_response("x.csv", ["number"], counted(read)))
    await anext(parts)
    assert read == []
    assert len([part async for part in parts]) == 3
