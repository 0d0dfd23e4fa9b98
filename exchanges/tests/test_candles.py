"""The candle store and the files that go into it."""

import gzip
from io import StringIO
from pathlib import Path
from typing import Any

import numpy as np
import polars as pl
import pytest
from django.core.management import CommandError, call_command

from exchanges import candles
from exchanges.candle_files import FileRefused, read_candles, read_funding
from exchanges.models import CandleSet
from exchanges.selectors import candle_sets
from exchanges.tests.series import CHZ, GALA, START, series_of, store_pair
from trading.core.candles import Candles

pytestmark = pytest.mark.django_db

T0 = int(START.timestamp() * 1000)
HEAD = "timestamp,open,high,low,close,volume\n"
DATA = Path(__file__).resolve().parents[2].parent / "shared" / "data"


@pytest.fixture(autouse=True)
def _store(candle_dir: Any) -> None:
    """Every test has a candle store of its own."""


def same(a: Candles, b: Candles) -> bool:
    names = ("times", "opens", "highs", "lows", "closes", "volumes")
    return all(np.array_equal(getattr(a, name), getattr(b, name)) for name in names)


def bars(count: int, *, start: int = 0, close: float = 1.0) -> list[str]:
    return [f"{T0 + k * 300_000},1.0,1.5,0.5,{close},7.25" for k in range(start, start + count)]


def csv(folder: Path, lines: list[str], name: str = "file.csv") -> Path:
    path = folder / name
    path.write_text(HEAD + "\n".join(lines) + "\n")
    return path


def test_what_is_saved_is_loaded_and_in_the_catalogue() -> None:
    first, second = store_pair(50)
    loaded = candles.load("binance", GALA, "5m")
    assert loaded is not None
    assert same(loaded, first)
    (chz, gala) = candle_sets("binance", "5m")
    assert (chz.symbol, gala.symbol, gala.rows, gala.gaps) == (CHZ, GALA, 50, [])
    assert (gala.first_at, gala.path) == (START, "binance/GALA-USDT-USDT/5m.parquet")
    assert not candle_sets("okx")
    assert candles.load("binance", GALA, "1h") is None
    aligned = candles.load_pair("binance", GALA, CHZ, "5m")
    assert np.array_equal(aligned.tape.closes2, second.closes)
    with pytest.raises(LookupError):
        candles.load_pair("binance", GALA, "NOSUCH/USDT:USDT", "5m")


def test_a_series_is_read_again_only_when_it_changed() -> None:
    candles.save("binance", GALA, "5m", series_of([1.0, 2.0], tick=0.5))
    once = candles.load("binance", GALA, "5m")
    assert candles.load("binance", GALA, "5m") is once
    candles.save("binance", GALA, "5m", series_of([1.0, 2.5], tick=0.5))
    assert candles.load("binance", GALA, "5m") is not once


def test_saving_again_merges_and_newer_bars_win() -> None:
    candles.save("binance", GALA, "5m", series_of([1.0, 2.0, 3.0], tick=0.5))
    later = series_of([9.0, 8.0], tick=0.5, start=START.replace(minute=10))
    row = candles.save("binance", GALA, "5m", later, source="again.csv")
    loaded = candles.load("binance", GALA, "5m")
    assert loaded is not None
    assert loaded.closes.tolist() == [1.0, 2.0, 9.0, 8.0]
    assert (row.rows, row.source, CandleSet.objects.count()) == (4, "again.csv", 1)


def test_a_write_that_fails_leaves_the_old_file(monkeypatch: pytest.MonkeyPatch, candle_dir: Path) -> None:
    candles.save("binance", GALA, "5m", series_of([1.0, 2.0], tick=0.5))

    def full(*args: Any, **kwargs: Any) -> None:
        raise OSError("disk full")

    monkeypatch.setattr(pl.DataFrame, "write_parquet", full)
    with pytest.raises(OSError, match="disk full"):
        candles.save("binance", GALA, "5m", series_of([5.0], tick=0.5))
    loaded = candles.load("binance", GALA, "5m")
    assert loaded is not None
    assert loaded.closes.tolist() == [1.0, 2.0]
    assert [path.name for path in candle_dir.rglob("*") if path.is_file()] == ["5m.parquet"]


@pytest.mark.parametrize(
    ("lines", "line", "complaint"),
    [
        ([*bars(2), *bars(1, start=3)], 4, "comes after a gap of 1"),
        ([*bars(2), *bars(1, start=1)], 4, "repeats the bar above it"),
        ([*bars(3), *bars(1, start=0)], 5, "opens before the bar above it"),
        ([*bars(1), f"{T0 + 300_001},1,1,1,1,1"], 3, "does not open on the timeframe's grid"),
        ([*bars(1), f"{T0 + 300_000},1.0,0.9,0.5,1.0,7"], 3, "is impossible"),
        ([*bars(1), f"{T0 + 300_000},1.0,1.5,0.0,1.0,7"], 3, "is impossible"),
        ([*bars(1), f"{T0 + 300_000},1.0,1.5,0.5,1.0,-7"], 3, "is impossible"),
        ([*bars(1), f"{T0 + 300_000},1.0,1.5,nan,1.0,7"], 3, "is impossible"),
        ([*bars(1), f"{T0 + 300_000},1.0,1.5,,1.0,7"], 3, "a value is missing"),
    ],
)
def test_what_is_wrong_is_refused_by_name_and_line(tmp_path: Path, lines: list[str], line: int, complaint: str) -> None:
    with pytest.raises(FileRefused) as refusal:
        read_candles(csv(tmp_path, lines), "5m")
    assert any(p.startswith(f"file.csv, line {line}: ") and complaint in p for p in refusal.value.problems)


