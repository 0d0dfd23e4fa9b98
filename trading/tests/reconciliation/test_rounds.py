"""One round of an account on the paper venue: what agrees, what differs, what proves nothing."""

from dataclasses import replace
from datetime import timedelta
from decimal import Decimal
from typing import Any

import pytest
from django.db.models import F
from django.utils import timezone

from bots.models import BotStatus
from bots.services import bot_stop
from exchanges.errors import Unavailable
from exchanges.paper_models import PaperWallet
from exchanges.registry import venue_of
from exchanges.tests.series import CHZ, GALA
from trading.models import (
    Cycle,
    Difference,
    DifferenceKind,
    DifferenceStatus,
    LedgerLine,
    Order,
    Position,
    Reconciliation,
    TradeLog,
)
from trading.reconciliation import events
from trading.reconciliation.rounds import SILENT_S, account_reconcile, round_claim
from trading.tests.books import check_books
from trading.tests.reconciliation.money_checks import check_money
from trading.tests.reconciliation.paper_world import (
    by_hand,
    closed_by_hand,
    held,
    liquidated,
    look,
    paired,
    reconciled,
    resting,
)

pytestmark = pytest.mark.django_db(transaction=True, databases=["default", "paper"])

OPEN = DifferenceStatus.OPEN


@pytest.fixture(autouse=True)
def _at_once(settings: Any) -> None:
    settings.RECONCILE_QUIET_S = 0.0


def codes(bot: Any) -> list[str]:
    return [details["code"] for details in TradeLog.objects.filter(bot=bot).values_list("details", flat=True)]


def test_books_that_agree_stay_as_they_are() -> None:
    bot = paired()
    outcome = reconciled(bot, thorough=True)
    assert (outcome.is_ok, outcome.opened, outcome.suspects, outcome.booked) == (True, 0, 0, 0)
    assert bot.status == BotStatus.RUNNING
    assert not Difference.objects.exists()
    row = Reconciliation.objects.get(account=bot.exchange_account)
    assert row.is_ok
    assert row.finished_at is not None
    check_books(bot)


def test_a_leg_closed_by_hand_is_told_at_once_with_both_figures() -> None:
    bot = paired()
    ours = held(bot)[GALA]
    closed_by_hand(bot, GALA)
    assert reconciled(bot).opened == 1
    difference = Difference.objects.get()
    assert (difference.kind, difference.symbol, difference.status) == (DifferenceKind.POSITION, GALA, OPEN)
    assert (Decimal(difference.ours), Decimal(difference.theirs), difference.delta) == (ours, 0, -ours)
    assert (bot.status, bot.status_reason) == (BotStatus.ERROR, "mismatch")
    line = TradeLog.objects.get(bot=bot, details__code="mismatch")
    assert (Decimal(line.details["books"]), Decimal(line.details["venue"])) == (ours, 0)
    assert Position.objects.get(bot=bot, symbol=GALA).is_open  # nothing is corrected
    reconciled(bot)
    assert Difference.objects.count() == 1
    assert codes(bot).count("mismatch") == 1


def test_what_no_fill_proves_counts_when_it_is_seen_twice() -> None:
    bot = paired()
    Position.objects.filter(bot=bot, symbol=GALA).update(amount=1, cost=Decimal("0.02"))
    assert reconciled(bot).suspects
    assert bot.status == BotStatus.RUNNING
    assert reconciled(bot).opened == 1
    assert bot.status == BotStatus.ERROR


def test_an_answer_that_lags_behind_is_no_difference(monkeypatch: Any) -> None:
    bot = paired()
    venue = venue_of(bot.exchange_account)
    positions = venue.positions
    monkeypatch.setattr(venue, "positions", lambda: positions()[1:])
    assert reconciled(bot).suspects == 1
    monkeypatch.undo()
    assert reconciled(bot).suspects == 0
    assert bot.status == BotStatus.RUNNING
    assert not Difference.objects.exists()


