"""What a market did within a day, and the funding of all markets, as each venue says it and as a paper market shows."""

from datetime import timedelta
from decimal import Decimal
from typing import Any

import pytest
from django.utils import timezone

from bots.tests.factories import CHZ, GALA, make_user
from exchanges.adapters.base import VenueQuote
from exchanges.adapters.paper_source import from_ms
from exchanges.market_windows import PublicWindow, Window, paper_window
from exchanges.tests.series import candle_dir, replay_account, simulated_account, stored_pair  # noqa: F401
from exchanges.tests.wire.accounts import SERVERS, serving

pytestmark = pytest.mark.django_db(transaction=True, databases=["default", "paper"])

D = Decimal


@pytest.fixture(params=sorted(SERVERS))
def exchange(request: Any) -> str:
    return str(request.param)


@pytest.fixture
def server(exchange: str, settings: Any) -> Any:
    with serving(exchange, settings) as server:
        yield server


def quotes_of(window: Window) -> Any:
    return window.quotes(sorted(window.markets()))


def test_change_and_volume_in_quote_currency(server: Any, exchange: str) -> None:
    """OKX counts the volume of contracts in coins: 1,000 of them at 0.02."""
    window = PublicWindow(exchange, "swap")
    days = window.days(quotes_of(window))
    assert set(days) == {GALA, CHZ}
    assert days[GALA].change == D(25)
    assert days[GALA].volume == (D(20) if exchange == "okx" else D("1234.5"))


@pytest.mark.parametrize("exchange", ["binance", "bybit"])
def test_spot_has_a_day_too(server: Any, exchange: str) -> None:
    window = PublicWindow(exchange, "spot")
    days = window.days(quotes_of(window))
    assert (days["GALA/USDT"].change, days["GALA/USDT"].volume) == (D(25), D("1234.5"))


def test_funding_of_all_swaps_in_one_question(server: Any, exchange: str) -> None:
    window = PublicWindow(exchange, "swap")
    quotes_of(window)
    before = len(server.paths())
    outlooks = window.outlooks()
    assert len(server.paths()) - before == 1
    assert {symbol: outlook.rate for symbol, outlook in outlooks.items()} == dict.fromkeys((GALA, CHZ), D("0.0001"))
    assert outlooks[GALA].next_at == window.funding(GALA).next_at
    assert PublicWindow(exchange, "spot").outlooks() == {}


def test_a_day_is_asked_for_once_by_everybody(server: Any, exchange: str, settings: Any) -> None:
    settings.MARKET_CACHE_TTL = 60.0
    window = PublicWindow(exchange, "swap")
    quotes: dict[str, VenueQuote] = dict(quotes_of(window))
    window.days(quotes)
    before = len(server.paths())
    PublicWindow(exchange, "swap").days(quotes)
    assert len(server.paths()) == before


def test_a_simulated_market_sums_up_its_own_candles() -> None:
    account = simulated_account(make_user())
    window = paper_window(account, "swap")
    quotes = window.quotes([GALA])
    hours = window.candles(GALA, "1h", None, 24)
    day = window.days(quotes)[GALA]
    assert day.volume == sum(hour.volume * hour.close for hour in hours)
    assert day.change is not None
    assert abs(day.change - (quotes[GALA].mid / hours[0].open - 1) * 100) < D("0.000001")


def test_a_replay_of_less_than_a_day_does_not_know(stored_pair: Any) -> None:  # noqa: F811
    window = paper_window(replay_account(make_user()), "swap")
    assert window.days(window.quotes([GALA])) == {}
    assert window.outlooks() == {}


def test_a_simulated_market_tells_its_funding() -> None:
    window = paper_window(simulated_account(make_user()), "swap")
    now = timezone.now()
    outlook, rates = window.funding(GALA), window.rates(GALA, now - timedelta(days=2))
    assert len(rates) == 6
    assert from_ms(rates[-1].at_ms) <= now < outlook.next_at <= now + timedelta(hours=8)
    assert window.outlooks()[GALA].rate == outlook.rate
