"""Protective stops at three venues: in step with what is held, gone with it, and no leg left alone when one fires."""

from collections.abc import Iterator
from datetime import timedelta
from decimal import Decimal
from typing import Any

import pytest
from django.core.exceptions import ValidationError
from django.utils import timezone

from bots.models import Bot
from bots.services import bot_stop, bot_update
from bots.settings.protection_rules import protection_error
from exchanges.tests.wire.accounts import SERVERS, serving
from exchanges.tests.wire.server import WireServer
from trading.core.order_state import UNSETTLED
from trading.kill_switch.switches import switch_set
from trading.models import Order, Purpose, SafetyAlert, Scope, Trade, TradingState
from trading.tests.live_bots import (
    check_books,
    check_no_leg_alone,
    closed,
    look,
    look_until_settled,
    moved,
    opened,
)
from trading.ticks import tick_chunk

pytestmark = pytest.mark.django_db(transaction=True)

PROTECTED = {"protective_stop": "8", "profit_ratio": "500"}


@pytest.fixture
def exchange() -> str:
    """Tests that speak of one venue's own ways name others (`every_venue`)."""
    return "okx"


every_venue = pytest.mark.parametrize("exchange", sorted(SERVERS))


@pytest.fixture
def server(exchange: str, settings: Any) -> Iterator[WireServer]:
    settings.ORDER_PROOF_S = settings.QUOTE_CACHE_TTL = 0.0
    settings.ORDER_SEND_BY_S = 0.3
    with serving(exchange, settings) as server:
        yield server


def stops(bot: Bot, **chosen: Any) -> list[Order]:
    return list(Order.objects.filter(bot=bot, purpose=Purpose.PROTECT, **chosen).order_by("leg", "id"))


def resting(server: WireServer) -> dict[str, tuple[str, Decimal, Decimal | None]]:
    """Stops that wait at the venue, by base."""
    waiting = [stop for base in ("GALA", "CHZ") for stop in server.market.waiting(base)]
    assert len({stop.base for stop in waiting}) == len(waiting)
    return {stop.base: (stop.side, stop.amount, stop.trigger) for stop in waiting}


def expected(bot: Bot) -> dict[str, tuple[str, Decimal, Decimal | None]]:
    """8 % against each leg from its entry, the whole of it."""
    found: dict[str, tuple[str, Decimal, Decimal | None]] = {}
    for position in bot.positions.filter(is_open=True):
        side, factor = ("sell", Decimal("0.92")) if position.side == "long" else ("buy", Decimal("1.08"))
        found[position.symbol.split("/")[0]] = (side, position.amount, position.entry_price * factor)
    return found


def check_in_step(bot: Bot, server: WireServer) -> None:
    there, wanted = resting(server), expected(bot)
    assert there.keys() == wanted.keys()
    for base, (side, amount, trigger) in wanted.items():
        assert there[base][:2] == (side, amount)
        assert trigger is not None
        assert there[base][2] == pytest.approx(trigger, rel=Decimal("0.002"))


@every_venue
def test_they_follow_the_position_and_go_with_it(server: WireServer) -> None:
    bot = opened(server, **PROTECTED)
    check_in_step(bot, server)
    first = {stop.pk for stop in stops(bot)}
    look(bot)
    assert {stop.pk for stop in stops(bot)} == first  # nothing is sent again
    moved(server, "3")
    look_until_settled(bot)
    assert bot.level == 2
    check_in_step(bot, server)
    closed(bot)
    assert resting(server) == {}
    assert not stops(bot, status__in=UNSETTLED)
    check_books(bot, server)


@every_venue
@pytest.mark.parametrize("status", ["running", "stopped"])
def test_when_one_fires_the_other_leg_leaves_at_once(server: WireServer, status: str) -> None:
    bot = opened(server, **PROTECTED)
    if status == "stopped":
        bot_stop(actor=bot.owner, bot=bot, now=timezone.now())
    moved(server, "20")
    assert tick_chunk([bot.pk], timezone.now()) == [bot.pk]
    look_until_settled(bot, flat=True)
    assert Trade.objects.get(bot=bot, action="close").reason == "protection"
    assert Trade.objects.get(bot=bot, action="close").naked_value > 0
    fired = [stop for stop in stops(bot) if stop.filled_amount]
    assert [stop.filled_amount for stop in fired] == [stop.amount for stop in fired]
    assert len(fired) == 1
    assert resting(server) == {}
    assert bot.status == ("paused" if status == "running" else "stopped")
    check_no_leg_alone(server)
    check_books(bot, server)


