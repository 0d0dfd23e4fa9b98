"""`manage.py backtest` and `manage.py strategies`: files and parameters in, a result out, or one clear line."""

import json
import os
import shlex
import subprocess
import sys
from dataclasses import replace
from datetime import UTC, datetime
from io import StringIO
from pathlib import Path
from typing import Any

import numpy as np
import polars as pl
import pytest
from django.conf import settings
from django.core.management import CommandError, call_command
from rest_framework.test import APIClient

from bots.tests.factories import SIX_LEVELS, make_user
from exchanges.history import candles
from exchanges.tests.series import CHZ, GALA, candle_dir, pair_of, stored_pair  # noqa: F401
from trading.core.backtest import run_backtest
from trading.core.candles import Tape, align
from trading.core.tests import naive
from trading.core.types import Config, config
from trading.tests.backtest_files import (
    PARAMETERS,
    backtest,
    candles_of,
    flat_frame,
    frame_of,
    params_file,
    words,
    written,
)

DATA = Path(settings.BASE_DIR).parent / "shared" / "data"
MINUTE = 60_000


@pytest.fixture(scope="module")
def frames() -> tuple[pl.DataFrame, pl.DataFrame]:
    first, second = pair_of(1500, seed=5)
    return frame_of(first), frame_of(second)


@pytest.fixture
def files(tmp_path: Path, frames: tuple[pl.DataFrame, pl.DataFrame]) -> dict[str, str]:
    first, second = written(tmp_path, *frames)
    return {"data1": first, "data2": second}


def recorded(*names: str) -> list[str]:
    paths = [DATA / f"{name}.csv.gz" for name in names]
    for path in paths:
        if not path.exists():
            pytest.skip(f"recorded data {path.name} is not beside this repository")
    return [str(path) for path in paths]


def core_config(parameters: dict[str, Any], tape: Tape) -> Config:
    rows = parameters["dca_config"]
    return config(
        spreads=[float(row["spread"]) for row in rows],
        multipliers=[float(row["multiplier"]) for row in rows],
        levels=int(parameters["max_dca_times"]),
        investment=parameters["investment_per_order"],
        cap=parameters["max_position_value"],
        start1=tape.opens1[0],
        start2=tape.opens2[0],
        regression=parameters["profit_mode"] == "regression",
        take_profit=parameters["profit_ratio"],
        stop_loss=parameters["stop_loss_ratio"],
        net=parameters.get("pnl_basis", "net") == "net",
        momentum=parameters.get("opening") == "momentum",
        allow_long=parameters.get("allowed_side") != "short_spread",
        allow_short=parameters.get("allowed_side") != "long_spread",
        fee1=parameters["taker_fee"],
        fee2=parameters["taker_fee"],
        slippage=parameters["slippage_bps"] / 10_000,
    )


def readable_run(parameters: dict[str, Any], tape: Tape, funding: Any = ()) -> naive.Run:
    return naive.Run(
        core_config(parameters, tape),
        tape,
        parameters.get("fill", "next_open"),
        parameters["pause_after_close"],
        parameters["restart_after_stop_loss"],
        (parameters.get("lot_step1", 0.0), parameters.get("lot_step2", 0.0)),
        funding=list(funding),
    ).run()


def assert_same(result: dict[str, Any], expected: naive.Run) -> None:
    assert result["bars"] == len(expected.tape)
    assert len(result["trades"]) == len(expected.trades)
    for row, trade in zip(result["trades"], expected.trades, strict=True):
        assert (row["t"], row["action"]) == (int(expected.tape.times[trade.bar]), trade.action)
        assert (row["level"], row["side"]) == (trade.level, trade.side)
        for name in ("spread", "q1", "p1", "q2", "p2"):
            assert row[name] == pytest.approx(getattr(trade, name), rel=1e-9, abs=1e-9), name
        assert row.get("pnl") == (None if trade.pnl is None else pytest.approx(trade.pnl, rel=1e-9, abs=1e-8))
    closed = [trade for trade in expected.trades if trade.pnl is not None]
    figures = [(c["cycle"], c["levels"], c["side"], c["reason"], c["t"]) for c in result["cycles"]]
    times = expected.tape.times
    assert figures == [(n, t.level, t.side, t.action, int(times[t.bar])) for n, t in enumerate(closed, start=1)]
    assert result["refused_by_lots"] == expected.refused
    assert result["realised"] == pytest.approx(expected.realised, rel=1e-9, abs=1e-8)
    assert result["final_equity"] == pytest.approx(expected.equity[-1], rel=1e-9, abs=1e-8)
    assert result["max_drawdown"] == pytest.approx(expected.max_drawdown, rel=1e-9, abs=1e-8)


def test_the_recorded_reference(tmp_path: Path) -> None:
    gala, chz = recorded("binance_GALA-USDT-SPOT_5m", "binance_CHZ-USDT-SPOT_5m")
    parameters = PARAMETERS | {"dca_config": SIX_LEVELS, "max_dca_times": 6, "profit_ratio": 1}
    result = backtest(tmp_path, parameters, data1=gala, data2=chz)
    assert (result["bars"], len(result["trades"]), len(result["cycles"])) == (25_920, 238, 84)
    assert round(result["realised"], 4) == 212.1979
    assert sum(cycle["pnl"] for cycle in result["cycles"]) == pytest.approx(result["realised"])


