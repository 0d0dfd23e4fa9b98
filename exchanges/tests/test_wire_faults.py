"""What goes wrong on the way to a venue: an order is sent once, reads come through, nothing secret is said."""

import logging
import threading
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from datetime import timedelta
from decimal import Decimal
from typing import Any

import pytest
from django.db import connections
from django.utils import timezone

from bots.tests.factories import CHZ, GALA, make_user
from exchanges import registry
from exchanges.adapters.base import OrderReport
from exchanges.adapters.venues import VENUES
from exchanges.errors import (
    AuthFailed,
    DuplicateOrder,
    ExchangeError,
    NotSent,
    OutcomeUnknown,
    RateLimited,
    Rejected,
    Unavailable,
)
from exchanges.tests.contract.rig import Rig
from exchanges.tests.wire.accounts import SERVERS, live_account, serving
from exchanges.tests.wire.market import WireOrder
from exchanges.tests.wire.server import KEY, PASSPHRASE, SECRET, Reply, Request, WireServer
from trading.core.order_state import OrderStatus

pytestmark = pytest.mark.django_db(transaction=True)

MAINTENANCE = {
    "okx": '{"code":"50001","msg":"Service temporarily unavailable.","data":[]}',
    "binance": '{"code":-1000,"msg":"An unknown error occurred while processing the request."}',
    "bybit": '{"retCode":10016,"retMsg":"Internal System Error.","result":{},"time":1}',
}
BANS = {
    "okx": (429, '{"code":"50011","msg":"Rate limit reached. Please refer to API docs.","data":[]}'),
    "binance": (418, '{"code":-1003,"msg":"Way too many requests; IP banned until 1700000000000."}'),
    "bybit": (403, '{"retCode":10006,"retMsg":"Too many visits!","result":{},"time":1}'),
}


@pytest.fixture(params=sorted(SERVERS))
def server(request: Any, settings: Any) -> Any:
    settings.QUOTE_CACHE_TTL = 0.0
    with serving(request.param, settings) as server:
        yield server


@pytest.fixture
def rig(server: WireServer) -> Rig:
    venue = registry.venue_of(live_account(make_user(), server.exchange))
    venue.markets()
    return Rig(venue, GALA, CHZ, Decimal(1000), lambda: None, server.market.fault)


def sent(server: WireServer) -> int:
    return sum(1 for r in server.requests if r.method == "POST" and r.path.endswith(server.order_path))


def fail_order(server: WireServer, **answer: Any) -> None:
    server.market.fault("http", 1, path=server.order_path, method="POST", **answer)


@pytest.mark.parametrize(
    "answer",
    [
        {"status": 503, "text": "<html><body>Bad Gateway</body></html>"},
        {"status": 200, "text": "<html>Please log in</html>"},
        {"status": 500, "text": ""},
        {"status": 504, "text": "upstream timed out"},
        {"status": 307, "text": "", "headers": {"Location": "/elsewhere"}},
        {"status": 200, "text": "{}"},
        {"status": 200, "text": "null"},
        {"cut": True},
        {"drop": True},
        "maintenance",
    ],
)
def test_an_order_that_was_accepted_behind_a_bad_answer_is_unknown_and_then_found(
    server: WireServer, rig: Rig, answer: Any
) -> None:
    if answer == "maintenance":
        answer = {"status": 503, "text": MAINTENANCE[server.exchange]}
    fail_order(server, after=True, **answer)
    request = rig.request()
    if answer.get("text") == "{}" and server.exchange == "binance":  # no complaint, and the order is found at once
        assert rig.venue.create_order(request).filled == rig.amount
    else:
        with pytest.raises(OutcomeUnknown):
            rig.venue.create_order(request)
    assert rig.fetched(request).filled == rig.amount
    assert sent(server) == 1


def test_without_a_connection_nothing_was_sent(server: WireServer, rig: Rig, settings: Any) -> None:
    rig.venue.quotes([GALA])
    server.stop()
    registry_client(rig).close()  # kept connections would outlive the door that is closed
    with pytest.raises(NotSent):
        rig.venue.create_order(rig.request())
    assert sent(server) == 0


