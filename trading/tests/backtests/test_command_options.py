"""What the command makes of order types, minimums, margin, given start prices and strategies of one market."""

from io import StringIO
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from django.core.management import CommandError, call_command

from bots.strategies import registry as strategies
from trading.core.candles import Candles
from trading.tests.backtest_files import PARAMETERS, backtest, flat_frame, frame_of, params_file, words, written

MINUTE = 60_000
START = 1_735_689_600_000
ONE_LEVEL = {
    "investment_per_order": 100,
    "dca_config": [{"spread": 2, "multiplier": 1}],
    "max_dca_times": 1,
    "max_position_value": 1000,
    "profit_ratio": 1,
    "stop_loss_ratio": 0,
}


def prices(folder: Path, closes: list[float], lows: dict[int, float] | None = None) -> dict[str, str]:
    """Market 1 from 100 on, every bar opening where the one before it closed; market 2 stands at 50."""
    ends = np.array(closes, float)
    opens = np.r_[100.0, ends[:-1]]
    low = np.minimum(opens, ends)
    for bar, price in (lows or {}).items():
        low[bar] = price
    times = START + np.arange(len(ends), dtype=np.int64) * MINUTE
    first = frame_of(Candles(times, opens, np.maximum(opens, ends), low, ends, np.ones(len(ends))))
    one, two = written(folder, first, flat_frame(times, [50.0] * len(ends)))
    return {"data1": one, "data2": two}


def said(folder: Path, parameters: Any, files: dict[str, str]) -> str:
    out = StringIO()
    options = files | {"strategy": "spread", "params": params_file(folder, parameters), "out": folder / "R.json"}
    call_command("backtest", *words(options), stdout=out)
    return out.getvalue()


class TestOrderTypes:
    def test_limit_orders_at_the_maker_fee(self, tmp_path: Path) -> None:
        files = prices(tmp_path, [98, 98, 101, 101, 101])
        fees = {"taker_fee": 0.001, "maker_fee": 0.0002, "slippage_bps": 10}
        market = backtest(tmp_path, ONE_LEVEL | fees, **files)["trades"]
        limit = backtest(tmp_path, ONE_LEVEL | fees | {"order_type_open": "limit"}, **files)["trades"]
        both = ONE_LEVEL | fees | {"order_type_open": "limit", "order_type_close": "limit"}
        assert [trade["p1"] for trade in market] == [pytest.approx(98 * 1.001), pytest.approx(101 * 0.999)]
        assert [trade["p1"] for trade in limit] == [98, pytest.approx(101 * 0.999)]
        assert [trade["p1"] for trade in backtest(tmp_path, both, **files)["trades"]] == [98, 101]
        assert limit[0]["fees"] == pytest.approx(200 * 0.0002)


class TestRefusedLevels:
    def test_are_counted_by_reason_and_named_in_the_summary(self, tmp_path: Path) -> None:
        files = prices(tmp_path, [98, 98, 98, 98])
        parameters = ONE_LEVEL | {"min_notional1": 150}
        result = backtest(tmp_path, parameters, **files)
        assert (result["trades"], result["refused"]["min_notional"], result["refused_by_lots"]) == ([], 3, 0)
        assert "3 levels: 3 below a minimum notional" in said(tmp_path, parameters, files)

    def test_by_lots(self, tmp_path: Path) -> None:
        result = backtest(tmp_path, ONE_LEVEL | {"lot_step1": 5}, **prices(tmp_path, [98, 98, 98]))
        assert result["refused_by_lots"] == result["refused"]["lot_step"] == 2


