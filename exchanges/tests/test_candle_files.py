"""Files of candles and funding rates: what is wrong is named with its line, at once, and nothing is stored."""

import gzip
from pathlib import Path
from typing import Any

import polars as pl
import pytest

from exchanges.history.candle_files import FileRefused, read_candles, read_funding
from exchanges.tests.series import START

T0 = int(START.timestamp() * 1000)
STEP = 300_000
HEAD = "timestamp,open,high,low,close,volume\n"
DATA = Path(__file__).resolve().parents[2].parent / "shared" / "data"


def bars(count: int, *, start: int = 0, step: int = STEP) -> list[str]:
    return [f"{T0 + k * step},1.0,1.5,0.5,1.0,7.25" for k in range(start, start + count)]


def text_of(lines: list[str]) -> str:
    return HEAD + "\n".join(lines) + "\n"


def refusal(path: Path, timeframe: str | None = "5m", **options: Any) -> FileRefused:
    with pytest.raises(FileRefused) as caught:
        read_candles(path, timeframe, **options)
    return caught.value


def problems_of(folder: Path, content: str | bytes, name: str = "file.csv", **options: Any) -> tuple[str, ...]:
    path = folder / name
    path.write_bytes(content if isinstance(content, bytes) else content.encode())
    return refusal(path, **options).problems


@pytest.mark.parametrize(
    ("lines", "line", "complaint"),
    [
        ([*bars(2), *bars(1, start=3)], 4, "comes after a gap of 1"),
        ([*bars(2), *bars(1, start=1)], 4, "repeats the bar above it"),
        ([*bars(3), *bars(1, start=0)], 5, "opens before the bar above it"),
        ([*bars(1), f"{T0 + 300_001},1,1,1,1,1"], 3, "does not open on the timeframe's grid"),
        ([*bars(1), f"{T0 + STEP},1.0,0.9,0.5,1.0,7"], 3, "is impossible"),
        ([*bars(1), f"{T0 + STEP},1.0,1.5,0.0,1.0,7"], 3, "is impossible"),
        ([*bars(1), f"{T0 + STEP},1.0,1.5,-0.5,1.0,7"], 3, "is impossible"),
        ([*bars(1), f"{T0 + STEP},1.0,1.5,0.5,1.0,-7"], 3, "is impossible"),
        ([*bars(1), f"{T0 + STEP},1.0,1.5,nan,1.0,7"], 3, "is impossible"),
        ([*bars(1), f"{T0 + STEP},1.0,1.5,NaN,1.0,7"], 3, "is impossible"),
        ([*bars(1), f"{T0 + STEP},1.0,inf,0.5,1.0,7"], 3, "is impossible"),
        ([*bars(1), f"{T0 + STEP},1.0,1.5,NA,1.0,7"], 3, "low is 'NA', not a number"),
        ([*bars(1), f"{T0 + STEP},1.0,1.5,,1.0,7"], 3, "a value is missing"),
        ([*bars(1), f"{T0 + STEP},1.0,1.5"], 3, "a value is missing"),
        ([*bars(1), "", *bars(1, start=1)], 3, "a value is missing"),
        ([*bars(1), f"{T0 + STEP}.5,1.0,1.5,0.5,1.0,7"], 3, "not a whole number"),
        ([*bars(1), f"{T0 + STEP},1.0,1.5,0.5,1.0,7,9"], 3, "has 7 columns instead of 6"),
        ([*bars(1), "# a note", *bars(1, start=1)], 3, "has 1 columns instead of 6"),
        ([*bars(1), f"{T0 + STEP},1_0,1.5,0.5,1.0,7"], 3, "open is '1_0', not a number"),
        (["-300000,1,1,1,1,1"], 2, "is not a time in milliseconds"),
    ],
)
def test_what_is_wrong_is_refused_by_name_and_line(tmp_path: Path, lines: list[str], line: int, complaint: str) -> None:
    found = problems_of(tmp_path, text_of(lines))
    assert any(problem.startswith(f"file.csv, line {line}: ") and complaint in problem for problem in found)


def test_every_problem_is_counted_and_the_first_are_named(tmp_path: Path) -> None:
    path = tmp_path / "words.csv"
    path.write_text(text_of([line.replace("7.25", "many") for line in bars(30)]))
    found = refusal(path)
    assert (found.count, len(found.problems)) == (30, 20)
    assert found.problems[-1] == "words.csv, line 21: volume is 'many', not a number"


@pytest.mark.parametrize(
    ("factor", "unit"), [(1 / 1000, "seconds"), (1_000, "microseconds"), (1_000_000, "nanoseconds")]
)
def test_other_units_of_time_are_told(tmp_path: Path, factor: float, unit: str) -> None:
    (problem,) = problems_of(tmp_path, f"{HEAD}{round(T0 * factor)},1,1,1,1,1\n")
    assert problem.startswith("file.csv, line 2: timestamp ")
    assert f"counts {unit}; milliseconds" in problem


