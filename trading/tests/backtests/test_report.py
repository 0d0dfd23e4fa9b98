"""The report as a file: complete, in its owner's language, in need of nothing from elsewhere."""

import json
import re
from typing import Any

import numpy as np
import pytest

from bots.tests.factories import CHZ, GALA, make_user
from exchanges.errors import DomainError
from exchanges.history import candles
from exchanges.tests.series import candle_dir, stored_pair  # noqa: F401
from trading.backtests import report
from trading.backtests.markets import stored_markets
from trading.backtests.parameters import parse_parameters
from trading.backtests.run import run
from trading.backtests.stat_words import STATS, duration, shown_stats
from trading.core.candles import Candles
from trading.models import Backtest
from trading.tests.backtests.made import PARAMETERS, done, queued, series, store_funding

pytestmark = [pytest.mark.django_db, pytest.mark.usefixtures("stored_pair")]


@pytest.fixture
def backtest() -> Backtest:
    store_funding()
    return done(make_user())


def test_the_json_is_what_the_command_writes(backtest):
    markets = stored_markets("binance", GALA, CHZ, "5m", since=None, until=None, use_funding=True)
    expected = run(parse_parameters(PARAMETERS), markets)
    found = report.report_json(backtest)
    assert json.loads(json.dumps(found, allow_nan=False)) == json.loads(json.dumps(expected))
    assert list(found)[:4] == list(expected)[:4]


def test_the_page_needs_nothing_from_elsewhere(backtest):
    page = report.report_html(backtest)
    assert not re.search(r"(src|href)=|@import|url\(|<script|https?://", page)
    assert "prefers-color-scheme: dark" in page
    assert page.count("<svg") == 3


def test_the_page_tells_all_of_the_result(backtest):
    page = report.report_html(backtest)
    stats = backtest.summary["stats"]
    for shown in shown_stats(stats):
        assert shown.label in page
        assert shown.value in page
    assert page.count("<td>Take profit</td>") + page.count("<td>Stop loss</td>") == stats["cycles"]
    for name in backtest.summary["parameters"]:
        assert name in page
    assert "GALA/USDT – CHZ/USDT" in page
    assert "of the time in position" in page


def test_when_the_exchange_was_down():
    bars = series(GALA)
    opens = bars.opens
    down = np.zeros(len(bars), bool)
    down[300:304] = True
    highs, lows, closes = (np.where(down, opens, column) for column in (bars.highs, bars.lows, bars.closes))
    still = Candles(bars.times, opens, highs, lows, closes, np.where(down, 0.0, bars.volumes))
    candles.save("binance", GALA, "5m", still, replace=True)
    backtest = done(make_user())
    first, last = (report.moment(int(bars.times[bar])) for bar in (300, 303))
    assert backtest.summary["data"]["market1"]["outages"] == [[int(bars.times[300]), int(bars.times[303]), 4]]
    assert f"<td>Outages of GALA/USDT (UTC)</td><td>{first} to {last}: 4 bars</td>" in report.report_html(backtest)


def test_without_an_outage_none_is_mentioned(backtest):
    assert "Outages of" not in report.report_html(backtest)


def test_every_figure_has_words(backtest):
    assert set(backtest.summary["stats"]) == set(STATS)


def test_what_a_user_writes_is_no_code(backtest):
    backtest.name = "<script>alert(1)</script>"
    assert "<script>" not in report.report_html(backtest)


def test_in_its_owner_s_language(backtest):
    backtest.owner.language = "zh-hans"
    assert '<html lang="zh-hans">' in report.report_html(backtest)


def test_a_run_without_a_trade():
    quiet = PARAMETERS | {"dca_config": [{"spread": 500, "multiplier": 1}], "max_dca_times": 1}
    page = report.report_html(done(make_user(), parameters=quiet))
    assert "No cycle was closed." in page


def test_a_position_that_is_open_at_the_end():
    patient = PARAMETERS | {"profit_ratio": 900, "stop_loss_ratio": 0}
    backtest = done(make_user(), parameters=patient)
    assert backtest.summary["open_position"]
    assert "still open at the end" in report.report_html(backtest)


def test_more_cycles_than_a_page_can_hold(backtest, monkeypatch):
    monkeypatch.setattr(report, "CYCLES_MAX", 2)
    page = report.report_html(backtest)
    assert page.count("<td>Take profit</td>") + page.count("<td>Stop loss</td>") == 2
    assert f"{backtest.summary['stats']['cycles'] - 2} earlier ones" in page


@pytest.mark.parametrize("change", [{"status": "queued"}, {"status": "failed"}, {"kind": "search"}])
def test_there_is_none_before_the_result(change):
    backtest = queued(make_user())
    Backtest.objects.update(**{"status": "done"} | change)
    backtest.refresh_from_db()
    for made in (report.report_json, report.report_html):
        with pytest.raises(DomainError):
            made(backtest)


@pytest.mark.parametrize(
    ("ms", "text"),
    [(0, "0 h 00 m"), (5_400_000, "1 h 30 m"), (90_000_000, "1 d 1 h"), (31_536_000_000 * 10, "3,650 d 0 h")],
)
def test_durations(ms: int, text: str) -> None:
    assert duration(ms) == text


def test_cycles_carry_what_they_cost(backtest):
    trades: list[dict[str, Any]] = report.stored.trades_of(backtest)
    cycles = report.cycles_of(trades)
    assert sum(cycle["pnl"] for cycle in cycles) == pytest.approx(backtest.summary["realised"])
    closed = {cycle["cycle"] for cycle in cycles}
    paid = sum(trade["fees"] for trade in trades if trade["cycle"] in closed)
    assert sum(cycle["fees"] for cycle in cycles) == pytest.approx(paid)
    assert all(cycle["opened"] < cycle["t"] for cycle in cycles)
