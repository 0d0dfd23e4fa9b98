"""What journals forget, and what they keep for ever."""

from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from bots.journal import lines as journal
from bots.models import Bot
from bots.tests.factories import make_bot
from trading.journal_thinning import REPEATED, journals_thin
from trading.models import LogType, TradeLog

pytestmark = pytest.mark.django_db

NOW = datetime(2026, 6, 30, 12, tzinfo=UTC)
OLD = NOW - timedelta(days=31)


def line(bot: Bot, code: str, at: datetime, log_type: LogType = LogType.WARNING, **figures: Any) -> int:
    log = journal.write(bot, code, log_type=log_type, **figures)
    TradeLog.objects.filter(pk=log.pk).update(created_at=at)
    return log.pk


def left() -> set[int]:
    return set(TradeLog.objects.values_list("pk", flat=True))


def test_of_lines_that_say_the_same_one_a_day_stays() -> None:
    bot, other = make_bot(), make_bot()
    symbols = ("GALA/USDT:USDT", "CHZ/USDT:USDT")
    first = {line(bot, "quotes_stale", OLD, symbol=symbol, age=11.0) for symbol in symbols}
    again = {line(bot, "quotes_stale", OLD + timedelta(minutes=n), symbol=symbols[0], age=12.0) for n in (1, 2)}
    next_day = line(bot, "quotes_stale", OLD + timedelta(days=1), symbol=symbols[0], age=11.0)
    elsewhere = line(other, "quotes_stale", OLD, symbol=symbols[0], age=11.0)
    other_reason = [line(bot, "venue_unavailable", OLD, reason=reason) for reason in ("busy", "down")]
    assert journals_thin(NOW + timedelta(days=1)) == 2
    assert left() == first | {next_day, elsewhere, *other_reason}
    assert not again & left()


def test_trades_errors_wishes_and_what_is_young_stay() -> None:
    bot = make_bot()
    for at in (OLD, OLD + timedelta(minutes=1)):
        line(bot, "paused", at, LogType.INFO, reason="by_user")
        line(bot, "order_rejected", at, action="buy", amount=1, symbol="GALA/USDT:USDT", reason="busy")
        line(bot, "venue_unavailable", at, LogType.ERROR, reason="down")
        line(bot, "closed_manual", at, LogType.TRADE, pnl=1, spread=1)
        line(bot, "quotes_stale", at + timedelta(days=20), symbol="GALA/USDT:USDT", age=11.0)
    assert journals_thin(NOW) == 0


def test_the_number_of_days_is_a_setting(settings: Any) -> None:
    settings.JOURNAL_KEEP_DAYS = 60
    bot = make_bot()
    for _ in range(3):
        line(bot, "quotes_missing", OLD, symbol="GALA/USDT:USDT")
    assert journals_thin(NOW) == 0
    settings.JOURNAL_KEEP_DAYS = 30
    assert journals_thin(NOW) == 2


def test_only_codes_that_have_a_sentence_are_named() -> None:
    assert set(REPEATED) <= set(journal.MESSAGES)
