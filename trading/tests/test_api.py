"""Orders, positions, logs and spread points over REST: whose they are, how they are narrowed, what they cost."""

from datetime import UTC, datetime, timedelta
from decimal import Decimal
from itertools import count
from typing import Any

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext

from accounts.tests.clients import anonymous, bearer
from bots.models import Bot
from bots.tests.factories import CHZ, GALA, make_bot, make_paper_account, make_user, make_viewer
from trading.core.order_state import OrderStatus
from trading.models import LogType, Order, Position, Purpose, SpreadHistory, SpreadKind, TradeLog

pytestmark = pytest.mark.django_db

AT = datetime(2025, 2, 11, 21, tzinfo=UTC)
_numbers = count(1)


@pytest.fixture
def bot() -> Bot:
    return make_bot()


@pytest.fixture
def api(bot):
    return bearer(bot.owner)


def add_order(bot: Bot, /, **fields: Any) -> Order:
    values = {
        "account": bot.exchange_account,
        "bot": bot,
        "cycle_number": 1,
        "dca_level": 1,
        "purpose": Purpose.OPEN,
        "client_order_id": f"cm{next(_numbers)}",
        "symbol": GALA,
        "side": "buy",
        "order_type": "ioc",
        "price": Decimal("0.035100"),
        "amount": Decimal("2849.000"),
        "status": OrderStatus.CLOSED,
        "market_time": AT,
    }
    return Order.objects.create(**values | fields)


def add_position(bot: Bot, cycle: int, leg: int, **fields: Any) -> Position:
    values = {
        "account": bot.exchange_account,
        "symbol": bot.symbol_of(leg),
        "side": "long",
        "amount": Decimal("2849"),
        "cost": Decimal("100"),
        "entry_price": Decimal("0.0351"),
        "opened_at": AT + timedelta(days=cycle),
    }
    return Position.objects.create(bot=bot, cycle_number=cycle, leg=leg, **values | fields)


def add_log(bot: Bot, **fields: Any) -> TradeLog:
    details = {"code": "started"}
    return TradeLog.objects.create(
        bot=bot, **{"log_type": LogType.INFO, "message": "Started", "details": details} | fields
    )


def add_point(bot: Bot, minute: int, **fields: Any) -> SpreadHistory:
    at = AT + timedelta(minutes=minute)
    values = {
        "market1_price": Decimal("0.0351"),
        "market2_price": Decimal("0.0820"),
        "spread_percentage": minute / 10,
        "spread_open": 0.0,
        "spread_high": minute / 10,
        "spread_low": 0.0,
        "recorded_at": at,
        "stored_on": at.date(),
    }
    return SpreadHistory.objects.create(bot=bot, **values | fields)


def results(api, path: str) -> list[dict[str, Any]]:
    answer = api.get(path)
    assert answer.status_code == 200, answer.content
    return answer.json()["results"]


def test_an_order_as_it_is_shown(api, bot):
    order = add_order(bot)
    shown = results(api, f"/api/v1/bots/{bot.pk}/orders")[0]
    expected = {
        "id": order.pk,
        "account": bot.exchange_account_id,
        "bot": bot.pk,
        "cycle_number": 1,
        "dca_level": 1,
        "order_type": "ioc",
        "exchange_order_id": "",
        "client_order_id": order.client_order_id,
        "price": "0.0351",
        "amount": "2849",
        "filled_amount": "0",
        "average_price": None,
        "status": "closed",
        "filled_at": None,
    }
    assert shown | expected == shown
    assert shown == results(api, "/api/v1/orders/")[0] == results(api, f"/api/v1/orders/{bot.pk}/orders/")[0]
    assert {"data": shown} == api.get(f"/api/v1/account/{bot.exchange_account_id}/orders/{order.pk}").json()


