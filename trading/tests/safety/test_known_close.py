"""What is known to be held is closed at once, whatever is in doubt; the doubt is settled beside it."""

from typing import Any

import pytest
from django.db.models import F
from django.utils import timezone

from bots.models import Bot, BotStatus, Intent
from bots.services import bot_close_positions
from bots.tests.factories import ladder
from exchanges.paper_models import PaperOrder
from exchanges.tests.series import CHZ, GALA
from trading.core.order_state import UNSETTLED
from trading.kill_switch.actions import kill_switch
from trading.kill_switch.flatten import flatten_run
from trading.models import Order, Scope, Trade, TradingState
from trading.tests.books import check_books
from trading.tests.safety.made import holdings, look, opened_bot, rehearse, simulated_bot

pytestmark = pytest.mark.django_db(transaction=True, databases=["default", "paper"])

LOST = "timeout_before"
HIDDEN = "timeout_after"
"""Accepted and filled, though the venue says for now that it does not know the order."""


@pytest.fixture(autouse=True)
def _nothing_is_proven(settings: Any) -> None:
    settings.ORDER_SEND_BY_S, settings.ORDER_PROOF_S = 2.0, 600.0


def doubt(bot: Bot, fault: str, symbol: str) -> None:
    chosen = {"symbol": symbol, "next": 1}
    rehearse(bot, {"fault": fault, **chosen}, {"fault": "not_found", "seconds": 30, **chosen})


def added_in_doubt(fault: str, symbol: str, **fields: Any) -> Bot:
    """In position, and one leg of the second level is in doubt."""
    bot = opened_bot(dca_config=ladder((0.0001, 1.0), (0.0001, 1.0)), max_dca_times=2, **fields)
    doubt(bot, fault, symbol)
    Bot.objects.filter(pk=bot.pk).update(last_spread=F("last_spread") + 50 * bot.side)
    look(bot)
    assert Order.objects.get(bot=bot, status="unknown").symbol == symbol
    return bot


def flattened(bot: Bot) -> None:
    asked = kill_switch(
        actor=bot.owner, scope=Scope.BOT, target=bot, state=TradingState.HALTED, flatten=True, now=timezone.now()
    )
    flatten_run(asked.bots, now=timezone.now, patience_s=0.0)


def check_known_is_closed(bot: Bot, fault: str, symbol: str) -> None:
    """At the venue there is nothing but what the doubtful order has done."""
    assert set(holdings(bot)) == ({symbol} if fault == HIDDEN else set())
    assert Order.objects.filter(bot=bot, status="unknown").count() == 1


def tell(bot: Bot, settings: Any) -> None:
    """From now on the venue says how it is."""
    PaperOrder.objects.update(hidden_until=None)
    rehearse(bot)
    Order.objects.filter(bot=bot, status="unknown").update(send_by=timezone.now())
    settings.ORDER_PROOF_S = 0.0


def check_flat(bot: Bot) -> None:
    for _ in range(4):
        look(bot)
    assert (bot.level, holdings(bot)) == (0, {})
    assert not Order.objects.filter(bot=bot, status__in=UNSETTLED).exists()
    assert not Trade.objects.filter(bot=bot, status="working").exists()
    assert not bot.intents.filter(status="waiting").exists()
    check_books(bot)


@pytest.mark.parametrize("symbol", [GALA, CHZ])
@pytest.mark.parametrize("fault", [LOST, HIDDEN])
def test_the_kill_switch_does_not_wait_for_an_add_in_doubt(fault: str, symbol: str, settings: Any) -> None:
    bot = added_in_doubt(fault, symbol)
    for _ in range(2):  # run twice it sends nothing twice
        flattened(bot)
        check_known_is_closed(bot, fault, symbol)
    closing = Order.objects.filter(bot=bot, reduce_only=True)
    assert closing.count() == 3  # the level that was held, and the leg of the new one that is known
    tell(bot, settings)
    check_flat(bot)
    assert bot.status == BotStatus.STOPPED


