"""`manage.py optimize`: files or the candle store in, the best sets out, stopped and gone on with."""

import json
import os
import re
import signal
import subprocess
import sys
import threading
from collections.abc import Iterator
from io import StringIO
from pathlib import Path
from typing import Any

import pytest
from django.conf import settings
from django.core.management import CommandError, call_command
from django.db import connection

from bots.tests.factories import make_user
from exchanges.models import JobStatus
from exchanges.tests.series import CHZ, GALA, candle_dir, pair_of, stored_pair  # noqa: F401
from trading.models import Backtest
from trading.tests.backtest_files import PARAMETERS, backtest, frame_of, params_file, words, written
from trading.tests.searches.made import run

VARY = ["--vary", "profit_ratio=0.2:0.8:0.2", "--vary", "dca_config[1].spread=0.5,1,1.5"]
GRID = [*VARY, "--method=grid", "--objective=net_profit", "--min-cycles=2"]


@pytest.fixture
def files(tmp_path: Path) -> dict[str, str]:
    first, second = written(tmp_path, *(frame_of(candles) for candles in pair_of(3000, seed=5)))
    return {"data1": first, "data2": second}


def typed(folder: Path, *more: str, **options: Any) -> list[str]:
    out = {"strategy": "spread", "params": params_file(folder, PARAMETERS), "out": folder / "best.json"}
    return [*words(out | {"jobs": 1} | options), *more]


def optimize(folder: Path, *more: str, **options: Any) -> dict[str, Any]:
    """What the command writes with --out."""
    call_command("optimize", *typed(folder, *more, **options), stdout=StringIO(), stderr=StringIO())
    return dict(json.loads((folder / "best.json").read_text()))


def refusal(folder: Path, *more: str, **options: Any) -> str:
    with pytest.raises(CommandError) as refused:
        optimize(folder, *more, **options)
    return str(refused.value)


def test_a_grid_over_two_files(tmp_path: Path, files: dict[str, str]) -> None:
    found = optimize(tmp_path, *GRID, **files)
    assert (found["done"], found["sets"], found["bars"]) == (12, 12, 3000)
    assert [row["number"] for row in found["trials"]] == list(range(12))
    assert found["best"][0]["score"] == max(row["score"] for row in found["trials"] if row["score"] is not None)
    assert found["walk_forward"]["folds"]


def test_without_folds_a_set_is_the_back_test_of_its_parameters(tmp_path: Path, files: dict[str, str]) -> None:
    best = optimize(tmp_path, *GRID, "--folds=0", **files)["best"][0]
    ladder = [dict(row) for row in PARAMETERS["dca_config"]]
    ladder[0]["spread"] = best["values"]["dca_config[1].spread"]
    parameters = PARAMETERS | {"profit_ratio": best["values"]["profit_ratio"], "dca_config": ladder}
    alone = backtest(tmp_path, parameters, **files)
    assert best["in_sample"]["net_profit"] == pytest.approx(alone["final_equity"], rel=1e-9)
    assert best["in_sample"]["max_drawdown"] == pytest.approx(alone["max_drawdown"], rel=1e-9)
    assert best["in_sample"]["cycles"] == len(alone["cycles"])
    assert best["in_sample"]["trades"] == len(alone["trades"])


@pytest.mark.slow
def test_own_processes_find_what_one_finds(tmp_path: Path, files: dict[str, str]) -> None:
    search = ["--vary=profit_ratio=0.2:0.9", "--method=tpe", "--sets=40", "--seed=7", "--min-cycles=2"]
    alone = optimize(tmp_path, *search, **files)
    together = optimize(tmp_path, *search, **files | {"jobs": 2})
    assert together == alone


def test_a_space_of_a_file(tmp_path: Path, files: dict[str, str]) -> None:
    space = tmp_path / "S.json"
    space.write_text('{"opening": {"values": ["reversion", "momentum"]}}')
    found = optimize(tmp_path, f"--space={space}", "--method=grid", "--vary=pause_after_close=true,false", **files)
    assert found["done"] == 4
    assert found["trials"][0]["values"] == {"opening": "reversion", "pause_after_close": True}


@pytest.mark.django_db
@pytest.mark.usefixtures("stored_pair")
def test_the_store_instead_of_files(tmp_path: Path) -> None:
    store = {"exchange": "binance", "market1": "GALA/USDT", "market2": "CHZ/USDT", "timeframe": "5m"}
    assert optimize(tmp_path, *GRID, **store)["done"] == 12