@pytest.mark.parametrize(
    ("name", "content"),
    [
        ("empty.csv", HEAD),
        ("nothing.csv", ""),
        ("words.csv", HEAD + "now,one,two,three,four,five\n"),
        ("columns.csv", "time,price\n1,2\n"),
        ("broken.parquet", "PAR1 but not really"),
    ],
)
def test_what_is_no_candle_file(tmp_path: Path, name: str, content: str) -> None:
    path = tmp_path / name
    path.write_text(content)
    with pytest.raises(FileRefused):
        read_candles(path, "5m")
    with pytest.raises(FileRefused, match="nowhere"):
        read_candles(tmp_path / "nowhere.csv", "5m")


def test_gaps_can_be_let_pass_and_are_noted(tmp_path: Path) -> None:
    path = csv(tmp_path, [*bars(2), *bars(2, start=5), f"{T0 + 7 * 300_000},2,2,2,2,0"])
    checked = read_candles(path, "5m", allow_gaps=True)
    assert (checked.gaps, checked.missing_bars, checked.flat_bars) == (1, 3, 1)
    row = candles.save("binance", GALA, "5m", checked.candles)
    assert row.gaps == [[T0 + 2 * 300_000, T0 + 4 * 300_000]]
    assert row.flat_bars == 1


def imported(path: Path, *extra: str) -> str:
    out = StringIO()
    fields = ("--exchange", "binance", "--symbol", "GALA-USDT", "--timeframe", "5m")
    call_command("import_candles", str(path), *fields, *extra, stdout=out)
    return out.getvalue()


@pytest.mark.parametrize("kind", ["csv", "csv.gz", "parquet"])
def test_the_command_imports_every_kind_of_file(tmp_path: Path, kind: str) -> None:
    path = csv(tmp_path, bars(4))
    if kind == "csv.gz":
        zipped = tmp_path / "file.csv.gz"
        zipped.write_bytes(gzip.compress(path.read_bytes()))
        path = zipped
    elif kind == "parquet":
        pl.read_csv(path).write_parquet(tmp_path / "file.parquet")
        path = tmp_path / "file.parquet"
    assert "4 bars read, 4 stored, 2025-01-01 00:00 to 2025-01-01 00:15 UTC" in imported(path)
    assert CandleSet.objects.get().symbol == GALA
    imported(csv(tmp_path, bars(3, start=4), "more.csv"))
    assert CandleSet.objects.get().rows == 7


def test_the_command_refuses_and_imports_nothing(tmp_path: Path) -> None:
    path = csv(tmp_path, [*bars(2), *bars(1, start=4)])
    with pytest.raises(CommandError, match=r"file.csv, line 4: .* gap of 2\nNothing was imported."):
        imported(path)
    assert not CandleSet.objects.exists()
    assert "1 gaps" in imported(path, "--allow-gaps")
    with pytest.raises(CommandError, match="is not a market's name"):
        call_command("import_candles", str(path), exchange="binance", symbol="GALA", timeframe="5m")
    with pytest.raises(CommandError, match="--timeframe is needed"):
        call_command("import_candles", str(path), exchange="binance", symbol="GALA/USDT")


def test_funding_rates_are_merged(tmp_path: Path) -> None:
    path = tmp_path / "funding.csv"
    path.write_text(f"timestamp,funding_rate\n{T0},0.0001\n{T0 + 9},-0.0002\n")
    out = StringIO()
    options = {"exchange": "binance", "symbol": "GALA/USDT", "kind": "funding", "stdout": out}
    call_command("import_candles", str(path), **options)
    path.write_text(f"timestamp,funding_rate\n{T0 + 9},0.5\n{T0 + 20},0.0003\n")
    call_command("import_candles", str(path), **options)
    assert "2 rates read, 3 stored" in out.getvalue()
    stamps, rates = candles.load_funding("binance", GALA) or ([], [])
    assert list(stamps) == [T0, T0 + 9, T0 + 20]
    assert list(rates) == [0.0001, 0.5, 0.0003]


@pytest.mark.parametrize("lines", [["1,0.1", "1,0.1"], ["2,0.1", "1,0.1"], ["1,7.0"], ["1,nan"]])
def test_impossible_funding_is_refused(tmp_path: Path, lines: list[str]) -> None:
    path = tmp_path / "funding.csv"
    path.write_text("timestamp,funding_rate\n" + "\n".join(lines) + "\n")
    with pytest.raises(FileRefused):
        read_funding(path)


def test_recorded_files_pass(tmp_path: Path) -> None:
    files = [path for path in sorted(DATA.glob("*.csv.gz")) if "_funding" not in path.name]
    if not files:
        pytest.skip(f"no recorded data at {DATA}")
    for path in files:
        timeframe = path.name.removesuffix(".csv.gz").split("_")[2]
        read_candles(path, timeframe)
    for path in sorted(DATA.glob("*_funding*.csv.gz")):
        assert len(read_funding(path)[0])
