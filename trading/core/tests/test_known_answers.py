"""Small tapes whose trades and money were worked out by hand, one for every rule of the strategy.

Market 2 stands at 50 unless a test moves it; market 1 starts at 100, so that its price less 100 is the spread.
"""

from typing import Any

import numpy as np
import pytest

from trading.core.backtest import BacktestResult, run_backtest
from trading.core.candles import Tape
from trading.core.fills import Costs, Minimums
from trading.core.funding import FundingRates, FundingSchedule, funding_schedule
from trading.core.types import ACTION_NAMES, Config, config

MINUTE = 60_000


def tape(closes1: list[float], closes2: list[float] | None = None) -> Tape:
    """Every bar opens where the one before it closed."""
    one, two = np.array(closes1, float), np.array(closes2 or [50.0] * len(closes1), float)
    times = np.arange(len(one), dtype=np.int64) * MINUTE
    return Tape(times, np.r_[100.0, one[:-1]], one, np.r_[50.0, two[:-1]], two)


def rules(spreads: tuple[float, ...] = (1.0, 1.0, 1.0), **changes: Any) -> Config:
    values: dict[str, Any] = {
        "spreads": spreads, "multipliers": (1.0, 2.0, 3.0)[: len(spreads)], "investment": 100, "cap": 1e9,
        "start1": 100, "start2": 50, "take_profit": 1.0, "stop_loss": 0.0,
    }  # fmt: skip
    return config(**values | changes)


def run(closes1: list[float], rules_: Config | None = None, **options: Any) -> BacktestResult:
    settings: dict[str, Any] = {"fill": "close", "pause_after_close": False, "restart_after_stop_loss": True} | options
    closes2 = settings.pop("closes2", None)
    return run_backtest(rules_ or rules(), tape(closes1, closes2), **settings)


