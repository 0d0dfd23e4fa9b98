"""Margin in a back-test: small tapes worked out by hand, and each bar of random walks by the paper venue's rule."""

from decimal import Decimal
from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from trading.core.backtest import BacktestResult, FillMode, run_backtest
from trading.core.candles import Extremes, Tape
from trading.core.margin import left, margin
from trading.core.tests.strategies import Walk, configs, floats, walks
from trading.core.types import ACTION_NAMES, ADD, LIQUIDATION, OPEN, Config, config

Ohlc = tuple[float, float, float, float]
STILL: Ohlc = (50.0, 50.0, 50.0, 50.0)


def tape_of(*bars: Ohlc, second: list[Ohlc] | None = None) -> Tape:
    one, two = np.array(bars).T.copy(), np.array(second or [STILL] * len(bars)).T.copy()
    times = np.arange(len(bars), dtype=np.int64) * 60_000
    return Tape(times, one[0], one[3], two[0], two[3], Extremes(one[1], one[2], two[1], two[2]))


def rules(levels: int = 1, **changes: Any) -> Config:
    return config(
        spreads=[2.0] * levels,
        multipliers=[1.0] * levels,
        investment=100,
        cap=1e9,
        start1=100,
        start2=50,
        take_profit=100,
        stop_loss=0,
        **changes,
    )


def run(
    tape: Tape, rules_: Config, leverage: float = 10, capital: float = 1000, cross: bool = False, **options: Any
) -> BacktestResult:
    terms = margin(leverage, capital, cross=cross, maintenance=0.01)
    return run_backtest(rules_, tape, margin=terms, pause_after_close=False, restart_after_stop_loss=True, **options)


def actions(result: BacktestResult) -> list[str]:
    return [ACTION_NAMES[action] for action in result.action]


FALL: list[Ohlc] = [(100, 100, 98, 98), (98, 98, 90, 98), (98, 98, 85, 86), (86, 99, 86, 99), (99, 99, 90, 90)]
"""Long from 98 (10 base units are worth 1,000 of market 1 there); 10x and 1 % put its end at 98 * 0.9 / 0.99."""
END = 98 * 0.9 / 0.99


class TestIsolated:
    def test_a_long_leg_ends_where_its_margin_does_and_its_partner_at_the_close(self) -> None:
        second = [STILL] * 2 + [(50.0, 52.0, 50.0, 51.0)] + [(51.0,) * 4] * 2
        result = run(tape_of(*FALL, second=second), rules())  # type: ignore[arg-type]
        assert actions(result) == ["open", "liquidation"]
        assert (result.t[1], result.level[1], result.side[1]) == (120_000, 1, 1)
        assert result.p1[1] == pytest.approx(END)
        assert result.p2[1] == 51.0
        pnl = 100 / 98 * (END - 98) - 2 * (51 - 50)
        assert result.pnl[1] == pytest.approx(pnl)
        assert result.equity[2:].tolist() == [result.pnl[1]] * 3
        assert result.liquidated_at == result.paused_at == 120_000
        assert result.max_drawdown == pytest.approx(-pnl)
        assert [row["reason"] for row in result.cycle_rows()] == ["liquidation"]

    def test_a_short_leg(self) -> None:
        rise: list[Ohlc] = [(100, 102, 100, 102), (102, 111, 102, 105), (105, 112, 105, 105)]
        result = run(tape_of(*rise), rules())
        assert actions(result) == ["open", "liquidation"]
        assert result.p1[1] == pytest.approx(102 * 1.1 / 1.01)

    def test_market_2(self) -> None:
        second = [(50, 51, 50, 51), (51, 51, 51, 51), (51, 57, 51, 52)]
        result = run(tape_of(*[(100.0,) * 4] * 3, second=second), rules())  # type: ignore[arg-type]
        assert (actions(result), result.side.tolist()) == (["open", "liquidation"], [1, 1])
        assert result.p2[1] == pytest.approx(51 * 1.1 / 1.01)
        assert result.p1[1] == 100

    def test_both_legs_in_one_bar(self) -> None:
        second = [STILL, STILL, (50.0, 60.0, 50.0, 50.0)]
        result = run(tape_of(*FALL[:3], second=second), rules())
        assert (result.p1[1], result.p2[1]) == (pytest.approx(END), pytest.approx(50 * 1.1 / 1.01))

    def test_a_bar_that_opens_beyond_fills_at_its_open(self) -> None:
        result = run(tape_of(*FALL[:2], (80, 85, 78, 85)), rules())
        assert result.p1[1] == 80

    def test_the_bar_of_the_fill_counts_from_its_open_on(self) -> None:
        assert actions(run(tape_of(FALL[0], (98, 98, 85, 98), FALL[3]), rules())) == ["open", "liquidation"]

    def test_a_fill_at_the_close_is_safe_from_that_bars_low(self) -> None:
        bars: list[Ohlc] = [(100, 100, 60, 98), (98, 98, 90, 98), (98, 98, 85, 98), (98, 98, 98, 98)]
        result = run(tape_of(*bars), rules(), fill="close")
        assert (actions(result), result.t.tolist()) == (["open", "liquidation"], [0, 120_000])

    def test_fees_on_both_legs_slippage_on_the_partner_alone(self) -> None:
        result = run(tape_of(*FALL), rules(fee1=0.001, fee2=0.002, slippage=0.01))
        entry1, entry2 = 98 * 1.01, 50 * 0.99
        cost1 = 100 / 98 * entry1
        assert result.p1[1] == pytest.approx((cost1 - cost1 / 10) / (100 / 98 * 0.99))
        assert result.p2[1] == pytest.approx(50 * 1.01)
        assert result.fees[1] == pytest.approx(100 / 98 * result.p1[1] * 0.001 + 2 * 50 * 1.01 * 0.002)
        gained = 100 / 98 * (result.p1[1] - entry1) - 2 * (50 * 1.01 - entry2)
        assert result.pnl[1] == pytest.approx(gained - result.fees.sum())

    def test_an_added_level_moves_the_end(self) -> None:
        bars: list[Ohlc] = [(100, 100, 98, 98), (98, 98, 96, 96), (96, 96, 89, 96), (96, 96, 80, 90)]
        result = run(tape_of(*bars), rules(levels=2))
        assert actions(result) == ["open", "add", "liquidation"]
        amount, cost = 100 / 98 + 100 / 96, 200
        assert result.p1[2] == pytest.approx(cost * 0.9 / 0.99 / amount)

    def test_a_close_at_the_open_comes_before_the_bars_low(self) -> None:
        bars: list[Ohlc] = [(100, 100, 98, 98), (98, 98, 97, 97), (97, 97, 60, 80), (80, 80, 80, 80)]
        stop = rules()._replace(stop_loss=0.5)
        assert actions(run(tape_of(*bars), stop)) == ["open", "stop_loss", "open"]


