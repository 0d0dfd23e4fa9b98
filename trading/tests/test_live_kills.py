"""Real SIGKILLs of a bot on a real account: whoever looks next finds out what became of its orders."""

import signal
from typing import Any

import pytest

from bots.models import Bot
from exchanges.tests.wire.accounts import SERVERS, serving
from exchanges.tests.wire.server import WireServer
from trading.models import Order
from trading.tests.killable import run
from trading.tests.live_bots import (
    check_books,
    check_no_leg_alone,
    check_sent_once,
    closed,
    look_until_settled,
    moved,
    started,
)

pytestmark = [pytest.mark.django_db(transaction=True), pytest.mark.slow]

POINTS = {"after_plan": 0, "after_submit": 0, "between_legs": 0, "after_answer": 2, "after_answer_commit": 2}
"""And how many orders have reached the venue when the process dies there."""


@pytest.fixture(params=sorted(SERVERS))
def server(request: Any, settings: Any) -> Any:
    settings.ORDER_PROOF_S = settings.QUOTE_CACHE_TTL = 0.0
    settings.ORDER_SEND_BY_S = 0.3
    with serving(request.param, settings) as server:
        yield server


def killed_at(point: str, bot: Bot) -> None:
    short = {"QUOTE_CACHE_TTL": 0.0, "BOT_LEASE_S": 3.0}
    assert run("look", bot.pk, crash_point=point, **short) == -signal.SIGKILL


@pytest.mark.parametrize("point", POINTS)
def test_killed_there_the_pair_is_opened_once(server: WireServer, point: str) -> None:
    bot = started(server)
    moved(server, "1.5")
    killed_at(point, bot)
    assert len(server.market.orders) == POINTS[point]
    assert Order.objects.filter(bot=bot).count() == 2
    look_until_settled(bot)
    check_books(bot, server)
    check_no_leg_alone(server)
    check_sent_once(bot, server)
    closed(bot)
    check_books(bot, server)
    check_sent_once(bot, server)
