"""Faults of real venues under a whole bot: nothing sent twice, nothing lost, no leg alone, nothing counted wrong."""

from datetime import timedelta
from decimal import Decimal
from itertools import count
from typing import Any

import pytest
from django.core.cache import cache
from django.core.management import CommandError, call_command
from django.utils import timezone

from bots.models import BotStatus
from bots.services import bot_close_positions
from bots.tests.factories import make_user
from exchanges import listings
from exchanges.adapters import venue_clock
from exchanges.errors import DomainError
from exchanges.registry import venue_of
from exchanges.services import account_update
from exchanges.tests.wire.accounts import SERVERS, serving
from exchanges.tests.wire.server import SECRET, Reply, Request, WireServer
from trading.core.order_state import UNSETTLED, OrderStatus
from trading.ledger import cycle_money
from trading.models import Fill, LedgerLine, Order, Position, Purpose, TradeLog
from trading.tests.live_bots import (
    BASES,
    check_books,
    check_no_leg_alone,
    check_sent_once,
    closed,
    look,
    look_until_settled,
    moved,
    opened,
    started,
)

pytestmark = pytest.mark.django_db(transaction=True)

HTML = "<html><body>502 Bad Gateway</body></html>"
BAD_ANSWERS: dict[str, dict[str, Any]] = {
    "dropped before": {"drop": True},
    "dropped after": {"drop": True, "after": True},
    "a page, not taken": {"status": 502, "text": HTML},
    "a page, taken": {"status": 502, "text": HTML, "after": True},
    "a good status with a page": {"status": 200, "text": HTML, "after": True},
    "truncated": {"cut": True},
    "empty, taken": {"status": 200, "text": "{}", "after": True},
    "empty, not taken": {"status": 200, "text": "{}"},
    "too many": {"status": 429, "text": HTML, "headers": {"Retry-After": "1"}},
    "banned": {"status": 418, "text": HTML, "headers": {"Retry-After": "1"}},
    "teapot": {"status": 500, "text": "", "after": True},
}


@pytest.fixture(params=sorted(SERVERS))
def server(request: Any, settings: Any) -> Any:
    settings.ORDER_PROOF_S = settings.QUOTE_CACHE_TTL = 0.0
    settings.ORDER_SEND_BY_S = 0.3
    with serving(request.param, settings) as server:
        yield server


def codes(bot: Any) -> set[str]:
    return {details["code"] for details in TradeLog.objects.filter(bot=bot).values_list("details", flat=True)}


def fail_order(server: WireServer, times: int = 1, **answer: Any) -> None:
    server.market.fault("http", times, path=server.order_path, method="POST", **answer)


@pytest.mark.parametrize("answer", BAD_ANSWERS.values(), ids=BAD_ANSWERS)
@pytest.mark.parametrize("moment", ["opening", "closing"])
def test_a_bad_answer_to_an_order(server: WireServer, answer: dict[str, Any], moment: str) -> None:
    bot = started(server)
    moved(server, "1.5")
    if moment == "closing":
        look_until_settled(bot)
        bot_close_positions(actor=bot.owner, bot=bot, now=timezone.now(), idempotency_key="close")
    fail_order(server, **answer)
    turned_away = answer.get("status") in (418, 429)  # the second leg too, if it comes after that answer
    look_until_settled(bot, flat=moment == "closing", may_wait=turned_away)
    check_books(bot, server)
    check_no_leg_alone(server)
    check_sent_once(bot, server)


