"""Beat and Redis are gone: bots in position keep their stop loss, and somebody hears of it."""

import subprocess
import sys
import time
from collections.abc import Iterator
from datetime import timedelta
from typing import Any

import pytest
from django.conf import settings as django_settings
from django.core import mail
from django.core.management import CommandError, call_command
from django.utils import timezone

from accounts.models import Channel, Notification
from accounts.notifications.fan_out import notifications_route
from bots import leases
from bots.models import Bot, BotStatus
from bots.services import bot_pause, bot_stop
from bots.tests.factories import make_user
from exchanges.tests.wire.accounts import serving
from exchanges.tests.wire.server import WireServer
from trading.guardian import alerts as guardian_alerts
from trading.guardian.looks import looks_note
from trading.guardian.rounds import at_risk, guardian_look, is_alive
from trading.kill_switch.actions import kill_switch
from trading.models import GuardianMark, LastLook, Order, SafetyAlert, Scope, Trade, TradingState
from trading.tests.live_bots import check_books, check_no_leg_alone, moved, opened
from trading.tests.processes import environment_of_processes
from trading.tests.safety.made import codes, look, opened_bot, rehearse, simulated_bot
from trading.ticks import tick_chunk

pytestmark = pytest.mark.django_db(transaction=True, databases=["default", "paper"])

NOWHERE = "redis://127.0.0.1:1/0"


@pytest.fixture
def server(settings: Any) -> Iterator[WireServer]:
    settings.ORDER_PROOF_S = settings.QUOTE_CACHE_TTL = 0.0
    with serving("okx", settings) as server:
        yield server


@pytest.fixture
def _no_redis(settings: Any) -> None:
    settings.REDIS_URL = NOWHERE
    settings.CACHES = {"default": settings.CACHES["default"] | {"LOCATION": NOWHERE}}


def forget(bot: Bot, seconds: int = 60) -> None:
    """Nobody has looked for so long."""
    at = timezone.now() - timedelta(seconds=seconds)
    LastLook.objects.filter(bot=bot).update(at=at)
    Bot.objects.filter(pk=bot.pk).update(last_tick_at=at, status_changed_at=at)
    SafetyAlert.objects.filter(bot=bot).update(raised_at=at, guarded_at=at)


def guarded() -> Any:
    return guardian_look(timezone.now)


def test_nobody_is_forgotten_while_the_others_are_being_started() -> None:
    bot = opened_bot()
    forget(bot)
    assert guardian_look(timezone.now, others_begin=True).neglected == ()
    assert not SafetyAlert.objects.filter(bot=bot).exists()
    assert guarded().neglected == (bot.pk,)


def test_the_stop_loss_holds_without_beat_and_redis(server: WireServer, request: Any, settings: Any) -> None:
    bot = opened(server, stop_loss_ratio="5")
    request.getfixturevalue("_no_redis")
    moved(server, "12")
    assert guarded().neglected == ()  # it was looked at a moment ago
    forget(bot)
    found = guarded()
    guardian_alerts.letters_wait()
    assert (found.neglected, found.looked) == ((bot.pk,), (bot.pk,))
    bot.refresh_from_db()
    assert (bot.level, Trade.objects.get(bot=bot, action="close").reason) == (0, "stop_loss")
    assert "alert_neglected" in codes(bot)
    assert [letter.to for letter in mail.outbox] == [[bot.owner.email]]
    check_books(bot, server)
    check_no_leg_alone(server)


@pytest.mark.usefixtures("_no_redis")
def test_it_looks_in_the_bots_own_rhythm_and_steps_back() -> None:
    bot = opened_bot()
    forget(bot)
    assert guarded().looked == (bot.pk,)
    assert guarded().looked == ()  # an interval later again
    forget(bot, seconds=bot.tick_interval + 1)
    assert guarded().looked == (bot.pk,)
    assert SafetyAlert.objects.filter(bot=bot, kind="neglected", cleared_at=None).count() == 1
    for _ in range(3):  # a worker that is only late comes and goes: that is no news each time
        looks_note([bot.pk])
        assert guarded().looked == ()
        LastLook.objects.filter(bot=bot).update(at=timezone.now() - timedelta(seconds=60))
        Bot.objects.filter(pk=bot.pk).update(last_tick_at=timezone.now() - timedelta(seconds=60))
        assert guarded().looked == (bot.pk,)
    assert SafetyAlert.objects.filter(bot=bot).count() == 1
    assert codes(bot).count("alert_neglected") == 1
    forget(bot, seconds=600)
    looks_note([bot.pk])
    assert guarded().looked == ()
    assert not SafetyAlert.objects.filter(bot=bot, cleared_at=None).exists()
    assert codes(bot).count("alert_neglected") == codes(bot).count("alert_neglected_over") == 1


def test_workers_that_are_gone_are_one_piece_of_news_however_many_bots_they_leave() -> None:
    owner = make_user()
    bots = [opened_bot(owner) for _ in range(3)]
    for bot in bots:
        forget(bot)
        guarded()
    guardian_alerts.letters_wait()
    assert [letter.to for letter in mail.outbox] == [[owner.email]]
    while notifications_route():
        continue
    assert [row.count for row in Notification.objects.filter(owner=owner, kind="guardian")] == [3]
    assert all("alert_neglected" in codes(bot) for bot in bots)


