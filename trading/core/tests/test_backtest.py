import gzip
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from trading.core.backtest import BacktestResult, FillMode, price_columns, run_backtest
from trading.core.candles import Candles, Tape, align
from trading.core.compiled import plain
from trading.core.fills import Lots, market_costs
from trading.core.funding import FundingSchedule
from trading.core.simulation import TRADE_COLUMNS, Options, decide, run, simulator
from trading.core.tests import naive
from trading.core.tests.strategies import Walk, configs, floats, walks
from trading.core.types import ACTION_NAMES, ADD, OPEN, STOP_LOSS, TAKE_PROFIT, Config, config

DATA = Path(__file__).resolve().parents[4] / "shared" / "data"


def recorded(name: str) -> Candles:
    file = DATA / name
    if not file.exists():
        pytest.skip(f"recorded data {name} is not beside this repository")
    with gzip.open(file, "rt") as lines:
        table = np.loadtxt(lines, delimiter=",", skiprows=1)
    return Candles(table[:, 0].astype(np.int64), *(np.ascontiguousarray(table[:, i]) for i in range(1, 6)))


def six_levels(tape: Tape, **changes: float) -> Config:
    rules: dict[str, float] = {"fee1": 0.0005, "fee2": 0.0005, "slippage": 0.0001, "take_profit": 1.0} | changes
    return config(
        spreads=[1, 1, 1.2, 1.5, 2, 2.5],
        multipliers=[1, 1.2, 1.5, 2, 2, 2.5],
        investment=100,
        cap=1e9,
        start1=tape.opens1[0],
        start2=tape.opens2[0],
        **rules,  # type: ignore[arg-type]
    )


def tape_of(spreads: list[float]) -> Tape:
    """Bars whose close has exactly one leg moved, and that open where the one before closed."""
    closes1 = np.array([100.0 + spread for spread in spreads])
    opens1 = np.r_[100.0, closes1[:-1]]
    flat = np.full(len(spreads), 50.0)
    return Tape(np.arange(len(spreads), dtype=np.int64) * 60_000, opens1, closes1, flat, flat.copy())


def simple(take_profit: float = 1.0, stop_loss: float = 0.0) -> Config:
    return config(
        spreads=[1.0, 1.0],
        multipliers=[1.0, 2.0],
        investment=100,
        cap=1e9,
        start1=100,
        start2=50,
        take_profit=take_profit,
        stop_loss=stop_loss,
    )


def actions(result: BacktestResult) -> list[str]:
    return [ACTION_NAMES[action] for action in result.action]


def assert_same(result: BacktestResult, expected: naive.Run) -> None:
    assert actions(result) == [trade.action for trade in expected.trades]
    assert result.t.tolist() == [int(expected.tape.times[trade.bar]) for trade in expected.trades]
    assert result.level.tolist() == [trade.level for trade in expected.trades]
    assert result.side.tolist() == [trade.side for trade in expected.trades]
    for name in ("spread", "q1", "p1", "q2", "p2"):
        figures = [getattr(trade, name) for trade in expected.trades]
        np.testing.assert_allclose(getattr(result, name), figures, rtol=1e-12, atol=1e-12, err_msg=name)
    pnls = [np.nan if trade.pnl is None else trade.pnl for trade in expected.trades]
    np.testing.assert_allclose(result.pnl, pnls, rtol=1e-9, atol=1e-8)
    np.testing.assert_allclose(result.equity, expected.equity, rtol=1e-9, atol=1e-8)
    assert result.totals.refused == expected.refused
    assert result.max_drawdown == pytest.approx(expected.max_drawdown, rel=1e-9, abs=1e-8)
    assert result.realised == pytest.approx(expected.realised, rel=1e-9, abs=1e-8)