def test_a_leg_that_came_too_often_is_completed_once_its_venue_listens_again(
    server: WireServer, monkeypatch: Any
) -> None:
    """Asked again at once, it would use up its attempts within the venue's pause, and the other leg would be undone.

    The pause is longer than a question of the same tick waits for its end.
    """
    bot = started(server)
    moved(server, "1.5")
    answer, orders = server.answer, count()

    def tired(request: Request) -> Reply:
        if request.method == "POST" and server.order_path in request.path and next(orders) == 1:
            return Reply(429, HTML, {"Retry-After": "3"})
        return answer(request)

    monkeypatch.setattr(server, "answer", tired)
    look_until_settled(bot)
    check_books(bot, server)
    assert bot.level == 1
    assert not Order.objects.filter(bot=bot, purpose=Purpose.UNWIND).exists()
    assert Order.objects.filter(bot=bot, status=OrderStatus.REJECTED).count() == 1


def test_an_accepted_order_is_not_called_refused_because_the_time_was_not_told(
    server: WireServer, monkeypatch: Any
) -> None:
    """The clock has to be measured anew just then, and the venue wants fewer requests."""
    bot = started(server)
    moved(server, "1.5")
    look_until_time_is_asked_for(server, bot, monkeypatch)
    assert not Order.objects.filter(bot=bot, status=OrderStatus.REJECTED).exists()
    server.market.faults.clear()
    look_until_settled(bot)
    check_books(bot, server)
    assert len(server.market.orders) == 2


def look_until_time_is_asked_for(server: WireServer, bot: Any, monkeypatch: Any) -> None:
    client = venue_of(bot.exchange_account)._client  # type: ignore[attr-defined]
    answer = server.answer

    def tiring(request: Request) -> Reply:
        if request.method == "POST" and request.path.endswith(server.order_path):
            client._clock._until = 0.0
            server.market.fault("http", 5, path="time", status=429, text="", headers={"Retry-After": "1"})
        return answer(request)

    monkeypatch.setattr(server, "answer", tiring)
    look(bot)
    monkeypatch.undo()


def test_fees_in_another_coin_are_never_added_to_the_profit(server: WireServer, monkeypatch: Any) -> None:
    """Its owner switched them on at the venue after the start."""
    bot = started(server)
    fee_names = {"okx": ('"feeCcy":"USDT"', '"feeCcy":"OKB"'), "bybit": ('"feeCurrency":""', '"feeCurrency":"BIT"')}
    old, new = fee_names.get(server.exchange, ('"commissionAsset":"USDT"', '"commissionAsset":"BNB"'))
    answer = server.answer

    def elsewhere(request: Request) -> Reply:
        found = answer(request)
        return Reply(found.status, found.text and found.text.replace(old, new), found.headers)

    monkeypatch.setattr(server, "answer", elsewhere)
    moved(server, "1.5")
    look_until_settled(bot)
    closed(bot)
    coin = new.rsplit(":", 1)[-1].strip('"')
    assert set(Fill.objects.filter(order__bot=bot).values_list("fee_currency", flat=True)) == {coin}
    realised = sum(Fill.objects.filter(order__bot=bot).values_list("realised_pnl", flat=True), Decimal(0))
    assert bot.total_profit == realised
    assert cycle_money(bot.pk, 1) == {"realised_pnl": realised, "fees": 0, "funding": 0}
    assert set(LedgerLine.objects.filter(bot=bot, kind="fee").values_list("currency", flat=True)) == {coin}
    assert set(LedgerLine.objects.filter(bot=bot, kind="realised").values_list("currency", flat=True)) == {"USDT"}
    assert set(Position.objects.filter(bot=bot).values_list("fees", flat=True)) == {0}
    assert "fee_elsewhere" in codes(bot)


def lost_order(server: WireServer, bot: Any) -> Order:
    """Sent, its answer lost, and then the bot was not looked at for longer than the venue remembers."""
    moved(server, "1.5")
    fail_order(server, 2, drop=True)
    look(bot)
    assert {order.status for order in Order.objects.filter(bot=bot)} == {OrderStatus.UNKNOWN}
    long_ago = timezone.now() - timedelta(days=4)
    Order.objects.filter(bot=bot).update(submitted_at=long_ago, send_by=long_ago)
    return Order.objects.filter(bot=bot).earliest("id")