@pytest.mark.parametrize("fault", [LOST, HIDDEN])
def test_nor_for_an_opening_in_doubt(fault: str, settings: Any) -> None:
    bot = simulated_bot()
    doubt(bot, fault, CHZ)
    look(bot)
    flattened(bot)
    check_known_is_closed(bot, fault, CHZ)
    tell(bot, settings)
    check_flat(bot)


@pytest.mark.parametrize("fault", [LOST, HIDDEN])
def test_nor_for_a_close_in_doubt(fault: str, settings: Any) -> None:
    """Of a close of which one leg was refused and the other is in doubt, the refused one goes on."""
    bot = opened_bot()
    hidden = {"fault": "not_found", "seconds": 30}
    of_chz = [{"symbol": CHZ, "next": 1} | one for one in ({"fault": fault}, hidden)]
    rehearse(bot, *of_chz, {"fault": "reject", "symbol": GALA, "next": 2})
    bot_close_positions(actor=bot.owner, bot=bot, now=timezone.now(), idempotency_key="close")
    for _ in range(3):
        look(bot)
    assert set(holdings(bot)) == ({CHZ} if fault == LOST else set())
    tell(bot, settings)
    check_flat(bot)


@pytest.mark.parametrize("fault", [LOST, HIDDEN])
def test_a_close_by_hand_does_not_wait_either(fault: str, settings: Any) -> None:
    bot = added_in_doubt(fault, GALA)
    bot_close_positions(actor=bot.owner, bot=bot, now=timezone.now(), idempotency_key="close")
    look(bot)
    check_known_is_closed(bot, fault, GALA)
    tell(bot, settings)
    check_flat(bot)
    assert Trade.objects.filter(bot=bot, action="close").latest("id").reason == "manual"


@pytest.mark.parametrize(("restarts", "status"), [(False, "paused"), (True, "running")])
def test_nor_does_the_stop_loss(restarts: bool, status: str, settings: Any) -> None:
    bot = added_in_doubt(LOST, GALA, stop_loss_ratio="90", restart_after_stop_loss=restarts)
    look(bot)
    assert len(holdings(bot)) == 2
    Bot.objects.filter(pk=bot.pk).update(stop_loss_ratio="0.0001", entries_wait_until=None)
    for _ in range(2):
        look(bot)
        check_known_is_closed(bot, LOST, GALA)
    assert Intent.objects.filter(bot=bot).count() == 1
    Bot.objects.filter(pk=bot.pk).update(dca_config=ladder((900.0, 1.0), (900.0, 1.0)))
    tell(bot, settings)
    check_flat(bot)
    assert Trade.objects.filter(bot=bot, action="close").latest("id").reason == "stop_loss"
    assert bot.status == status


@pytest.mark.parametrize("held", ["halted", "frozen"])
def test_what_may_not_close_waits(held: str) -> None:
    bot = added_in_doubt(LOST, GALA)
    Bot.objects.filter(pk=bot.pk).update(stop_loss_ratio="0.0001")
    if held == "frozen":
        Bot.objects.filter(pk=bot.pk).update(status="paused", freeze_exits=True)
    else:
        kill_switch(
            actor=bot.owner, scope=Scope.BOT, target=bot, state=TradingState.HALTED, flatten=False, now=timezone.now()
        )
    look(bot)
    assert len(holdings(bot)) == 2
    assert not Intent.objects.filter(bot=bot).exists()


def test_a_leg_that_an_earlier_cycle_left_is_flattened_too() -> None:
    """As a fill leaves it that was told after its bot was stopped."""
    bot = opened_bot()
    Bot.objects.filter(pk=bot.pk).update(level=0, side=0, current_cycle=F("current_cycle") + 1, status="stopped")
    bot.refresh_from_db()
    flattened(bot)
    assert holdings(bot) == {}