def test_a_series_that_runs_backwards_is_refused_by_its_order(tmp_path: Path) -> None:
    assert "opens before the bar above it" in problems_of(tmp_path, text_of(bars(6)[::-1]), timeframe="5m")[0]


@pytest.mark.parametrize("allow_gaps", [False, True])
@pytest.mark.parametrize(("named", "step", "told"), [("1m", STEP, "5m"), ("5m", 60_000, "1m"), ("1h", STEP, "5m")])
def test_another_timeframe_is_told(tmp_path: Path, named: str, step: int, told: str, allow_gaps: bool) -> None:
    text = text_of(bars(6, step=step))
    (problem,) = problems_of(tmp_path, text, timeframe=named, allow_gaps=allow_gaps)
    assert problem == f"file.csv, line 3: the bars are {told} apart, not {named}: this is another timeframe"


@pytest.mark.parametrize(
    ("header", "complaint"),
    [
        ("timestamp,open,high,low,close,volume,trades", "column 'trades' is not known"),
        ("timestamp,open,high,low,close", "column volume is missing"),
        ("timestamp,open,open,high,low,close,volume", "column open is there twice"),
        ("timestamp;open;high;low;close;volume", "must name the columns"),
        (bars(1)[0], "must name the columns"),
    ],
)
def test_columns_are_refused_by_name(tmp_path: Path, header: str, complaint: str) -> None:
    cells = ",".join(["1"] * (header.count(",") + 1))
    found = problems_of(tmp_path, f"{header}\n{cells}\n")
    assert any(problem.startswith("file.csv, line 1: ") and complaint in problem for problem in found)


@pytest.mark.parametrize(
    ("name", "content", "complaint"),
    [
        ("empty.csv", HEAD, "has no lines below"),
        ("nothing.csv", "", "has nothing in it"),
        ("blank.csv", "\n\n\n", "has nothing in it"),
        ("columns.csv", "time,price\n1,2\n", "must name the columns"),
        ("broken.parquet", "PAR1 but not really", "cannot be read"),
        ("latin.csv", text_of(bars(1)).encode() + b"\xe9t\xe9\n", "line 3: is not text in UTF-8"),
        ("wide.csv", text_of(bars(1)).encode("utf-16"), "line 1: is not text in UTF-8"),
        ("bad.csv.gz", b"\x1f\x8b\x08\x00" + b"x" * 100, "cannot be unpacked"),
    ],
)
def test_what_is_no_candle_file(tmp_path: Path, name: str, content: str | bytes, complaint: str) -> None:
    (problem,) = problems_of(tmp_path, content, name)
    assert problem.startswith(name)
    assert complaint in problem


def test_a_file_that_is_not_there(tmp_path: Path) -> None:
    assert refusal(tmp_path / "nowhere.csv").problems == ("nowhere.csv: there is no such file",)
    assert "cannot be read" in refusal(tmp_path).problems[0]


def test_a_packed_file_that_is_cut_off_says_where(tmp_path: Path) -> None:
    packed = gzip.compress(text_of(bars(5_000)).encode())
    (problem,) = problems_of(tmp_path, packed[:-2_000], "cut.csv.gz")
    line = int(problem.removeprefix("cut.csv.gz, line ").partition(":")[0])
    assert 1_000 < line <= 5_001
    assert problem.endswith("the packed file is cut off here")


def test_large_files_are_refused_unread(tmp_path: Path, settings: Any) -> None:
    settings.CANDLE_FILE_MAX_MB = 1
    many = text_of(bars(30_000))
    assert "has 1 MB; at most 1 MB" in problems_of(tmp_path, many, "large.csv")[0]
    bomb = gzip.compress((HEAD + "0" * 3_000_000).encode())
    assert len(bomb) < 10_000
    assert "unpacks to more than 1 MB" in problems_of(tmp_path, bomb, "bomb.csv.gz")[0]
    columns = ("timestamp", "open", "high", "low", "close", "volume")
    path = tmp_path / "bomb.parquet"
    pl.DataFrame({name: [1 if name == "timestamp" else 1.0] * 100_000 for name in columns}).write_parquet(path)
    assert path.stat().st_size < 100_000
    assert "has 5 MB; at most 1 MB" in refusal(path).problems[0]


def parquet(folder: Path, **columns: Any) -> Path:
    rows = {"timestamp": [T0, T0 + STEP], **{name: [1.0, 1.0] for name in ("open", "high", "low", "close", "volume")}}
    path = folder / "file.parquet"
    pl.DataFrame(rows | columns).write_parquet(path)
    return path