def registry_client(rig: Rig) -> Any:
    return rig.venue._client  # type: ignore[attr-defined]


@pytest.mark.parametrize("wish", ["30", None])
def test_a_venue_that_wants_fewer_requests_is_left_alone(server: WireServer, rig: Rig, wish: str | None) -> None:
    """For as long as it says, else for as long as is usual there."""
    status, text = BANS[server.exchange]
    fail_order(server, status=status, text=text, headers={"Retry-After": wish} if wish else {})
    with pytest.raises(RateLimited) as refusal:
        rig.venue.create_order(rig.request())
    assert refusal.value.retry_after_s == (30 if wish else VENUES[server.exchange].pause_s)
    if wish is None:  # over before a slow machine has looked
        return
    before = len(server.requests)
    for call in (lambda: rig.venue.create_order(rig.request()), rig.venue.positions, rig.venue.balance):
        with pytest.raises(RateLimited):
            call()
    assert len(server.requests) == before


def test_one_account_that_asks_too_often_stays_away_alone(server: WireServer, rig: Rig) -> None:
    if server.exchange != "bybit":
        pytest.skip("only Bybit says so with a good status")
    fail_order(server, status=200, text=BANS["bybit"][1])
    with pytest.raises(RateLimited):
        rig.venue.create_order(rig.request())
    other = registry.venue_of(live_account(make_user(), "bybit"))
    with pytest.raises(RateLimited):
        rig.venue.balance()
    assert other.balance().total == 10_000


def test_a_page_that_bans_the_address_is_heeded(server: WireServer, rig: Rig) -> None:
    if server.exchange != "bybit":
        pytest.skip("Bybit's way of banning")
    server.market.fault("http", 1, status=403, text="403, access too frequent")
    with pytest.raises(RateLimited) as refusal:
        rig.venue.balance()
    assert refusal.value.retry_after_s == 600


def test_a_read_comes_through_what_passes(server: WireServer, rig: Rig) -> None:
    server.market.fault("http", 1, status=502, text="<html>")
    server.market.fault("http", 1, drop=True)
    server.market.fault("http", 1, cut=True)
    assert rig.venue.balance().total == 10_000


def test_a_read_that_fails_for_good_is_unavailable(server: WireServer, rig: Rig) -> None:
    server.market.fault("http", 1_000, status=503, text=MAINTENANCE[server.exchange])
    for call in (rig.venue.positions, rig.venue.open_orders, lambda: rig.fetched(rig.request())):
        with pytest.raises(Unavailable):
            call()


def test_what_is_not_offered_is_not_asked_for_again_and_again(server: WireServer, rig: Rig) -> None:
    rig.venue.balance()
    server.market.fault("http", 1_000, status=404, text="<html>")
    before = len(server.requests)
    with pytest.raises(Unavailable):
        rig.venue.balance()
    assert len(server.requests) == before + 1


def test_an_older_endpoint_will_do(server: WireServer, rig: Rig) -> None:
    if server.exchange != "okx":
        pytest.skip("OKX tells recent and old fills apart")
    server.market.fault("http", 1_000, path="trade/fills", exact=True, status=404, text="<html>")
    report = rig.done(rig.request())
    assert (report.filled, len(report.fills)) == (rig.amount, 1)


def test_an_answer_of_another_form_is_not_an_empty_one(server: WireServer, rig: Rig) -> None:
    good = {"okx": '{"code":"0"}', "binance": "{}", "bybit": '{"retCode":0,"retMsg":"OK"}'}
    server.market.fault("http", 1_000, text=good[server.exchange])
    for call in (rig.venue.positions, rig.venue.open_orders, rig.venue.balance):
        with pytest.raises(Unavailable):
            call()


def test_a_clock_that_moved_refuses_an_order_and_is_measured_again(server: WireServer, rig: Rig) -> None:
    rig.venue.balance()
    server.skew_ms = 3_600_000
    with pytest.raises(Rejected) as refusal:
        rig.venue.create_order(rig.request())
    assert refusal.value.reason in ("clock", "") or refusal.value.code == "50036"
    assert rig.done(rig.request()).status == OrderStatus.CLOSED
    assert abs(rig.venue.clock().timestamp() - timezone.now().timestamp() - 3_600) < 1


