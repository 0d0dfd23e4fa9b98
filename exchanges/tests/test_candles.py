"""The candle store: merging, replacing, its catalogue, and the command that imports files."""

import gzip
from io import StringIO
from pathlib import Path
from typing import Any

import numpy as np
import polars as pl
import pytest
from django.core.management import CommandError, call_command

from exchanges.history import candles, series_files
from exchanges.history.candles import StoredDiffers
from exchanges.history.catalogue import catalogue_rebuild, holes_of, missing_bars
from exchanges.models import CandleSet, FundingSet
from exchanges.selectors import candle_sets
from exchanges.tests.series import CHZ, GALA, START, series_of, store_pair
from trading.core.candles import Candles, Stretch

pytestmark = pytest.mark.django_db

T0 = int(START.timestamp() * 1000)
STEP = 300_000
HEAD = "timestamp,open,high,low,close,volume\n"


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


def flat_series(count: int, *, start: int = 0, price: float = 2.0, volume: float = 1.0) -> Candles:
    times = T0 + (start + np.arange(count, dtype=np.int64)) * STEP
    prices = np.full(count, price)
    return Candles(times, prices, prices, prices, prices, np.full(count, volume))


def stored_closes(symbol: str = GALA) -> list[float]:
    loaded = candles.load("binance", symbol, "5m")
    assert loaded is not None
    return list(loaded.closes)


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
    candles.save("binance", GALA, "5m", flat_series(2))
    once = candles.load("binance", GALA, "5m")
    assert candles.load("binance", GALA, "5m") is once
    candles.save("binance", GALA, "5m", flat_series(1, start=2))
    assert candles.load("binance", GALA, "5m") is not once