def test_orders_are_narrowed_and_ordered(api, bot):
    first = add_order(bot, symbol=GALA, status=OrderStatus.CLOSED)
    second = add_order(bot, symbol=CHZ, side="sell", status=OrderStatus.UNKNOWN, cycle_number=2, purpose=Purpose.CLOSE)
    other = add_order(make_bot(bot.owner))

    def found(query: str, path: str = f"/api/v1/bots/{bot.pk}/orders") -> list[int]:
        return [row["id"] for row in results(api, f"{path}?{query}")]

    assert found("") == [second.pk, first.pk]
    assert found("ordering=symbol") == [second.pk, first.pk]
    assert found("status=closed") == [first.pk]
    assert found("side=sell&cycle_number=2&purpose=close") == [second.pk]
    assert found(f"symbol={GALA}") == [first.pk]
    assert found("created_after=2999-01-01T00:00:00Z") == []
    assert found("", "/api/v1/orders") == [other.pk, second.pk, first.pk]
    assert found(f"bot={bot.pk}", "/api/v1/orders") == [second.pk, first.pk]
    assert found(f"account={other.account_id}", "/api/v1/orders") == [other.pk]


def test_orders_of_an_account_answer_data(api, bot):
    closed, working = add_order(bot), add_order(bot, status=OrderStatus.OPEN, symbol=CHZ)
    by_hand = add_order(bot, bot=None, purpose=Purpose.MANUAL)
    base = f"/api/v1/account/{bot.exchange_account_id}/orders"

    def found(path: str) -> list[int]:
        return [row["id"] for row in api.get(path).json()["data"]]

    assert found(base) == [by_hand.pk, working.pk, closed.pk]
    assert found(f"{base}?limit=1") == [by_hand.pk]
    assert found(f"{base}?before={working.pk}") == [closed.pk]
    assert found(f"{base}?symbol=CHZ-USDT") == [working.pk]
    assert api.get(f"{base}?limit=0").status_code == 400
    assert api.get(f"{base}?symbol=***").status_code == 400
    foreign = add_order(make_bot(bot.owner))
    assert api.get(f"{base}/{foreign.pk}").status_code == 404


def test_positions(api, bot):
    closed = add_position(bot, 1, 1, is_open=False, amount=0, closed_at=AT)
    opened = add_position(bot, 2, 2, side="short")
    path = f"/api/v1/bots/{bot.pk}/positions"
    assert [row["id"] for row in results(api, path)] == [opened.pk, closed.pk]
    assert [row["id"] for row in results(api, f"{path}?is_open=true")] == [opened.pk]
    assert [row["id"] for row in results(api, f"{path}?cycle_number=1")] == [closed.pk]
    assert [row["id"] for row in results(api, f"{path}?opened_before=2025-02-13T00:00:00Z")] == [closed.pk]
    shown = results(api, path)[0]
    expected = {"is_open": True, "closed_at": None, "side": "short", "amount": "2849", "symbol": CHZ, "funding": "0"}
    assert shown | expected == shown


def test_logs_in_the_reader_s_language(api, bot):
    add_log(bot)
    trouble = add_log(bot, log_type=LogType.ERROR, message="Free words", details={"code": "no such code"})
    path = f"/api/v1/bots/{bot.pk}/logs"
    rows = results(api, path)
    assert [row["log_type"] for row in rows] == ["error", "info"]
    assert rows[0]["message"] == "Free words"
    assert rows[1]["message"]
    assert [row["id"] for row in results(api, f"{path}?log_type=error")] == [trouble.pk]
    assert results(api, f"{path}?created_before=2020-01-01T00:00:00Z") == []