class TestAgainstTheReadableEngine:
    @pytest.mark.parametrize(
        "changes",
        [
            {},
            {"profit_mode": "regression", "pnl_basis": "gross"},
            {"opening": "momentum", "stop_loss_ratio": 0.5},
            {"opening": "momentum", "stop_loss_ratio": 0.5, "restart_after_stop_loss": False},
            {"allowed_side": "long_spread", "fill": "close"},
            {"allowed_side": "short_spread", "max_position_value": 500},
            {"lot_step1": 10.0, "lot_step2": 1.0, "slippage_bps": 3.5},
            {"lot_step1": 700.0, "lot_step2": 900.0},
            {"pause_after_close": True},
            {"max_dca_times": 1},
        ],
        ids=str,
    )
    def test_options(
        self, tmp_path: Path, frames: tuple[pl.DataFrame, pl.DataFrame], files: dict[str, str], changes: dict[str, Any]
    ) -> None:
        parameters = PARAMETERS | changes
        tape = align(*map(candles_of, frames)).tape
        expected = readable_run(parameters, tape)
        assert expected.trades, "a run without trades compares nothing"
        assert_same(backtest(tmp_path, parameters, **files), expected)

    @pytest.mark.parametrize(
        "names",
        [
            ("okx_LTC-USDT-SWAP_5m", "okx_LINK-USDT-SWAP_5m"),
            ("binance_SOL-USDT-SWAP_1m", "binance_XRP-USDT-SWAP_1m"),
            ("binance_GALA-USDT-SWAP_15m", "binance_CHZ-USDT-SWAP_15m"),
            ("bybit_GALA-USDT-SWAP_1d", "bybit_CHZ-USDT-SWAP_1d"),
        ],
    )
    def test_recorded_pairs(self, tmp_path: Path, names: tuple[str, str]) -> None:
        paths = recorded(*names)
        tape = align(*(candles_of(pl.read_csv(path)) for path in paths)).tape
        result = backtest(tmp_path, PARAMETERS, data1=paths[0], data2=paths[1])
        assert_same(result, readable_run(PARAMETERS, tape))

    def test_recorded_funding_at_recorded_marks(self, tmp_path: Path) -> None:
        coins = ("BTC", "ETH")
        paths = recorded(*(f"binance_{coin}-USDT-SWAP_1m" for coin in coins))
        rates = recorded(*(f"binance_{coin}-USDT-SWAP_funding_2025-05" for coin in coins))
        marks = recorded(*(f"binance_{coin}-USDT-SWAP-mark_8h_2025-05" for coin in coins))
        tape = align(*(candles_of(pl.read_csv(path)) for path in paths)).tape
        parameters = PARAMETERS | {"profit_ratio": 1.5}
        result = backtest(
            tmp_path, parameters, data1=paths[0], data2=paths[1],
            funding1=rates[0], funding2=rates[1], mark1=marks[0], mark2=marks[1],
        )  # fmt: skip
        expected = readable_run(parameters, tape, naive_funding(tape, rates, marks))
        assert_same(result, expected)
        assert result["stats"]["funding"] != 0
        for leg in result["funding"]:
            assert leg["booked"] == leg["at_mark_price"] == 89
            assert leg["coverage_pct"] > 98


def naive_funding(tape: Tape, rates: list[str], marks: list[str]) -> list[tuple[int, float, float]]:
    """(bar, paid by one unit of leg 1, of leg 2), one payment at a time."""
    found = []
    for leg in (0, 1):
        opens = {row["timestamp"]: row["open"] for row in pl.read_csv(marks[leg]).iter_rows(named=True)}
        for row in pl.read_csv(rates[leg]).iter_rows(named=True):
            due = round(row["timestamp"] / MINUTE) * MINUTE
            bar = next((i for i, time in enumerate(tape.times) if time >= due), None)
            if bar is None or due < tape.times[0]:
                continue
            paid = opens[max(time for time in opens if time <= due)] * row["funding_rate"]
            found.append((bar, paid, 0.0) if leg == 0 else (bar, 0.0, paid))
    return sorted(found)


def stood_still(frame: pl.DataFrame, *stretches: range) -> pl.DataFrame:
    """With flat bars without volume there."""
    still = pl.int_range(pl.len()).is_in([bar for stretch in stretches for bar in stretch])
    changed = [pl.when(still).then(pl.col("open")).otherwise(pl.col(name)).alias(name) for name in ("high", "low")]
    close = pl.when(still).then(pl.col("open")).otherwise(pl.col("close")).alias("close")
    volume = pl.when(still).then(0.0).otherwise(pl.col("volume")).alias("volume")
    return frame.with_columns(*changed, close, volume)


