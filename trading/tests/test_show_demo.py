"""`setup_demo` and `show_demo`: what a newcomer finds, once."""

from typing import Any

import numpy as np
import pytest
from django.core.management import call_command
from django.core.management.base import CommandError
from django.utils import timezone

from bots.models import Bot
from exchanges.history import candles, simulated_shelf
from exchanges.models import CandleDownload
from exchanges.tests.series import candle_dir  # noqa: F401
from exchanges.timeframes import DAY_MS
from trading.backtests import running, stored
from trading.models import Backtest

pytestmark = [pytest.mark.django_db(databases=["default", "paper"]), pytest.mark.usefixtures("candle_dir")]


@pytest.fixture
def bot(monkeypatch: pytest.MonkeyPatch) -> Any:
    monkeypatch.setenv("DEMO_PASSWORD", "a-long-password-of-nobody")
    call_command("setup_demo", verbosity=0)
    return Bot.objects.order_by("pk")[0]


def make_history(bot: Bot, days: int = 40) -> None:
    since = int(timezone.now().timestamp() * 1000) - days * DAY_MS
    for symbol in (bot.market1_symbol, bot.market2_symbol):
        pages = [
            simulated_shelf.candles_page(symbol, bot.timeframe, since_ms=at, limit=288)
            for at in range(since, since + days * DAY_MS, DAY_MS)
        ]
        whole = pages[0]
        for page in pages[1:]:
            whole = candles.merge(whole, page)
        candles.save("paper", symbol, bot.timeframe, whole)


def test_the_market_s_history_is_asked_for_once(bot: Any) -> None:
    wanted = {(row.exchange, row.symbol, row.timeframe) for row in CandleDownload.objects.filter(kind="candles")}
    assert len(wanted) == 8
    assert {exchange for exchange, _symbol, _timeframe in wanted} == {"paper"}
    count = CandleDownload.objects.count()
    call_command("setup_demo", verbosity=0)
    assert CandleDownload.objects.count() == count


def test_one_back_test_and_one_search_once(bot: Any) -> None:
    make_history(bot)
    for _time in range(2):
        call_command("show_demo")
        assert sorted(Backtest.objects.values_list("kind", "exchange")) == [("run", "paper"), ("search", "paper")]
    run = Backtest.objects.get(kind="run")
    assert run.bot == bot
    running.backtest_run(run.pk, timezone.now)
    run.refresh_from_db()
    assert (run.status, run.problems) == ("done", [])
    trades = stored.trades_of(run)
    assert len({trade["t"] for trade in trades}) > 100
    assert np.isfinite(run.summary["final_equity"])


def test_without_a_worker_it_says_so(bot: Any) -> None:
    with pytest.raises(CommandError, match="No worker has made"):
        call_command("show_demo", patience=0)
    assert not Backtest.objects.exists()