def test_spread_points(api, bot):
    for minute in range(3):
        add_point(bot, minute)
    add_point(bot, 1, kind=SpreadKind.TRADE)
    path = f"/api/v1/bots/{bot.pk}/spread-history"
    rows = results(api, path)
    assert [row["spread_percentage"] for row in rows] == [0.2, 0.1, 0.1, 0.0]
    assert rows[0]["recorded_at"] == "2025-02-11T21:02:00Z"
    assert (rows[0]["market1_price"], rows[0]["market2_price"]) == ("0.0351", "0.082")
    assert len(results(api, f"{path}?kind=trade")) == 1
    window = "recorded_after=2025-02-11T21:01:00Z&recorded_before=2025-02-11T21:02:00Z"
    assert [row["kind"] for row in results(api, f"{path}?{window}&ordering=recorded_at")] == ["trade", "minute"]


@pytest.mark.parametrize("what", ["orders", "positions", "logs", "spread-history"])
@pytest.mark.parametrize(
    "query",
    ["page=0", "page=x", "cycle_number=x", "is_open=x&kind=x&log_type=x&status=x", "symbol=%00&created_after=x"],
)
def test_bad_queries_never_break(api, bot, what, query):
    answer = api.get(f"/api/v1/bots/{bot.pk}/{what}?{query}")
    assert answer.status_code in (200, 400, 404)
    if answer.status_code != 200:
        assert set(answer.json()) == {"detail", "code", "errors"}


@pytest.mark.parametrize(
    "path", ["orders", "bots/{id}/orders", "bots/{id}/positions", "bots/{id}/logs", "bots/{id}/spread-history"]
)
def test_queries_do_not_grow_with_the_rows(api, bot, path):
    for number in range(30):
        add_order(bot)
        add_position(bot, number + 1, 1)
        add_log(bot)
        add_point(bot, number)
    with CaptureQueriesContext(connection) as queries:
        assert len(results(api, f"/api/v1/{path.format(id=bot.pk)}")) == 30
    assert len(queries) <= 12


OF_BOT = [
    "/api/v1/bots/{bot}/orders",
    "/api/v1/bots/{bot}/positions",
    "/api/v1/bots/{bot}/logs",
    "/api/v1/bots/{bot}/spread-history",
    "/api/v1/orders/{bot}/orders",
    "/api/v1/account/{account}/orders",
    "/api/v1/account/{account}/orders/{order}",
]
AT_VENUE = ["/api/v1/account/{account}/orders/open", "/api/v1/account/{account}/orders/closed"]


def address(template: str, order: Order) -> str:
    return template.format(bot=order.bot_id, account=order.account_id, order=order.pk)


@pytest.mark.parametrize("template", [*OF_BOT, *AT_VENUE])
def test_somebody_else_s_are_not_found(bot, template):
    answer = bearer(make_user()).get(address(template, add_order(bot)))
    assert (answer.status_code, answer.json()["code"]) == (404, "not_found")


def test_the_list_of_orders_shows_one_s_own_only(bot):
    add_order(bot)
    assert results(bearer(make_user()), "/api/v1/orders") == []
    stranger = make_paper_account()
    assert results(bearer(stranger.owner), f"/api/v1/orders?bot={bot.pk}&account={bot.exchange_account_id}") == []


@pytest.mark.parametrize("template", [*OF_BOT, *AT_VENUE, "/api/v1/orders"])
def test_nobody_without_logging_in(bot, template):
    answer = anonymous().get(address(template, add_order(bot)))
    assert (answer.status_code, answer.json()["code"]) == (401, "not_authenticated")


@pytest.mark.parametrize("template", [*OF_BOT, "/api/v1/orders"])
def test_viewers_look(template):
    bot = make_bot(make_viewer())
    assert bearer(bot.owner).get(address(template, add_order(bot))).status_code == 200


@pytest.mark.parametrize(
    "instant", ["2000-01-18T01:50:13+17:17", "0001-01-01T00:00:00+10:00", "9999-12-31T23:59:59-10:00"]
)
def test_instants_that_postgresql_would_not_take(api, bot, instant):
    answer = api.get(f"/api/v1/bots/{bot.pk}/orders", {"created_after": instant})
    assert answer.status_code in (200, 400)