class TestData:
    def test_parquet_gzip_and_plain_text_are_the_same(
        self, tmp_path: Path, frames: tuple[pl.DataFrame, pl.DataFrame], files: dict[str, str]
    ) -> None:
        packed, columnar = tmp_path / "packed.csv.gz", tmp_path / "columnar.parquet"
        frames[0].write_csv(packed, compression="gzip", check_extension=False)
        frames[1].write_parquet(columnar)
        plain, other = (
            backtest(tmp_path, PARAMETERS, **files),
            backtest(tmp_path, PARAMETERS, data1=str(packed), data2=str(columnar)),
        )
        assert plain["trades"]
        assert plain["trades"] == other["trades"]

    def test_what_one_market_lacks_is_dropped_and_counted(
        self, tmp_path: Path, frames: tuple[pl.DataFrame, pl.DataFrame]
    ) -> None:
        first = pl.concat([frames[0][3:400], frames[0][410:]])
        second = pl.concat([frames[1][:700], frames[1][701:-5]])
        paths = written(tmp_path, first, second)
        result = backtest(tmp_path, PARAMETERS, data1=paths[0], data2=paths[1])
        assert_same(result, readable_run(PARAMETERS, align(candles_of(first), candles_of(second)).tape))
        assert result["bars"] == 1500 - 3 - 10 - 1 - 5
        one, two = result["data"]["market1"], result["data"]["market2"]
        assert (one["dropped"], one["gaps"], one["missing_bars"]) == (1, 1, 10)
        assert (two["dropped"], two["gaps"], two["missing_bars"]) == (10, 1, 1)
        assert one["bars"] - one["dropped"] == two["bars"] - two["dropped"] == result["bars"]

    def test_only_the_time_of_the_run_is_described(
        self, tmp_path: Path, frames: tuple[pl.DataFrame, pl.DataFrame]
    ) -> None:
        """Holes and outages before and after it are other runs' business."""
        down = stood_still(frames[0], range(20, 30), range(600, 604), range(606, 607), range(1450, 1460))
        first = pl.concat([down[:100], down[110:700], down[703:1480], down[1482:]])
        paths = written(tmp_path, first, frames[1])
        since, until = (str(int(frames[1]["timestamp"][bar])) for bar in (500, 1000))
        data = backtest(tmp_path, PARAMETERS, data1=paths[0], data2=paths[1], since=since, until=until)["data"]
        one, two = data["market1"], data["market2"]
        assert (one["bars"], one["dropped"], one["gaps"], one["missing_bars"]) == (497, 0, 1, 3)
        assert (two["bars"], two["dropped"], two["gaps"], two["missing_bars"]) == (500, 3, 0, 0)
        times = frames[0]["timestamp"]
        assert (one["flat_bars"], one["outage_count"]) == (5, 2)
        assert one["outages"] == [[times[600], times[603], 4], [times[606], times[606], 1]]
        assert (two["flat_bars"], two["outage_count"], two["outages"]) == (0, 0, [])

    def test_of_many_outages_the_longest_are_named_in_order(
        self, tmp_path: Path, frames: tuple[pl.DataFrame, pl.DataFrame]
    ) -> None:
        bars = [range(at, at + (1 if at < 200 else 2)) for at in range(100, 350, 10)]
        paths = written(tmp_path, stood_still(frames[0], *bars), frames[1])
        one = backtest(tmp_path, PARAMETERS, data1=paths[0], data2=paths[1])["data"]["market1"]
        assert (one["outage_count"], one["flat_bars"], len(one["outages"])) == (25, 10 + 2 * 15, 20)
        firsts = [first for first, _last, _bars in one["outages"]]
        assert firsts == sorted(firsts)
        assert sum(bars == 2 for _first, _last, bars in one["outages"]) == 15

    def test_the_summary_says_when_the_exchange_was_down(
        self, tmp_path: Path, frames: tuple[pl.DataFrame, pl.DataFrame]
    ) -> None:
        paths = written(tmp_path, stood_still(frames[0], range(600, 604)), frames[1])
        options = {"data1": paths[0], "data2": paths[1], "strategy": "spread", "out": tmp_path / "R.json"}
        out = StringIO()
        call_command("backtest", *words(options | {"params": params_file(tmp_path, PARAMETERS)}), stdout=out)
        first, last = (
            datetime.fromtimestamp(int(frames[0]["timestamp"][bar]) / 1000, UTC).strftime("%Y-%m-%d %H:%M")
            for bar in (600, 603)
        )
        assert f"4 flat in 1 outage: {first} to {last} UTC" in out.getvalue()

    @pytest.mark.parametrize("form", ["iso", "iso without zone", "iso with offset", "ms", "ms as text"])
    def test_start_time(
        self, tmp_path: Path, frames: tuple[pl.DataFrame, pl.DataFrame], files: dict[str, str], form: str
    ) -> None:
        start = int(frames[0]["timestamp"][500]) - 1_000
        moment = datetime.fromtimestamp(start / 1000, UTC)
        forms = {
            "iso": f"{moment:%Y-%m-%dT%H:%M:%SZ}",
            "iso without zone": f"{moment:%Y-%m-%d %H:%M:%S}",
            "iso with offset": f"{moment:%Y-%m-%dT%H:%M:%S}+00:00",
            "ms": start,
            "ms as text": str(start),
        }
        result = backtest(tmp_path, PARAMETERS | {"start_time": forms[form]}, **files)
        tape = align(*(candles_of(frame[500:]) for frame in frames)).tape
        assert_same(result, readable_run(PARAMETERS, tape))
        assert result["start_prices"] == [frames[0]["open"][500], frames[1]["open"][500]]
        assert result["data"]["before_start"] == 500

    def test_since_leaves_out_what_is_before(self, tmp_path: Path, files: dict[str, str]) -> None:
        late = backtest(tmp_path, PARAMETERS | {"start_time": "2025-01-03"}, **files)
        assert backtest(tmp_path, PARAMETERS, since="2025-01-03", **files)["trades"] == late["trades"]

    @pytest.mark.parametrize(
        ("damage", "message"),
        [
            (lambda f: pl.concat([f[:10], f[11:12], f[10:11], f[12:]]), r"line 13: .* opens before the bar above it"),
            (lambda f: pl.concat([f[:10], f[9:]]), r"line 12: .* repeats the bar above it"),
            (lambda f: f.with_columns(high=pl.when(pl.col("timestamp") == f["timestamp"][4]).then(pl.col("low") * 0.9)
                                      .otherwise(pl.col("high"))), r"line 6: .* is impossible"),
            (lambda f: f.with_columns(timestamp=pl.col("timestamp") + pl.Series([0, 60_000, *[0] * (len(f) - 2)])),
             r"line 3: .* grid"),
            (lambda f: f.with_columns(close=pl.lit(None, pl.Float64)), "line 2: a value is missing"),
            (lambda f: f.drop("close"), "line 1: column close is missing"),
            (lambda f: f.with_columns(trades=pl.lit(1)), "line 1: column 'trades' is not known"),
            (lambda f: f.with_columns(close=pl.when(pl.col("timestamp") == f["timestamp"][2]).then(float("nan"))
                                      .otherwise(pl.col("close"))), r"line 4: .* is impossible"),
            (lambda f: f.with_columns(low=pl.when(pl.col("timestamp") == f["timestamp"][3]).then(0.0)
                                      .otherwise(pl.col("low"))), r"line 5: .* is impossible"),
            (lambda f: f.with_columns(open=-pl.col("open")), r"line 2: .* is impossible"),
            (lambda f: f.with_columns(close=pl.col("close").cast(pl.String) + "$"), r"line 2: .*close"),
            (lambda f: f[:0], "has no lines"),
        ],
    )  # fmt: skip
    def test_bad_files_are_refused_by_line(
        self, tmp_path: Path, frames: tuple[pl.DataFrame, pl.DataFrame], damage: Any, message: str
    ) -> None:
        paths = written(tmp_path, frames[0], damage(frames[1]))
        with pytest.raises(CommandError, match=message):
            backtest(tmp_path, PARAMETERS, data1=paths[0], data2=paths[1])
        assert not (tmp_path / "R.json").exists()

    @pytest.mark.parametrize("content", [b"", b"\x1f\x8b\x08broken", b"hello"])
    def test_what_is_no_table(self, tmp_path: Path, files: dict[str, str], content: bytes) -> None:
        path = tmp_path / "broken.csv"
        path.write_bytes(content)
        with pytest.raises(CommandError, match=r"broken\.csv"):
            backtest(tmp_path, PARAMETERS, data1=str(path), data2=files["data2"])

    def test_no_bar_in_common(self, tmp_path: Path, frames: tuple[pl.DataFrame, pl.DataFrame]) -> None:
        paths = written(tmp_path, frames[0][:100], frames[1][200:])
        with pytest.raises(CommandError, match="no bar in common"):
            backtest(tmp_path, PARAMETERS, data1=paths[0], data2=paths[1])

    def test_timestamps_in_microseconds(self, tmp_path: Path, frames: tuple[pl.DataFrame, pl.DataFrame]) -> None:
        paths = written(tmp_path, *(frame.with_columns(timestamp=pl.col("timestamp") * 1000) for frame in frames))
        with pytest.raises(CommandError, match="milliseconds since 1970"):
            backtest(tmp_path, PARAMETERS, data1=paths[0], data2=paths[1])

    def test_bars_of_a_length_that_has_no_name(self, tmp_path: Path, frames: tuple[pl.DataFrame, pl.DataFrame]) -> None:
        halved = [frame.gather_every(2) for frame in frames]
        paths = written(tmp_path, halved[0], pl.concat([halved[1][:50], halved[1][53:]]))
        described = backtest(tmp_path, PARAMETERS, data1=paths[0], data2=paths[1])["data"]
        assert (described["market1"]["timeframe"], described["market1"]["gaps"]) == ("10m", 0)
        assert (described["market2"]["gaps"], described["market2"]["missing_bars"]) == (1, 3)

    def test_one_bar(self, tmp_path: Path, frames: tuple[pl.DataFrame, pl.DataFrame]) -> None:
        paths = written(tmp_path, frames[0][:1], frames[1][:1])
        result = backtest(tmp_path, PARAMETERS, data1=paths[0], data2=paths[1])
        assert (result["bars"], result["trades"], result["final_equity"]) == (1, [], 0.0)

    def test_bars_of_different_lengths(self, tmp_path: Path, frames: tuple[pl.DataFrame, pl.DataFrame]) -> None:
        """Those that open together do not close together."""
        paths = written(tmp_path, frames[0], frames[1].gather_every(3))
        with pytest.raises(CommandError, match=r"market1\.csv has bars of 5m, market2\.csv has bars of 15m"):
            backtest(tmp_path, PARAMETERS, data1=paths[0], data2=paths[1])
        assert not (tmp_path / "R.json").exists()

    def test_a_file_that_is_too_large(self, tmp_path: Path, files: dict[str, str], settings: Any) -> None:
        settings.CANDLE_FILE_MAX_MB = 0.01
        with pytest.raises(CommandError, match=r"market1\.csv.* MB"):
            backtest(tmp_path, PARAMETERS, **files)

    def test_since_and_until_bound_the_run(
        self, tmp_path: Path, frames: tuple[pl.DataFrame, pl.DataFrame], files: dict[str, str]
    ) -> None:
        times = frames[0]["timestamp"]
        result = backtest(tmp_path, PARAMETERS, since=times[200] - 1, until=times[900], **files)
        tape = align(*(candles_of(frame[200:900]) for frame in frames)).tape
        assert_same(result, readable_run(PARAMETERS, tape))
        assert (result["data"]["before_start"], result["data"]["after_end"]) == (200, 600)

    @pytest.mark.parametrize(
        ("options", "message"),
        [
            ({"since": "2025-01-04", "until": "2025-01-03"}, "^--until: must lie after --since$"),
            ({"since": "2025-01-03", "until": "2025-01-03"}, "^--until: must lie after --since$"),
            ({"since": "2035-01-03"}, "^since: lies after the last bar"),
            ({"until": "2015-01-03"}, "^until: lies before the first bar"),
            ({"since": "soon"}, "^--since: must be a time"),
            ({"until": "1.5"}, "^--until: must be a time"),
        ],
        ids=str,
    )
    def test_ranges_without_a_bar(
        self, tmp_path: Path, files: dict[str, str], options: dict[str, str], message: str
    ) -> None:
        with pytest.raises(CommandError, match=message):
            backtest(tmp_path, PARAMETERS, **options, **files)

    @pytest.mark.django_db
    @pytest.mark.usefixtures("stored_pair")
    def test_the_candle_store(self, tmp_path: Path) -> None:
        first, second = pair_of()
        paths = written(tmp_path, frame_of(first), frame_of(second))
        stored = backtest(
            tmp_path, PARAMETERS, exchange="binance", market1="GALA-USDT", market2=CHZ, timeframe="5m",
        )  # fmt: skip
        assert stored["trades"]
        assert stored["trades"] == backtest(tmp_path, PARAMETERS, data1=paths[0], data2=paths[1])["trades"]
        assert stored["data"]["market1"]["name"] == GALA

    def test_bars_that_all_open_at_another_hour(self, tmp_path: Path, files: dict[str, str]) -> None:
        """As days that begin at 16:00 UTC; a single bar beside such a grid is refused as beside any other."""
        later = [pl.read_csv(path).with_columns(pl.col("timestamp") + 70_000) for path in files.values()]
        shifted = dict(zip(files, written(tmp_path, *later), strict=True))
        trades = backtest(tmp_path, PARAMETERS, **shifted)["trades"]
        written(tmp_path, *(frame.with_columns(pl.col("timestamp") - 70_000) for frame in later))
        expected = backtest(tmp_path, PARAMETERS, **files)["trades"]
        assert trades
        assert trades == [trade | {"t": trade["t"] + 70_000} for trade in expected]
        odd = later[0].with_columns(pl.col("timestamp") + pl.when(pl.int_range(pl.len()) == 7).then(1).otherwise(0))
        written(tmp_path, odd, later[1])
        with pytest.raises(CommandError, match=r"^market1\.csv, line 9: .* grid$"):
            backtest(tmp_path, PARAMETERS, **shifted)

    @pytest.mark.django_db
    @pytest.mark.usefixtures("stored_pair")
    def test_a_damaged_file_in_the_store(self, tmp_path: Path) -> None:
        stored = Path(settings.CANDLE_DIR) / candles.series_path("binance", CHZ, "5m")
        stored.write_bytes(stored.read_bytes()[:100])
        with pytest.raises(CommandError, match=f"^{CHZ}: the 5m candles of binance cannot be read: "):
            backtest(tmp_path, PARAMETERS, exchange="binance", market1=GALA, market2=CHZ, timeframe="5m")

    @pytest.mark.django_db
    @pytest.mark.usefixtures("stored_pair")
    def test_candles_of_another_length_are_named(self, tmp_path: Path) -> None:
        with pytest.raises(CommandError, match="no 1h candles of binance in the candle store; of 5m there are"):
            backtest(tmp_path, PARAMETERS, exchange="binance", market1=GALA, market2=CHZ, timeframe="1h")

    @pytest.mark.usefixtures("candle_dir")
    @pytest.mark.parametrize(
        ("options", "message"),
        [
            ({}, "--data1, --data2"),
            ({"exchange": "okx"}, "--market1: is needed"),
            ({"exchange": "okx", "market1": "BTC/USDT", "market2": "ETH/USDT", "timeframe": "5m"}, "no 5m candles"),
            ({"exchange": "okx", "market1": "BTC/USDT", "market2": "BTC-USDT", "timeframe": "5m"}, "same market"),
            ({"exchange": "okx", "market1": "?", "market2": "BTC-USDT", "timeframe": "5m"}, "--market1: "),
            ({"data1": "a.csv"}, "--data2: is needed"),
            ({"data1": "a.csv", "data2": "b.csv"}, "no such file"),
            ({"data1": "a.csv", "data2": "b.csv", "market1": "BTC/USDT"}, "--market1: is for the candle store"),
            ({"data1": "a.csv", "data2": "b.csv", "mark1": "c.csv"}, "no such file"),
        ],
    )
    def test_sources_that_are_none(self, tmp_path: Path, options: dict[str, str], message: str) -> None:
        with pytest.raises(CommandError, match=message):
            backtest(tmp_path, PARAMETERS, **options)


