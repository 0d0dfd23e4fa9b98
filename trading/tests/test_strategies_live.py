"""Every built-in strategy as a bot on a stepped replay: the same trades as its back-test, and never a leg alone."""

from pathlib import Path
from typing import Any

import numpy as np
import pytest
from django.utils import timezone

from bots.strategies.registry import BUILT_IN, strategy_of
from bots.tests.factories import make_user
from exchanges.history import candles
from exchanges.tests.series import CHZ, GALA, START, candle_dir, replay_account, series_of, store_pair  # noqa: F401
from trading.core.backtest import BacktestResult, run_backtest
from trading.core.candles import Rates, Tape, align, single
from trading.core.compiled import plain
from trading.core.position_sizing import daily_volatility
from trading.core.types import OPEN, config
from trading.engine import run_tick
from trading.models import CloseReason, Order, Trade, TradeLog
from trading.parity.compare import Outcome
from trading.parity.report import parity_report
from trading.strategies.position_sizes import sizing_of
from trading.tests.books import check_books
from trading.tests.replays import FEE, SLIPPAGE, backtested, lived, play, started_bot

pytestmark = pytest.mark.django_db(transaction=True, databases=["default", "paper"])

BARS, FEW = 100, 60
SEED = 2
"""Of a pair on which every strategy opens, adds and closes within so few bars; `FEW` for those that trade often."""
PLUGINS = [strategy.name for strategy in BUILT_IN if strategy.name != "spread"]
PARAMS: dict[str, dict[str, Any]] = {
    "z_score": {"window": 40, "entry": 1.2, "step": 0.4, "stop": 6},
    "funding_carry": {"days": 0.25, "entry": 2, "exit": 0.5, "stop": 0},
    "bollinger": {"window": 20, "width": 1.5, "step": 0.3},
    "rsi": {"window": 5, "lower": 35, "upper": 65},
    "ma_cross": {"fast": 5, "slow": 15},
    "donchian": {"entry": 5, "exit": 3},
    "grid": {"window": 30, "step": 0.2},
    "dca": {"step": 0.3, "step_scale": 1.1},
}
"""Short windows: 100 bars have to show some trades."""
HEDGED = {
    "least squares": PARAMS["z_score"] | {"legs": "hedge ratio"},
    "Kalman": {"method": "Kalman", "window": 20, "entry": 0.8, "step": 0.4, "stop": 0, "legs": "hedge ratio"},
}
LEVELS = 3
BAR_MS = 300_000


def rates(seed: int) -> Rates:
    """Every two hours, from a day before the recording, some basis points either way."""
    first = int(START.timestamp() * 1000) - 24 * 3_600_000
    stamps = first + np.arange(36, dtype=np.int64) * 2 * 3_600_000
    return Rates(stamps, np.round(np.random.default_rng(seed).normal(0.0, 3e-5, len(stamps)), 8))


@pytest.fixture
def tapes(candle_dir: Any, db: None) -> dict[int, Tape]:  # noqa: F811
    """By the number of markets: what is recorded, funding of both markets included."""
    return stored_tapes(BARS)


def stored_tapes(bars: int) -> dict[int, Tape]:
    first, second = store_pair(bars, seed=SEED)
    known = rates(1), rates(2)
    for symbol, each in zip((GALA, CHZ), known, strict=True):
        candles.save_funding("binance", symbol, each.stamps, each.rates, source="generated")
    return {1: single(first), 2: align(first, second).tape.with_funding(*known)}


def ladder(levels: int) -> list[dict[str, Any]]:
    return [{"times": level, "spread": 1.0, "multiplier": 1.0 + level / 10} for level in range(1, levels + 1)]


SIZES: dict[str, dict[str, Any]] = {
    "equity": {"mode": "equity", "capital": 2_000, "share": 4},
    "volatility": {"mode": "volatility", "capital": 2_000, "target": 0.4, "window": 20, "most": 15},
    "kelly": {"mode": "kelly", "capital": 2_000, "share": 3, "least": 2, "kelly": 50, "most": 6},
}


