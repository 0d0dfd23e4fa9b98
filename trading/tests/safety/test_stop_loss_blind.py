"""Stale quotes open nothing; the stop loss asks the venue itself, and by the mark it asks twice."""

from collections.abc import Iterator
from typing import Any

import pytest
from django.utils import timezone

from bots.models import Bot
from exchanges.errors import Unavailable
from exchanges.registry import venue_of
from exchanges.tests.wire.accounts import serving
from exchanges.tests.wire.server import WireServer
from trading.engine import run_tick
from trading.models import Trade
from trading.tests.live_bots import check_books, check_no_leg_alone, moved, opened
from trading.tests.safety.made import codes, look

pytestmark = pytest.mark.django_db(transaction=True)


@pytest.fixture
def server(settings: Any) -> Iterator[WireServer]:
    settings.ORDER_PROOF_S = settings.QUOTE_CACHE_TTL = settings.ORDERBOOK_CACHE_TTL = 0.0
    with serving("okx", settings) as server:
        yield server


def lost(server: WireServer, monkeypatch: Any) -> Bot:
    """A bot past its stop loss whose quotes do not come any more."""
    bot = opened(server, stop_loss_ratio="5")

    def failing(symbols: Any) -> Any:
        return {}

    monkeypatch.setattr(venue_of(bot.exchange_account), "quotes", failing)
    moved(server, "12")
    return bot


def test_the_books_are_asked_for(server: WireServer, monkeypatch: Any) -> None:
    bot = lost(server, monkeypatch)
    look(bot)
    assert (bot.level, Trade.objects.get(bot=bot, action="close").reason) == (0, "stop_loss")
    assert "close_by_book" in codes(bot)
    check_books(bot, server)
    check_no_leg_alone(server)


def test_else_the_marks_say_it_twice(server: WireServer, monkeypatch: Any) -> None:
    bot = lost(server, monkeypatch)

    def failing(account: Any, symbol: str) -> Any:
        raise Unavailable("no book")

    monkeypatch.setattr("exchanges.market_data.book_quote", failing)
    look(bot)
    assert bot.level == 1
    look(bot)
    assert (bot.level, Trade.objects.get(bot=bot, action="close").reason) == (0, "stop_loss")
    assert "close_by_mark" in codes(bot)
    check_books(bot, server)


def test_a_mark_that_came_back_begins_anew(server: WireServer, monkeypatch: Any) -> None:
    bot = lost(server, monkeypatch)

    def failing(account: Any, symbol: str) -> Any:
        raise Unavailable("no book")

    monkeypatch.setattr("exchanges.market_data.book_quote", failing)
    for percent in ("12", "2", "12"):
        moved(server, percent)
        look(bot)
    assert bot.level == 1
    assert not Trade.objects.filter(bot=bot, action="close").exists()


def test_nothing_is_done_blindly(server: WireServer, monkeypatch: Any) -> None:
    bot = lost(server, monkeypatch)

    def failing(*args: Any) -> Any:
        raise Unavailable("nothing")

    monkeypatch.setattr("exchanges.market_data.book_quote", failing)
    monkeypatch.setattr(venue_of(bot.exchange_account), "positions", failing)
    for _ in range(2):
        run_tick(bot.pk, timezone.now())
    bot.refresh_from_db()
    assert bot.level == 1
    assert codes(bot).count("close_blocked") == 1