def test_a_fee_that_was_meant_in_per_cent_is_told(tmp_path: Path, files: dict[str, str]) -> None:
    for fee, told in ((0.0005, 0), (0.05, 1)):
        warnings = backtest(tmp_path, PARAMETERS | {"taker_fee": fee}, **files)["warnings"]
        assert [text for text in warnings if "taker_fee 0.05 is 5 % of" in text and "to be 0.0005" in text] == warnings
        assert len(warnings) == told


class TestFunding:
    """Four hours of 5-minute bars; market 1 jumps to 102 at bar 1, so the bot is short it from bar 2 on."""

    TIMES = np.arange(48, dtype=np.int64) * 5 * MINUTE + 1_735_689_600_000

    def run(self, folder: Path, stamps: list[int], **options: Any) -> dict[str, Any]:
        prices = np.full(48, 102.0)
        prices[0] = 100.0
        paths = written(folder, flat_frame(self.TIMES, prices), flat_frame(self.TIMES, np.full(48, 50.0)))
        rates = folder / "funding.csv"
        pl.DataFrame({"timestamp": stamps, "funding_rate": [0.001] * len(stamps)}).write_csv(rates)
        parameters = PARAMETERS | {"taker_fee": 0, "slippage_bps": 0, "profit_ratio": 50}
        return backtest(folder, parameters, data1=paths[0], data2=paths[1], funding1=str(rates), **options)

    def stamps(self, *minutes: int) -> list[int]:
        return [int(self.TIMES[0]) + minute * MINUTE for minute in minutes]

    def test_at_the_candle_a_few_ms_late(self, tmp_path: Path) -> None:
        due = [stamp + 7 for stamp in self.stamps(0, 60, 120, 180)]
        result = self.run(tmp_path, due)
        assert result["trades"][0]["q1"] == pytest.approx(-100 / 102)
        assert result["stats"]["funding"] == pytest.approx(3 * 100 / 102 * 102 * 0.001)
        assert result["funding"][0] == {"booked": 4, "expected": 4, "at_mark_price": 0, "coverage_pct": 100.0,
                                        "known_pct": 100.0}  # fmt: skip
        assert result["funding"][1] is None

    def test_coverage_of_rates_that_end_early(self, tmp_path: Path) -> None:
        """Held from 10 minutes after the start to the last bar, 235 after it; known for the first hour."""
        result = self.run(tmp_path, self.stamps(-60, 0, 60))
        leg = result["funding"][0]
        assert (leg["booked"], leg["expected"], leg["coverage_pct"]) == (2, 4, 50.0)
        assert leg["known_pct"] == pytest.approx(50 / 225 * 100)
        assert result["warnings"] == ["funding of market 1 is known for 22 % of the time in position"]

    def test_coverage_of_rates_with_a_hole(self, tmp_path: Path) -> None:
        """The payment of 120 is missing; that of 240 would be due after the last bar."""
        leg = self.run(tmp_path, self.stamps(-120, -60, 0, 60, 180))["funding"][0]
        assert (leg["booked"], leg["expected"], leg["coverage_pct"]) == (3, 4, 75.0)
        assert leg["known_pct"] == pytest.approx((225 - 60) / 225 * 100)

    def test_marks_where_a_mark_candle_is_open_else_the_candle(self, tmp_path: Path) -> None:
        marks = tmp_path / "marks.csv"
        flat_frame([*self.stamps(60, 90, 120)], [200.0, 200.0, 300.0]).write_csv(marks)
        result = self.run(tmp_path, self.stamps(60, 120, 180), mark1=str(marks))
        assert result["funding"][0]["at_mark_price"] == 2
        assert result["stats"]["funding"] == pytest.approx(100 / 102 * (200 + 300 + 102) * 0.001)

    def test_marks_without_rates(self, tmp_path: Path, files: dict[str, str]) -> None:
        with pytest.raises(CommandError, match="--mark1: needs --funding1"):
            backtest(tmp_path, PARAMETERS, mark1=files["data1"], **files)

    def test_rates_out_of_order(self, tmp_path: Path) -> None:
        with pytest.raises(CommandError, match="line 3: is not after the line above it"):
            self.run(tmp_path, self.stamps(60, 0))


