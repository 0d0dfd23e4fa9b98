"""What a worker does with a queued back-test, and what is left when it does not get to the end."""

import threading
from datetime import timedelta
from typing import Any

import pytest
from django.conf import settings as project
from django.core.exceptions import ValidationError
from django.utils import timezone

from bots.tests.factories import make_user
from chainmakes.tests.broker import own_broker  # noqa: F401
from exchanges.history import candles
from exchanges.models import JobStatus
from exchanges.tests.series import START, candle_dir, store_pair, stored_pair  # noqa: F401
from trading.backtests import drawing, report, running, services, stored
from trading.backtests.errors import BacktestRefused
from trading.backtests.markets import stored_markets
from trading.backtests.parameters import parse_parameters
from trading.backtests.run import run
from trading.backtests.sweep import ATTEMPTS_MAX, DEAD_AFTER, KILLED, backtests_sweep
from trading.backtests.watch import Canceled, Watch
from trading.models import Backtest, BacktestSeries
from trading.tests.backtests.made import NOW, PARAMETERS, done, queued, store_funding

pytestmark = [pytest.mark.django_db, pytest.mark.usefixtures("stored_pair")]

SECOND = timedelta(seconds=1)


def direct(backtest: Backtest) -> dict[str, Any]:
    """What the command would write."""
    place = (backtest.exchange, backtest.market1_symbol, backtest.market2_symbol, backtest.timeframe)
    markets = stored_markets(*place, since=backtest.since, until=backtest.until, use_funding=backtest.use_funding)
    return run(parse_parameters(backtest.parameters), markets)


def test_the_result_is_the_command_s():
    backtest = done(make_user())
    expected = direct(backtest)
    assert (backtest.status, backtest.problems) == ("done", [])
    assert backtest.done == backtest.total == expected["bars"]
    assert backtest.started_at is not None
    assert backtest.finished_at is not None
    assert backtest.finished_at >= backtest.started_at
    trades = [{name: value for name, value in row.items() if name != "cycle"} for row in stored.trades_of(backtest)]
    assert len(trades) > 10
    assert trades == expected.pop("trades")
    expected.pop("cycles")
    assert backtest.summary == expected


def test_every_bar_s_equity_is_kept():
    backtest = done(make_user())
    times, equity = stored.equity_of(backtest)
    assert len(times) == backtest.summary["bars"]
    assert (times[0], times[-1]) == (backtest.summary["data"]["first"], backtest.summary["data"]["last"])
    assert equity[-1] == backtest.summary["final_equity"]
    assert stored.size_of(backtest) > 0


def test_trades_know_their_cycle():
    backtest = done(make_user())
    cycle = 1
    for trade in stored.trades_of(backtest):
        assert trade["cycle"] == cycle
        assert ("pnl" in trade) == (trade["action"] in ("take_profit", "stop_loss"))
        cycle += "pnl" in trade


def test_a_chosen_time():
    since, until = START + 100 * timedelta(minutes=5), START + 200 * timedelta(minutes=5)
    backtest = done(make_user(), since=since.isoformat(), until=until.isoformat())
    assert backtest.summary["bars"] == backtest.total == 100
    assert backtest.summary["data"]["first"] == int(since.timestamp() * 1000)


@pytest.mark.parametrize("wanted", [True, False])
def test_funding_that_is_stored_is_counted_if_it_is_wanted(wanted):
    store_funding()
    backtest = done(make_user(), use_funding=wanted)
    assert [funding is not None for funding in backtest.summary["funding"]] == [wanted, wanted]


# --- other strategies ------------------------------------------------------------------------------------------------

BUYER = """
from trading.strategies import FLAT, LONG_SPREAD, NONE, OPEN, TAKE_PROFIT, Decision, Strategy


class Buyer(Strategy):
    name = "buyer"
    title = "Buyer"
    markets = 1

    @staticmethod
    def decide(params, config, state, quote, features):
        if state.side == FLAT:
            return Decision(OPEN, LONG_SPREAD, 0.0)
        return Decision(TAKE_PROFIT if quote.p1 > config.start1 * 1.01 else NONE, LONG_SPREAD, 0.0)
"""


@pytest.fixture
def strategies(settings, tmp_path):
    settings.STRATEGY_DIR = tmp_path
    return tmp_path