def test_what_the_venue_cannot_remember_any_more_is_for_a_person_to_decide(server: WireServer) -> None:
    bot = started(server)
    lost_order(server, bot)
    for _ in range(2):
        look(bot)
    assert {order.status for order in Order.objects.filter(bot=bot)} == {OrderStatus.UNKNOWN}
    assert (bot.status, bot.status_reason) == (BotStatus.ERROR, "order_unknown")
    assert not server.market.orders
    for order in Order.objects.filter(bot=bot):
        with pytest.raises(CommandError):
            call_command("settle_order", order.client_order_id, by=make_user().username)
        call_command("settle_order", order.client_order_id, by=bot.owner.username)
    assert bot.owner.username in Order.objects.filter(bot=bot).latest("id").reason
    look(bot)
    assert not Order.objects.filter(bot=bot, status__in=UNSETTLED).exists()


def test_an_order_that_a_failing_question_may_hide_stays_unknown(server: WireServer) -> None:
    bot = started(server)
    moved(server, "1.5")
    fail_order(server, 2, drop=True)
    look(bot)
    path = {"okx": "fills", "binance": "userTrades", "bybit": "execution/list"}[server.exchange]
    server.market.fault("http", 1_000, path=path, status=503, text=HTML)
    deadline = timezone.now() + timedelta(seconds=0.8)
    while timezone.now() < deadline:
        look(bot)
    assert {order.status for order in Order.objects.filter(bot=bot)} == {OrderStatus.UNKNOWN}
    server.market.faults.clear()
    look_until_settled(bot)
    check_books(bot, server)
    check_sent_once(bot, server)


def test_keys_of_another_login_are_refused_while_something_is_held(server: WireServer, settings: Any) -> None:
    if server.exchange == "binance":
        pytest.skip("Binance tells its number to spot keys only")
    bot = opened(server)
    account = bot.exchange_account
    account_update(account=account, data={"api_secret": SECRET})  # the same login: keys may be renewed
    assert account.venue_uid
    with pytest.raises(DomainError, match="tested"):
        account_update(account=account, data={"api_secret": "another-secret"})
    account.venue_uid = "somebody-else"
    account.save(update_fields=["venue_uid"])
    with pytest.raises(DomainError, match="login"):
        account_update(account=account, data={"api_secret": SECRET})
    check_books(bot, server)


def test_an_account_with_an_unsettled_order_is_not_switched_off(server: WireServer) -> None:
    bot = started(server)
    moved(server, "1.5")
    fail_order(server, 2, drop=True)
    look(bot)
    bot.status = BotStatus.PAUSED
    bot.save(update_fields=["status"])
    with pytest.raises(DomainError):
        account_update(account=bot.exchange_account, data={"is_active": False})


def test_a_revoked_key_in_the_middle_of_a_trade_is_an_error_and_goes_on_later(server: WireServer) -> None:
    bot = opened(server)
    refusal = {
        "okx": (401, '{"code":"50111","msg":"Invalid OK-ACCESS-KEY","data":[]}'),
        "binance": (401, '{"code":-2015,"msg":"Invalid API-key, IP, or permissions for action."}'),
        "bybit": (200, '{"retCode":10003,"retMsg":"API key is invalid.","result":{},"time":1}'),
    }[server.exchange]
    fail_order(server, 1_000, status=refusal[0], text=refusal[1])
    bot_close_positions(actor=bot.owner, bot=bot, now=timezone.now(), idempotency_key="close")
    for _ in range(4):
        look(bot)
    assert (bot.status, bot.is_flat) == (BotStatus.ERROR, False)
    server.market.faults.clear()
    look_until_settled(bot, flat=True)
    check_books(bot, server)
    check_sent_once(bot, server)