def test_one_that_fires_while_the_program_is_away_is_found(server: WireServer) -> None:
    """By its time alone: the price is back where it was."""
    bot = opened(server, **PROTECTED)
    look(bot)  # funding was read by now
    moved(server, "20")
    moved(server, "1.5")
    assert tick_chunk([bot.pk], timezone.now()) == []
    assert tick_chunk([bot.pk], timezone.now() + timedelta(seconds=61)) == [bot.pk]
    Order.objects.filter(bot=bot, purpose=Purpose.PROTECT).update(updated_at=timezone.now() - timedelta(seconds=61))
    look_until_settled(bot, flat=True)
    check_no_leg_alone(server)
    check_books(bot, server)


def test_a_stop_that_somebody_cancelled_is_placed_again(server: WireServer) -> None:
    bot = opened(server, **PROTECTED)
    server.market.cancel_stop(server.market.waiting("CHZ")[0])
    Order.objects.filter(bot=bot, purpose=Purpose.PROTECT).update(updated_at=timezone.now() - timedelta(seconds=61))
    assert tick_chunk([bot.pk], timezone.now()) == [bot.pk]
    look(bot)
    check_in_step(bot, server)


def test_switched_off_they_go_and_switched_on_they_come(server: WireServer) -> None:
    bot = opened(server, **PROTECTED)
    Bot.objects.filter(pk=bot.pk).update(status="paused")
    bot.refresh_from_db()
    bot_update(actor=bot.owner, bot=bot, data={"protective_stop": None}, now=timezone.now())
    assert tick_chunk([bot.pk], timezone.now()) == [bot.pk]
    look(bot)
    assert resting(server) == {}
    bot_update(actor=bot.owner, bot=bot, data={"protective_stop": "8"}, now=timezone.now())
    assert tick_chunk([bot.pk], timezone.now()) == [bot.pk]
    look(bot)
    check_in_step(bot, server)
    assert tick_chunk([bot.pk], timezone.now()) == []


def test_a_refused_stop_is_an_alert_and_is_tried_again_with_growing_pauses(server: WireServer) -> None:
    bot = opened(server, **PROTECTED)
    for stop in [*server.market.waiting("GALA"), *server.market.waiting("CHZ")]:
        server.market.cancel_stop(stop)
    moved(server, "30")  # beyond the trigger: every venue refuses a stop that would fire at once
    switch_set(actor=None, scope=Scope.BOT, bot=bot, state=TradingState.REDUCING, now=timezone.now())
    Order.objects.filter(bot=bot, purpose=Purpose.PROTECT).update(updated_at=timezone.now() - timedelta(seconds=61))
    look(bot)
    refused = stops(bot, status="rejected")
    assert {stop.symbol.split("/")[0] for stop in refused} == {"GALA"}
    assert SafetyAlert.objects.filter(bot=bot, kind="unprotected", cleared_at=None).exists()
    look(bot)
    assert len(stops(bot, status="rejected")) == len(refused)
    moved(server, "1.5")
    Order.objects.filter(pk__in=[stop.pk for stop in refused]).update(created_at=timezone.now() - timedelta(minutes=1))
    look(bot)
    check_in_step(bot, server)
    assert not SafetyAlert.objects.filter(bot=bot, cleared_at=None).exists()


@pytest.mark.parametrize(
    ("fields", "code"),
    [
        ({"stop": None}, None),
        ({"stop": Decimal("10.5")}, None),
        ({"stop": Decimal(10)}, "protective_stop_near"),
        ({"stop": Decimal(4), "stop_loss": Decimal(0)}, None),
        ({"stop": Decimal(3), "stop_loss": Decimal(0)}, "protective_stop_near"),
        ({"stop": Decimal(30), "leverage": 3}, None),
        ({"stop": Decimal(34), "leverage": 3, "margin_mode": "isolated"}, "protective_stop_far"),
        ({"stop": Decimal(100)}, "protective_stop_far"),
    ],
)
def test_where_it_may_lie(fields: dict[str, Any], code: str | None) -> None:
    ladder = [{"spread": 1.0}, {"spread": 1.0}, {"spread": 2.0}, {"spread": 50.0}]
    usual = {"stop_loss": Decimal(10), "ladder": ladder, "levels": 3, "leverage": 10, "margin_mode": "cross"}
    error = protection_error(**(usual | fields))  # type: ignore[arg-type]
    assert (error.code if isinstance(error, ValidationError) else None) == code
