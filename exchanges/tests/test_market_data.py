"""Start prices, rules and candles as bots ask for them."""

from datetime import timedelta
from decimal import Decimal
from typing import Any

import pytest
from django.core.exceptions import ValidationError
from django.utils import timezone

from bots.tests.factories import make_user
from exchanges import market_data, tape
from exchanges.adapters.paper_simulated import LISTED_MS
from exchanges.adapters.paper_source import from_ms
from exchanges.history import candles
from exchanges.registry import close_all, venue_of
from exchanges.tests.series import CHZ, GALA, START, replay_account, series_of, simulated_account

pytestmark = pytest.mark.django_db(transaction=True, databases=["default", "paper"])

D = Decimal
BAR = timedelta(minutes=5)


@pytest.fixture(autouse=True)
def _store(candle_dir: Any) -> None:
    """Every test has a candle store of its own."""


def account_on(timeframe: str = "5m", closes: tuple[float, ...] = (0.03, 0.031, 0.032), bars_gone: int = 0) -> Any:
    for symbol in (GALA, CHZ):
        candles.save("binance", symbol, timeframe, series_of(closes, tick=0.00001, timeframe=timeframe))
    account = replay_account(make_user(), timeframe=timeframe)
    for index in range(bars_gone):
        assert tape.advance(account, expected_index=index)
    return account


def refused(account: Any, at: Any, symbol: str = GALA) -> str:
    with pytest.raises(ValidationError) as refusal:
        market_data.start_price(account, symbol, at)
    return str(refusal.value.code)


def test_the_open_of_the_bar_that_contains_the_start() -> None:
    account = account_on(bars_gone=2)
    for offset, price in ((0, "0.03"), (299, "0.03"), (300, "0.03"), (600, "0.031"), (899, "0.031")):
        assert market_data.start_price(account, GALA, START + timedelta(seconds=offset)) == D(price)


def test_finer_candles_are_preferred() -> None:
    account = account_on(bars_gone=2)
    candles.save("binance", GALA, "1m", series_of([0.01, 0.011, 0.012, 0.013], tick=0.00001, timeframe="1m"))
    assert market_data.start_price(account, GALA, START + timedelta(seconds=130)) == D("0.011")
    assert market_data.start_price(account, GALA, START + timedelta(minutes=14)) == D("0.012")
    assert market_data.start_price(account, CHZ, START + timedelta(seconds=130)) == D("0.03")


def test_a_day_may_be_a_day_old_but_no_more() -> None:
    account = account_on("1d", bars_gone=2)
    assert market_data.start_price(account, GALA, START + timedelta(hours=23)) == D("0.03")


def test_there_is_no_price_before_the_beginning_or_after_now() -> None:
    account = account_on(bars_gone=1)
    assert refused(account, START - timedelta(seconds=1)) == "no_price"
    assert refused(account, START + 2 * BAR + timedelta(seconds=1)) == "future"
    assert refused(account, START, "DOGE/USDT:USDT") == "unknown_market"
    simulated = simulated_account(make_user())
    assert refused(simulated, from_ms(LISTED_MS) - BAR) == "no_price"
    assert refused(simulated, timezone.now() + timedelta(minutes=1)) == "future"


def test_longer_candles_are_put_together_from_shorter_ones() -> None:
    account = account_on(closes=(0.03, 0.031, 0.032, 0.033, 0.034, 0.035, 0.036), bars_gone=6)
    one, two = market_data.closed_candles(account, GALA, "15m")
    assert (one.at, one.open, one.close) == (START, D("0.03"), D("0.032"))
    assert (two.at, two.open, two.close, two.volume) == (START + 3 * BAR, D("0.032"), D("0.035"), D(300_000))
    parts = market_data.closed_candles(account, GALA, "5m", limit=7)
    assert (two.high, two.low) == (max(p.high for p in parts[3:6]), min(p.low for p in parts[3:6]))
    assert list(market_data.closed_candles(account, GALA, "15m", since=two.at)) == [two]
    assert market_data.closed_candles(account, GALA, "1m") == []


def test_candles_come_in_pages() -> None:
    account = account_on(closes=tuple(0.03 + k / 1000 for k in range(9)), bars_gone=8)
    newest = market_data.closed_candles(account, GALA, "5m", limit=3)
    assert [row.at for row in newest] == [START + k * BAR for k in (6, 7, 8)]
    page = market_data.closed_candles(account, GALA, "5m", since=START + 2 * BAR, limit=2)
    assert [row.at for row in page] == [START + k * BAR for k in (2, 3)]


def test_rules_say_where_they_come_from() -> None:
    account = account_on()
    candles.save("binance", "NEWCOIN/USDT:USDT", "5m", series_of([1.0, 1.5], tick=0.5))
    other = replay_account(make_user(), symbols=["NEWCOIN/USDT:USDT"])
    assert market_data.rules_source(account, GALA) == "published"
    assert market_data.rules_source(other, "NEWCOIN/USDT:USDT") == "series"
    assert market_data.market_rules(other, "NEWCOIN/USDT:USDT").price_tick == D("0.1")


def test_a_venue_is_shared_until_its_account_changes() -> None:
    account = simulated_account(make_user())
    venue = venue_of(account)
    assert venue_of(account) is venue
    account.save()
    changed = venue_of(account)
    assert changed is not venue
    close_all()
    assert venue_of(account) is not changed
