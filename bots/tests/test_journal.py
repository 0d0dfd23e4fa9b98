"""Lines of the journal in the database, in the reader's language, and not twice in a row."""

from datetime import UTC, datetime, timedelta
from decimal import Decimal
from typing import Any

import pytest
from django.utils import timezone

from bots.journal import lines as journal
from bots.models import Bot
from bots.tests.factories import make_bot
from trading.models import LogType, TradeLog

pytestmark = pytest.mark.django_db

AT = datetime(2025, 2, 5, tzinfo=UTC)


@pytest.fixture
def bot() -> Bot:
    return make_bot()


def test_a_line_keeps_code_and_figures(bot: Bot) -> None:
    log = journal.write(
        bot,
        "closed_take_profit",
        log_type=LogType.TRADE,
        market_time=AT,
        pnl=Decimal("12.380000000000"),
        spread=0.75,
        until=AT,
    )
    log.refresh_from_db()
    assert log.message == "Took profit: +12.38 USDT at a spread of +0.75 pp."
    assert log.details == {
        "code": "closed_take_profit",
        "currency": "USDT",
        "pnl": "12.38",
        "spread": 0.75,
        "until": "2025-02-05T00:00:00+00:00",
    }
    assert journal.sentence(log) == log.message
    assert journal.frame(log)["market_time"].startswith("2025-02-05T00:00:00")


def test_a_code_without_a_sentence_is_a_mistake(bot: Bot) -> None:
    with pytest.raises(KeyError):
        journal.write(bot, "no_such_code", log_type=LogType.INFO)
    assert not TradeLog.objects.exists()


def test_long_answers_of_venues_are_cut(bot: Bot) -> None:
    log = journal.write(bot, "paused", log_type=LogType.INFO, reason="x" * 2000)
    assert len(TradeLog.objects.get(pk=log.pk).message) == 500


def test_seldom_says_the_same_once_in_a_while(bot: Bot) -> None:
    def say(code: str = "quotes_stale", symbol: str = "GALA/USDT:USDT") -> Any:
        quiet = timedelta(minutes=10)
        return journal.write_seldom(bot, code, log_type=LogType.WARNING, quiet=quiet, symbol=symbol, age=12.0)

    assert say()
    assert say() is None
    assert say(symbol="CHZ/USDT:USDT")
    assert say(code="quotes_missing")
    assert say() is None
    TradeLog.objects.update(created_at=timezone.now() - timedelta(minutes=11))
    assert say()


def test_lines_reach_open_pages_only_once_committed(bot: Bot, django_capture_on_commit_callbacks: Any) -> None:
    with django_capture_on_commit_callbacks() as callbacks:
        journal.write(bot, "created", log_type=LogType.INFO)
    assert len(callbacks) == 1
