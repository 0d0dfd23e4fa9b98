"""What a person decides about a difference, and what the engine makes of it under the bot's lease."""

from decimal import Decimal
from typing import Any

import pytest
from django.core.exceptions import PermissionDenied
from django.utils import timezone

from accounts.audit_models import AuditEntry
from bots.models import BotStatus, Intent
from bots.services import bot_close_positions, bot_start
from bots.tests.factories import make_user
from exchanges.errors import DomainError
from exchanges.registry import venue_of
from exchanges.tests.series import CHZ, GALA
from trading.models import Cycle, Difference, DifferenceKind, DifferenceStatus, Order, Position, Trade
from trading.reconciliation.choices import Choice, choices_of, difference_settle
from trading.tests.reconciliation.money_checks import check_money, check_sent_once
from trading.tests.reconciliation.paper_world import by_hand, closed_by_hand, held, look, paired, reconciled, resting

pytestmark = pytest.mark.django_db(transaction=True, databases=["default", "paper"])

ADOPT, CLOSE, IGNORE = Choice
OPEN = DifferenceStatus.OPEN


@pytest.fixture(autouse=True)
def _at_once(settings: Any) -> None:
    settings.RECONCILE_QUIET_S = 0.0


def chosen(bot: Any, choice: Choice, *, note: str = "seen") -> Difference:
    rows = Difference.objects.select_related("bot", "account__owner")
    difference = rows.get(account=bot.exchange_account, status=OPEN)
    settled = difference_settle(actor=bot.owner, difference=difference, choice=choice, note=note, now=timezone.now())
    for _ in range(3):
        look(bot)
    settled.refresh_from_db()
    return settled


@pytest.mark.parametrize("symbol", [GALA, CHZ])
@pytest.mark.parametrize("share", [Decimal(1), Decimal("0.4")], ids=["whole", "part"])
def test_a_leg_closed_by_hand_is_adopted_and_the_rest_closed(symbol: str, share: Decimal) -> None:
    bot = paired()
    closed_by_hand(bot, symbol, share)
    reconciled(bot)
    settled = chosen(bot, ADOPT)
    assert (settled.status, settled.settled_by, settled.note) == (DifferenceStatus.ADOPTED, bot.owner, "seen")
    assert held(bot) == {}
    assert bot.is_flat
    assert Cycle.objects.get(bot=bot).reason == "outside"
    assert bot.status == BotStatus.ERROR  # until its owner starts it again
    assert {entry.action for entry in AuditEntry.objects.all()} >= {"difference.settle", "difference.booked"}
    check_money(bot)
    assert reconciled(bot, thorough=True).is_ok
    bot = bot_start(actor=bot.owner, bot=bot, now=timezone.now())
    assert bot.status == BotStatus.RUNNING


def test_both_legs_closed_by_hand_are_two_choices_and_one_end() -> None:
    bot = paired()
    closed_by_hand(bot, GALA)
    closed_by_hand(bot, CHZ)
    reconciled(bot)
    for difference in Difference.objects.filter(status=OPEN).select_related("bot", "account"):
        difference_settle(actor=bot.owner, difference=difference, choice=ADOPT, note="", now=timezone.now())
    for _ in range(3):
        look(bot)
    assert bot.is_flat
    assert not Difference.objects.filter(status=OPEN).exists()
    check_money(bot)


def test_what_was_bought_by_hand_is_adopted_into_the_position() -> None:
    bot = paired()
    before = held(bot)[GALA]
    by_hand(bot, GALA, Decimal(1000) if before > 0 else Decimal(-1000))
    reconciled(bot)
    assert chosen(bot, ADOPT).status == DifferenceStatus.ADOPTED
    assert abs(Position.objects.get(bot=bot, symbol=GALA).amount) == abs(before) + 1000
    assert bot.level == 1
    check_money(bot)
    bot_close_positions(actor=bot.owner, bot=bot, now=timezone.now())
    look(bot)
    assert held(bot) == {}
    check_money(bot)


@pytest.mark.parametrize("level", [0, 1], ids=["flat", "in position"])
def test_what_is_too_much_is_closed_and_nothing_else(level: int) -> None:
    bot = paired(level=level)
    before = held(bot)
    by_hand(bot, GALA, Decimal(1000) if before.get(GALA, 1) > 0 else Decimal(-1000))
    reconciled(bot)
    if not level:
        assert ADOPT not in choices_of(Difference.objects.select_related("bot").get(status=OPEN))
    assert chosen(bot, CLOSE).status == DifferenceStatus.CLOSED
    assert held(bot) == before
    assert bot.level == level
    check_money(bot)
    assert reconciled(bot, thorough=True).is_ok