def test_the_memory_for_series_is_bounded(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(series_files, "KEPT_BYTES", 3 * 48 * 100)  # three series of a hundred bars
    for timeframe in ("1m", "3m", "5m", "15m"):
        candles.save("binance", GALA, timeframe, series_of([1.0] * 100, tick=0.5, timeframe=timeframe))
        candles.load("binance", GALA, timeframe)
    kept = [path.stem for path in series_files._kept if path.is_relative_to(series_files.settings.CANDLE_DIR)]
    assert kept == ["3m", "5m", "15m"]


def test_saving_again_merges() -> None:
    candles.save("binance", GALA, "5m", flat_series(3, price=1.0), source="first.csv")
    row = candles.save("binance", GALA, "5m", flat_series(2, start=4, price=9.0), source="again.csv")
    assert stored_closes() == [1.0, 1.0, 1.0, 9.0, 9.0]
    assert (row.rows, row.source, row.gaps) == (5, "again.csv", [[T0 + 3 * STEP, T0 + 3 * STEP]])
    assert missing_bars(row) == 1
    filled = candles.save("binance", GALA, "5m", flat_series(1, start=3, price=5.0))
    assert (filled.rows, filled.gaps, CandleSet.objects.count()) == (6, [], 1)


def test_what_is_stored_is_never_changed_silently() -> None:
    candles.save("binance", GALA, "5m", flat_series(3, price=1.0))
    candles.save("binance", GALA, "5m", flat_series(3, price=1.0))  # the same again
    changed = flat_series(4, start=1, price=9.0)
    with pytest.raises(StoredDiffers) as refusal:
        candles.save("binance", GALA, "5m", changed)
    assert refusal.value.times.tolist() == [T0 + STEP, T0 + 2 * STEP]
    assert stored_closes() == [1.0, 1.0, 1.0]
    assert CandleSet.objects.get().rows == 3
    candles.save("binance", GALA, "5m", changed, replace=True)
    assert stored_closes() == [1.0, 9.0, 9.0, 9.0, 9.0]


def test_nothing_cannot_be_saved() -> None:
    with pytest.raises(ValueError, match="empty"):
        candles.save("binance", GALA, "5m", flat_series(0))
    with pytest.raises(ValueError, match="empty"):
        candles.save_funding("binance", GALA, np.empty(0, np.int64), np.empty(0))
    assert not CandleSet.objects.exists()


def test_a_write_that_fails_leaves_the_old_file(monkeypatch: pytest.MonkeyPatch, candle_dir: Path) -> None:
    candles.save("binance", GALA, "5m", flat_series(2, price=1.0))

    def full(*args: Any, **kwargs: Any) -> None:
        raise OSError("disk full")

    monkeypatch.setattr(pl.DataFrame, "write_parquet", full)
    with pytest.raises(OSError, match="disk full"):
        candles.save("binance", GALA, "5m", flat_series(1, start=2))
    assert stored_closes() == [1.0, 1.0]
    assert CandleSet.objects.get().rows == 2
    assert [path.name for path in candle_dir.rglob("*") if path.is_file()] == ["5m.parquet"]


def test_gaps_and_outages_of_a_series() -> None:
    parts = [
        flat_series(2),
        flat_series(3, start=4, volume=0.0),
        flat_series(1, start=7),
        flat_series(1, start=8, volume=0),
    ]
    for part in parts:
        row = candles.save("binance", GALA, "5m", part)
    assert row.flat_bars == 4
    holes = holes_of(row)
    assert holes.gaps == [Stretch(T0 + 2 * STEP, T0 + 3 * STEP, 2)]
    assert holes.outages == [Stretch(T0 + 4 * STEP, T0 + 6 * STEP, 3), Stretch(T0 + 8 * STEP, T0 + 8 * STEP, 1)]


def test_the_catalogue_can_be_made_from_the_files(candle_dir: Path) -> None:
    candles.save("binance", GALA, "5m", flat_series(3))
    candles.save("okx", "BTC/USDT", "1h", series_of([1.0, 2.0], tick=0.5, timeframe="1h"))
    candles.save_funding("binance", GALA, np.array([T0, T0 + 3_600_000]), np.array([0.1, 0.2]))
    kept = ("exchange", "symbol", "path", "rows", "first_at", "last_at")
    before = [list(model.objects.order_by("path").values_list(*kept)) for model in (CandleSet, FundingSet)]
    assert catalogue_rebuild() == []
    CandleSet.objects.filter(exchange="okx").delete()
    CandleSet.objects.filter(exchange="binance").update(rows=1, gaps=[[1, 2]])
    FundingSet.objects.all().delete()
    candles.save("bybit", GALA, "5m", flat_series(3))
    (candle_dir / candles.series_path("bybit", GALA, "5m")).unlink()
    (candle_dir / "binance" / "NOT-A-STORE" / "notes.parquet").parent.mkdir()
    (candle_dir / "binance" / "NOT-A-STORE" / "notes.parquet").write_bytes(b"")
    assert sorted(catalogue_rebuild()) == [
        "binance GALA/USDT:USDT 5m: 3 bars",
        "binance GALA/USDT:USDT funding: 2 rates",
        "bybit GALA/USDT:USDT 5m: removed, there is no file",
        "okx BTC/USDT 1h: 2 bars",
    ]
    after = [list(model.objects.order_by("path").values_list(*kept)) for model in (CandleSet, FundingSet)]
    assert after == before
    out = StringIO()
    call_command("catalogue_candles", stdout=out)
    assert out.getvalue() == "The catalogue was right.\n"


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
    assert "1 gap" in imported(path, "--allow-gaps")
    with pytest.raises(CommandError, match="is not a market's name"):
        call_command("import_candles", str(path), exchange="binance", symbol="GALA", timeframe="5m")
    with pytest.raises(CommandError, match="--timeframe is needed"):
        call_command("import_candles", str(path), exchange="binance", symbol="GALA/USDT")


def test_the_command_overwrites_only_when_it_is_told_to(tmp_path: Path) -> None:
    imported(csv(tmp_path, bars(8)))
    imported(csv(tmp_path, bars(8)))
    other = csv(tmp_path, bars(10, start=1, close=1.25), "other.csv")
    with pytest.raises(CommandError, match=r"other.csv: 7 lines differ from what is stored of binance GALA") as refusal:
        imported(other)
    assert "2025-01-01 00:05" in str(refusal.value)
    assert "Nothing was imported." in str(refusal.value)
    assert stored_closes() == [1.0] * 8
    imported(other, "--replace")
    assert stored_closes() == [1.0] + [1.25] * 10


def test_the_command_names_gaps_and_outages(tmp_path: Path) -> None:
    lines = [*bars(2), *bars(1, start=4), f"{T0 + 5 * STEP},2,2,2,2,0"]
    text = imported(csv(tmp_path, lines), "--allow-gaps")
    assert "Missing: 2 bars in 1 stretch\n  2025-01-01 00:10 to 2025-01-01 00:15 UTC, 2 bars\n" in text
    assert "Venue down (flat bars without volume): 1 bar in 1 stretch\n  2025-01-01 00:25" in text


def funding_file(folder: Path, *lines: str) -> str:
    path = folder / "funding.csv"
    path.write_text("timestamp,funding_rate\n" + "\n".join(lines) + "\n")
    return str(path)


def test_funding_rates_are_merged_by_the_minute(tmp_path: Path) -> None:
    hour = 3_600_000
    options: dict[str, Any] = {"exchange": "binance", "symbol": "GALA/USDT", "kind": "funding"}
    call_command("import_candles", funding_file(tmp_path, f"{T0},0.0001", f"{T0 + hour},-0.0002"), **options)
    out = StringIO()
    late = funding_file(tmp_path, f"{T0 + hour + 9},-0.0002", f"{T0 + 2 * hour},0.0003")
    call_command("import_candles", late, **options, stdout=out)
    assert "2 rates read, 3 stored, 2025-01-01 00:00 to 2025-01-01 02:00 UTC" in out.getvalue()
    other = funding_file(tmp_path, f"{T0 + hour - 5},0.5", f"{T0 + 3 * hour},0.0001")
    with pytest.raises(CommandError, match="1 line differs from what is stored"):
        call_command("import_candles", other, **options)
    call_command("import_candles", other, **options, replace=True)
    stamps, rates = candles.load_funding("binance", GALA) or ([], [])
    assert list(stamps) == [T0, T0 + hour - 5, T0 + 2 * hour, T0 + 3 * hour]
    assert list(rates) == [0.0001, 0.5, 0.0003, 0.0001]
    row = FundingSet.objects.get()
    assert (row.rows, row.first_at, row.source, row.path) == (
        4,
        START,
        "funding.csv",
        "binance/GALA-USDT-USDT/funding.parquet",
    )
    with pytest.raises(CommandError, match="only swaps"):
        call_command("import_candles", other, **options, type="spot")
