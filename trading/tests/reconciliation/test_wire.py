"""Reconciliation against the three wire-format servers: what each venue's own answers prove."""

from dataclasses import replace
from decimal import Decimal
from secrets import token_hex
from typing import Any

import pytest
from django.utils import timezone

from bots.models import BotStatus
from exchanges.tests.wire.accounts import SERVERS, serving
from exchanges.tests.wire.market import Contract, WireOrder
from exchanges.tests.wire.okx import OkxServer
from exchanges.tests.wire.server import Reply, Request, WireServer
from trading.models import Cycle, Difference, DifferenceStatus, Fill, LedgerLine, Order, Position
from trading.reconciliation.choices import Choice, difference_settle
from trading.reconciliation.rounds import Outcome, account_reconcile
from trading.tests.live_bots import BASES, check_books, check_no_leg_alone, closed, look, opened, started

pytestmark = pytest.mark.django_db(transaction=True)

OPEN = DifferenceStatus.OPEN


@pytest.fixture(params=sorted(SERVERS))
def server(request: Any, settings: Any) -> Any:
    settings.ORDER_PROOF_S = settings.QUOTE_CACHE_TTL = settings.RECONCILE_QUIET_S = 0.0
    settings.ORDER_SEND_BY_S = 0.3
    with serving(request.param, settings) as server:
        yield server


at_one_venue = pytest.mark.parametrize("server", ["okx"], indirect=True)
"""What no venue says in a way of its own."""


def reconciled(bot: Any, *, thorough: bool = False) -> Outcome:
    outcome = account_reconcile(bot.exchange_account, timezone.now(), thorough=thorough)
    assert outcome is not None
    bot.refresh_from_db()
    return outcome


@pytest.mark.parametrize("server", ["binance"], indirect=True)
def test_comparing_again_and_again_leaves_enough_requests_to_close(server: WireServer, settings: Any) -> None:
    """All questions and orders are counted in one sum there."""
    settings.REDIS_PREFIX = f"test{token_hex(6)}"
    bot = opened(server)
    assert any(reconciled(bot, thorough=True).is_ok is None for _ in range(60))
    closed(bot)
    check_books(bot, server)


BINANCE_NAMES = {"liquidation": "autoclose-7", "adl": "adl_autoclose", "delivery": "settlement_autoclose-7"}


def closed_there(server: WireServer, base: str, *, cause: str = "", share: Decimal = Decimal(1)) -> None:
    """By somebody in the venue's own pages, or by the venue."""
    held = server.market.held(base)
    traded_there(server, base, "sell" if held > 0 else "buy", abs(held) * share, cause=cause)


def traded_there(server: WireServer, base: str, side: str, amount: Decimal, *, cause: str = "") -> None:
    elsewhere = f"web{len(server.market.orders)}"
    order = WireOrder(
        number=0,
        client_id=BINANCE_NAMES.get(cause, elsewhere) if server.exchange == "binance" else elsewhere,
        base=base,
        side=side,
        type="market",
        tif="ioc",
        price=None,
        amount=amount,
        reduce_only=bool(cause),
        at_ms=0,
        margin_mode="cross",
    )
    server.market.place(order).why = cause


@pytest.mark.parametrize(
    ("cause", "reason", "share"),
    [
        ("liquidation", "liquidated", Decimal(1)),
        ("adl", "deleveraged", Decimal("0.5")),
        ("delivery", "delivered", Decimal(1)),
    ],
)
def test_what_the_venue_closes_is_told_from_a_hand_and_ends_the_pair(
    server: WireServer, cause: str, reason: str, share: Decimal
) -> None:
    bot = opened(server)
    reconciled(bot)
    closed_there(server, "GALA", cause=cause, share=share)
    for _ in range(2):
        reconciled(bot)
    assert [server.market.held(base) for base in BASES] == [0, 0]
    assert Cycle.objects.get(bot=bot).reason == "liquidation"
    assert bot.status_reason == reason
    check_books(bot, server)