class TestAgainstTheReadableEngine:
    @given(
        configs(max_levels=8),
        walks(),
        st.sampled_from(("next_open", "close")),
        st.booleans(),
        st.booleans(),
    )
    @settings(max_examples=150)
    def test_random_walks(self, rules: Config, walk: Walk, fill: FillMode, pause: bool, restart: bool) -> None:
        tape = walk.tape()
        result = run_backtest(rules, tape, fill=fill, pause_after_close=pause, restart_after_stop_loss=restart)
        expected = naive.Run(rules, tape, fill, pause, restart).run()
        assert_same(result, expected)

    @given(configs(max_levels=8), walks(), floats(0.001, 1.0), st.just(0.0) | floats(0.001, 1.0), st.data())
    @settings(max_examples=100)
    def test_lots_and_funding(self, rules: Config, walk: Walk, lot1: float, lot2: float, data: st.DataObject) -> None:
        tape = walk.tape()
        bars = sorted(data.draw(st.lists(st.integers(0, len(tape) - 1), max_size=30)))
        paid = data.draw(st.lists(floats(-1.0, 1.0), min_size=2 * len(bars), max_size=2 * len(bars)))
        funding = list(zip(bars, paid[::2], paid[1::2], strict=True))
        schedule = FundingSchedule(
            np.array(bars, dtype=np.int64), np.array(paid[::2], dtype=float), np.array(paid[1::2], dtype=float)
        )
        result = run_backtest(
            rules,
            tape,
            pause_after_close=False,
            restart_after_stop_loss=True,
            lot_step1=lot1,
            lot_step2=lot2,
            funding=schedule,
        )
        assert_same(result, naive.Run(rules, tape, lots=(lot1, lot2), funding=funding).run())

    @pytest.mark.parametrize("regression", [False, True])
    @pytest.mark.parametrize(
        "names",
        [
            ("binance_GALA-USDT-SPOT_5m.csv.gz", "binance_CHZ-USDT-SPOT_5m.csv.gz"),
            ("okx_LTC-USDT-SWAP_5m.csv.gz", "okx_LINK-USDT-SWAP_5m.csv.gz"),
            ("binance_SAND-USDT-SPOT_1h.csv.gz", "binance_MANA-USDT-SPOT_1h.csv.gz"),
        ],
    )
    def test_recorded_pairs(self, names: tuple[str, str], regression: bool) -> None:
        tape = align(recorded(names[0]), recorded(names[1])).tape
        rules = six_levels(tape, regression=regression)
        result = run_backtest(rules, tape, pause_after_close=False, restart_after_stop_loss=True)
        assert_same(result, naive.Run(rules, tape).run())


class TestReferencePair:
    """The figures hold with and without `restart_after_stop_loss`: no stop loss fires in these three months."""

    @pytest.mark.parametrize("restart", [False, True])
    def test_gala_chz(self, restart: bool) -> None:
        gala, chz = recorded("binance_GALA-USDT-SPOT_5m.csv.gz"), recorded("binance_CHZ-USDT-SPOT_5m.csv.gz")
        aligned = align(gala, chz)
        assert (len(aligned.tape), aligned.dropped1, aligned.dropped2) == (25_920, 0, 0)
        result = run_backtest(
            six_levels(aligned.tape), aligned.tape, pause_after_close=False, restart_after_stop_loss=restart
        )
        assert len(result.t) == 238
        assert result.totals.cycles == len(list(result.cycle_rows())) == 84
        assert round(result.realised, 4) == 212.1979
        assert np.nansum(result.pnl) == pytest.approx(result.realised)
        assert not (result.action == STOP_LOSS).any()


class TestTiming:
    def test_a_decision_fills_at_the_next_open(self) -> None:
        tape = tape_of([0.0, 1.5, 1.0, 1.0])
        result = run_backtest(simple(), tape)
        assert result.t.tolist() == [120_000]
        assert result.p1.tolist() == [101.5]
        assert result.q1.tolist() == [pytest.approx(-100 / 101.5)]
        assert result.spread.tolist() == [pytest.approx(1.5)]

    def test_fill_on_the_same_close(self) -> None:
        result = run_backtest(simple(), tape_of([0.0, 1.5, 1.0, 1.0]), fill="close")
        assert result.t.tolist() == [60_000]
        assert result.p1.tolist() == [101.5]

    @pytest.mark.parametrize("fill", ["next_open", "close"])
    def test_a_decision_on_the_last_bar_is_not_executed(self, fill: FillMode) -> None:
        assert len(run_backtest(simple(), tape_of([0.0, 0.5, 1.5]), fill=fill).t) == 0

    def test_quantities_come_from_the_deciding_close_and_slippage_from_the_fill(self) -> None:
        tape = tape_of([0.0, 2.0, 2.0])
        tape.opens1[2], tape.opens2[2] = 103.0, 49.0
        rules = simple()._replace(slippage=0.001, fee1=0.001, fee2=0.002)
        result = run_backtest(rules, tape)
        assert result.q1[0] == pytest.approx(-100 / 102)
        assert result.q2[0] == pytest.approx(100 / 50)
        assert result.p1[0] == pytest.approx(103 * 0.999)
        assert result.p2[0] == pytest.approx(49 * 1.001)
        assert result.fees[0] == pytest.approx(100 / 102 * 103 * 0.999 * 0.001 + 2 * 49 * 1.001 * 0.002)