class TestCross:
    def test_the_wallet_stands_behind_both_legs_which_end_together(self) -> None:
        """30 + q (x - 98) = 1 % of (q x + 100), with q = 100 / 98."""
        result = run(tape_of(*FALL[:2], (98, 98, 60, 90)), rules(), capital=30, cross=True)
        assert actions(result) == ["open", "liquidation"]
        assert result.p1[1] == pytest.approx(98 * 0.71 / 0.99)
        assert result.p2[1] == 50

    def test_both_legs_are_taken_to_be_worst_at_once(self) -> None:
        second = [STILL, STILL, (50.0, 60.0, 50.0, 50.0)]
        last: Ohlc = (98, 98, 90, 98)
        result = run(tape_of(*FALL[:2], last, second=second), rules(), capital=25, cross=True)
        way = (result.p1[1] - 98) / (90 - 98)
        assert result.p2[1] == pytest.approx(50 + way * 10)
        lost = 100 / 98 * (98 - result.p1[1]) + 2 * (result.p2[1] - 50)
        value = 100 / 98 * result.p1[1] + 2 * result.p2[1]
        assert 25 - lost == pytest.approx(0.01 * value)

    def test_earlier_losses_and_funding_are_gone_from_the_wallet(self) -> None:
        fees = rules(fee1=0.01, fee2=0.01)
        result = run(tape_of(*FALL[:2], (98, 98, 60, 90)), fees, capital=30, cross=True)
        assert result.p1[1] == pytest.approx(98 * 0.73 / 0.99)


class TestEntries:
    BARS: tuple[Ohlc, ...] = ((100, 100, 98, 98), (98, 98, 96, 96), (96, 96, 96, 96), (96, 96, 96, 96))

    def test_a_level_without_its_margin_is_refused_and_counted(self) -> None:
        """20 are in use and 2.04 are lost where another 20 would be needed."""
        result = run(tape_of(*self.BARS), rules(levels=2), capital=41, cross=True)
        assert actions(result) == ["open"]
        assert result.totals.refusals.margin == result.totals.refused == 2

    def test_a_level_with_its_margin_is_filled(self) -> None:
        assert actions(run(tape_of(*self.BARS), rules(levels=2), capital=43, cross=True)) == ["open", "add"]

    def test_its_fees_must_be_there_too(self) -> None:
        costly = rules(fee1=0.01, fee2=0.01)
        assert actions(run(tape_of(*self.BARS), costly, capital=21.9)) == []
        assert actions(run(tape_of(*self.BARS), costly, capital=22.1)) == ["open"]


@pytest.mark.parametrize("values", [(0.5, 100, 0.01), (10, 0, 0.01), (10, 100, 0.1), (10, 100, -0.01)])
def test_terms_that_no_venue_has(values: tuple[float, float, float]) -> None:
    with pytest.raises(ValueError, match=r"leverage|capital|maintenance"):
        margin(values[0], values[1], maintenance=values[2])