def test_a_leg_turned_round_by_hand_is_closed_with_the_rest() -> None:
    bot = paired()
    by_hand(bot, GALA, -2 * held(bot)[GALA])
    reconciled(bot)
    assert choices_of(Difference.objects.select_related("bot").get(status=OPEN)) == (CLOSE, IGNORE)
    chosen(bot, CLOSE)
    assert held(bot) == {}
    assert bot.is_flat
    check_money(bot)


def test_what_no_fill_explains_is_booked_at_the_mark_and_marked_as_adjustment() -> None:
    bot = paired()
    Position.objects.filter(bot=bot, symbol=GALA).update(amount=Decimal(1))
    reconciled(bot)
    reconciled(bot)
    chosen(bot, ADOPT)
    assert Order.objects.filter(bot=bot, reason="adjusted").count() == 1
    ours = {p.symbol: p.signed_amount for p in Position.objects.filter(bot=bot, is_open=True)}
    assert ours == held(bot)
    check_sent_once(bot)


def test_a_close_that_waits_for_a_leg_that_is_gone_ends_with_the_adoption() -> None:
    """And until then nothing is sent in vain."""
    bot = paired()
    closed_by_hand(bot, GALA)
    bot_close_positions(actor=bot.owner, bot=bot, now=timezone.now())
    for _ in range(8):
        look(bot)
    assert (bot.status, bot.status_reason) == (BotStatus.ERROR, "mismatch")
    assert held(bot) == {}
    assert Order.objects.filter(bot=bot, symbol=GALA, purpose="close").count() == 1
    assert reconciled(bot).opened == 1
    chosen(bot, ADOPT)
    assert bot.is_flat
    assert Trade.objects.get(bot=bot, action="close").status == "settled"
    check_money(bot)


def test_ignored_is_not_asked_again_until_the_figures_change() -> None:
    bot = paired()
    closed_by_hand(bot, GALA, Decimal("0.5"))
    reconciled(bot)
    assert chosen(bot, IGNORE).status == DifferenceStatus.IGNORED
    assert reconciled(bot).opened == 0
    closed_by_hand(bot, GALA)
    assert reconciled(bot).opened == 1


def test_a_choice_about_figures_that_changed_is_refused() -> None:
    bot = paired()
    closed_by_hand(bot, GALA, Decimal("0.5"))
    reconciled(bot)
    difference = Difference.objects.select_related("bot", "account").get(status=OPEN)
    difference_settle(actor=bot.owner, difference=difference, choice=ADOPT, note="", now=timezone.now())
    closed_by_hand(bot, GALA)
    look(bot)
    assert (Intent.objects.get().status, Intent.objects.get().result) == ("refused", "changed")
    assert Position.objects.get(bot=bot, symbol=GALA).is_open
    reconciled(bot)
    chosen(bot, ADOPT)
    assert held(bot) == {}
    check_money(bot)


@pytest.mark.parametrize("choice", [ADOPT, CLOSE])
def test_leverage_is_taken_over_or_set_back(choice: Choice) -> None:
    bot = paired()
    venue_of(bot.exchange_account).set_leverage(GALA, leverage=3, margin_mode="cross")
    reconciled(bot)
    reconciled(bot)
    chosen(bot, choice)
    bot.refresh_from_db()
    assert bot.leverage == (3 if choice == ADOPT else 10)
    if choice == CLOSE:
        assert reconciled(bot, thorough=True).is_ok


def test_a_strangers_order_is_cancelled_there() -> None:
    bot = paired()
    resting(bot, GALA)
    reconciled(bot)
    reconciled(bot)
    assert Difference.objects.get().kind == DifferenceKind.ORDER
    assert chosen(bot, CLOSE).status == DifferenceStatus.CLOSED
    assert not venue_of(bot.exchange_account).open_orders()
    assert reconciled(bot).is_ok


def test_a_round_trip_by_hand_is_booked_to_the_bot() -> None:
    bot = paired()
    by_hand(bot, GALA, Decimal(1000))
    by_hand(bot, GALA, Decimal(-1000))
    reconciled(bot, thorough=True)
    chosen(bot, ADOPT)
    assert bot.level == 1
    check_money(bot)
    assert reconciled(bot, thorough=True).is_ok


def test_only_the_owner_decides_and_only_what_is_possible() -> None:
    bot = paired()
    closed_by_hand(bot, GALA)
    reconciled(bot)
    difference = Difference.objects.select_related("bot", "account").get(status=OPEN)
    with pytest.raises(PermissionDenied):
        difference_settle(actor=make_user(), difference=difference, choice=IGNORE, note="", now=timezone.now())
    difference_settle(actor=bot.owner, difference=difference, choice=ADOPT, note="", now=timezone.now())
    with pytest.raises(DomainError):
        difference_settle(actor=bot.owner, difference=difference, choice=IGNORE, note="", now=timezone.now())