def reference(
    name: str, tape: Tape, sizes: dict[str, Any] | None = None, params: dict[str, Any] | None = None
) -> BacktestResult:
    bound = strategy_of(name).bind(PARAMS[name] if params is None else params)
    prepared = bound.prepared(tape)._replace(decide=plain(bound.strategy.decide))  # spares eight compilations
    rungs = ladder(LEVELS)
    rules = config(
        spreads=[row["spread"] for row in rungs],
        multipliers=[row["multiplier"] for row in rungs],
        investment=100,
        cap=100_000,
        start1=tape.opens1[0],
        start2=tape.opens2[0],
        fee1=FEE,
        fee2=FEE,
        slippage=SLIPPAGE,
        take_profit=0.6,
    )
    return run_backtest(
        rules,
        tape,
        strategy=prepared,
        pause_after_close=False,
        restart_after_stop_loss=True,
        sizing=sizing_of(sizes),
        volatility=daily_volatility(tape, sizes["window"], BAR_MS) if sizes and "window" in sizes else None,
    )


@pytest.mark.parametrize("name", PLUGINS)
def test_it_trades_a_replay_as_its_back_test_does(name: str, tapes: dict[int, Tape]) -> None:
    user, markets = make_user(), strategy_of(name).markets
    account = replay_account(user, lot_rounding=False)
    bot = started_bot(
        user,
        account,
        strategy=name,
        strategy_params=PARAMS[name],
        market2_symbol=CHZ if markets == 2 else "",
        dca_config=ladder(LEVELS),
        max_dca_times=LEVELS,
        profit_ratio="0.6",
    )
    play(account)
    wanted = backtested(reference(name, tapes[markets]))
    assert len(wanted) > 3
    assert lived(bot) == wanted
    check_books(bot)
    trades = Trade.objects.filter(bot=bot)
    assert not trades.filter(naked_ms__gt=0).exists()
    assert set(Order.objects.filter(bot=bot).values_list("leg", flat=True)) == set(bot.legs)
    bot.refresh_from_db()
    report = parity_report(bot)
    assert report.lines
    assert [line for line in report.lines if line.pair.outcome is not Outcome.SAME] == []
    if name != "dca":
        assert trades.filter(reason=CloseReason.SIGNAL).exists()


@pytest.mark.parametrize("by", HEDGED)
def test_legs_sized_by_the_hedge_ratio_trade_as_in_the_back_test(by: str, tapes: dict[int, Tape]) -> None:
    """Unequal on purpose: nothing levels them, the books add up, and the preview and the start say the same sizes."""
    user, params = make_user(), HEDGED[by]
    account = replay_account(user, lot_rounding=False)
    bot = started_bot(
        user,
        account,
        strategy="z_score",
        strategy_params=params,
        dca_config=ladder(LEVELS),
        max_dca_times=LEVELS,
        profit_ratio="0.6",
    )
    play(account)
    result = reference("z_score", tapes[2], params=params)
    assert len(result.t) > 3
    assert lived(bot) == backtested(result)
    check_books(bot)
    trades = Trade.objects.filter(bot=bot)
    assert not trades.filter(naked_ms__gt=0).exists()
    assert not Order.objects.filter(bot=bot, purpose="unwind").exists()
    ratios = [float(row.planned2 * row.price2 / (row.planned1 * row.price1)) for row in trades.filter(action="open")]
    assert all(abs(ratio - 1.0) > 0.02 for ratio in ratios)
    sums = [float(row.planned1 * row.price1 + row.planned2 * row.price2) for row in trades.filter(action="open")]
    np.testing.assert_allclose(sums, 2 * 100 * ladder(1)[0]["multiplier"], rtol=1e-9)
    bot.refresh_from_db()
    report = parity_report(bot)
    assert report.lines
    assert [line for line in report.lines if line.pair.outcome is not Outcome.SAME] == []