class TestParameters:
    def test_numbers_as_text(self, tmp_path: Path, files: dict[str, str]) -> None:
        texts = {
            name: str(value)
            for name, value in PARAMETERS.items()
            if isinstance(value, int | float) and not isinstance(value, bool)
        }
        rows = [{name: str(value) for name, value in row.items()} for row in PARAMETERS["dca_config"]]
        plain = backtest(tmp_path, PARAMETERS, **files)
        assert backtest(tmp_path, PARAMETERS | texts | {"dca_config": rows}, **files)["trades"] == plain["trades"]

    def test_defaults(self, tmp_path: Path, files: dict[str, str]) -> None:
        needed = {"investment_per_order": 100, "dca_config": SIX_LEVELS, "max_position_value": 10_000}
        assert backtest(tmp_path, needed, **files)["parameters"] == {
            **needed,
            "max_dca_times": 6,
            "profit_mode": "position",
            "profit_ratio": 1.0,
            "stop_loss_ratio": 10.0,
            "pause_after_close": True,
            "restart_after_stop_loss": False,
            "opening": "reversion",
            "allowed_side": "both",
            "pnl_basis": "net",
            "start_time": None,
            "taker_fee": 0.0,
            "slippage_bps": 0.0,
            "fill": "next_open",
            "lot_step1": 0.0,
            "lot_step2": 0.0,
            "maker_fee": 0.0,
            "order_type_open": "market",
            "order_type_close": "market",
            "max_imbalance": 0.05,
            "min_amount1": 0.0,
            "min_amount2": 0.0,
            "min_notional1": 0.0,
            "min_notional2": 0.0,
            "start_price1": None,
            "start_price2": None,
            "leverage": None,
            "margin_mode": "cross",
            "capital": None,
            "maintenance_margin": 0.01,
            "strategy_params": {},
            "sizing": {},
        }

    @pytest.mark.parametrize(
        ("name", "value"),
        [
            ("profit_ration", 1),
            ("leverage", 0.5),
            ("leverage", 1001),
            ("leverage", "ten"),
            ("margin_mode", "both"),
            ("capital", 0),
            ("maintenance_margin", 1),
            ("maintenance_margin", -0.1),
            ("maker_fee", 1.5),
            ("maker_fee", -0.5),
            ("order_type_open", "stop"),
            ("order_type_close", None),
            ("min_amount1", -1),
            ("min_notional2", "much"),
            ("max_imbalance", 2),
            ("start_price1", 0),
            ("strategy_params.x", 1),
            ("investment_per_order", 0),
            ("investment_per_order", "a lot"),
            ("investment_per_order", None),
            ("investment_per_order", True),
            ("investment_per_order", float("inf")),
            ("investment_per_order", 10**400),
            ("investment_per_order", "1_000"),
            ("investment_per_order", 1e-320),
            ("start_price1", 1e-320),
            ("dca_config", [{"spread": 1, "multiplier": 1e-320}] * 3),
            ("max_position_value", -1),
            ("max_position_value", float("nan")),
            ("max_dca_times", 0),
            ("max_dca_times", 21),
            ("max_dca_times", 1.5),
            ("profit_mode", "both"),
            ("profit_ratio", 0),
            ("profit_ratio", "-1"),
            ("stop_loss_ratio", -0.1),
            ("pause_after_close", "perhaps"),
            ("restart_after_stop_loss", 3),
            ("opening", "random"),
            ("opening", ["reversion"]),
            ("allowed_side", "left"),
            ("pnl_basis", ""),
            ("start_time", "yesterday"),
            ("start_time", -1),
            ("start_time", 1.5),
            ("start_time", "2025-13-01"),
            ("start_time", "2045-01-01"),
            ("taker_fee", -0.0001),
            ("taker_fee", 1),
            ("slippage_bps", -1),
            ("slippage_bps", 10_000),
            ("fill", "open"),
            ("lot_step1", -1),
            ("lot_step2", "x"),
            ("dca_config", []),
            ("dca_config", {}),
            ("dca_config", "1"),
            ("dca_config", [{"spread": 1, "multiplier": 1}]),
            ("dca_config", [{"spread": 1, "multiplier": 1}] * 21),
            ("dca_config", [{"spread": 0, "multiplier": 1}] * 3),
            ("dca_config", [{"spread": 1, "multiplier": -1}] * 3),
            ("dca_config", [{"spread": 1}] * 3),
            ("dca_config", [{"spread": 1, "multiplier": 1, "x": 1}] * 3),
            ("dca_config", [{"times": 2, "spread": 1, "multiplier": 1}] * 3),
            ("dca_config", [1, 2, 3]),
        ],
        ids=repr,
    )
    def test_bad_values_are_one_line_that_names_the_field(
        self, tmp_path: Path, files: dict[str, str], name: str, value: Any
    ) -> None:
        (tmp_path / "R.json").write_text("what was there")
        with pytest.raises(CommandError) as refused:
            backtest(tmp_path, PARAMETERS | {name: value}, **files)
        assert str(refused.value).startswith(f"{name}: ")
        assert "\n" not in str(refused.value)
        assert (tmp_path / "R.json").read_text() == "what was there"

    @pytest.mark.parametrize(
        ("changes", "problem"),
        [
            ({"start_price1": 2}, "start_price2: is needed, as the other start price is given"),
            (
                {"leverage": 20, "maintenance_margin": 0.05},
                "maintenance_margin: 0.05 leaves no position open: a leverage of 20 gives 0.05",
            ),
            ({"strategy_params": {"window": 3}}, "strategy_params.window: is not a parameter of this strategy"),
            ({"max_dca_times": 4}, "dca_config: has 3 rows for max_dca_times of 4"),
        ],
        ids=str,
    )
    def test_values_that_do_not_fit_together(
        self, tmp_path: Path, files: dict[str, str], changes: dict[str, Any], problem: str
    ) -> None:
        with pytest.raises(CommandError) as refused:
            backtest(tmp_path, PARAMETERS | changes, **files)
        assert str(refused.value) == problem

    @pytest.mark.parametrize("name", ["investment_per_order", "dca_config", "max_position_value"])
    def test_what_is_needed(self, tmp_path: Path, files: dict[str, str], name: str) -> None:
        with pytest.raises(CommandError, match=f"^{name}: is needed$"):
            backtest(tmp_path, {key: value for key, value in PARAMETERS.items() if key != name}, **files)

    def test_everything_wrong_is_named_at_once(self, tmp_path: Path, files: dict[str, str]) -> None:
        with pytest.raises(CommandError) as refused:
            backtest(tmp_path, PARAMETERS | {"fill": "x", "opening": "x", "levels": 1}, **files)
        assert [line.split(":")[0] for line in str(refused.value).splitlines()] == ["levels", "opening", "fill"]

    @pytest.mark.parametrize("text", ["", "{", "[]", '{"fill": "close", "fill": "close"}', "[" * 100_000, '"\\ud800"'])
    def test_what_is_no_object(self, tmp_path: Path, files: dict[str, str], text: str) -> None:
        with pytest.raises(CommandError, match=r"P\.json"):
            backtest(tmp_path, text, **files)

    def test_an_unknown_strategy(self, tmp_path: Path, files: dict[str, str]) -> None:
        with pytest.raises(CommandError, match="--strategy"):
            backtest(tmp_path, PARAMETERS, strategy="hope", **files)


