"""A scan in chunks: every pair once, however it is cut, whoever is killed; what belongs together comes first."""

import threading
import time
from collections.abc import Callable
from datetime import timedelta
from typing import Any

import numpy as np
import pytest
from django.db import connection, transaction
from django.utils import timezone

from bots.tests.factories import make_user
from exchanges.history import candles
from exchanges.models import CandleSet, JobStatus
from exchanges.tests.series import candle_dir  # noqa: F401
from trading.models import PairScan, ScannedPair
from trading.scans import cells, chunks, services
from trading.scans.chunks import Next
from trading.scans.selectors import pairs_of_scan
from trading.tests.scans import made
from trading.tests.scans.made import LOOSE, NOW, PAIRS, SYMBOLS, TIED, chunk, created, run, store, walk
from trading.tests.scans.worlds import world  # noqa: F401

pytestmark = [pytest.mark.django_db, pytest.mark.usefixtures("world")]


def test_the_pair_that_belongs_together_comes_first_and_no_other_is_found() -> None:
    scan = run(created(make_user()))
    assert (scan.status, scan.done, scan.total) == (JobStatus.DONE, PAIRS, PAIRS)
    assert scan.markets == sorted(SYMBOLS)
    best, *rest = pairs_of_scan(scan)
    assert (best.market1, best.market2, best.verdict) == (*TIED, "holds")
    assert {pair.verdict for pair in rest} == {"none"}
    assert scan.summary | {"liquidity": ""} == {
        "pairs": PAIRS,
        "measured": PAIRS,
        "found": 1,
        "holds": 1,
        "below_5_pct": scan.summary["below_5_pct"],
        "liquidity": "",
    }
    assert best.score is not None
    assert best.score_in is not None
    assert best.score_out is not None
    assert best.score == min(best.score_in, best.score_out)
    assert best.score > 3 * max(pair.score or 0.0 for pair in rest)
    assert best.hedge_ratio == pytest.approx(1.2, abs=0.1)
    assert best.half_life_bars == pytest.approx(np.log(0.5) / np.log(0.9), rel=0.4)
    assert (best.bars, best.oos_bars) == (made.BARS, made.BARS * 30 // 100)
    assert best.p_bonferroni == pytest.approx(min(1.0, (best.p_value or 0.0) * PAIRS))


@pytest.mark.parametrize("size", [1, 4])
def test_pairs_are_the_same_in_cells_of_whatever_size(size: int, monkeypatch: pytest.MonkeyPatch) -> None:
    figures = [
        "number", "market1", "market2", "p_value", "q_value", "johansen_q", "score", "verdict", "hurst", "oos_p_value"
    ]  # fmt: skip
    whole = run(created(make_user()))
    monkeypatch.setattr(cells, "CELL", size)
    monkeypatch.setattr(chunks, "CHUNK_S", 0.0)  # a chunk does one cell
    cut = created(make_user())
    for _ in range(100):
        chunks._works.clear()  # as another process
        if _chunk_of(cut) is not Next.GO_ON:
            break
    both = [list(scan.pairs.order_by("number").values_list(*figures)) for scan in (whole, cut)]
    assert both[0] == both[1]
    assert len(both[0]) == PAIRS


def _chunk_of(scan: PairScan) -> Next:
    """With a deadline that passes as soon as one cell is done."""
    taken_up = PairScan.objects.values_list("taken_up", flat=True).get(pk=scan.pk)
    looks = iter([0.0, -1.0])
    return chunks.chunk_run(scan.pk, taken_up, now=timezone.now, timer=lambda: next(looks, 1.0))


def test_out_of_sample_bars_never_touch_the_fit() -> None:
    """Whatever happens in the last part, the figures of the first stay to the last digit."""
    before = run(created(make_user()))
    path = walk(1)
    path[made.BARS * 7 // 10 :] += np.linspace(0, 3, made.BARS - made.BARS * 7 // 10)
    candles.save("okx", TIED[1], "1h", _candles(path), replace=True)
    after = run(created(make_user()))
    one, two = (scan.pairs.get(market1=TIED[0], market2=TIED[1]) for scan in (before, after))
    for name in ("p_value", "hedge_ratio", "half_life_bars", "hurst", "spread_deviation_pct", "correlation"):
        assert getattr(one, name) == getattr(two, name)
    assert two.oos_p_value is not None
    assert two.oos_p_value > 0.05
    assert two.verdict == "broke"
    assert (two.score or 0.0) < (one.score or 0.0) / 3


def _candles(path: Any) -> Any:
    series = candles.load("okx", TIED[1], "1h")
    assert series is not None
    closes = 50.0 * np.exp(path)
    return type(series)(series.times, closes, closes * 1.001, closes * 0.999, closes, np.ones(len(closes)))


def test_markets_are_aligned_by_time_and_gaps_are_left_out() -> None:
    """One that began later shares fewer bars; nothing is filled in."""
    store("LATE/USDT:USDT", walk(50, 400), start=made.START + timedelta(hours=400))
    scan = run(created(make_user(), symbols=["LATE/USDT", LOOSE[0]]))
    (pair,) = scan.pairs.all()
    assert pair.bars == 400
    assert pair.first_at == pair.common_since == made.START + timedelta(hours=400)


def test_what_cannot_be_measured_says_why_and_counts_as_no_test() -> None:
    store("STILL/USDT:USDT", np.zeros(made.BARS))
    store("SHORT/USDT:USDT", walk(60, 150))
    scan = run(created(make_user()))
    still = scan.pairs.filter(market1="STILL/USDT:USDT").first() or scan.pairs.filter(market2="STILL/USDT:USDT").first()
    assert still is not None
    assert still.problem
    assert (still.p_value, still.q_value, still.score, still.verdict) == (None, None, None, "")
    assert scan.summary["measured"] == PAIRS
    assert [symbol for symbol, _reason in scan.left_out] == ["SHORT/USDT:USDT"]
    assert pairs_of_scan(scan).last() is not None


def test_spot_and_swap_and_other_currencies_make_no_pair() -> None:
    store("AAA/USDT", walk(1))
    store("AAA/USDC:USDC", walk(1))
    scan = run(created(make_user()))
    assert scan.total == PAIRS
    assert not scan.pairs.filter(market1="AAA/USDT").exists()


def test_the_period_that_is_asked_for_is_the_one_that_is_measured() -> None:
    until = made.START + timedelta(hours=500)
    scan = run(created(make_user(), since=made.START + timedelta(hours=100), until=until, symbols=list(TIED)))
    (pair,) = scan.pairs.all()
    assert pair.bars == 400
    assert pair.last_at == until - timedelta(hours=1)


def test_no_two_markets_is_a_refusal_in_words() -> None:
    CandleSet.objects.exclude(symbol=TIED[0]).delete()
    scan = created(make_user())
    assert chunk(scan) is Next.END
    scan.refresh_from_db()
    assert scan.status == JobStatus.FAILED
    assert "two markets" in scan.problems[0]


def test_candles_that_go_in_the_midst_leave_rows_with_a_reason() -> None:
    scan = created(make_user(), symbols=list(TIED))
    scan.markets, scan.total, scan.status = ["AAA/USDT:USDT", "GONE/USDT:USDT"], 1, JobStatus.RUNNING
    scan.save()
    scan = run(scan)
    assert (scan.status, scan.pairs.get().problem) == (JobStatus.DONE, "Its candles are not stored any more.")


def test_carry_is_what_both_sides_of_the_funding_leave() -> None:
    made.store_funding(TIED[0], 0.0001)  # 10.95 % a year
    made.store_funding(TIED[1], 0.0003)
    (pair,) = run(created(make_user(), symbols=list(TIED))).pairs.all()
    assert pair.funding1_pct == pytest.approx(10.95, rel=0.01)
    assert pair.funding2_pct == pytest.approx(32.85, rel=0.01)
    assert pair.carry_long_pct == pytest.approx(21.90, rel=0.01)
    assert pair.carry_source == "recorded"


def test_a_cancel_ends_it_within_a_chunk_and_keeps_what_is_there(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(cells, "CELL", 4)
    user = make_user()
    scan = created(user)
    _chunk_of(scan)
    services.scan_cancel(actor=user, scan=scan, now=NOW)
    assert chunk(scan) is Next.END
    scan.refresh_from_db()
    assert scan.status == JobStatus.CANCELED
    assert 0 < scan.done == scan.pairs.count() < scan.total
    assert not scan.pairs.filter(score__isnull=False).exists()


def test_a_task_of_an_earlier_taking_up_does_nothing() -> None:
    scan = created(make_user())
    PairScan.objects.update(taken_up=1)
    assert chunks.chunk_run(scan.pk, 0, now=timezone.now, timer=time.monotonic) is Next.END
    assert not ScannedPair.objects.exists()


@pytest.fixture
def elsewhere() -> Callable[[Callable[[], Any]], Any]:
    """Runs something on a connection of its own, as another worker would."""

    def run_there(action: Callable[[], Any]) -> Any:
        found: list[Any] = []

        def target() -> None:
            try:
                found.append(action())
            finally:
                connection.close()

        thread = threading.Thread(target=target)
        thread.start()
        thread.join(30)
        return found[0]

    return run_there


@pytest.mark.django_db(transaction=True)
def test_what_one_worker_is_at_no_other_takes_and_a_killed_one_keeps_nothing(elsewhere: Any) -> None:
    scan = created(make_user())
    with transaction.atomic():
        assert cells.cell_take(scan.pk, 0)
        assert elsewhere(lambda: chunk(scan)) is Next.WAIT
        assert not ScannedPair.objects.exists()
    assert elsewhere(lambda: run(scan).status) == JobStatus.DONE
    assert ScannedPair.objects.count() == PAIRS


def test_workers_that_fell_silent_are_replaced_and_the_scan_goes_on() -> None:
    scan = created(make_user())
    PairScan.objects.update(status=JobStatus.RUNNING, alive_at=NOW - timedelta(minutes=1))
    services.scans_sweep(NOW)
    scan.refresh_from_db()
    assert (scan.taken_up, scan.status) == (1, JobStatus.RUNNING)
    services.scans_sweep(NOW + timedelta(seconds=1))
    scan.refresh_from_db()
    assert scan.taken_up == 1
    assert run(scan).status == JobStatus.DONE


def test_a_scan_that_kills_its_workers_again_and_again_fails() -> None:
    created(make_user())
    PairScan.objects.update(status=JobStatus.RUNNING, alive_at=NOW - timedelta(minutes=1), attempts=21)
    services.scans_sweep(NOW)
    scan = PairScan.objects.get()
    assert (scan.status, scan.problems) == (JobStatus.FAILED, [services.KILLED])
