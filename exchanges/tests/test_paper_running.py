"""The paper venue on prices that run with the clock: time, resting orders, funding and liquidation between visits."""

from datetime import timedelta
from decimal import Decimal
from typing import Any

import numpy as np
import pytest
from django.utils import timezone

from bots.tests.factories import make_user
from exchanges import market_data
from exchanges.history import candles
from exchanges.models import ExchangeAccount
from exchanges.registry import forget, venue_of
from exchanges.services import rehearsal_start
from exchanges.tests.contract.rig import Rig
from exchanges.tests.contract.suite import LONG_AGO
from exchanges.tests.series import CHZ, GALA, START, replay_account, series_of, simulated_account
from trading.core.order_state import OrderStatus

pytestmark = pytest.mark.django_db(transaction=True, databases=["default", "paper"])

D = Decimal
FREEZING = "0.001"  # so slow that nothing moves while a test runs
BAR = timedelta(minutes=5)


@pytest.fixture(autouse=True)
def _store(candle_dir: Any) -> None:
    """Every test has a candle store of its own."""


def replay_of(closes: list[float], **config: Any) -> ExchangeAccount:
    candles.save("binance", GALA, "5m", series_of(closes, tick=0.00001, width=0.01))
    candles.save("binance", CHZ, "5m", series_of([0.08] * len(closes), tick=0.0001))
    return replay_account(make_user(), **({"speed": FREEZING} | config))


def market_at(account: ExchangeAccount, elapsed: timedelta) -> Rig:
    """The venue as it is when the market has run for some time since the account was opened."""
    speed = D(account.paper_config["speed"])
    opened = timezone.now() - timedelta(seconds=float(D(elapsed.total_seconds()) / speed))
    ExchangeAccount.objects.filter(pk=account.pk).update(created_at=opened)
    account.refresh_from_db()
    forget(account.pk)
    return Rig(venue_of(account), GALA, CHZ, D(1000), lambda: None, lambda: None)


def test_the_clock_runs_at_its_speed_and_stops_at_the_end() -> None:
    account = replay_of([0.03] * 4, speed="60")
    for elapsed, shown in ((timedelta(minutes=7), timedelta(minutes=7)), (timedelta(hours=5), 4 * BAR)):
        clock = market_at(account, elapsed).venue.clock()
        assert START + shown <= clock <= START + shown + timedelta(minutes=2)


@pytest.mark.parametrize(
    ("elapsed_s", "price"),
    [(0, "0.03"), (50, "0.02985"), (100, "0.0297"), (200, "0.0303"), (299.9, "0.03")],
)
def test_within_a_bar_the_price_visits_low_and_high(elapsed_s: float, price: str) -> None:
    rig = market_at(replay_of([0.03] * 3, half_spread_bps=0), timedelta(seconds=elapsed_s))
    assert rig.venue.quotes([GALA])[GALA].last == pytest.approx(D(price), rel=D("0.0002"))


def test_a_falling_bar_visits_its_high_first() -> None:
    rig = market_at(replay_of([0.03, 0.0297]), BAR + timedelta(seconds=100))
    assert rig.venue.quotes([GALA])[GALA].last == pytest.approx(D("0.0303"), rel=D("0.0002"))


def test_the_book_stands_on_whole_ticks() -> None:
    rig = market_at(replay_of([0.03] * 3, half_spread_bps=0), timedelta(seconds=77))
    quote = rig.venue.quotes([GALA])[GALA]
    assert quote.bid % D("0.00001") == quote.ask % D("0.00001") == 0
    assert quote.bid < quote.last < quote.ask
    assert quote.ask - quote.bid == D("0.00001")


def test_a_taker_pays_the_touch_and_slippage() -> None:
    rig = market_at(replay_of([0.03] * 3, slippage_bps=10), timedelta(0))
    quote = rig.venue.quotes([GALA])[GALA]
    (fill,) = rig.done(rig.request("buy")).fills
    assert fill.price == quote.ask * D("1.001")


