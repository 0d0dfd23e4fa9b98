"""The simulated market: the same for everybody, looking like a market, cointegrated."""

import itertools
import subprocess
import sys
from datetime import UTC, datetime
from decimal import Decimal

import numpy as np
import pytest

from exchanges.adapters.paper_noise import COINS
from exchanges.adapters.paper_simulated import FUNDING_MS, LISTED_MS, Simulation
from exchanges.adapters.paper_source import to_ms
from exchanges.contract_rules import PUBLISHED
from exchanges.symbols import base_of

D = Decimal
NOW = to_ms(datetime(2026, 3, 4, 5, 6, 7, tzinfo=UTC))
MINUTES = np.arange(NOW // 1000 - 20 * 86_400, NOW // 1000, 60)
GALA, CHZ = "GALA/USDT:USDT", "CHZ/USDT:USDT"
PAIRS = [(GALA, CHZ), ("ETH/USDT:USDT", "BTC/USDT:USDT"), ("SOL/USDT:USDT", "AVAX/USDT:USDT")]


def market(seed: int = 1, volatility: str = "1") -> Simulation:
    ticks = {symbol: D(PUBLISHED["binance"][base_of(symbol)].tick) for symbol in COINS}
    return Simulation(seed=seed, volatility=D(volatility), speed=D(1), half_spread=D("0.0001"), ticks=ticks)


def test_every_process_sees_the_same_price() -> None:
    script = (
        "from exchanges.tests.test_simulated import market, GALA, NOW;"
        "print(*(market().mark(GALA, NOW + k * 1000) for k in range(5)))"
    )
    elsewhere = subprocess.run([sys.executable, "-c", script], capture_output=True, text=True, check=True, timeout=60)
    assert elsewhere.stdout.split() == [str(market().mark(GALA, NOW + k * 1000)) for k in range(5)]


def test_seeds_make_different_markets() -> None:
    assert not np.allclose(market(1).prices(GALA, MINUTES), market(2).prices(GALA, MINUTES))


@pytest.mark.parametrize("pair", PAIRS)
def test_a_pair_moves_together_and_its_spread_comes_back(pair: tuple[str, str]) -> None:
    logs = [np.log(market().prices(symbol, MINUTES)) for symbol in pair]
    yearly = [np.diff(log).std() * np.sqrt(525_600) for log in logs]
    assert all(0.5 < volatility < 2 for volatility in yearly)
    assert np.corrcoef(np.diff(logs[0]), np.diff(logs[1]))[0, 1] > 0.3
    gap = logs[0] - COINS[pair[0]].beta / COINS[pair[1]].beta * logs[1]
    away = gap - gap.mean()
    later = 1440  # a day
    assert 0.005 < away.std() < 0.05
    assert np.mean(away[later:] * away[:-later]) / away.var() < 0.6
    assert np.abs(gap[60:] - gap[:-60]).mean() > 0.003  # it moves enough within an hour to be traded


def test_volatility_scales_the_moves() -> None:
    calm, wild = (np.diff(np.log(market(volatility=v).prices(GALA, MINUTES))).std() for v in ("1", "3"))
    assert wild / calm == pytest.approx(3)


def test_prices_stay_near_their_base_for_years() -> None:
    days = np.arange(LISTED_MS // 1000, NOW // 1000, 86_400)
    for symbol, coin in COINS.items():
        prices = market().prices(symbol, days)
        assert coin.base_price / 4 < prices.min() < prices.max() < coin.base_price * 4


def test_candles_fit_the_quotes_and_each_other() -> None:
    simulation = market()
    rows = simulation.candles(GALA, "5m", closed_by_ms=NOW, since_ms=None, limit=50)
    assert len(rows) == 50
    assert to_ms(rows[-1].at) + 300_000 <= NOW < to_ms(rows[-1].at) + 600_000
    assert rows[-1].open == simulation.mark(GALA, to_ms(rows[-1].at))
    assert all(before.close == after.open for before, after in itertools.pairwise(rows))
    assert all(row.low <= min(row.open, row.close) <= max(row.open, row.close) <= row.high for row in rows)
    assert all(row.volume > 0 and row.close % D("0.00001") == 0 for row in rows)
    again = simulation.candles(GALA, "5m", closed_by_ms=NOW, since_ms=to_ms(rows[10].at), limit=5)
    assert again == rows[10:15]


def test_nothing_before_the_listing_and_nothing_unknown() -> None:
    simulation = market()
    assert simulation.touch(GALA, LISTED_MS - 1) is None
    assert simulation.touch("NOSUCH/USDT:USDT", NOW) is None
    assert not simulation.candles(GALA, "1d", closed_by_ms=LISTED_MS + 1, since_ms=0, limit=500)
    assert not simulation.candles(GALA, "7m", closed_by_ms=NOW, since_ms=None, limit=5)


def test_extremes_contain_both_ends() -> None:
    simulation = market()
    low, high = simulation.extremes(GALA, NOW - 600_000, NOW) or (None, None)
    ends = [simulation.mark(GALA, NOW - 600_000), simulation.mark(GALA, NOW)]
    assert low is not None
    assert high is not None
    assert all(low <= end <= high for end in ends if end is not None)


def test_funding_falls_due_every_eight_hours() -> None:
    rates = market().funding(GALA, NOW - 10 * FUNDING_MS, NOW)
    assert len(rates) == 10
    assert all(rate.at_ms % FUNDING_MS == 0 and abs(rate.rate) < D("0.001") for rate in rates)
    assert market().funding(GALA, rates[-1].at_ms, NOW) == []
    assert market().funding(GALA, rates[-1].at_ms - 1, NOW) == rates[-1:]
