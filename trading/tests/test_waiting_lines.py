"""What bots with nothing to do say, how seldom, and at what cost."""

from datetime import timedelta
from typing import Any

import pytest
from django.core.cache import cache
from django.db import connection
from django.test.utils import CaptureQueriesContext
from django.utils import timezone

from bots.journal.search import with_code, with_text
from bots.models import Bot
from bots.tests.factories import ladder
from exchanges.market_data import quotes
from trading.core.spread import spread_pct
from trading.models import TradeLog
from trading.tests.safety.made import look, opened_bot, simulated_bot
from trading.ticks import tick_chunk
from trading.waiting_lines import AGAIN_S, QUIET_S, Said

pytestmark = pytest.mark.django_db(transaction=True, databases=["default", "paper"])

CODES = ("waiting", "level_refused", "entries_wait", "quotes_apart", "book_wide")


def waiting_bot(threshold: float = 1.2, **fields: Any) -> Bot:
    wanted: dict[str, Any] = {"dca_config": ladder((threshold, 1.0), (1.0, 1.0)), "max_dca_times": 2} | fields
    return simulated_bot(**wanted)


def moved(bot: Bot, by: float) -> None:
    """From now on the spread counts as having moved so far."""
    seen = quotes(bot.exchange_account, [bot.market1_symbol, bot.market2_symbol])
    one, two = (float(seen[symbol].mid) for symbol in (bot.market1_symbol, bot.market2_symbol))
    now = spread_pct(one, two, float(bot.market1_start_price), float(bot.market2_start_price))
    Bot.objects.filter(pk=bot.pk).update(reference_spread=now - by)


def told(bot: Bot) -> list[dict[str, Any]]:
    lines = TradeLog.objects.filter(bot=bot, details__code__in=CODES).order_by("id")
    return [{"type": line.log_type, "message": line.message, **line.details} for line in lines]


def looked(*bots: Bot) -> list[int]:
    return tick_chunk([bot.pk for bot in bots], timezone.now())


def later(bot: Bot, seconds: float) -> None:
    key = f"waits:{bot.pk}"
    said = Said(*cache.get(key))
    cache.set(key, tuple(said._replace(at=said.at - seconds)))


def test_the_way_to_the_threshold_is_told_once_and_again_when_it_changed() -> None:
    bot = waiting_bot()
    moved(bot, 0.9)
    for _ in range(3):
        assert looked(bot) == []
    (line,) = told(bot)
    assert (line["type"], line["code"], line["level"], line["threshold"]) == ("info", "waiting", 1, 1.2)
    assert line["moved"] == pytest.approx(0.9, abs=0.1)
    assert line["message"].startswith("Waits with level 1: the spread moved 0.")
    moved(bot, 0.2)
    looked(bot)
    assert len(told(bot)) == 1
    later(bot, QUIET_S)
    looked(bot)
    assert [line["moved"] for line in told(bot)] == pytest.approx([0.9, 0.2], abs=0.1)
    later(bot, AGAIN_S)
    looked(bot)
    assert len(told(bot)) == 2


def test_the_next_level_is_told_at_once_after_a_trade() -> None:
    bot = waiting_bot(dca_config=ladder((0.0001, 1.0), (5.0, 1.0)))
    Bot.objects.filter(pk=bot.pk).update(entries_wait_until=timezone.now() + timedelta(minutes=5))
    looked(bot)
    Bot.objects.filter(pk=bot.pk).update(entries_wait_until=None)
    look(bot)
    look(bot)  # reads funding
    assert (bot.level, looked(bot)) == (1, [])
    assert [(line["code"], line["level"]) for line in told(bot)] == [("entries_wait", 1), ("waiting", 2)]


@pytest.mark.parametrize(
    ("fields", "changed", "said"),
    [
        ({}, {"max_position_value": 150}, {"code": "level_refused", "reason": "cap", "needed": 200.0}),
        ({"allowed_side": "long_spread"}, {}, {"code": "level_refused", "reason": "side", "side": -1}),
        ({}, {"max_book_spread": "0.0001"}, {"code": "book_wide"}),
    ],
)
def test_what_keeps_a_bot_from_an_entry_whose_threshold_is_reached(fields: Any, changed: Any, said: Any) -> None:
    bot = waiting_bot(**fields)
    Bot.objects.filter(pk=bot.pk).update(**changed)
    moved(bot, 3.0)
    for _ in range(2):
        assert looked(bot) == []
    (line,) = told(bot)
    assert said.items() <= line.items()
    assert "–" not in line["message"]
    later(bot, AGAIN_S)
    looked(bot)
    assert len(told(bot)) == 2


@pytest.mark.parametrize("status", ["paused", "stopped", "error"])
def test_a_bot_that_does_not_look_out_for_entries_says_nothing(status: str) -> None:
    bot = waiting_bot()
    Bot.objects.filter(pk=bot.pk).update(status=status)
    looked(bot)
    assert told(bot) == []


def test_a_full_ladder_says_nothing() -> None:
    bot = opened_bot()
    looked(bot)
    assert told(bot) == []


def test_many_bots_cost_one_statement_and_most_looks_none() -> None:
    bots = [waiting_bot() for _ in range(4)]
    for bot in bots:
        moved(bot, 0.5)

    def statements(*chosen: Bot) -> int:
        with CaptureQueriesContext(connection) as seen:
            looked(*chosen)
        return sum("trade_logs" in query["sql"] for query in seen)

    assert statements(*bots) == 1
    assert all(len(told(bot)) == 1 for bot in bots)
    assert statements(*bots) == 0


def test_without_redis_nothing_is_said_and_nothing_breaks(settings: Any) -> None:
    bot = waiting_bot()
    moved(bot, 0.5)
    settings.CACHES = {"default": settings.CACHES["default"] | {"LOCATION": "redis://127.0.0.1:1/0"}}
    assert looked(bot) == []
    assert told(bot) == []


def test_the_lines_are_found() -> None:
    bot = waiting_bot()
    moved(bot, 0.9)
    looked(bot)
    lines = TradeLog.objects.filter(bot=bot)
    assert with_code(lines, "waiting").count() == 1
    assert with_text(lines, "waits with level").count() == 1
