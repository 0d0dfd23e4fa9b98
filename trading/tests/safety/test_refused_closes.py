"""A venue that refuses to close is asked again, less and less often, and never in silence."""

from datetime import timedelta
from typing import Any

import pytest
from django.utils import timezone

from bots.models import BotStatus
from bots.services import bot_close_positions
from exchanges.errors import Unavailable
from exchanges.registry import venue_of
from exchanges.tests.series import CHZ
from trading.models import Order, Purpose
from trading.tests.books import check_books, check_legs_equal
from trading.tests.safety.made import codes, holdings, look, opened_bot, rehearse

pytestmark = pytest.mark.django_db(transaction=True, databases=["default", "paper"])


def test_pauses_grow_and_the_bot_says_so() -> None:
    bot = opened_bot()
    rehearse(bot, {"fault": "reject", "symbol": CHZ, "reduce_only": True})
    bot_close_positions(actor=bot.owner, bot=bot, now=timezone.now())
    look(bot)
    look(bot)
    sent = Order.objects.filter(bot=bot, symbol=CHZ, purpose=Purpose.CLOSE)
    before = sent.count()
    assert (bot.status, bot.status_reason) == (BotStatus.ERROR, "close_stuck")
    for _ in range(3):
        look(bot)
    assert sent.count() == before
    assert codes(bot).count("close_waits") == 1
    look(bot, after=timedelta(seconds=6))
    assert sent.count() == before + 1
    look(bot, after=timedelta(seconds=6))
    assert sent.count() == before + 1  # twice as long now
    rehearse(bot)
    look(bot, after=timedelta(seconds=12))
    assert (bot.level, holdings(bot)) == (0, {})
    check_books(bot)
    check_legs_equal(bot)


def test_a_close_does_not_wait_for_quotes(monkeypatch: Any) -> None:
    bot = opened_bot()

    def failing(symbols: Any) -> Any:
        raise Unavailable("no answer")

    monkeypatch.setattr(venue_of(bot.exchange_account), "quotes", failing)
    bot_close_positions(actor=bot.owner, bot=bot, now=timezone.now())
    look(bot)
    assert (bot.level, holdings(bot)) == (0, {})
    types = Order.objects.filter(bot=bot, purpose=Purpose.CLOSE).values_list("order_type", flat=True)
    assert set(types) == {"market"}