def test_one_leg_without_margin_does_not_leave_the_other_alone(server: WireServer) -> None:
    bot = started(server)
    moved(server, "1.5")
    server.market.fault("insufficient", 20)
    deadline = 0
    while not bot.entry_failures:
        look(bot)
        deadline += 1
        assert deadline < 30
    check_no_leg_alone(server)
    check_books(bot, server)
    check_sent_once(bot, server)


def test_a_leg_closed_by_hand_is_never_opened_the_other_way(server: WireServer) -> None:
    """What is reduce-only is refused or cut there; the other leg is closed all the same."""
    bot = opened(server)
    server.market.positions.pop("GALA")
    bot_close_positions(actor=bot.owner, bot=bot, now=timezone.now(), idempotency_key="close")
    for _ in range(5):
        look(bot)
    assert [server.market.held(base) for base in BASES] == [0, 0]
    assert bot.status == BotStatus.ERROR
    check_sent_once(bot, server)


def test_a_clock_that_moved_sends_nothing_twice(server: WireServer) -> None:
    bot = started(server)
    moved(server, "1.5")
    server.skew_ms = 3_600_000
    look_until_settled(bot)
    check_books(bot, server)
    check_sent_once(bot, server)


@pytest.mark.parametrize("ahead_ms", [-30_000, 30_000])
def test_a_clock_that_moved_is_seen_by_the_quotes(server: WireServer, ahead_ms: int, monkeypatch: Any) -> None:
    """A flat bot asks nothing that would be refused for its time: its quotes alone look old, or of the future."""
    monkeypatch.setattr(venue_clock, "DOUBT_AFTER_S", 0.0)
    bot = started(server)
    server.skew_ms = ahead_ms
    look(bot)
    assert abs(venue_of(bot.exchange_account).clock() - timezone.now()).total_seconds() > 29
    moved(server, "1.5")
    look_until_settled(bot)
    check_books(bot, server)


def test_old_quotes_open_nothing(server: WireServer, monkeypatch: Any) -> None:
    """The venue still answers, but with a market of half a minute ago."""
    bot = started(server)
    if server.exchange == "bybit":
        pytest.skip("its tickers carry the time of the answer alone")
    answer, now_ms = server.answer, server.now_ms

    def behind(request: Request) -> Reply:
        if "ticker" not in request.path.lower():
            return answer(request)
        monkeypatch.setattr(server, "now_ms", lambda: now_ms() - 30_000)
        found = answer(request)
        monkeypatch.setattr(server, "now_ms", now_ms)
        return found

    monkeypatch.setattr(server, "answer", behind)
    moved(server, "1.5")
    look(bot)
    assert not server.market.orders
    assert "quotes_stale" in codes(bot)


def test_funding_and_other_markets_are_told_apart(server: WireServer) -> None:
    bot = opened(server)
    server.market.fund("GALA", Decimal("0.0001"))
    server.market.fund("CHZ", Decimal("-0.0003"))
    closed(bot)
    assert LedgerLine.objects.filter(bot=bot, kind="funding").count() == 2
    check_books(bot, server)
    assert bot.total_profit == server.market.wallet - 10_000
    assert not Order.objects.filter(bot=bot, status__in=UNSETTLED).exists()


def test_an_account_that_was_switched_off_still_closes_and_opens_nothing(server: WireServer) -> None:
    bot = opened(server)
    account = bot.exchange_account
    account.is_active = False
    account.save(update_fields=["is_active", "updated_at"])  # as an administrator does, whatever is held
    moved(server, "3.5")
    look(bot)
    assert len(server.market.orders) == 2
    closed(bot)
    check_books(bot, server)


def test_a_market_that_was_taken_off_is_still_closed(server: WireServer) -> None:
    bot = opened(server)
    server.market.contracts["CHZ"].frozen = True
    cache.clear()
    listings.forget()  # the list is read anew
    assert not venue_of(bot.exchange_account).markets()["CHZ/USDT:USDT"].active
    closed(bot)
    assert [server.market.held(base) for base in BASES] == [0, 0]
    check_books(bot, server)