class TestPauses:
    SPREADS = (0.0, 1.5, 1.5, 0.0, 0.0, 3.0, 3.0, 0.0, 0.0, 0.0)

    def test_take_profit_pauses_for_the_run(self) -> None:
        result = run_backtest(simple(), tape_of(list(self.SPREADS)))
        assert actions(result) == ["open", "take_profit"]
        assert result.paused_at == result.t[-1] == 4 * 60_000
        assert (result.equity[4:] == result.realised).all()

    def test_without_pause_the_next_cycle_opens_from_the_new_reference(self) -> None:
        result = run_backtest(simple(), tape_of(list(self.SPREADS)), pause_after_close=False)
        assert actions(result) == ["open", "take_profit", "open", "take_profit"]
        assert result.paused_at is None

    @pytest.mark.parametrize(
        ("pause", "restart", "expected"),
        [
            (False, False, ["open", "stop_loss"]),
            (True, False, ["open", "stop_loss"]),
            (False, True, ["open", "stop_loss", "open"]),
            (True, True, ["open", "stop_loss", "open"]),
        ],
    )
    def test_a_stop_loss_obeys_restart_alone(self, pause: bool, restart: bool, expected: list[str]) -> None:
        rules = simple(stop_loss=1.0)._replace(levels=1)
        tape = tape_of([0.0, 1.5, 1.5, 4.0, 4.0, 4.0, 6.0, 6.0, 6.0])
        result = run_backtest(rules, tape, pause_after_close=pause, restart_after_stop_loss=restart)
        assert actions(result) == expected


class TestFunding:
    def test_what_is_held_at_the_stamp_pays_even_if_that_bar_closes_it(self) -> None:
        tape = tape_of([0.0, 1.5, 1.5, 0.0, 0.0, 0.0])
        schedule = FundingSchedule(np.array([2, 4, 5]), np.array([5.0, 0.5, 7.0]), np.array([5.0, 0.0, 7.0]))
        result = run_backtest(simple(), tape, funding=schedule)
        assert actions(result) == ["open", "take_profit"]
        received = 100 / 101.5 * 0.5
        assert result.totals.funding == pytest.approx(received)
        assert result.funding[1] == pytest.approx(received)
        assert result.pnl[1] == pytest.approx(100 / 101.5 * 1.5 + received)


class TestInvariants:
    @given(configs(), walks())
    def test_every_run(self, rules: Config, walk: Walk) -> None:
        tape = walk.tape()
        result = run_backtest(rules, tape, pause_after_close=False, restart_after_stop_loss=True)
        entries = np.isin(result.action, (OPEN, ADD))
        assert (np.diff(result.t) > 0).all(), "one decision a bar"
        ladder = np.cumsum(np.array(rules.multipliers)) * rules.investment
        assert (2 * ladder[result.level[entries] - 1] <= rules.cap * (1 + 1e-12)).all(), "the cap"
        assert (result.level <= rules.levels).all()
        assert rules.allow_long or not (result.side == 1).any()
        assert rules.allow_short or not (result.side == -1).any()
        assert np.isnan(result.pnl[entries]).all()
        assert np.nansum(result.pnl) == pytest.approx(result.realised)
        assert result.equity[-1] == result.final_equity
        for add in np.flatnonzero(result.action == ADD):
            moved = result.spread[add] - result.spread[add - 1]
            assert -result.side[add] * moved >= rules.spreads[result.level[add] - 1], "adds against the position only"

    @given(configs(max_levels=6), walks(), floats(0.001, 2.0))
    def test_lots_are_whole_and_never_above_the_plan(self, rules: Config, walk: Walk, lot: float) -> None:
        tape = walk.tape()
        result = run_backtest(
            rules, tape, pause_after_close=False, restart_after_stop_loss=True, lot_step1=lot, lot_step2=lot
        )
        lots = np.abs(result.q1) / lot
        np.testing.assert_allclose(lots, np.round(lots), atol=1e-6)


class TestRows:
    def test_names_and_signs(self) -> None:
        result = run_backtest(simple(), tape_of([0.0, 1.5, 2.6, 2.6, 0.0, 0.0, 0.0]), pause_after_close=False)
        opened, added, closed = result.trade_rows()
        assert (opened["action"], added["action"], closed["action"]) == ("open", "add", "take_profit")
        assert (opened["level"], added["level"], closed["level"]) == (1, 2, 2)
        assert (opened["side"], added["side"], closed["side"]) == (-1, -1, -1)
        assert "pnl" not in opened
        assert closed["q1"] == pytest.approx(-(opened["q1"] + added["q1"]))
        (cycle,) = result.cycle_rows()
        assert cycle == {
            "cycle": 1,
            "levels": 2,
            "side": -1,
            "pnl": closed["pnl"],
            "reason": "take_profit",
            "t": closed["t"],
        }
        assert (result.action == TAKE_PROFIT).sum() == 1