@pytest.mark.parametrize(
    ("columns", "complaint"),
    [
        ({"open": ["1.0", "1.0"]}, "line 1: column open holds String, not numbers"),
        ({"timestamp": [float(T0), T0 + 0.5]}, "line 1: column timestamp holds Float64, not whole numbers"),
        ({"trades": [1, 2]}, "line 1: column 'trades' is not known"),
        ({"close": [1.0, None]}, "line 3: a value is missing"),
        ({"close": [1.0, float("nan")]}, "line 3: the bar of"),
    ],
)
def test_parquet_is_read_as_strictly(tmp_path: Path, columns: dict[str, Any], complaint: str) -> None:
    assert refusal(parquet(tmp_path, **columns)).problems[0].startswith(f"file.parquet, {complaint}")


def test_how_a_sound_file_may_be_written(tmp_path: Path) -> None:
    path = tmp_path / "file.csv"
    sound = text_of(bars(3))
    for content in (
        sound,
        "\ufeff" + sound,
        sound.replace("\n", "\r\n"),
        sound + "\n\n",
        sound.replace(",", ", "),
        '"timestamp","open","high","low","close","volume"\n' + sound.removeprefix(HEAD),
        "open,high,low,close,volume,timestamp\n" + "\n".join(f"1,1.5,0.5,1,7.25,{T0 + k * STEP}" for k in range(3)),
    ):
        path.write_text(content, newline="")
        checked = read_candles(path, "5m")
        assert checked.candles.times.tolist() == [T0 + k * STEP for k in range(3)]
        assert checked.candles.volumes.tolist() == [7.25] * 3
    assert len(read_candles(parquet(tmp_path), "5m").candles) == 2


def test_gaps_can_be_let_pass(tmp_path: Path) -> None:
    path = tmp_path / "file.csv"
    path.write_text(text_of([*bars(2), *bars(2, start=5), f"{T0 + 7 * STEP},2,2,2,2,0"]))
    checked = read_candles(path, "5m", allow_gaps=True)
    assert (checked.gaps, checked.missing_bars, checked.flat_bars) == (1, 3, 1)


def test_bars_are_as_long_as_most_steps_where_no_timeframe_is_named(tmp_path: Path) -> None:
    path = tmp_path / "file.csv"
    path.write_text(text_of([*bars(3), *bars(2, start=5)]))
    assert read_candles(path, None, allow_gaps=True).length == STEP
    path.write_text(text_of(bars(1)))
    assert read_candles(path, None).length == 60_000


def test_a_bar_that_has_not_closed_is_refused(tmp_path: Path) -> None:
    closed_by = T0 + 2 * STEP
    path = tmp_path / "file.csv"
    path.write_text(text_of(bars(3)))
    (problem,) = refusal(path, closed_by=closed_by).problems
    assert problem == "file.csv, line 4: the bar of 2025-01-01 00:10 UTC has not closed yet"
    path.write_text(text_of(bars(2)))
    assert len(read_candles(path, "5m", closed_by=closed_by).candles) == 2


@pytest.mark.parametrize(
    ("lines", "line", "complaint"),
    [
        ([f"{T0},0.1", f"{T0},0.1"], 3, "repeats the rate of the line above it"),
        ([f"{T0 - 7},0.1", f"{T0 + 9},0.1"], 3, "repeats the rate of the line above it"),
        ([f"{T0},0.1", f"{T0 - STEP},0.1"], 3, "is not after the line above it"),
        ([f"{T0},7.0"], 2, "7 is not a rate"),
        ([f"{T0},nan"], 2, "nan is not a rate"),
        ([f"{T0},much"], 2, "funding_rate is 'much', not a number"),
        ([f"{T0 // 1000},0.1"], 2, "counts seconds"),
        ([f"{T0 + STEP},0.1"], 2, "is in the future"),
    ],
)
def test_impossible_funding_is_refused(tmp_path: Path, lines: list[str], line: int, complaint: str) -> None:
    path = tmp_path / "funding.csv"
    path.write_text("timestamp,funding_rate\n" + "\n".join(lines) + "\n")
    with pytest.raises(FileRefused) as caught:
        read_funding(path, paid_by=T0 + 1)
    assert any(p.startswith(f"funding.csv, line {line}: ") and complaint in p for p in caught.value.problems)


def test_recorded_files_pass() -> None:
    files = [path for path in sorted(DATA.glob("*.csv.gz")) if "_funding" not in path.name]
    if not files:
        pytest.skip(f"no recorded data at {DATA}")
    for path in files:
        timeframe = path.name.removesuffix(".csv.gz").split("_")[2]
        read_candles(path, timeframe)
    for path in sorted(DATA.glob("*_funding*.csv.gz")):
        assert len(read_funding(path)[0])