@pytest.mark.parametrize("mode", SIZES)
def test_orders_are_as_large_as_in_its_back_test(mode: str, candle_dir: Any) -> None:  # noqa: F811
    tapes, user, name = stored_tapes(FEW), make_user(), "rsi"
    bot = started_bot(
        user,
        replay_account(user, lot_rounding=False),
        strategy=name,
        strategy_params=PARAMS[name],
        market2_symbol="",
        dca_config=ladder(LEVELS),
        max_dca_times=LEVELS,
        sizing=SIZES[mode],
    )
    play(bot.exchange_account)
    result = reference(name, tapes[1], SIZES[mode])
    assert lived(bot) == backtested(result)
    opened = Trade.objects.filter(bot=bot, action="open", status="settled").order_by("id")
    notionals = [float(trade.notional) for trade in opened]
    at = result.action == OPEN
    wanted = np.abs(result.q1[at]) * tapes[1].closes1[np.searchsorted(tapes[1].times, result.t[at]) - 1]
    np.testing.assert_allclose(notionals, wanted, rtol=1e-4)  # venues round prices to ticks
    assert len(set(np.round(notionals, 6))) > 1
    check_books(bot)


BROKEN = """
from trading.strategies import NONE, Decision, Strategy


class Broken(Strategy):
    name = "broken"
    title = "Broken"

    @staticmethod
    def decide(params, config, state, quote, features):
        if quote.p1 > 0:
            raise ZeroDivisionError("no signal today")
        return Decision(NONE, 0, 0.0)
"""


HEEDLESS = """
from trading.strategies import ADD, LONG_SPREAD, OPEN, SHORT_SPREAD, SIGNAL, Decision, Strategy, spread_of


class Heedless(Strategy):
    name = "heedless"
    title = "Heeds nothing"

    @staticmethod
    def decide(params, config, state, quote, features):
        turn = int(quote.p1 * 1_000_000) % 7
        side = LONG_SPREAD if turn < 3 else SHORT_SPREAD
        return Decision((OPEN, ADD, ADD, SIGNAL, OPEN, OPEN, ADD)[turn], side, spread_of(config, quote))
"""


def test_what_does_not_fit_the_settings_is_not_ordered_live_either(
    candle_dir: Any,  # noqa: F811
    tmp_path: Path,
    settings: Any,
) -> None:
    """It opens while open, adds past levels and cap, on forbidden sides, closes what is not there."""
    settings.STRATEGY_DIR = tmp_path
    (tmp_path / "heedless.py").write_text(HEEDLESS)
    tape = align(*store_pair(60)).tape
    user = make_user()
    account = replay_account(user, lot_rounding=False)
    rungs = ladder(2)
    bot = started_bot(
        user,
        account,
        strategy="heedless",
        dca_config=ladder(LEVELS),
        max_dca_times=2,
        max_position_value="450",
        allowed_side="long_spread",
    )
    play(account)
    rules = config(
        spreads=[row["spread"] for row in rungs],
        multipliers=[row["multiplier"] for row in rungs],
        investment=100,
        cap=450,
        start1=tape.opens1[0],
        start2=tape.opens2[0],
        fee1=FEE,
        fee2=FEE,
        slippage=SLIPPAGE,
        allow_short=False,
    )
    found = run_backtest(rules, tape, strategy=strategy_of("heedless").bind().prepared(tape), pause_after_close=False)
    assert found.totals.refusals.impossible > 3
    assert found.totals.refusals.max_position_value + found.totals.cycles > 3
    assert lived(bot) == backtested(found)
    check_books(bot)
    assert TradeLog.objects.filter(bot=bot, details__code="level_refused").exists()


def test_a_strategy_that_fails_stops_its_bot_with_the_reason(tapes: Any, tmp_path: Path, settings: Any) -> None:
    settings.STRATEGY_DIR = tmp_path
    (tmp_path / "broken.py").write_text(BROKEN)
    user = make_user()
    bot = started_bot(user, replay_account(user), strategy="broken")
    assert run_tick(bot.pk, timezone.now())
    bot.refresh_from_db()
    assert bot.status == "error"
    assert "no signal today" in bot.status_reason
    assert bot.is_flat