@pytest.mark.parametrize("question", ["positions", "balance", "open_orders", "clock", "fills"])
def test_a_question_that_fails_finds_nothing_and_ends_nothing(question: str, monkeypatch: Any) -> None:
    bot = paired()
    closed_by_hand(bot, GALA)
    reconciled(bot)
    venue = venue_of(bot.exchange_account)

    def silent(*args: Any, **kwargs: Any) -> Any:
        raise Unavailable("no answer", code="timeout")

    by_hand(bot, GALA, Decimal(1000))  # they would agree less than before, or again
    monkeypatch.setattr(venue, question, silent)
    outcome = reconciled(bot)
    assert (outcome.is_ok, outcome.opened, outcome.gone) == (None, 0, 0)
    assert Difference.objects.get().status == OPEN
    assert Reconciliation.objects.get().is_ok is None


def test_a_difference_that_is_mended_at_the_venue_is_gone() -> None:
    bot = paired()
    Position.objects.filter(bot=bot, symbol=GALA).update(side="long" if held(bot)[GALA] < 0 else "short")
    reconciled(bot)
    reconciled(bot)
    assert bot.status == BotStatus.ERROR
    Position.objects.filter(bot=bot, symbol=GALA).update(side="long" if held(bot)[GALA] > 0 else "short")
    assert reconciled(bot).gone == 1
    assert Difference.objects.get().status == DifferenceStatus.GONE
    assert bot.status == BotStatus.ERROR  # its owner starts it again
    assert "difference_gone" in codes(bot)


@pytest.mark.parametrize("legs", [(GALA,), (CHZ,), (GALA, CHZ)], ids=["leg1", "leg2", "both"])
def test_a_liquidation_is_booked_and_the_partner_closed_in_the_same_round(legs: tuple[str, ...]) -> None:
    bot = paired()
    before = bot.total_profit
    liquidated(bot, *legs)
    for _ in range(3):
        reconciled(bot)
    assert held(bot) == {}
    assert bot.is_flat
    cycle = Cycle.objects.get(bot=bot, number=1)
    assert cycle.reason == "liquidation"
    assert cycle.realised_pnl == bot.total_profit != before
    assert (bot.status, bot.status_reason) == (BotStatus.ERROR, "liquidated")
    assert "liquidated" in codes(bot)
    outside = Order.objects.filter(bot=bot, reason="liquidation")
    assert outside.count() == len(legs)
    assert not Difference.objects.filter(status=OPEN).exists()
    check_money(bot)


def test_a_frozen_bot_is_told_of_a_liquidation_and_closes_nothing() -> None:
    bot = paired(freeze_exits=True)
    bot_stop(actor=bot.owner, bot=bot, now=timezone.now())
    liquidated(bot, GALA)
    reconciled(bot)
    assert bot.status == BotStatus.STOPPED
    assert set(held(bot)) == {CHZ}
    assert {p.symbol for p in Position.objects.filter(bot=bot, is_open=True)} == {CHZ}
    assert "liquidated" in codes(bot)
    check_money(bot)


def test_a_stopped_bot_stays_stopped_whatever_its_owner_does_at_the_venue() -> None:
    bot = paired()
    bot_stop(actor=bot.owner, bot=bot, now=timezone.now())
    closed_by_hand(bot, GALA)
    assert reconciled(bot).opened == 1
    assert bot.status == BotStatus.STOPPED
    assert "mismatch" in codes(bot)


def test_bought_and_sold_by_hand_leaves_a_note_and_no_error() -> None:
    bot = paired()
    by_hand(bot, GALA, Decimal(1000))
    by_hand(bot, GALA, Decimal(-1000))
    assert reconciled(bot, thorough=True).opened == 1
    difference = Difference.objects.get()
    assert (difference.kind, bot.status) == (DifferenceKind.FILL, BotStatus.RUNNING)
    assert difference.delta is not None
    assert difference.delta < 0


def test_a_strangers_resting_order_is_a_difference() -> None:
    bot = paired()
    resting(bot, GALA)
    reconciled(bot)
    reconciled(bot)
    difference = Difference.objects.get()
    assert (difference.kind, difference.status, difference.ours) == (DifferenceKind.ORDER, OPEN, "–")
    assert bot.status == BotStatus.ERROR