def test_a_resting_order_fills_because_the_price_came_by_in_the_meantime() -> None:
    """It stands above the limit before and after; in between the bar's low was below."""
    account = replay_of([0.03] * 4, half_spread_bps=0)
    rig = market_at(account, timedelta(seconds=1))
    request = rig.request("buy", "limit", price=D("0.02975"))
    assert rig.venue.create_order(request).status == OrderStatus.OPEN
    rig = market_at(account, timedelta(seconds=200))
    assert rig.venue.quotes([GALA])[GALA].ask > D("0.03")
    (fill,) = rig.fetched(request).fills
    assert (fill.price, fill.fee) == (D("0.02975"), D("0.02975") * 1000 * D("0.0002"))


def test_funding_that_fell_due_is_paid_once() -> None:
    account = replay_of([0.03] * 6)
    stamps = np.array([int((START + k * BAR).timestamp() * 1000) for k in (1, 2, 4)])
    candles.save_funding("binance", GALA, stamps, np.array([0.01, 0.002, 0.003]))
    rig = market_at(account, BAR + timedelta(seconds=10))
    rig.done(rig.request("sell"))
    rig = market_at(account, 5 * BAR)
    payments = rig.venue.funding_payments(since=LONG_AGO)
    assert [payment.at for payment in payments] == [START + 2 * BAR, START + 4 * BAR]
    assert [payment.amount for payment in payments] == [D("0.002") * D("0.03") * 1000, D("0.003") * D("0.03") * 1000]
    assert rig.venue.funding_payments(since=LONG_AGO) == payments


def test_an_account_that_lost_its_margin_is_closed_out_at_the_next_visit() -> None:
    account = replay_of([0.03, 0.03, 0.02, 0.02], initial_balance=100)
    rig = market_at(account, timedelta(0))
    rig.venue.set_leverage(GALA, leverage=10, margin_mode="cross")
    rig.done(rig.request("buy", amount=D(20_000)))
    rig = market_at(account, 3 * BAR)
    assert not rig.venue.positions()
    assert rig.venue.balance().free == 0


def test_time_never_goes_back_for_what_was_dealt_with() -> None:
    account = replay_of([0.03] * 6)
    rig = market_at(account, 3 * BAR)
    report = rig.done(rig.request("buy"))
    rig = market_at(account, BAR)
    assert rig.done(rig.request("sell")).at >= report.at


def test_an_order_that_is_slow_fills_some_questions_later() -> None:
    account = replay_of([0.03] * 3)
    rig = market_at(account, timedelta(0))
    rehearsal_start(account=account, faults={"faults": [{"fault": "slow", "steps": 2, "next": 1}]})
    request = rig.request()
    statuses = [rig.venue.create_order(request).status, rig.fetched(request).status, rig.fetched(request).status]
    assert statuses == [OrderStatus.OPEN, OrderStatus.OPEN, OrderStatus.CLOSED]


def test_frozen_quotes_grow_old() -> None:
    account = replay_of([0.03, 0.031, 0.032, 0.033])
    market_at(account, BAR)
    rehearsal_start(account=account, faults={"faults": [{"fault": "freeze", "symbol": GALA}]})
    rig = market_at(account, 3 * BAR)
    quotes = rig.venue.quotes([GALA, CHZ])
    assert quotes[CHZ].alive_at - quotes[GALA].alive_at >= BAR
    assert quotes[GALA].last == pytest.approx(D("0.03"), rel=D("0.02"))


def test_start_prices_come_from_the_recording() -> None:
    account = replay_of([0.03, 0.031, 0.032, 0.033])
    market_at(account, 3 * BAR + timedelta(seconds=10))
    assert market_data.start_price(account, GALA, START) == D("0.03")
    assert market_data.start_price(account, GALA, START + 2 * BAR + timedelta(seconds=299)) == D("0.031")


def test_two_accounts_of_one_seed_see_one_market() -> None:
    user, moment = make_user(), timezone.now() - timedelta(hours=1)
    one, two = (simulated_account(user, label=label, seed=5) for label in ("one", "two"))
    other = simulated_account(user, label="other", seed=6)
    prices = [market_data.start_price(account, GALA, moment) for account in (one, two, other)]
    assert prices[0] == prices[1] != prices[2]