@pytest.mark.parametrize(
    ("more", "text"),
    [
        ([], "--vary"),
        (["--vary=profit_ratio"], "name=low:high"),
        (["--vary=profit_ratio="], "name=low:high"),
        (["--vary=profit_ratio=1:2:3:4"], "name=low:high"),
        (["--vary=profit_ratio=2:1"], "low must be below high"),
        (["--vary=profit_ratio=a:b"], "must be a number"),
        (["--vary=colour=1,2"], "colour: is not a parameter that can be varied"),
        (["--vary=profit_ratio=0:1:0.5"], "above 0"),
        (["--vary=max_dca_times=4:6"], "no set can be run"),
        (["--vary=profit_ratio=1:2", "--vary=profit_ratio=3:4"], "given twice"),
        (["--vary=profit_ratio=1:2", "--sets=0"], "sets"),
        (["--vary=profit_ratio=1:2", "--folds=99"], "folds"),
        (["--vary=profit_ratio=1:2", "--method=grid"], "needs a step"),
        (["--space=nowhere.json"], "there is no such file"),
        (["--vary=profit_ratio=1:2", "--resume=12"], "--resume"),
        (["--vary=profit_ratio=1:2", "--resume"], "no such file"),
        (["--vary=profit_ratio=1:2", "--workers"], "candle store"),
    ],
)
def test_mistakes_are_one_clear_line(tmp_path: Path, files: dict[str, str], more: list[str], text: str) -> None:
    assert text in refusal(tmp_path, *more, **files)
    assert not (tmp_path / "best.json").exists()


def test_a_grid_that_is_too_large_names_its_count(tmp_path: Path, files: dict[str, str], settings: Any) -> None:
    settings.SEARCH_SETS_MAX = 11
    assert "12 sets" in refusal(tmp_path, *GRID, **files)


def test_only_the_same_search_goes_on(tmp_path: Path, files: dict[str, str]) -> None:
    optimize(tmp_path, *GRID, **files)
    assert "different objective" in refusal(tmp_path, *GRID, "--objective=sqn", "--resume", **files)
    assert "different bars" in refusal(tmp_path, *GRID, "--until=2025-01-05", "--resume", **files)


@pytest.mark.slow
@pytest.mark.parametrize("jobs", [1, 2])
def test_ctrl_c_keeps_what_was_found_and_resume_goes_on(tmp_path: Path, files: dict[str, str], jobs: int) -> None:
    search = ["--vary=profit_ratio=0.2:0.9", "--sets=10000", "--seed=7", "--min-cycles=2"]
    options = files | {"jobs": jobs}
    out = tmp_path / "best.json"
    stopped = interrupted(typed(tmp_path, *search, **options))
    assert stopped.returncode == 130
    assert b"--resume goes on" in stopped.stderr
    found = json.loads(out.read_text())
    assert 0 < found["done"] < 10_000
    # The rest is shortened: a file with all but the last sets is the same to the command.
    whole = optimize(tmp_path, *search[:1], "--sets=60", *search[2:], **files)
    out.write_text(json.dumps(whole | {"trials": whole["trials"][:45]}))
    assert optimize(tmp_path, *search[:1], "--sets=60", *search[2:], "--resume", **options) == whole
    first = {row["number"]: row for row in whole["trials"]}
    both = [row for row in found["trials"] if row["number"] in first]
    assert both == [first[row["number"]] for row in both]
    assert both or jobs > 1  # with several the first sets may have been the ones under way


def interrupted(words_typed: list[str]) -> Any:
    """The command, stopped as soon as it counts sets."""
    command = [sys.executable, "manage.py", "optimize", *words_typed]
    process = subprocess.Popen(
        command, cwd=settings.BASE_DIR, env=os.environ, stdout=subprocess.PIPE, stderr=subprocess.PIPE
    )
    assert process.stderr is not None
    seen = b""
    while not re.search(rb" [1-9]\d*/10000 ", seen):
        part = os.read(process.stderr.fileno(), 4096)
        assert part, seen
        seen += part
    process.send_signal(signal.SIGINT)
    _out, errors = process.communicate(timeout=60)
    return subprocess.CompletedProcess(command, process.returncode, b"", errors)


@pytest.fixture
def worker() -> Iterator[None]:
    """Runs the first search that there is, on a connection of its own."""
    over = threading.Event()

    def work() -> None:
        try:
            while not over.wait(0.02):
                if found := Backtest.objects.first():
                    run(found)
                    return
        finally:
            connection.close()

    thread = threading.Thread(target=work)
    thread.start()
    yield
    over.set()
    thread.join()


@pytest.mark.django_db(transaction=True)
@pytest.mark.usefixtures("stored_pair", "worker")
def test_over_the_workers_the_command_watches_until_the_end(tmp_path: Path) -> None:
    user = make_user()
    store = {"exchange": "binance", "market1": GALA, "market2": CHZ, "timeframe": "5m", "owner": user.username}
    assert optimize(tmp_path, *GRID, "--workers", **store)["done"] == 12
    row = Backtest.objects.get()
    assert (row.owner, row.status) == (user, JobStatus.DONE)
    goes_on = "Only a search that was canceled"
    assert goes_on in refusal(tmp_path, *GRID, "--workers", f"--resume={row.pk}", **store)
    assert "there is no search" in refusal(tmp_path, *GRID, "--workers", f"--resume={row.pk + 1}", **store)


@pytest.mark.django_db
@pytest.mark.usefixtures("stored_pair")
def test_a_search_of_the_workers_is_somebody_s(tmp_path: Path) -> None:
    store = {"exchange": "binance", "market1": GALA, "market2": CHZ, "timeframe": "5m"}
    make_user()
    make_user()
    assert "--owner" in refusal(tmp_path, *GRID, "--workers", **store)
    assert "no active user nobody" in refusal(tmp_path, *GRID, "--workers", owner="nobody", **store)