class TestRefusals:
    def test_a_profit_ratio_of_zero(self) -> None:
        with pytest.raises(ValueError, match="profit ratio"):
            run_backtest(simple(take_profit=0.0), tape_of([0.0, 1.0]))

    def test_an_empty_tape(self) -> None:
        with pytest.raises(ValueError, match="at least one bar"):
            run_backtest(simple(), tape_of([]))

    def test_bars_out_of_order(self) -> None:
        tape = tape_of([0.0, 1.0, 2.0])
        tape.times[1] = 0
        with pytest.raises(ValueError, match="order of time"):
            run_backtest(simple(), tape)

    @pytest.mark.parametrize("price", [0.0, -1.0, float("nan"), float("inf")])
    def test_prices_that_are_none(self, price: float) -> None:
        tape = tape_of([0.0, 1.0, 2.0])
        tape.closes2[1] = price
        with pytest.raises(ValueError, match="price"):
            run_backtest(simple(), tape)

    def test_a_negative_lot(self) -> None:
        with pytest.raises(ValueError, match="lot step"):
            run_backtest(simple(), tape_of([0.0, 1.0]), lot_step2=-1.0)


@given(configs(max_levels=6), walks(), st.just(0.0) | floats(0.001, 1.0), st.booleans())
@settings(max_examples=25)
def test_the_same_code_in_plain_python_is_bit_identical(rules: Config, walk: Walk, lot: float, next_open: bool) -> None:
    tape = walk.tape()
    markets = price_columns(tape)
    options, lots = Options(next_open, False, True), Lots(lot, lot, 0.05)
    funding = np.array([50, 100, 200]), np.array([0.1, -0.2, 0.3]), np.array([0.0, 0.1, -0.1])
    outputs = [(np.zeros((len(tape) + 1, len(TRADE_COLUMNS))), np.zeros(len(tape))) for _ in range(2)]
    found = []
    for simulate, output in zip((simulator(decide), plain(run)), outputs, strict=True):
        found.append(
            simulate(None, rules, options, lots, market_costs(rules), None, *markets, None, *funding, None, *output)
        )
    assert found[0] == found[1]
    for compiled, readable in zip(*outputs, strict=True):
        assert np.array_equal(compiled, readable, equal_nan=True)


class TestMemorySafety:
    """Compiled loops do not check their indices: the arrays are checked before."""

    @pytest.mark.parametrize(
        ("rows", "columns", "marks", "bars", "message"),
        [(3, 12, 3, 3, "trade list"), (4, 11, 3, 3, "trade list"), (4, 12, 2, 3, "equity"), (4, 12, 3, 2, "markets")],
    )
    def test_arrays_of_the_wrong_size(self, rows: int, columns: int, marks: int, bars: int, message: str) -> None:
        rules, prices, none = simple(), np.full(3, 100.0), np.empty(0)
        prices.flags.writeable = False
        options, lots = Options(True, True, False), Lots(0.0, 0.0, 0.05)
        markets = prices, prices, prices[:bars], prices
        with pytest.raises(ValueError, match=message):
            simulator(decide)(
                None, rules, options, lots, market_costs(rules), None, *markets, None,
                np.empty(0, np.int64), none, none, None, np.empty((rows, columns)), np.empty(marks),
            )  # fmt: skip


def test_read_only_and_strided_columns_give_the_same() -> None:
    tape = tape_of([0.0, 1.5, 2.6, 2.6, 0.0, 0.0, 0.0])
    spaced = np.repeat(tape.closes1, 2)[::2]
    spaced.flags.writeable = False
    other = Tape(tape.times, tape.opens1, spaced, tape.opens2, tape.closes2)
    assert (run_backtest(simple(), other).equity == run_backtest(simple(), tape).equity).all()


def test_since_starts_at_the_first_bar_at_or_after() -> None:
    tape = tape_of([0.0, 1.5, 2.6])
    assert len(tape.since(60_000)) == 2
    assert len(tape.since(60_001)) == 1
    assert tape.since(0).opens1[0] == 100.0


def test_until_ends_before_the_first_bar_at_or_after() -> None:
    tape = tape_of([0.0, 1.5, 2.6])
    assert [len(tape.until(end)) for end in (0, 1, 60_000, 60_001, 10**9)] == [0, 1, 1, 2, 3]
