"""Two bots at once cannot both take the last room under a limit."""

import threading
import time
from datetime import timedelta
from decimal import Decimal

import pytest
from django.db import connection, connections, transaction
from django.utils import timezone

from bots.models import Bot
from bots.services import bot_create, bot_start
from bots.tests.factories import ladder, make_user
from exchanges.tests.series import simulated_account
from trading.engine import run_tick
from trading.models import RiskLimits, Scope, TradeLog
from trading.risk.checks import LOCK_SPACE
from trading.tests.replays import bot_data

pytestmark = pytest.mark.django_db(transaction=True, databases=["default", "paper"])

BOTS = 2


def tick(bot_id: int) -> None:
    try:
        run_tick(bot_id, timezone.now())
    finally:
        for each in connections.all():
            each.close()


def waiting(user_id: int) -> int:
    """How many transactions wait for the user's lock."""
    with connection.cursor() as cursor:
        cursor.execute(
            "SELECT count(*) FROM pg_locks WHERE locktype = 'advisory' AND NOT granted AND classid = %s AND objid = %s",
            [LOCK_SPACE, user_id],
        )
        return int(cursor.fetchone()[0])


def test_only_one_of_two_bots_gets_the_last_room() -> None:
    user = make_user()
    bots = []
    for number in range(BOTS):
        account = simulated_account(user, label=f"Account {number}", seed=number)
        values = {
            "start_time": timezone.now() - timedelta(days=2),
            "dca_config": ladder((0.0001, 1.0)),
            "max_dca_times": 1,
            "decide_on": "tick",
        }
        bot = bot_create(actor=user, data=bot_data(account, **values), now=timezone.now())
        bots.append(bot_start(actor=user, bot=bot, now=timezone.now()))
    RiskLimits.objects.create(scope=Scope.USER, owner=user, max_gross_exposure=Decimal(250))
    threads = [threading.Thread(target=tick, args=(bot.pk,)) for bot in bots]
    deadline = time.monotonic() + 20
    with transaction.atomic():
        with connection.cursor() as cursor:
            cursor.execute("SELECT pg_advisory_xact_lock(%s, %s)", [LOCK_SPACE, user.pk])
        for thread in threads:
            thread.start()
        while waiting(user.pk) < BOTS and any(thread.is_alive() for thread in threads):
            assert time.monotonic() < deadline
        assert waiting(user.pk) == BOTS
    for thread in threads:
        thread.join()
    assert sorted(Bot.objects.filter(owner=user).values_list("level", flat=True)) == [0, 1]
    assert TradeLog.objects.filter(bot__in=bots, details__code="risk_refused").count() == 1