def test_a_leg_closed_by_hand_waits_for_its_owner(server: WireServer) -> None:
    bot = opened(server)
    outcome = reconciled(bot, thorough=True)
    assert (outcome.is_ok, outcome.message, outcome.suspects) == (True, "", 0)
    assert bot.status == BotStatus.RUNNING
    closed_there(server, "CHZ")
    assert reconciled(bot).opened == 1
    difference = Difference.objects.select_related("bot", "account").get(status=OPEN)
    assert bot.status_reason == "mismatch"
    assert server.market.held("GALA")
    difference_settle(actor=bot.owner, difference=difference, choice=Choice.ADOPT, note="", now=timezone.now())
    for _ in range(3):
        look(bot)
    check_no_leg_alone(server)
    assert bot.is_flat
    check_books(bot, server)


def test_no_good_answer_finds_nothing(server: WireServer) -> None:
    """Positions that are not told are not flat."""
    bot = opened(server)
    path = {"okx": "account/positions", "binance": "positionRisk", "bybit": "position/list"}[server.exchange]
    bad: list[dict[str, Any]] = [{"status": 503, "text": ""}, {"cut": True}, {"drop": True}, {"text": "{}"}]
    for answer in bad:
        server.market.faults.clear()
        server.market.fault("http", 100, path=path, **answer)
        assert reconciled(bot).is_ok is None
    assert bot.status == BotStatus.RUNNING
    assert not Difference.objects.exists()


@at_one_venue
def test_a_fill_that_was_told_too_late_is_booked(server: WireServer) -> None:
    """The order counted as ended with less."""
    bot = opened(server)
    fill = Fill.objects.filter(order__bot=bot).earliest("id")
    order, amount = fill.order, fill.amount
    LedgerLine.objects.filter(fill=fill).delete()
    Fill.objects.filter(pk=fill.pk).delete()
    lost = sum(LedgerLine.objects.filter(bot=bot).values_list("amount", flat=True), Decimal(0))
    type(bot).objects.filter(pk=bot.pk).update(total_profit=lost)
    Cycle.objects.filter(bot=bot).update(realised_pnl=lost)
    Order.objects.filter(pk=order.pk).update(status="canceled", filled_amount=0, cost=0, average_price=None)
    Position.objects.filter(bot=bot, leg=order.leg).update(amount=0, cost=0, is_open=False)
    assert reconciled(bot, thorough=True).booked == 1
    order.refresh_from_db()
    assert (order.filled_amount, order.status) == (amount, "closed")
    assert bot.status_reason == "late_fill"
    check_books(bot, server)
    assert reconciled(bot, thorough=True).is_ok


def test_leverage_changed_at_the_venue_is_told(server: WireServer) -> None:
    bot = opened(server)
    if isinstance(server, OkxServer):  # keeps one for each margin mode
        server.leverage_set({"instId": "GALA-USDT-SWAP", "lever": "3", "mgnMode": "cross"})
    server.market.leverage_set("GALA", 3)
    for _ in range(2):
        reconciled(bot, thorough=True)
    difference = Difference.objects.get(status=OPEN)
    assert (difference.kind, difference.ours, difference.theirs) == ("leverage", "10×", "3×")
    assert bot.status == BotStatus.ERROR


@pytest.mark.parametrize("make", [started, opened])
def test_position_mode_changed_at_the_venue_is_told(server: WireServer, make: Any) -> None:
    if server.exchange == "bybit" and make is started:
        pytest.skip("tells it market by market, where something is held")
    bot = make(server)
    reconciled(bot, thorough=True)
    server.market.hedged = True
    for _ in range(2):
        reconciled(bot)
    kinds = set(Difference.objects.filter(status=OPEN).values_list("kind", flat=True))
    assert kinds == {"position_mode"}
    assert bot.status == BotStatus.ERROR
    server.market.hedged = False
    reconciled(bot, thorough=True)
    assert not Difference.objects.filter(status=OPEN).exists()  # set right at the venue: nothing is left to decide


