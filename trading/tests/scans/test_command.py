"""`manage.py scan_pairs`: best first, as a table and as JSON; refusals in words; stopped by Ctrl-C."""

import json
from io import StringIO
from typing import Any

import pytest
from django.core.management import CommandError, call_command

from exchanges.tests.series import candle_dir  # noqa: F401
from trading.management.commands.optimize import STOPPED
from trading.models import PairScan
from trading.scans import local
from trading.tests.scans.made import PAIRS, TIED
from trading.tests.scans.worlds import world  # noqa: F401

pytestmark = [pytest.mark.django_db, pytest.mark.usefixtures("candle_dir")]


@pytest.fixture(autouse=True)
def _one_thread(monkeypatch: pytest.MonkeyPatch) -> None:
    """Threads have connections of their own, which do not see what the test has not committed."""
    monkeypatch.setattr("os.cpu_count", lambda: 1)


def scan_pairs(*more: str, **options: Any) -> str:
    out = StringIO()
    call_command("scan_pairs", "--exchange=okx", "--timeframe=1h", *more, stdout=out, stderr=StringIO(), **options)
    return out.getvalue()


def test_json_has_every_pair_best_first(world: Any) -> None:  # noqa: F811
    found = json.loads(scan_pairs("--json"))
    assert len(found) == PAIRS
    assert (found[0]["market1"], found[0]["market2"], found[0]["verdict"]) == (*TIED, "holds")
    assert {row["verdict"] for row in found[1:]} == {"none"}
    scores = [row["score"] for row in found]
    assert scores == sorted(scores, reverse=True)
    assert not PairScan.objects.exists()


def test_the_table_names_pairs_and_says_how_many_were_tried(world: Any) -> None:  # noqa: F811
    lines = scan_pairs("--top=3").splitlines()
    assert lines[1].startswith("AAA/USDT BBB/USDT")
    assert len(lines) == 5
    assert f"{PAIRS} pairs of 6 markets; 1 found" in lines[-1]


def test_only_the_named_markets_and_their_time(world: Any) -> None:  # noqa: F811
    found = json.loads(scan_pairs("--json", "--symbols", "AAA/USDT,BBB-USDT", "--until", "2025-01-20T00:00Z"))
    assert [(row["bars"], row["problem"]) for row in found] == [(456, "")]


@pytest.mark.parametrize(
    ("more", "word"),
    [
        (["--symbols", "AAA/USDT"], "--symbols"),
        (["--symbols", " , ,"], "--symbols"),
        (["--since", "soon"], "--since"),
        (["--out-of-sample", "99"], "--out-of-sample"),
        (["--size", "0"], "--size"),
        (["--cost", "nan"], "--cost"),
        (["--top", "-2"], "--top"),
        (["--symbols", "XXX/USDT,YYY/USDT"], "two markets"),
    ],
)
def test_refusals_name_what_is_wrong(world: Any, more: list[str], word: str) -> None:  # noqa: F811
    with pytest.raises(CommandError) as refused:
        scan_pairs(*more)
    assert word in str(refused.value)


def test_an_empty_store_is_a_refusal() -> None:
    with pytest.raises(CommandError):
        scan_pairs()


def test_a_stop_ends_it_without_a_result(world: Any) -> None:  # noqa: F811
    scan = PairScan(exchange="okx", timeframe="1h")
    assert local.scanned(scan, is_stopped=lambda: True, on_start=lambda n: None, on_done=lambda n: None) is None


def test_ctrl_c_answers_as_a_shell_expects(world: Any, monkeypatch: pytest.MonkeyPatch) -> None:  # noqa: F811
    monkeypatch.setattr(local, "scanned", lambda *args, **kwargs: None)
    with pytest.raises(SystemExit) as stopped:
        scan_pairs()
    assert stopped.value.code == STOPPED