def test_a_margin_needs_highs_and_lows() -> None:
    tape = tape_of(*FALL)
    bare = Tape(tape.times, tape.opens1, tape.closes1, tape.opens2, tape.closes2)
    with pytest.raises(ValueError, match="highs and lows"):
        run(bare, rules())


def test_a_part_of_a_tape_keeps_its_extremes() -> None:
    part = tape_of(*FALL).since(60_000).until(180_000)
    assert part.extremes
    assert (part.opens1.tolist(), part.extremes.lows1.tolist()) == ([98, 98], [90, 85])


def with_extremes(walk: Walk) -> Tape:
    """Highs and lows a random bit beyond open and close."""
    tape, random = walk.tape(), np.random.default_rng(walk.seed + 1)
    beyond = np.exp(np.abs(random.normal(0, 0.004, (4, len(tape)))))
    high1, high2 = np.maximum(tape.opens1, tape.closes1), np.maximum(tape.opens2, tape.closes2)
    low1, low2 = np.minimum(tape.opens1, tape.closes1), np.minimum(tape.opens2, tape.closes2)
    extremes = Extremes(high1 * beyond[0], low1 / beyond[1], high2 * beyond[2], low2 / beyond[3])
    return Tape(tape.times, tape.opens1, tape.closes1, tape.opens2, tape.closes2, extremes)


fills = st.sampled_from(("next_open", "close"))


@given(configs(max_levels=6), walks(), fills)
@settings(max_examples=60)
def test_a_deep_wallet_changes_nothing(rules_: Config, walk: Walk, fill: FillMode) -> None:
    tape = with_extremes(walk)
    plain = run_backtest(rules_, tape, fill=fill, pause_after_close=False, restart_after_stop_loss=True)
    deep = run(tape, rules_, leverage=1, capital=1e12, cross=True, fill=fill)
    assert deep.totals == plain.totals
    assert (deep.equity == plain.equity).all()


@given(configs(max_levels=6), walks(), fills, st.booleans(), floats(5, 60), floats(0.2, 3.0))
@settings(max_examples=200)
def test_every_bar_by_the_paper_venues_rule(
    rules_: Config, walk: Walk, fill: FillMode, cross: bool, leverage: float, deep: float
) -> None:
    """In decimals, at the worst prices of every bar that a position was held over."""
    rules_ = rules_._replace(stop_loss=0.0)
    tape, capital = with_extremes(walk), deep * rules_.investment
    result = run(tape, rules_, leverage, capital, cross, fill=fill)
    ended = result.liquidated_at
    for bar, amounts, costs, wallet in held_over(tape, result, capital, fill):
        assert tape.extremes
        worst1 = (tape.extremes.lows1 if amounts[0] > 0 else tape.extremes.highs1)[bar]
        worst2 = (tape.extremes.lows2 if amounts[1] > 0 else tape.extremes.highs2)[bar]
        least = spare(cross, amounts, costs, (worst1, worst2), leverage, wallet)
        if ended == tape.times[bar]:
            assert least < Decimal("1e-6")
        else:
            assert least > Decimal("-1e-6")


def spare(
    cross: bool, amounts: list[float], costs: list[float], prices: tuple[float, float], leverage: float, wallet: float
) -> Decimal:
    legs = [
        (Decimal(amount) * Decimal(price) - Decimal(cost), abs(Decimal(amount)) * Decimal(price), abs(Decimal(cost)))
        for amount, price, cost in zip(amounts, prices, costs, strict=True)
    ]
    rate = Decimal("0.01")
    if cross:
        return left(Decimal(wallet), legs[0][0] + legs[1][0], legs[0][1] + legs[1][1], rate)
    return min(left(cost / Decimal(leverage), gained, value, rate) for gained, value, cost in legs)


def held_over(tape: Tape, result: BacktestResult, capital: float, fill: FillMode) -> Any:
    """(bar, amounts, costs, wallet) of every bar over which a position was held, from the trade list."""
    trades = {
        int(bar): i for i, bar in enumerate(np.searchsorted(tape.times, result.t)) if result.action[i] != LIQUIDATION
    }
    amounts, costs, wallet = [0.0, 0.0], [0.0, 0.0], capital
    for bar in range(len(tape)):
        if fill == "close" and amounts[0]:
            yield bar, amounts, costs, wallet
        if result.liquidated_at == tape.times[bar] and (fill == "close" or bar not in trades):
            if fill != "close":
                yield bar, amounts, costs, wallet
            return
        if bar in trades:
            i = trades[bar]
            if result.action[i] in (OPEN, ADD):
                amounts = [amounts[0] + result.q1[i], amounts[1] + result.q2[i]]
                costs = [costs[0] + result.q1[i] * result.p1[i], costs[1] + result.q2[i] * result.p2[i]]
                wallet -= result.fees[i]
            else:
                amounts, costs = [0.0, 0.0], [0.0, 0.0]
                wallet = capital + float(np.nansum(result.pnl[: i + 1]))
        if fill == "next_open" and amounts[0]:
            yield bar, amounts, costs, wallet
            if result.liquidated_at == tape.times[bar]:
                return