class TestResult:
    def test_names_and_meanings(self, tmp_path: Path, files: dict[str, str]) -> None:
        result = backtest(tmp_path, PARAMETERS, **files)
        closes = [trade for trade in result["trades"] if "pnl" in trade]
        assert {trade["action"] for trade in closes} <= {"take_profit", "stop_loss"}
        assert [trade["pnl"] for trade in closes] == [cycle["pnl"] for cycle in result["cycles"]]
        assert [cycle["cycle"] for cycle in result["cycles"]] == list(range(1, len(closes) + 1))
        assert result["stats"]["trades"] == len(result["trades"])
        assert result["stats"]["capital"] == 2 * 100 * (1 + 1.2 + 1.5)
        state = result["open_position"]
        assert sum(t["q1"] for t in result["trades"]) == pytest.approx(state["q1"] if state else 0, abs=1e-6)

    def test_without_out_json_and_summary_go_apart(self, tmp_path: Path, files: dict[str, str]) -> None:
        out, err = StringIO(), StringIO()
        options = files | {"strategy": "spread", "params": params_file(tmp_path, PARAMETERS)}
        call_command("backtest", *words(options), stdout=out, stderr=err)
        assert json.loads(out.getvalue()) == backtest(tmp_path, PARAMETERS, **files)
        assert "Realised P&L" in err.getvalue()

    def test_no_part_of_a_file_is_left(self, tmp_path: Path, files: dict[str, str]) -> None:
        backtest(tmp_path, PARAMETERS, **files)
        assert sorted(path.name for path in tmp_path.iterdir()) == ["P.json", "R.json", "market1.csv", "market2.csv"]

    @pytest.mark.parametrize(
        ("out", "message"),
        [
            (".", "is a folder"),
            ("missing/R.json", "no such folder"),
            ("/dev/null", "is not a file"),
            ("x" * 250, "cannot be written"),
            ("x" * 300, "cannot be written"),
            ("market1.csv", "^--out: is a file that the run reads$"),
            ("P.json", "^--out: is a file that the run reads$"),
        ],
    )
    def test_where_nothing_can_be_written(self, tmp_path: Path, files: dict[str, str], out: str, message: str) -> None:
        with pytest.raises(CommandError, match=message):
            backtest(tmp_path, PARAMETERS, out=tmp_path / out, **files)
        assert (tmp_path / "market1.csv").read_text().startswith("timestamp")

    @pytest.mark.skipif(os.geteuid() == 0, reason="root may write everywhere")
    def test_a_folder_that_is_not_ours_is_named_before_anything_is_read(self, tmp_path: Path) -> None:
        (tmp_path / "theirs").mkdir(mode=0o500)
        with pytest.raises(CommandError, match="cannot be written to"):
            backtest(tmp_path, PARAMETERS, out=tmp_path / "theirs" / "R.json", data1="none.csv", data2="none.csv")

    def test_a_link_stays_a_link(self, tmp_path: Path, files: dict[str, str]) -> None:
        real = tmp_path / "real.json"
        real.write_text("{}")
        (tmp_path / "R.json").symlink_to(real)
        assert backtest(tmp_path, PARAMETERS, **files) == json.loads(real.read_text())
        assert (tmp_path / "R.json").is_symlink()

    def test_the_last_decision_is_not_executed_and_the_end_is_marked(
        self, tmp_path: Path, frames: tuple[pl.DataFrame, pl.DataFrame]
    ) -> None:
        tape = align(*map(candles_of, frames)).tape
        whole = run_backtest(core_config(PARAMETERS, tape), tape, pause_after_close=False, restart_after_stop_loss=True)
        opened = int(np.searchsorted(tape.times, whole.t[0]))
        paths = written(tmp_path, *(frame[:opened] for frame in frames))
        assert backtest(tmp_path, PARAMETERS, data1=paths[0], data2=paths[1])["trades"] == []
        paths = written(tmp_path, *(frame[: opened + 1] for frame in frames))
        result = backtest(tmp_path, PARAMETERS, data1=paths[0], data2=paths[1])
        assert [trade["action"] for trade in result["trades"]] == ["open"]
        assert result["final_equity"] == result["open_position"]["net_pnl"] != 0

    def test_figures_that_cannot_be_counted(self, tmp_path: Path, frames: tuple[pl.DataFrame, pl.DataFrame]) -> None:
        first = candles_of(frames[0])
        tiny = replace(first, **{name: getattr(first, name) * 1e-310 for name in ("opens", "highs", "lows", "closes")})
        paths = written(tmp_path, frame_of(tiny), frames[1])
        with pytest.raises(CommandError, match=r"^data: "):
            backtest(tmp_path, PARAMETERS | {"investment_per_order": 1e14, "max_position_value": 1e15},
                     data1=paths[0], data2=paths[1])  # fmt: skip