class TestMargin:
    LEVERED: dict[str, Any] = ONE_LEVEL | {"leverage": 10, "margin_mode": "isolated"}
    FILES: dict[str, Any] = {"closes": [98, 98, 98, 97, 99, 95], "lows": {3: 80.0}}

    def test_a_liquidation_ends_the_run(self, tmp_path: Path) -> None:
        result = backtest(tmp_path, self.LEVERED, **prices(tmp_path, **self.FILES))
        opened, closed = result["trades"]
        assert (closed["action"], closed["t"], closed["side"], closed["level"]) == (
            "liquidation",
            START + 3 * MINUTE,
            1,
            1,
        )
        assert closed["p1"] == pytest.approx(98 * 0.9 / 0.99)
        assert closed["p2"] == 50
        assert closed["pnl"] == pytest.approx(opened["q1"] * (closed["p1"] - 98))
        (cycle,) = result["cycles"]
        assert (cycle["reason"], cycle["pnl"]) == ("liquidation", closed["pnl"])
        assert result["liquidated_at"] == result["paused_at"] == closed["t"]
        assert result["margin"] == {"leverage": 10, "mode": "isolated", "wallet": 20.0, "full_position": 20.0}
        assert "liquidation" in said(tmp_path, self.LEVERED, prices(tmp_path, **self.FILES))

    def test_without_a_leverage_nothing_is_liquidated(self, tmp_path: Path) -> None:
        result = backtest(tmp_path, ONE_LEVEL, **prices(tmp_path, **self.FILES))
        assert [trade["action"] for trade in result["trades"]] == ["open", "take_profit"]
        assert (result["margin"], result["liquidated_at"]) == (None, None)

    def test_a_wallet_of_ones_own(self, tmp_path: Path) -> None:
        cross = ONE_LEVEL | {"leverage": 10, "capital": 19}
        result = backtest(tmp_path, cross, **prices(tmp_path, **self.FILES))
        assert (result["trades"], result["refused"]["margin"]) == ([], 4)
        deep = backtest(tmp_path, cross | {"capital": 200}, **prices(tmp_path, **self.FILES))
        assert [trade["action"] for trade in deep["trades"]] == ["open", "take_profit"]

    def test_the_usual_wallet_opens_every_level(self, tmp_path: Path) -> None:
        """Its margin, its fees both ways, and what the levels before lost when the last one is reached."""
        rows = [{"spread": 2, "multiplier": 1}, {"spread": 1, "multiplier": 2}]
        ladder = self.LEVERED | {"dca_config": rows, "max_dca_times": 2, "taker_fee": 0.001, "margin_mode": "cross"}
        result = backtest(tmp_path, ladder, **prices(tmp_path, [98, 97, 97, 97]))
        assert [trade["action"] for trade in result["trades"]] == ["open", "add"]
        assert result["margin"]["wallet"] == pytest.approx(60 + 2 * 600 * 0.001 + 1)


class TestStartPrices:
    def test_that_are_given(self, tmp_path: Path) -> None:
        """At 100 the spread is 3.09 from 97 on."""
        files = prices(tmp_path, [100, 100, 100])
        result = backtest(tmp_path, ONE_LEVEL | {"start_price1": 97, "start_price2": 50}, **files)
        assert result["start_prices"] == [97, 50]
        assert result["trades"][0]["spread"] == pytest.approx(100 / 97 * 100 - 100)
        assert backtest(tmp_path, ONE_LEVEL, **files)["trades"] == []


ONE_MARKET = """
from trading.strategies import FLAT, NONE, OPEN, TAKE_PROFIT, Decision, Strategy, compiled


class Dip(Strategy):
    name = "dip"
    title = "Buys a dip"
    markets = 1

    @staticmethod
    @compiled
    def decide(params, config, state, quote, features):
        spread = (quote.p1 / config.start1 - 1.0) * 100.0
        if state.side == FLAT:
            return Decision(OPEN if spread <= -2.0 else NONE, 1, spread)
        return Decision(TAKE_PROFIT if spread >= 0.0 else NONE, state.side, spread)
"""


class TestOneMarket:
    @pytest.fixture(autouse=True)
    def strategy(self, tmp_path: Path, settings: Any) -> Any:
        settings.STRATEGY_DIR = tmp_path / "strategies"
        settings.STRATEGY_DIR.mkdir()
        (settings.STRATEGY_DIR / "dip.py").write_text(ONE_MARKET)
        yield
        strategies._files.clear()

    def test_trades_it_alone(self, tmp_path: Path) -> None:
        files = prices(tmp_path, [98, 98, 101, 101, 101])
        parameters = {"investment_per_order": 100, "max_position_value": 100, "pause_after_close": False}
        result = backtest(tmp_path, parameters, data1=files["data1"], strategy="dip")
        assert [(trade["action"], trade["q1"], trade["q2"]) for trade in result["trades"]] == [
            ("open", pytest.approx(100 / 98), 0.0),
            ("take_profit", pytest.approx(-100 / 98), 0.0),
        ]
        assert (result["strategy"], result["stats"]["capital"]) == ("dip", 100)
        assert "market2" not in result["data"]

    def test_a_second_market_is_refused(self, tmp_path: Path) -> None:
        files = prices(tmp_path, [98, 98])
        with pytest.raises(CommandError, match=r"^--data2: the strategy trades one market only$"):
            backtest(tmp_path, PARAMETERS, strategy="dip", **files)