def told(result: BacktestResult) -> list[tuple[int, str, int, int]]:
    """(bar, action, level, side)"""
    actions = [ACTION_NAMES[action] for action in result.action]
    return list(zip((result.t // MINUTE).tolist(), actions, result.level.tolist(), result.side.tolist(), strict=True))


class TestOpening:
    def test_reversion_shorts_what_rose(self) -> None:
        assert told(run([100.5, 101.0, 101.0])) == [(1, "open", 1, -1)]

    def test_reversion_buys_what_fell(self) -> None:
        assert told(run([99.0, 99.0])) == [(0, "open", 1, 1)]

    def test_the_first_bars_close_may_open(self) -> None:
        result = run([101.0, 101.0])
        assert (told(result), result.q1[0], result.q2[0]) == ([(0, "open", 1, -1)], -100 / 101, 2.0)

    def test_momentum_follows(self) -> None:
        assert told(run([101.0, 101.0], rules(momentum=True))) == [(0, "open", 1, 1)]

    def test_market_2_moves_the_spread_the_other_way(self) -> None:
        assert told(run([100.0, 100.0], closes2=[50.5, 50.5])) == [(0, "open", 1, 1)]

    @pytest.mark.parametrize(("allowed", "expected"), [("allow_long", []), ("allow_short", [(0, "open", 1, -1)])])
    def test_a_side_that_is_not_allowed(self, allowed: str, expected: list[Any]) -> None:
        sides: dict[str, Any] = {"allow_long": False, "allow_short": False} | {allowed: True}
        assert told(run([101.0, 101.0], rules(**sides))) == expected

    def test_below_the_threshold_by_the_last_bit(self) -> None:
        assert told(run([np.nextafter(101.0, 0), 100.0])) == []

    def test_the_cap_counts_both_legs(self) -> None:
        assert told(run([101.0, 101.0], rules(cap=200))) == [(0, "open", 1, -1)]
        assert told(run([101.0, 101.0], rules(cap=199.99))) == []

    def test_after_a_close_from_the_spread_of_that_close(self) -> None:
        """Short at 102, profit at 100; from there 101 is far enough, from the start 101 would be, too; 99.5 is not."""
        found = told(run([102.0, 100.0, 99.5, 99.0, 99.0]))
        assert found == [(0, "open", 1, -1), (1, "take_profit", 1, -1), (3, "open", 1, 1)]


class TestAdding:
    def test_against_the_position_from_the_last_trade(self) -> None:
        """At 101, 102 and 103; what lies between does nothing."""
        found = told(run([101.0, 101.9, 102.0, 102.5, 103.0, 104.5]))
        assert found == [(0, "open", 1, -1), (2, "add", 2, -1), (4, "add", 3, -1)]

    def test_one_level_a_bar(self) -> None:
        assert told(run([101.0, 105.0, 105.0])) == [(0, "open", 1, -1), (1, "add", 2, -1)]

    def test_a_long_one_falls(self) -> None:
        assert told(run([99.0, 98.0, 98.0])) == [(0, "open", 1, 1), (1, "add", 2, 1)]

    def test_its_size_is_the_multiplier_at_its_own_price(self) -> None:
        result = run([101.0, 102.0, 102.0])
        assert result.q1.tolist() == [-100 / 101, -200 / 102]
        assert result.q2.tolist() == [2.0, 4.0]

    def test_no_more_levels_than_are_used(self) -> None:
        assert told(run([101.0, 102.0, 103.0, 103.0], rules(levels=2)))[-1] == (1, "add", 2, -1)

    def test_the_cap_forbids_the_level_that_would_pass_it(self) -> None:
        assert told(run([101.0, 102.0, 103.0, 104.0], rules(cap=600)))[-1] == (1, "add", 2, -1)
        assert told(run([101.0, 102.0, 103.0, 104.0], rules(cap=599)))[-1] == (0, "open", 1, -1)


class TestTakingProfit:
    def test_by_the_position(self) -> None:
        """Short 100 / 102 at 102: 1 % of 100 is gained at 100.98."""
        result = run([102.0, 101.0, 100.98, 100.98])
        assert told(result) == [(0, "open", 1, -1), (2, "take_profit", 1, -1)]
        assert result.pnl[1] == pytest.approx(1.0)

    def test_of_all_levels_together(self) -> None:
        """Short 100 / 101 at 101 and 200 / 102 at 102: 3 must be gained."""
        amount, cost = 100 / 101 + 200 / 102, 300.0
        price = (cost - 3) / amount
        result = run([101.0, 102.0, price + 0.001, price - 0.001, 100.0], rules((1.0, 1.0)))
        assert told(result)[2:] == [(3, "take_profit", 2, -1)]
        assert result.pnl[2] == pytest.approx(cost - amount * (price - 0.001))

    def test_by_the_spreads_way_back_from_the_first_trade(self) -> None:
        """Added at 102, opened at 101: 1 point back from 101 is 100, whatever the position earned before."""
        result = run([101.0, 102.0, 100.5, 100.0, 100.0], rules((1.0, 1.0), regression=True))
        assert told(result)[2:] == [(3, "take_profit", 2, -1)]

    def test_the_spread_further_away_never_fires_it(self) -> None:
        assert told(run([101.0, 102.0, 103.0], rules((1.0,), regression=True))) == [(0, "open", 1, -1)]

    def test_by_regression_although_the_position_loses(self) -> None:
        """Both markets fall by half: the spread is back, long market 2 lost as much as short market 1 gained."""
        result = run([101.0, 50.0, 50.0], rules((1.0,), regression=True, fee1=0.01, fee2=0.01), closes2=[50, 25, 25])
        assert told(result)[1] == (1, "take_profit", 1, -1)
        assert result.pnl[1] == pytest.approx(100 / 101 * 51 - 2 * 25 - 0.01 * (100 + 100 + 100 / 101 * 50 + 50))

    def test_a_gap_fills_at_the_next_open(self) -> None:
        bars = tape([102.0, 100.0, 103.0, 103.0])
        bars.opens1[1], bars.opens1[2] = 102.5, 99.0
        result = run_backtest(rules((1.0,)), bars)
        assert result.p1.tolist() == [102.5, 99.0]
        assert result.q1[0] == -100 / 102
        assert result.pnl[1] == pytest.approx(100 / 102 * 3.5)


class TestStopLoss:
    def test_at_its_percentage_of_one_leg(self) -> None:
        """Short 100 / 101 at 101: 2 % of 100 are lost at 103.02."""
        result = run([101.0, 103.01, 103.02, 100.0], rules((1.0,), stop_loss=2.0))
        assert told(result)[1] == (2, "stop_loss", 1, -1)
        assert result.pnl[1] == pytest.approx(-2.0)

    def test_before_an_add(self) -> None:
        assert told(run([101.0, 104.0, 104.0], rules((1.0, 1.0), stop_loss=2.0)))[1] == (1, "stop_loss", 1, -1)

    def test_0_turns_it_off(self) -> None:
        assert told(run([101.0, 199.0, 199.0], rules((1.0,)))) == [(0, "open", 1, -1)]

    def test_without_restart_it_ends_the_run(self) -> None:
        closes = [101.0, 104.0, 106.0, 106.0]
        assert told(run(closes, rules((1.0,), stop_loss=2.0), restart_after_stop_loss=False)) == [
            (0, "open", 1, -1),
            (1, "stop_loss", 1, -1),
        ]

    def test_with_restart_from_its_own_spread(self) -> None:
        found = told(run([101.0, 104.0, 104.9, 105.0, 105.0], rules((1.0,), stop_loss=2.0), pause_after_close=True))
        assert found[2:] == [(3, "open", 1, -1)]


class TestBasis:
    def test_net_counts_both_fees_and_the_slippage_of_the_exit(self) -> None:
        """Flat prices: entered 1 bp worse, closing another 1 bp worse, four fees of 0.05 %."""
        costly = rules((1.0,), fee1=0.0005, fee2=0.0005, slippage=0.0001)
        result = run([101.0, 101.0], costly)
        sold, bought = 101 * 0.9999, 50 * 1.0001
        back, away = 101 * 1.0001, 50 * 0.9999
        q1, q2 = 100 / 101, 2.0
        gained = q1 * (sold - back) + q2 * (away - bought)
        fees = 0.0005 * (q1 * sold + q2 * bought + q1 * back + q2 * away)
        assert result.equity.tolist() == [pytest.approx(gained - fees)] * 2

    def test_gross_decides_earlier_than_net(self) -> None:
        """At 100.98 the position is 1 % up, but not after fees."""
        for net, expected in ((False, (1, "take_profit", 1, -1)), (True, (2, "take_profit", 1, -1))):
            costly = rules((1.0,), fee1=0.001, fee2=0.001, net=net)
            assert told(run([102.0, 100.98, 100.0, 100.0], costly))[1] == expected

    def test_equity_is_marked_net_even_so(self) -> None:
        gross = run([102.0, 101.9, 101.8], rules((1.0,), fee1=0.001, fee2=0.001, net=False))
        assert gross.equity[1] == pytest.approx(100 / 102 * 0.1 - 0.001 * (200 + 100 / 102 * 101.9 + 100))


class TestLots:
    def test_both_legs_keep_the_share_of_the_coarser_one(self) -> None:
        """100 / 102 is 0.9 by lots of 0.1, 91.8 % of what was wanted; so is 1.83 of the other leg's 2."""
        result = run([102.0, 102.0], rules((2.0,)), lot_step1=0.1, lot_step2=0.01)
        assert (result.q1[0], result.q2[0]) == (pytest.approx(-0.9), pytest.approx(1.83))

    def test_the_other_leg_may_have_no_lots(self) -> None:
        result = run([102.0, 102.0], rules((2.0,)), lot_step1=0.1)
        assert (result.q1[0], result.q2[0]) == (pytest.approx(-0.9), pytest.approx(2 * 0.9 / (100 / 102)))

    def test_what_one_level_loses_the_next_one_gains(self) -> None:
        """0.98 and 1.94 are wanted: 0.9, then 2.0, 2.9 in all."""
        result = run([102.0, 103.0, 103.0], rules((2.0, 1.0)), lot_step1=0.1, lot_step2=0.01)
        assert result.q1.tolist() == [pytest.approx(-0.9), pytest.approx(-2.0)]

    def test_less_than_a_lot_is_refused_and_counted_on_every_bar(self) -> None:
        result = run([102.0, 102.0, 102.0], rules((2.0,)), lot_step1=1.0)
        assert (told(result), result.totals.refusals.lot_step) == ([], 2)

    def test_legs_too_unequal_are_refused(self) -> None:
        """1 and 2.04 are wanted; 2 of market 2 leave 0.98 of market 1, which by lots of 0.5 is worth half as much."""
        wanted = rules((2.0,), investment=102)
        fine = run([102.0, 102.0], wanted, lot_step1=0.01, lot_step2=1.0)
        coarse = run([102.0, 102.0], wanted, lot_step1=0.5, lot_step2=1.0)
        allowed = run([102.0, 102.0], wanted, lot_step1=0.5, lot_step2=1.0, max_imbalance=0.5)
        assert (fine.q1[0], fine.q2[0]) == (pytest.approx(-0.98), 2.0)
        assert (len(coarse.t), coarse.totals.refusals.max_imbalance) == (0, 1)
        assert (allowed.q1[0], allowed.q2[0]) == (-0.5, 2.0)


class TestMinimums:
    @pytest.mark.parametrize(
        ("minimums", "reason"),
        [
            (Minimums(amount1=0.98), None),
            (Minimums(amount1=0.99), "min_amount"),
            (Minimums(amount2=2.0), None),
            (Minimums(amount2=2.1), "min_amount"),
            (Minimums(notional1=100.0, notional2=100.0), None),
            (Minimums(notional1=100.1), "min_notional"),
            (Minimums(notional2=100.1), "min_notional"),
        ],
    )
    def test_of_each_leg(self, minimums: Minimums, reason: str | None) -> None:
        result = run([102.0, 102.0], rules((2.0,)), minimums=minimums)
        assert len(result.t) == (reason is None)
        assert [name for name, count in result.totals.refusals._asdict().items() if count] == [reason] * bool(reason)

    def test_after_rounding_to_lots(self) -> None:
        result = run([102.0, 102.0], rules((2.0,)), lot_step1=0.1, lot_step2=0.01, minimums=Minimums(amount1=0.95))
        assert result.totals.refusals.min_amount == 1

    def test_closes_are_never_refused(self) -> None:
        result = run([102.0, 100.0, 100.0], rules((2.0,)), minimums=Minimums(notional1=100.0))
        assert [action for _, action, _, _ in told(result)] == ["open", "take_profit"]


class TestOrderTypes:
    MAKER = Costs(0.0002, 0.0002, 0.0, 0.0002, 0.0002, 0.0)
    TAKER = rules((1.0,), fee1=0.001, fee2=0.001, slippage=0.01, stop_loss=5.0)

    def test_limit_orders_pay_the_maker_fee_and_do_not_slip(self) -> None:
        result = run([102.0, 98.0, 98.0], self.TAKER, costs=self.MAKER)
        assert result.p1.tolist() == [102.0, 98.0]
        assert result.fees[0] == pytest.approx(200 * 0.0002)
        assert result.fees[1] == pytest.approx((100 / 102 * 98 + 100) * 0.0002)

    def test_a_stop_loss_is_a_market_order(self) -> None:
        result = run([102.0, 120.0, 120.0], self.TAKER, costs=self.MAKER)
        assert told(result)[1][1] == "stop_loss"
        assert result.p1[1] == pytest.approx(120 * 1.01)
        assert result.fees[1] == pytest.approx((100 / 102 * 120 * 1.01 + 2 * 50 * 0.99) * 0.001)

    def test_what_is_expected_of_an_exit_stays_the_taker_rate(self) -> None:
        result = run([102.0, 102.0], self.TAKER, costs=self.MAKER)
        out1, out2 = 102 * 1.01, 50 * 0.99
        gained = 100 / 102 * (102 - out1) + 2 * (out2 - 50)
        assert result.equity[0] == pytest.approx(gained - 200 * 0.0002 - 0.001 * (100 / 102 * out1 + 2 * out2))


class TestFunding:
    def test_a_short_leg_receives_what_a_long_one_pays(self) -> None:
        """Short 100 / 102 of market 1 and long 2 of market 2: 0.1 % of 102 and 0.2 % of 50 by unit."""
        schedule = FundingSchedule(np.array([1, 1]), np.array([0.102, 0.0]), np.array([0.0, 0.1]))
        result = run([102.0, 102.0, 102.0], rules((1.0,)), funding=schedule)
        assert result.totals.funding == pytest.approx(0.1 - 0.2)
        assert result.equity[1] == pytest.approx(-0.1)

    def test_it_counts_towards_the_profit(self) -> None:
        schedule = FundingSchedule(np.array([1]), np.array([1.02]), np.array([0.0]))
        result = run([102.0, 102.0, 102.0], rules((1.0,)), funding=schedule)
        assert told(result)[1] == (1, "take_profit", 1, -1)
        assert result.pnl[1] == pytest.approx(1.0)

    def test_the_bar_that_opens_pays_nothing_and_the_bar_that_closes_does(self) -> None:
        schedule = FundingSchedule(np.array([0, 1]), np.array([7.0, 0.102]), np.array([7.0, 0.0]))
        result = run([102.0, 100.0, 100.0], rules((1.0,)), funding=schedule)
        assert result.totals.funding == pytest.approx(0.1)
        assert result.pnl[1] == pytest.approx(200 / 102 + 0.1)

    def test_stamps_are_rounded_to_the_minute_and_booked_at_the_next_bar(self) -> None:
        times = np.array([0, 5, 10]) * MINUTE
        stamps = np.array([5 * MINUTE + 29_999, 5 * MINUTE + 30_000, 10 * MINUTE + 7, 10 * MINUTE + 30_000])
        schedule = funding_schedule(times, FundingRates(stamps, np.full(4, 0.5), np.full(4, 2.0)), None)
        assert (schedule.bars.tolist(), schedule.per_unit1.tolist()) == ([1, 2, 2], [1.0] * 3)


class TestEnds:
    def test_a_decision_on_the_last_bar_is_not_executed(self) -> None:
        assert told(run([100.0, 102.0])) == []
        assert told(run([102.0, 99.0], fill="next_open")) == [(1, "open", 1, -1)]

    def test_a_pause_ends_trading_and_equity_stays(self) -> None:
        result = run([102.0, 100.0, 105.0, 90.0], rules((1.0,)), pause_after_close=True)
        assert [action for _, action, _, _ in told(result)] == ["open", "take_profit"]
        assert result.equity.tolist() == [0.0] + [pytest.approx(200 / 102)] * 3

    def test_equity_is_marked_to_the_end_and_drawdown_from_every_peak(self) -> None:
        result = run([102.0, 101.5, 103.0, 102.5], rules((1.0,)))
        marks = [0.0, 0.5 * 100 / 102, -100 / 102, -0.5 * 100 / 102]
        assert result.equity.tolist() == [pytest.approx(mark) for mark in marks]
        assert result.max_drawdown == pytest.approx(1.5 * 100 / 102)
        assert result.final_equity == pytest.approx(marks[-1])
        assert result.realised == 0.0