@pytest.mark.parametrize("level", [0, 1])
def test_leverage_changed_outside_is_told(level: int) -> None:
    bot = paired(level=level)
    venue_of(bot.exchange_account).set_leverage(GALA, leverage=3, margin_mode="cross")
    reconciled(bot, thorough=True)
    reconciled(bot, thorough=True)
    difference = Difference.objects.get()
    assert (difference.kind, difference.ours, difference.theirs) == (DifferenceKind.LEVERAGE, "10×", "3×")
    assert (bot.status, bot.status_reason) == (BotStatus.ERROR, "mismatch")


def test_money_that_nothing_explains_becomes_a_transfer_once() -> None:
    bot = paired()
    reconciled(bot)
    wallet = PaperWallet.objects.using("paper").get(account_id=bot.exchange_account_id)
    wallet.balance += Decimal("250.5")
    wallet.save(update_fields=["balance"])
    for _ in range(4):
        reconciled(bot)
    line = LedgerLine.objects.get(account=bot.exchange_account, kind="transfer")
    assert (line.amount, line.bot) == (Decimal("250.5"), None)
    assert bot.status == BotStatus.RUNNING
    assert not Difference.objects.filter(status=OPEN).exists()


def test_one_round_at_a_time_and_one_that_fell_silent_is_taken_over() -> None:
    bot = paired()
    begun = round_claim(bot.exchange_account)
    assert begun is not None
    assert account_reconcile(bot.exchange_account, timezone.now()) is None
    Reconciliation.objects.update(alive_at=timezone.now() - timedelta(seconds=SILENT_S + 1))
    assert round_claim(bot.exchange_account) is not None


def test_a_symbol_with_something_under_way_is_left_for_the_next_round(settings: Any) -> None:
    bot = paired()
    closed_by_hand(bot, GALA)
    settings.RECONCILE_QUIET_S = 60.0
    outcome = reconciled(bot)
    assert outcome.skipped == (CHZ, GALA)
    assert (outcome.opened, outcome.suspects, bot.status) == (0, 0, BotStatus.RUNNING)


def test_an_order_of_ours_that_counts_as_ended_and_rests_all_the_same_is_a_difference() -> None:
    """It may fill any moment, though nobody looks at it any more."""
    bot = paired()
    resting(bot, GALA)
    told = venue_of(bot.exchange_account).open_orders()[0]
    like = Order.objects.filter(bot=bot, leg=1).latest("id")
    like.pk, like.client_order_id, like.exchange_order_id = None, told.client_order_id, told.exchange_order_id
    like.status, like.filled_amount, like.reason = "denied", Decimal(0), "never reached the venue"
    like.save(force_insert=True)
    for _ in range(2):
        reconciled(bot)
    assert Difference.objects.get(status="open").kind == "order"
    assert bot.status_reason == "mismatch"


def test_a_late_fill_of_an_earlier_cycle_is_closed_beside_the_position_of_now() -> None:
    bot = paired(pause_after_close=False)
    order = Order.objects.filter(bot=bot, leg=1).latest("id")
    bot.intents.create(kind="close", idempotency_key="close", details={"reason": "time_stop"})
    look(bot)
    type(bot).objects.filter(pk=bot.pk).update(reference_spread=F("reference_spread") - 5)
    look(bot)
    assert (bot.level, bot.current_cycle) == (1, 2)
    before = held(bot)
    side = "buy" if before[GALA] > 0 else "sell"
    by_hand(bot, GALA, Decimal(1000) if side == "buy" else Decimal(-1000))
    last = venue_of(bot.exchange_account).fills(GALA, since=timezone.now() - timedelta(hours=1))[-1]
    Order.objects.filter(pk=order.pk).update(side=side, amount=order.amount + 1000, status="canceled")
    order.refresh_from_db()
    told = replace(last, client_order_id=order.client_order_id, exchange_order_id=order.exchange_order_id)
    assert events.late_book(order, [told], timezone.now())
    for _ in range(2):
        look(bot)
    assert held(bot) == before
    assert (bot.level, bot.status, bot.status_reason) == (1, "error", "late_fill")
    assert not Position.objects.filter(bot=bot, cycle_number=1, is_open=True).exists()
    assert not bot.intents.filter(status="waiting").exists()
