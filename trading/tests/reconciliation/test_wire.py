"""Reconciliation against the three wire-format servers: what each venue's own answers prove."""

from decimal import Decimal
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


def closed_there(server: WireServer, base: str, *, by_itself: bool = False) -> None:
    """By somebody in the venue's own pages, or by the venue."""
    held, market = server.market.held(base), server.market
    name = (
        "autoclose-7" if by_itself and server.exchange == "binance" else "web7" if server.exchange == "binance" else ""
    )
    market.place(
        WireOrder(
            number=0,
            client_id=name,
            base=base,
            side="sell" if held > 0 else "buy",
            type="market",
            tif="ioc",
            price=None,
            amount=abs(held),
            reduce_only=True,
            at_ms=0,
            margin_mode="cross",
        )
    ).why = "liquidation" if by_itself else ""


def test_a_liquidation_is_told_from_a_hand_and_ends_the_pair(server: WireServer) -> None:
    bot = opened(server)
    reconciled(bot)
    closed_there(server, "GALA", by_itself=True)
    for _ in range(2):
        reconciled(bot)
    assert [server.market.held(base) for base in BASES] == [0, 0]
    assert Cycle.objects.get(bot=bot).reason == "liquidation"
    assert bot.status_reason == "liquidated"
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


def test_position_mode_changed_at_the_venue_is_told(server: WireServer) -> None:
    if server.exchange == "bybit":
        pytest.skip("tells it market by market, where something is held")
    bot = started(server)
    reconciled(bot)
    server.market.hedged = True
    for _ in range(2):
        reconciled(bot, thorough=True)
    kinds = set(Difference.objects.filter(status=OPEN).values_list("kind", flat=True))
    assert kinds == {"position_mode"}
    assert bot.status == BotStatus.ERROR


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


@at_one_venue
def test_a_deposit_is_a_transfer(server: WireServer) -> None:
    bot = opened(server)
    reconciled(bot)
    server.market.wallet += 500
    for _ in range(3):
        reconciled(bot)
    assert LedgerLine.objects.get(kind="transfer").amount == 500
    assert bot.status == BotStatus.RUNNING
