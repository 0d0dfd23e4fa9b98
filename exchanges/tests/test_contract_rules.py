"""Contract rules: published ones that fit what was recorded, derived ones that say so."""

from decimal import Decimal
from pathlib import Path

import numpy as np
import polars as pl
import pytest

from exchanges.adapters.paper_noise import COINS
from exchanges.contract_rules import PUBLISHED, USUAL, RulesSource, rules_of, without_lots
from exchanges.symbols import base_of
from exchanges.tests.series import series_of
from trading.core.candles import Candles

D = Decimal
DATA = Path(__file__).resolve().parents[2].parent / "shared" / "data"
RECORDED = [("binance", name) for name in ("BTC", "ETH", "SOL", "XRP", "ADA")] + [("okx", "BTC"), ("okx", "ETH")]


def test_published_figures_are_in_base_units() -> None:
    okx = rules_of("okx", "BTC/USDT:USDT")
    assert okx.source is RulesSource.PUBLISHED
    assert (okx.rules.contract_size, okx.rules.amount_step, okx.rules.price_tick) == (D("0.01"), D("0.0001"), D("0.1"))
    binance = rules_of("binance", "BTC/USDT:USDT").rules
    assert (binance.notional_min, binance.taker_fee, binance.max_leverage) == (D(100), D("0.0005"), D(125))
    assert rules_of("binance", "GALA/USDT:USDT").rules.notional_min == 5


def test_the_whole_table_can_be_read() -> None:
    for venue, contracts in PUBLISHED.items():
        for base in contracts:
            rules = rules_of(venue, f"{base}/USDT:USDT").rules
            assert rules.amount_step == rules.amount_min > 0
            assert rules.price_tick > 0
            assert rules.max_leverage >= 50
            assert rules.taker_fee == USUAL[venue].taker_fee
        assert {base_of(symbol) for symbol in COINS} <= set(contracts)


def test_other_markets_get_the_steps_of_their_series() -> None:
    series = series_of([1.2345, 1.2346, 1.2351], tick=0.0001)
    volumes = np.array([10.25, 3.5, 7.0])
    series = Candles(series.times, series.opens, series.highs, series.lows, series.closes, volumes)
    found = rules_of("bybit", "NEWCOIN/USDT:USDT", series)
    assert found.source is RulesSource.SERIES
    assert (found.rules.price_tick, found.rules.amount_step, found.rules.notional_min) == (D("0.0001"), D("0.01"), D(5))


def test_nothing_is_invented() -> None:
    with pytest.raises(LookupError):
        rules_of("binance", "NEWCOIN/USDT:USDT")
    with pytest.raises(LookupError):
        rules_of("binance", "BTC/USDC:USDC")


def test_rules_without_rounding() -> None:
    rules = without_lots(rules_of("binance", "BTC/USDT:USDT").rules)
    assert {rules.amount_step, rules.amount_min, rules.price_tick, rules.notional_min} == {D(0)}
    assert rules.taker_fee == D("0.0005")


@pytest.mark.parametrize(("venue", "base"), RECORDED)
def test_recorded_prices_stand_on_the_published_tick(venue: str, base: str) -> None:
    files = sorted(DATA.glob(f"{venue}_{base}-USDT-SWAP_[15]m.csv.gz"))
    if not files:
        pytest.skip(f"no recorded data at {DATA}")
    closes = pl.read_csv(files[0], columns=["close"])["close"].to_numpy()
    ticks = closes / float(PUBLISHED[venue][base].tick)
    assert np.abs(ticks - np.rint(ticks)).max() < 1e-6
