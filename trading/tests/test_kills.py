"""Real SIGKILLs at named instants of an order's life: a second process goes on as if nothing had happened."""

import signal
from pathlib import Path
from typing import Any

import pytest

from bots.models import Bot
from bots.strategies.registry import strategy_of
from bots.tests.factories import ladder, make_user
from exchanges.tests.series import candle_dir, replay_account, store_pair  # noqa: F401
from trading.core.backtest import BacktestResult, run_backtest
from trading.core.candles import align
from trading.core.order_state import UNSETTLED
from trading.core.types import config
from trading.models import Order, Trade
from trading.strategies import template
from trading.tests.books import check_books, check_legs_equal
from trading.tests.killable import run
from trading.tests.replays import FEE, SLIPPAGE, backtested, lived, reference, started_bot

pytestmark = [pytest.mark.django_db(transaction=True, databases=["default", "paper"]), pytest.mark.slow]

BARS = 40
RUNGS = ladder((0.4, 1.0), (0.4, 1.5), (0.6, 2.0))
POINTS = [
    "after_plan",  # the rows are committed, nothing else
    "before_submit",
    "after_submit",  # marked as sent, not sent
    "between_legs",  # in the thread of a leg, before its call
    "after_answer",  # the venue has them, we know, nothing is written
    "after_answer_commit",
    "after_settle",  # fills are booked, the trade is not
    "before_book",
    "after_book",
    "before_advance",
]


def replay_bot() -> tuple[Bot, Any]:
    series = store_pair(BARS, seed=4)
    user = make_user()
    account = replay_account(user, lot_rounding=False)
    bot = started_bot(user, account, dca_config=RUNGS, max_dca_times=3, profit_ratio="0.4")
    return bot, reference(*series, rungs=RUNGS, take_profit=0.4)


@pytest.mark.parametrize("point", POINTS)
def test_killed_there_it_continues_as_if_nothing_had_happened(candle_dir: Any, point: str) -> None:  # noqa: F811
    """At the first passing, and twice at the second of what is left, on one tape."""
    bot, result = replay_bot()
    account = bot.exchange_account_id
    for passing in (1, 2, 2):
        assert run("tape", account, crash_point=f"{point}:{passing}") == -signal.SIGKILL
        assert Trade.objects.filter(bot=bot, status="working").count() <= 1
    assert run("tape", account) == 0
    assert lived(bot) == backtested(result)
    assert len(lived(bot)) > 4
    assert not Order.objects.filter(bot=bot, status__in=UNSETTLED).exists()
    check_books(bot)
    check_legs_equal(bot)


OWN = {"window": 8, "entry": 1.0, "exit": 0.0}


def own_reference(series: Any) -> BacktestResult:
    tape = align(*series).tape
    rules = config(
        spreads=[row["spread"] for row in RUNGS],
        multipliers=[row["multiplier"] for row in RUNGS],
        investment=100,
        cap=100_000,
        start1=tape.opens1[0],
        start2=tape.opens2[0],
        fee1=FEE,
        fee2=FEE,
        slippage=SLIPPAGE,
    )
    prepared = strategy_of("own").bind(OWN).prepared(tape)
    return run_backtest(rules, tape, strategy=prepared, pause_after_close=False, restart_after_stop_loss=True)


def test_a_strategy_of_one_s_own_decides_once_on_each_candle_whatever_is_killed(
    candle_dir: Any,  # noqa: F811
    tmp_path: Path,
    settings: Any,
) -> None:
    """With its orders written and not sent, and between its trade and the next candle."""
    settings.STRATEGY_DIR = tmp_path
    (tmp_path / "own.py").write_text(Path(template.__file__).read_text().replace('name = "template"', 'name = "own"'))
    series = store_pair(BARS, seed=2)
    account = replay_account(make_user(), lot_rounding=False)
    bot = started_bot(
        account.owner, account, strategy="own", strategy_params=OWN, dca_config=RUNGS, max_dca_times=3, profit_ratio="1"
    )
    for point in ("after_plan:2", "after_book:2"):
        assert run("tape", account.pk, crash_point=point) == -signal.SIGKILL
    assert run("tape", account.pk) == 0
    assert lived(bot) == backtested(own_reference(series))
    assert len(lived(bot)) > 8
    check_books(bot)
    check_legs_equal(bot)