def test_a_key_that_is_refused_says_so(server: WireServer, settings: Any) -> None:
    account = live_account(make_user(), server.exchange, api_key="mistyped-4711")
    with pytest.raises(AuthFailed):
        registry.venue_of(account).balance()


def test_insufficient_margin_of_one_leg(server: WireServer, rig: Rig) -> None:
    server.market.fault("insufficient")
    with pytest.raises(Rejected) as refusal:
        rig.venue.create_order(rig.request())
    assert (refusal.value.reason, bool(refusal.value.code)) == ("insufficient_margin", True)


def test_both_legs_are_on_the_wire_at_once(server: WireServer, rig: Rig, monkeypatch: Any) -> None:
    """The server answers neither before it has both."""
    both = threading.Barrier(2, timeout=5)
    answer = server.answer

    def waiting(request: Request) -> Reply:
        if request.method == "POST":
            both.wait()
        return answer(request)

    monkeypatch.setattr(server, "answer", waiting)
    requests = [rig.request("sell"), replace(rig.request("buy"), symbol=CHZ)]
    with ThreadPoolExecutor(2) as pool:
        reports = list(pool.map(lambda request: in_thread(rig, request), requests))
    assert [report.status for report in reports] == [OrderStatus.CLOSED] * 2


def in_thread(rig: Rig, request: Any) -> OrderReport:
    try:
        return rig.venue.create_order(request)
    finally:
        connections.close_all()


def test_without_redis_the_account_can_still_be_traded_on(server: WireServer, rig: Rig, settings: Any) -> None:
    settings.REDIS_URL = "redis://127.0.0.1:1/0"
    settings.CACHES = {"default": settings.CACHES["default"] | {"LOCATION": "redis://127.0.0.1:1/0"}}
    settings.MARKET_CACHE_TTL = 0.0
    assert rig.done(rig.request("buy")).status == OrderStatus.CLOSED
    assert rig.done(rig.request("sell", reduce_only=True)).status == OrderStatus.CLOSED
    assert set(rig.venue.quotes([GALA])) == {GALA}
    assert not rig.venue.positions()


def test_prices_and_amounts_go_without_zeros_at_their_end(server: WireServer, rig: Rig) -> None:
    """The database gives twelve decimals to each."""
    price = rig.price("0.5").quantize(Decimal("1e-12"))
    rig.venue.create_order(rig.request("buy", "limit", amount=Decimal("1000.000000000000"), price=price))
    body = next(r.body for r in reversed(server.requests) if r.method == "POST")
    assert "0.01" in body
    assert "0.010" not in body
    assert "1000.0" not in body


def test_ping_asks_now(server: WireServer, rig: Rig) -> None:
    before = len(server.requests)
    server.skew_ms = 120_000
    assert abs(rig.venue.ping().timestamp() - timezone.now().timestamp() - 120) < 1  # type: ignore[attr-defined]
    assert len(server.requests) == before + 1


@pytest.mark.parametrize("hedged", [True, False])
def test_one_way_mode_is_set_before_trading(server: WireServer, rig: Rig, hedged: bool) -> None:
    server.market.hedged = hedged
    rig.venue.set_leverage(GALA, leverage=7, margin_mode="cross")
    assert not server.market.hedged
    assert server.market.mode("GALA")[0] == 7


LEVERAGE_SET = {
    "okx": ("set-leverage", '{"code":"0","msg":"","data":[{}]}'),
    "binance": ("/fapi/v1/leverage", '{"leverage":7,"symbol":"GALAUSDT"}'),
    "bybit": ("set-leverage", '{"retCode":0,"retMsg":"OK","result":{}}'),
}