@at_one_venue
def test_a_fee_in_another_coin_counts_at_what_it_was_worth(server: WireServer, monkeypatch: Any) -> None:
    names = {"okx": ('"feeCcy":"USDT"', '"feeCcy":"OKB"'), "bybit": ('"feeCurrency":""', '"feeCurrency":"OKB"')}
    old, new = names.get(server.exchange, ('"commissionAsset":"USDT"', '"commissionAsset":"OKB"'))
    server.market.contracts["OKB"] = Contract("OKB", Decimal(50), Decimal("0.01"), Decimal(1))
    answer = server.answer

    def elsewhere(request: Request) -> Reply:
        found = answer(request)
        return Reply(found.status, found.text and found.text.replace(old, new), found.headers)

    monkeypatch.setattr(server, "answer", elsewhere)
    bot = opened(server)
    reconciled(bot)
    closed(bot)
    reconciled(bot, thorough=True)
    fees = LedgerLine.objects.filter(bot=bot, kind="fee")
    converted = LedgerLine.objects.filter(bot=bot, kind="conversion")
    assert set(fees.values_list("currency", flat=True)) == {"OKB"}
    assert converted.count() == fees.count() == 4
    for line in converted:
        fee = fees.get(fill=line.fill)
        assert (line.currency, line.amount) == ("USDT", fee.amount * 50)
    realised = sum(LedgerLine.objects.filter(bot=bot, kind="realised").values_list("amount", flat=True), Decimal(0))
    worth = sum(converted.values_list("amount", flat=True), Decimal(0))
    assert bot.total_profit == realised + worth
    assert Cycle.objects.get(bot=bot).realised_pnl == bot.total_profit
    assert Cycle.objects.get(bot=bot).fees == -worth
    reconciled(bot, thorough=True)
    assert converted.count() == 4
    assert not LedgerLine.objects.filter(kind="transfer").exists()


@at_one_venue
def test_funding_that_the_bot_has_not_read_is_booked(server: WireServer) -> None:
    bot = opened(server)
    reconciled(bot)
    server.market.fund("GALA", Decimal("0.01"))
    reconciled(bot, thorough=True)
    assert LedgerLine.objects.filter(bot=bot, kind="funding").count() == 1
    assert not LedgerLine.objects.filter(kind="transfer").exists()
    check_books(bot, server)


@pytest.mark.parametrize("rounds", [3, 0])
def test_a_trade_in_a_market_that_no_bot_owns_is_no_transfer(server: WireServer, rounds: int) -> None:
    """Also one that was over before anybody looked."""
    lot = server.market.contracts["GALA"].lot
    server.market.contracts["DOGE"] = replace(server.market.contracts["GALA"], base="DOGE", price=Decimal("0.1"))
    bot = opened(server)
    reconciled(bot)
    traded_there(server, "DOGE", "buy", 500 * lot)
    for _ in range(rounds):
        reconciled(bot)
    if rounds:
        server.market.fund("DOGE", Decimal("0.01"))
    server.market.move("DOGE", Decimal("0.11"))
    traded_there(server, "DOGE", "sell", 500 * lot)
    for _ in range(3):
        reconciled(bot)
    alone = Order.objects.filter(bot=None)
    assert sorted(alone.values_list("symbol", "side", "status", "reason")) == [
        ("DOGE/USDT:USDT", "buy", "closed", "placed at the exchange"),
        ("DOGE/USDT:USDT", "sell", "closed", "placed at the exchange"),
    ]
    lines = LedgerLine.objects.filter(bot=None)
    assert lines.get(kind="realised").amount == lot * Decimal("4.99")
    assert lines.filter(kind="fee").count() == 2
    assert lines.filter(kind="funding").count() == min(rounds, 1)
    assert not LedgerLine.objects.filter(kind="transfer").exists()
    assert (bot.status, Difference.objects.exists()) == (BotStatus.RUNNING, False)
    booked = sum(LedgerLine.objects.values_list("amount", flat=True), Decimal(0))
    assert server.market.wallet == 10_000 + booked


@at_one_venue
def test_what_was_held_before_the_first_look_stays_a_transfer(server: WireServer) -> None:
    """Nobody here knows what it cost."""
    server.market.contracts["DOGE"] = replace(server.market.contracts["GALA"], base="DOGE", price=Decimal("0.1"))
    traded_there(server, "DOGE", "buy", Decimal(500))
    bot = opened(server)
    reconciled(bot)
    server.market.move("DOGE", Decimal("0.11"))
    traded_there(server, "DOGE", "sell", Decimal(500))
    for _ in range(3):
        reconciled(bot)
    assert not Order.objects.filter(bot=None).exists()
    assert LedgerLine.objects.filter(kind="transfer").count() == 1


@at_one_venue
def test_a_deposit_is_a_transfer(server: WireServer) -> None:
    bot = opened(server)
    reconciled(bot)
    server.market.wallet += 500
    for _ in range(3):
        reconciled(bot)
    assert LedgerLine.objects.get(kind="transfer").amount == 500
    assert bot.status == BotStatus.RUNNING
