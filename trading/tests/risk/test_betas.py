"""How much coins move with BTC: measured from candles, taken for 1 and said so where there are none."""

from datetime import timedelta
from typing import Any

import numpy as np
import pytest
from django.core.cache import cache

from accounts.tests.clients import bearer
from bots.tests.factories import CHZ, GALA, make_user
from bots.tests.page_client import page_of
from exchanges.history import candles
from exchanges.tests.series import START, candle_dir, replay_account, series_of  # noqa: F401
from trading.core.market_beta import LEAST_BARS, beta
from trading.risk.betas import betas_measure
from trading.tests.risk.test_api import make_open_bot

BARS = 900


def walks(*betas: float, bars: int = BARS) -> list[Any]:
    """Prices of BTC, and of coins that follow it with a little noise of their own."""
    random = np.random.default_rng(5)
    market = random.normal(0, 0.01, bars)
    moves = [market, *(share * market + random.normal(0, 0.001, bars) for share in betas)]
    return [scale * np.exp(np.cumsum(move)) for scale, move in zip((60_000, 0.035, 0.082), moves, strict=False)]


@pytest.mark.parametrize("share", [-0.5, 0.0, 0.4, 1.0, 1.8])
def test_the_slope_of_a_coins_changes_is_found(share: float) -> None:
    market, coin = walks(share)
    assert beta(coin, market) == pytest.approx(share, abs=0.02)


def test_too_few_bars_and_a_market_that_stands_still_say_nothing() -> None:
    market, coin = walks(1.0)
    assert beta(coin[: LEAST_BARS - 1], market[: LEAST_BARS - 1]) is None
    assert beta(coin, np.full(BARS, 60_000.0)) is None
    with pytest.raises(ValueError, match="above 0"):
        beta(coin, market * 0)


@pytest.mark.django_db(transaction=True, databases=["default", "paper"])
@pytest.mark.usefixtures("candle_dir")
def test_the_stress_table_moves_each_coin_by_its_own_share() -> None:
    for symbol, values in zip(("BTC/USDT:USDT", GALA, CHZ), walks(1.8, 0.4), strict=True):
        candles.save("binance", symbol, "1h", series_of(values, tick=1e-6, timeframe="1h"), source="generated")
    owner = make_user()
    account = replay_account(
        owner, timeframe="1h", start=START + timedelta(hours=BARS - 5), symbols=["BTC/USDT:USDT", GALA, CHZ]
    )
    make_open_bot(account=account)
    betas_measure()
    (pair,) = bearer(owner).get("/api/v1/risk/stress?kind=paper").json()["pairs"]
    one, two = (leg["beta"] for leg in pair["betas"])
    assert (one, two) == (pytest.approx(1.8, abs=0.02), pytest.approx(0.4, abs=0.02))
    # -77 of GALA and +88.4 of CHZ: alike they would nearly cancel each other
    expected = (-77 * round(one, 4) + 88.4 * round(two, 4)) / 10
    assert float(pair["market_up"]) == pytest.approx(expected, abs=1e-6)
    assert float(pair["market_down"]) == pytest.approx(-expected, abs=1e-6)
    assert "taken to move just as BTC does" not in page_of(owner, "/risk/")
    cache.delete_many([f"beta:{account.pk}:{symbol}" for symbol in (GALA, CHZ)])
    assert "taken to move just as BTC does: CHZ/USDT, GALA/USDT" in " ".join(page_of(owner, "/risk/").split())
