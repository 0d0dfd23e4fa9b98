"""The whole way of a bot on a replay at full speed: engine, execution, ledger and paper venue against the back-test."""

from datetime import timedelta
from typing import Any

import pytest
from django.utils import timezone

from bots.services import bot_close_positions
from bots.tests.factories import ladder, make_user
from exchanges.tests.series import START, candle_dir, replay_account, stored_pair  # noqa: F401
from trading.core.candles import Candles
from trading.engine import run_tick
from trading.models import Position, Trade
from trading.tests.books import check_books
from trading.tests.replays import backtested, lived, play, reference, started_bot

pytestmark = pytest.mark.django_db(transaction=True, databases=["default", "paper"])


def test_the_bot_trades_exactly_as_the_back_test_does(stored_pair: tuple[Candles, Candles]) -> None:  # noqa: F811
    user = make_user()
    account = replay_account(user, lot_rounding=False)
    bot = started_bot(user, account)
    play(account)
    result = reference(*stored_pair)
    wanted = [row for row in backtested(result)]
    assert len(wanted) > 10
    assert lived(bot) == wanted
    check_books(bot)
    assert float(bot.total_profit) == pytest.approx(
        result.realised - (result.open_state.fees if result.open_state.side else 0), abs=1e-6
    )
    assert not Trade.objects.filter(bot=bot, naked_ms__gt=0).exists()


@pytest.mark.parametrize("fields", [{"profit_mode": "regression", "profit_ratio": "0.8"}, {"opening": "momentum"}])
def test_other_settings(stored_pair: Any, fields: dict[str, Any]) -> None:  # noqa: F811
    user = make_user()
    account = replay_account(user, lot_rounding=False)
    bot = started_bot(user, account, **fields)
    play(account)
    kind = {"regression": True, "take_profit": 0.8} if "profit_mode" in fields else {"momentum": True}
    assert lived(bot) == backtested(reference(*stored_pair, **kind))
    check_books(bot)


def test_with_lots_the_books_still_agree(stored_pair: Any) -> None:  # noqa: F811
    user = make_user()
    account = replay_account(user)
    bot = started_bot(user, account)
    play(account)
    assert Trade.objects.filter(bot=bot).count() > 10
    check_books(bot)


def test_what_is_open_when_the_recording_ends_can_be_closed_by_hand(stored_pair: Any) -> None:  # noqa: F811
    user = make_user()
    account = replay_account(user, lot_rounding=False, end=START + 70 * timedelta(minutes=5))
    bot = started_bot(user, account, dca_config=ladder((0.1, 1.0)), max_dca_times=1, profit_ratio="50")
    play(account)
    bot.refresh_from_db()
    assert (bot.status, bot.status_reason, bot.level) == ("paused", "tape_ended", 1)
    bot_close_positions(actor=user, bot=bot, now=timezone.now())
    assert run_tick(bot.pk, timezone.now())
    bot.refresh_from_db()
    assert bot.is_flat
    assert not Position.objects.filter(bot=bot, is_open=True).exists()
    assert bot.intents.get().status == "done"
    check_books(bot)