def test_a_strategy_of_one_market_in_plain_python(strategies):
    (strategies / "buyer.py").write_text(BUYER)
    backtest = done(make_user(), strategy="buyer", market2_symbol="")
    assert (backtest.status, backtest.problems) == ("done", [])
    assert backtest.summary["stats"]["trades"] > 0
    chart = drawing.chart_of(backtest)
    assert set(chart["p2"]) == {0.0}
    assert chart["spread"] == chart["p1"]
    assert "<h1>GALA/USDT ·" in report.report_html(backtest)


def test_a_strategy_that_breaks_is_a_reason(strategies):
    (strategies / "buyer.py").write_text(BUYER.replace("quote.p1 >", "quote.nothing >"))
    backtest = done(make_user(), strategy="buyer", market2_symbol="")
    assert backtest.status == JobStatus.FAILED
    assert "'Quote' object has no attribute 'nothing'" in backtest.problems[0]


def test_a_strategy_that_has_gone_since_is_named(strategies):
    (strategies / "buyer.py").write_text(BUYER)
    backtest = queued(make_user(), strategy="buyer", market2_symbol="")
    (strategies / "buyer.py").unlink()
    running.backtest_run(backtest.pk, timezone.now)
    backtest.refresh_from_db()
    assert backtest.status == JobStatus.FAILED
    assert "buyer" in backtest.problems[0]


def test_a_strategy_of_one_market_wants_no_second(strategies):
    (strategies / "buyer.py").write_text(BUYER)
    with pytest.raises(ValidationError) as caught:
        queued(make_user(), strategy="buyer")
    assert set(caught.value.message_dict) == {"market2_symbol"}


# --- failures --------------------------------------------------------------------------------------------------------


def test_a_series_that_has_gone_since_is_named():
    backtest = queued(make_user())
    (project.CANDLE_DIR / candles.series_path("binance", "CHZ/USDT:USDT", "5m")).unlink()
    running.backtest_run(backtest.pk, timezone.now)
    backtest.refresh_from_db()
    assert backtest.status == JobStatus.FAILED
    assert "CHZ/USDT:USDT" in backtest.problems[0]
    assert not BacktestSeries.objects.exists()


def test_what_nobody_foresaw_is_a_short_sentence_and_a_traceback_in_the_log(caplog):
    backtest = queued(make_user())
    Backtest.objects.update(timeframe="9x")
    running.backtest_run(backtest.pk, timezone.now)
    backtest.refresh_from_db()
    assert (backtest.status, backtest.problems) == ("failed", [running.BROKEN])
    assert any(record.exc_info for record in caplog.records)


def test_figures_too_large_to_count_are_a_reason():
    backtest = done(make_user(), parameters=PARAMETERS | {"investment_per_order": 1e15, "max_position_value": 1e15})
    assert backtest.status in (JobStatus.DONE, JobStatus.FAILED)
    assert backtest.problems != [running.BROKEN]


# --- claims ----------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("status", [JobStatus.RUNNING, JobStatus.DONE, JobStatus.FAILED, JobStatus.CANCELED])
def test_only_what_is_queued_is_taken(status):
    backtest = queued(make_user())
    Backtest.objects.update(status=status)
    running.backtest_run(backtest.pk, timezone.now)
    backtest.refresh_from_db()
    assert (backtest.status, backtest.attempts) == (status, 0)


def test_what_was_deleted_meanwhile_is_nothing():
    running.backtest_run(123_456_789, timezone.now)


def test_a_search_is_not_taken():
    backtest = queued(make_user())
    Backtest.objects.update(kind=Backtest.Kind.SEARCH)
    running.backtest_run(backtest.pk, timezone.now)
    backtest.refresh_from_db()
    assert backtest.status == JobStatus.QUEUED


def test_a_worker_that_lost_its_claim_writes_nothing():
    """It slept, was taken for dead, and the row was taken up again by another."""
    backtest = queued(make_user())
    moments = iter([NOW, NOW + SECOND])

    def clock() -> Any:
        moment = next(moments)
        if moment > NOW:
            Backtest.objects.update(started_at=NOW + timedelta(minutes=5))
        return moment

    running.backtest_run(backtest.pk, clock)
    backtest.refresh_from_db()
    assert (backtest.status, backtest.summary) == ("running", {})
    assert not BacktestSeries.objects.exists()