def test_a_setting_that_did_not_take_hold_is_refused(server: WireServer, rig: Rig) -> None:
    """The venue says that it is done, and has the old leverage when it is asked."""
    path, text = LEVERAGE_SET[server.exchange]
    server.market.fault("http", 1, path=path, method="POST", text=text)
    with pytest.raises(Rejected) as refusal:
        rig.venue.set_leverage(GALA, leverage=7, margin_mode="cross")
    assert refusal.value.reason == "leverage"


def test_a_stop_that_was_accepted_behind_a_bad_answer_is_unknown_and_then_found(server: WireServer, rig: Rig) -> None:
    """Some venues have other endpoints for stops."""
    rig.done(rig.request())
    path = {"okx": "order-algo", "binance": "algoOrder", "bybit": server.order_path}[server.exchange]
    server.market.fault("http", 1, path=path, method="POST", after=True, status=502, text="<html>Bad Gateway</html>")
    request = rig.stop(reduce_only=False)
    with pytest.raises(OutcomeUnknown):
        rig.venue.create_order(request)
    assert rig.fetched(request).status == OrderStatus.OPEN
    with pytest.raises(DuplicateOrder):
        rig.venue.create_order(request)
    assert len(rig.venue.open_orders()) == 1


def test_funding_is_booked_as_the_venue_says(server: WireServer, rig: Rig) -> None:
    rig.done(rig.request("buy"))
    before = timezone.now() - timedelta(seconds=1)  # venues tell milliseconds
    server.market.fund("GALA", Decimal("0.0001"))
    server.market.fund("GALA", Decimal("-0.0003"))
    paid, received = rig.venue.funding_payments(since=before)
    assert (paid.amount, received.amount) == (Decimal("-0.002"), Decimal("0.006"))
    assert (paid.symbol, paid.currency) == (GALA, "USDT")
    assert paid.payment_id != received.payment_id


def test_many_fills_are_all_told(server: WireServer, rig: Rig) -> None:
    step = rig.rules.amount_step * 1_000
    for _ in range(120):
        server.market.place(wire_order(server, step))
    assert len(rig.venue.fills(GALA, since=timezone.now() - timedelta(minutes=5))) == 120


def test_more_fills_than_a_page_holds_are_all_told(server: WireServer, rig: Rig) -> None:
    """Of one order, and of a market: Binance tells a thousand at a time, OKX a hundred, Bybit fifty."""
    request, each = rig.request(amount=Decimal(2_200)), Decimal(2)
    rig.venue.create_order(request)
    first = server.market.fills.pop()
    server.market.fills += [
        replace(first, number=first.number + n, amount=each, at_ms=first.at_ms + n) for n in range(1_100)
    ]
    server.skew_ms += 5_000
    report = rig.fetched(request)
    assert len({fill.trade_id for fill in report.fills}) == len(report.fills) == 1_100
    assert sum(fill.amount for fill in report.fills) == first.amount
    assert len(rig.venue.fills(GALA, since=timezone.now() - timedelta(minutes=5))) == 1_100


def wire_order(server: WireServer, amount: Decimal) -> WireOrder:
    number = len(server.market.orders)
    return WireOrder(0, f"other{number}", "GALA", "buy", "market", "gtc", None, amount, False, 0, "cross")


def test_nothing_secret_is_said(server: WireServer, rig: Rig, caplog: Any, settings: Any) -> None:
    """Venues repeat what they were sent; so do libraries that write logs."""
    caplog.set_level(logging.DEBUG)
    secrets = (KEY, SECRET, *([PASSPHRASE] if server.exchange == "okx" else []))
    said = " ".join(secrets)
    texts = []
    for status in (200, 400, 401, 429, 500):
        fail_order(server, status=status, text=f'{{"code":-1102,"retCode":10001,"retMsg":"{said}","msg":"{said}"}}')
        with pytest.raises(ExchangeError) as error:
            rig.venue.create_order(rig.request())
        settings.REDIS_PREFIX += "x"
        texts += [str(error.value), error.value.message, repr(error.value), repr(error.value.__context__)]
        rig.venue._client._budget._away_until = 0.0  # type: ignore[attr-defined]
    texts += [caplog.text, repr(rig.venue), repr(registry_client(rig)._keys)]
    for secret in secrets:
        assert not any(secret in text for text in texts)