def test_it_opens_and_adds_nothing() -> None:
    bot = simulated_bot(order_type_open="limit")
    rehearse(bot, {"fault": "slow", "steps": 1000})
    look(bot)
    forget(bot)
    Order.objects.filter(bot=bot).update(market_time=timezone.now() - timedelta(minutes=5))
    rehearse(bot)
    for _ in range(3):
        guarded()
        forget(bot)
    bot.refresh_from_db()
    assert not Trade.objects.filter(bot=bot, status="working").exists()
    assert Trade.objects.filter(bot=bot).count() == 1


def test_whom_it_watches() -> None:
    flat, held, stopped, paused = simulated_bot(), opened_bot(), opened_bot(), opened_bot()
    bot_stop(actor=stopped.owner, bot=stopped, now=timezone.now())
    bot_pause(actor=paused.owner, bot=paused, now=timezone.now())
    assert set(at_risk().values_list("pk", flat=True)) == {held.pk, paused.pk}
    assert flat.status == BotStatus.RUNNING


def test_a_read_only_look_counts_as_one() -> None:
    bot = opened_bot()
    forget(bot)
    Bot.objects.filter(pk=bot.pk).update(funding_read_at=timezone.now())
    assert tick_chunk([bot.pk], timezone.now()) == []
    assert guarded().neglected == ()


def test_a_bot_that_somebody_is_busy_with_is_left_to_him() -> None:
    bot = opened_bot()
    forget(bot)
    lease = leases.claim(bot.pk, holder="worker")
    assert lease is not None
    assert guarded().looked == ()
    leases.release(lease)


@pytest.mark.parametrize(
    ("channel", "letters"),
    [
        ({}, 0),
        ({"kinds": ["trade"]}, 1),
        ({"is_active": False}, 1),
        ({"kind": "webhook"}, 1),
    ],
)
def test_it_writes_no_letter_that_a_channel_brings(channel: dict[str, Any], letters: int) -> None:
    bot = opened_bot()
    Channel.objects.create(**{"owner": bot.owner, "kind": "mail", "name": "Mine"} | channel)
    forget(bot)
    guarded()
    guardian_alerts.letters_wait()
    assert len(mail.outbox) == letters
    assert Notification.objects.filter(owner=bot.owner, kind="guardian").count() == 1


@pytest.mark.usefixtures("_no_redis")
def test_it_begins_what_the_kill_switch_asks_for() -> None:
    bot = opened_bot()
    kill_switch(
        actor=bot.owner, scope=Scope.BOT, target=bot, state=TradingState.HALTED, flatten=True, now=timezone.now()
    )
    assert guarded().flattened == (bot.pk,)
    bot.refresh_from_db()
    assert (bot.level, bot.status) == (0, BotStatus.STOPPED)
    assert guarded().flattened == ()


def test_closing_that_takes_too_long_is_told() -> None:
    bot = opened_bot()
    rehearse(bot, {"fault": "reject", "reduce_only": True})
    asked = kill_switch(
        actor=bot.owner, scope=Scope.BOT, target=bot, state=TradingState.HALTED, flatten=True, now=timezone.now()
    )
    assert asked.bots == (bot.pk,)
    guarded()
    bot.intents.update(created_at=timezone.now() - timedelta(minutes=1))
    guarded()
    assert SafetyAlert.objects.filter(bot=bot, kind="not_flat", cleared_at=None).exists()
    rehearse(bot)
    look(bot, after=timedelta(minutes=1))
    guarded()
    assert not SafetyAlert.objects.filter(bot=bot, cleared_at=None).exists()


def test_its_sign_of_life_is_in_postgresql() -> None:
    assert not is_alive()
    with pytest.raises(CommandError):
        call_command("guardian", "--check")
    guarded()
    assert is_alive()
    call_command("guardian", "--check")
    GuardianMark.objects.update(at=timezone.now() - timedelta(minutes=1))
    assert not is_alive()


def test_as_a_process_of_its_own(tmp_path: Any) -> None:
    bot = opened_bot()
    Bot.objects.filter(pk=bot.pk).update(profit_ratio=-500, pause_after_close=True)
    forget(bot)
    environment = environment_of_processes(REDIS_URL=NOWHERE, GUARDIAN_LOOK_S="0.1", LOCAL_CACHE="1")
    command = [sys.executable, str(django_settings.BASE_DIR / "manage.py"), "guardian"]
    with (
        (tmp_path / "log").open("wb") as log,
        subprocess.Popen(command, env=environment, cwd=django_settings.BASE_DIR, stdout=log, stderr=log) as process,
    ):
        try:
            deadline = time.monotonic() + 60
            while not Trade.objects.filter(bot=bot, action="close", status="settled").exists():
                assert process.poll() is None, (tmp_path / "log").read_text()
                assert time.monotonic() < deadline, (tmp_path / "log").read_text()
                time.sleep(0.05)
        finally:
            process.terminate()
        assert process.wait(20) == 0