def test_one_canceled_before_its_worker_looks_ends_so():
    owner = make_user()
    backtest = queued(owner)
    services.backtest_cancel(actor=owner, backtest=backtest, now=NOW)
    running.backtest_run(backtest.pk, timezone.now)
    backtest.refresh_from_db()
    assert (backtest.status, backtest.attempts) == ("canceled", 0)


# --- signs of life ---------------------------------------------------------------------------------------------------


def work_on(watch: Watch) -> None:
    """For ten seconds at most."""
    pause = threading.Event()
    for bar in range(2, 10_000):
        watch.progress(bar, 10_000)
        pause.wait(0.001)


@pytest.mark.django_db(transaction=True)
def test_a_run_is_canceled_on_its_way() -> None:
    owner = make_user()
    backtest = queued(owner)
    Backtest.objects.update(status=JobStatus.RUNNING, started_at=NOW, alive_at=NOW)
    backtest.refresh_from_db()
    with Watch(backtest, lambda: NOW + SECOND, beat_s=0.01) as watch:
        watch.progress(1, 10)
        services.backtest_cancel(actor=owner, backtest=backtest, now=NOW)
        with pytest.raises(Canceled):
            work_on(watch)
    backtest.refresh_from_db()
    assert backtest.alive_at == NOW + SECOND
    assert backtest.done > 0


@pytest.mark.django_db(transaction=True)
def test_a_run_ends_when_its_row_is_another_worker_s() -> None:
    backtest = queued(make_user())
    Backtest.objects.update(status=JobStatus.RUNNING, started_at=NOW + SECOND)
    backtest.started_at = NOW
    with Watch(backtest, timezone.now, beat_s=0.01) as watch, pytest.raises(Canceled):
        work_on(watch)
    backtest.refresh_from_db()
    assert backtest.alive_at is None


# --- the sweep -------------------------------------------------------------------------------------------------------


def dead(**fields: Any) -> Backtest:
    backtest = queued(make_user())
    values = {"status": JobStatus.RUNNING, "started_at": NOW, "alive_at": NOW, "attempts": 1}
    Backtest.objects.filter(pk=backtest.pk).update(**values | fields)
    return backtest


@pytest.fixture
def swept(broker):
    def sweep(backtest: Backtest, after: timedelta = DEAD_AFTER + SECOND) -> Backtest:
        backtests_sweep(NOW + after)
        backtest.refresh_from_db()
        return backtest

    return sweep


def test_a_run_whose_worker_was_killed_is_taken_up_again(swept, broker):
    backtest = swept(dead())
    assert (backtest.status, backtest.started_at) == ("queued", None)
    assert [args for _task, args in broker.waiting("compute")] == [[backtest.pk]]
    running.backtest_run(backtest.pk, timezone.now)
    backtest.refresh_from_db()
    assert (backtest.status, backtest.attempts) == ("done", 2)


def test_one_that_lives_is_left_alone(swept, broker):
    assert swept(dead(), DEAD_AFTER - SECOND).status == JobStatus.RUNNING
    assert broker.waiting("compute") == []


def test_one_that_kills_its_workers_fails_in_the_end(swept):
    backtest = swept(dead(attempts=ATTEMPTS_MAX))
    assert (backtest.status, backtest.problems) == ("failed", [KILLED])
    assert backtest.finished_at is not None


def test_one_that_was_to_be_canceled_is(swept):
    assert swept(dead(is_cancel_wanted=True)).status == JobStatus.CANCELED


def test_what_the_broker_has_forgotten_is_sent_again(swept, broker):
    backtest = queued(make_user())
    swept(backtest)
    swept(backtest)  # once is enough
    assert [args for _task, args in broker.waiting("compute")] == [[backtest.pk]]
    assert backtest.status == JobStatus.QUEUED


def test_searches_are_not_swept_here(swept, broker):
    backtest = dead()
    Backtest.objects.update(kind=Backtest.Kind.SEARCH)
    assert swept(backtest).status == JobStatus.RUNNING


def test_markets_that_are_not_stored_are_refused():
    with pytest.raises(BacktestRefused):
        stored_markets("okx", "GALA/USDT:USDT", "CHZ/USDT:USDT", "5m", since=None, until=None, use_funding=False)