def test_a_process_that_is_refused_ends_with_1_and_one_line(tmp_path: Path, files: dict[str, str]) -> None:
    params = params_file(tmp_path, PARAMETERS | {"profit_ratio": 0})
    options = files | {"strategy": "spread", "params": params, "out": tmp_path / "R.json"}
    chinese = {"LANG": "zh_CN.UTF-8", "LC_ALL": "zh_CN.UTF-8", "LANGUAGE": "zh_CN:zh"}
    done = subprocess.run(
        [sys.executable, "manage.py", "backtest", *words(options)],
        cwd=settings.BASE_DIR, env=os.environ | chinese, capture_output=True, text=True, timeout=120, check=False,
    )  # fmt: skip
    assert done.returncode == 1
    assert done.stderr.splitlines() == ["CommandError: profit_ratio: must be above 0, not 0"]
    assert done.stdout == ""
    assert not (tmp_path / "R.json").exists()


class TestNobodyReads:
    """A closed or full standard output, as `>&-`, `| head` and a full disk give it."""

    def ended(self, folder: Path, files: dict[str, str], ending: str, **more: Any) -> subprocess.CompletedProcess[str]:
        options = files | {"strategy": "spread", "params": params_file(folder, PARAMETERS)} | more
        command = shlex.join([sys.executable, "manage.py", "backtest", *words(options)])
        return subprocess.run(
            ["bash", "-c", f"{command} {ending}"],
            cwd=settings.BASE_DIR, env=os.environ, capture_output=True, text=True, timeout=120, check=False,
        )  # fmt: skip

    @pytest.mark.parametrize("ending", [">&-", ">/dev/full", "| true; exit ${PIPESTATUS[0]}"])
    def test_a_result_that_nobody_takes_is_refused(self, tmp_path: Path, files: dict[str, str], ending: str) -> None:
        done = self.ended(tmp_path, files, ending)
        assert done.returncode == 1
        (line,) = done.stderr.splitlines()
        assert line.startswith("CommandError: standard output: cannot be written")

    @pytest.mark.parametrize("ending", [">&-", ">/dev/full"])
    def test_a_summary_that_nobody_takes_is_let_go(self, tmp_path: Path, files: dict[str, str], ending: str) -> None:
        done = self.ended(tmp_path, files, ending, out=tmp_path / "R.json")
        assert (done.returncode, done.stderr) == (0, "")
        assert json.loads((tmp_path / "R.json").read_text())["trades"]
        done = self.ended(tmp_path, files, ending.replace(">", "2>"))
        assert done.returncode == 0
        assert json.loads(done.stdout)["trades"]


class TestStrategies:
    def test_for_people(self) -> None:
        out = StringIO()
        call_command("strategies", stdout=out)
        assert out.getvalue().startswith("spread: ")
        assert "profit_ratio" in out.getvalue()

    @pytest.mark.django_db
    def test_json_is_what_the_api_lists(self) -> None:
        out = StringIO()
        call_command("strategies", json=True, stdout=out)
        client = APIClient()
        client.force_authenticate(make_user())
        answer = client.get("/api/v1/strategies/").json()
        assert json.loads(out.getvalue()) == answer["results"]
        spread = next(found for found in answer["results"] if found["name"] == "spread")
        assert spread["title"]
        assert set(spread["parameters"]["required"]) == {"investment_per_order", "max_position_value", "dca_config"}
