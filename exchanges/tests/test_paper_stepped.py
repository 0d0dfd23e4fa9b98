"""The stepped tape: one bar at a time, and what happens to orders, money and quotes on the way."""

from concurrent.futures import ThreadPoolExecutor
from datetime import timedelta
from decimal import Decimal
from typing import Any

import numpy as np
import pytest
from django.db import connections

from bots.tests.factories import make_user
from exchanges import market_data, tape
from exchanges.errors import OrderNotFound, Rejected
from exchanges.history import candles
from exchanges.models import ExchangeAccount
from exchanges.registry import venue_of
from exchanges.services import rehearsal_start
from exchanges.tests.contract.rig import Rig
from exchanges.tests.contract.suite import LONG_AGO
from exchanges.tests.series import CHZ, GALA, START, replay_account, series_of
from trading.core.candles import Candles
from trading.core.order_state import OrderStatus
from trading.core.position import LEDGER_UNIT

pytestmark = pytest.mark.django_db(transaction=True, databases=["default", "paper"])

D = Decimal
BAR = timedelta(minutes=5)


def tape_of(closes: list[float], **config: Any) -> tuple[ExchangeAccount, Rig]:
    """GALA with these closes; the width of its bars is 1 % each way. CHZ beside it stands still."""
    candles.save("binance", GALA, "5m", series_of(closes, tick=0.00001, width=0.01))
    candles.save("binance", CHZ, "5m", series_of([0.08] * len(closes), tick=0.0001))
    account = replay_account(make_user(), **config)

    def step() -> None:
        assert tape.advance(account, expected_index=tape.bar(account).index)

    def misbehave(**fault: Any) -> None:
        rehearsal_start(account=account, faults={"faults": [fault]})

    return account, Rig(venue_of(account), GALA, CHZ, D(1000), step, misbehave)


@pytest.fixture(autouse=True)
def _store(candle_dir: Any) -> None:
    """Every test has a candle store of its own."""


def exact(value: float) -> Decimal:
    return D(repr(float(value)))


def test_the_tape_advances_one_bar_at_a_time_to_its_end() -> None:
    account, _ = tape_of([0.03, 0.031, 0.032])
    assert tape.is_stepped(account)
    for index in range(3):
        bar = tape.bar(account)
        assert (bar.index, bar.opened_at, bar.last) == (index, START + index * BAR, index == 2)
        assert venue_of(account).clock() == bar.opened_at + BAR
        assert not tape.advance(account, expected_index=index - 1)
        assert not tape.advance(account, expected_index=index + 1)
        assert tape.advance(account, expected_index=index) == (index < 2)
    assert tape.bar(account).index == 2


def test_only_one_of_many_advances() -> None:
    account, _ = tape_of([0.03] * 5)
    tape.bar(account)

    def advance(_: int) -> bool:
        try:
            return tape.advance(account, expected_index=0)
        finally:
            connections.close_all()

    with ThreadPoolExecutor(6) as pool:
        assert sum(pool.map(advance, range(6))) == 1
    assert tape.bar(account).index == 1


def test_other_accounts_are_no_tapes(stored_pair: Any) -> None:
    account = replay_account(make_user(), speed=60)
    assert not tape.is_stepped(account)
    with pytest.raises(TypeError):
        tape.bar(account)


def test_quotes_are_the_close_of_the_current_bar() -> None:
    account, rig = tape_of([0.03, 0.031], half_spread_bps=2)
    rig.step()
    quote = market_data.quotes(account, [GALA])[GALA]
    assert (quote.bid, quote.ask) == (D("0.031") * D("0.9998"), D("0.031") * D("1.0002"))
    assert quote.mid == quote.last == D("0.031")
    assert quote.at == quote.alive_at == START + 2 * BAR


def test_a_market_order_fills_at_the_next_open_with_slippage() -> None:
    _, rig = tape_of([0.03, 0.031, 0.032], slippage_bps=5)
    rig.step()
    for side in ("buy", "sell"):
        report = rig.venue.create_order(rig.request(side))
        assert (report.status, report.filled, report.fills) == (OrderStatus.OPEN, D(0), ())
    rig.step()
    fills = rig.venue.fills(GALA, since=LONG_AGO)
    assert [fill.price for fill in fills] == [D("0.031") * D("1.0005"), D("0.031") * D("0.9995")]
    assert {fill.at for fill in fills} == {START + 2 * BAR}
    assert [fill.fee for fill in fills] == [(fill.price * 1000 * D("0.0005")).quantize(LEDGER_UNIT) for fill in fills]


def test_a_cap_is_held_against_the_next_open() -> None:
    """The price jumps while the order is on its way: a bar opens far from the close before it."""
    series = series_of([0.03, 0.03, 0.036], tick=0.00001)
    opens = series.opens.copy()
    opens[1] = 0.0301
    candles.save(
        "binance", GALA, "5m", Candles(series.times, opens, series.highs, series.lows, series.closes, series.volumes)
    )
    candles.save("binance", CHZ, "5m", series_of([0.08] * 3, tick=0.0001))
    account = replay_account(make_user(), slippage_bps=0)
    venue = venue_of(account)
    rig = Rig(venue, GALA, CHZ, D(1000), lambda: None, lambda: None)
    capped, wide = (rig.request("buy", "ioc", price=D(price)) for price in ("0.03009", "0.0301"))
    for request in (capped, wide):
        venue.create_order(request)
    tape.advance(account, expected_index=0)
    assert (rig.fetched(capped).status, rig.fetched(capped).filled) == (OrderStatus.CANCELED, D(0))
    assert [fill.price for fill in rig.fetched(wide).fills] == [D("0.0301")]


def test_a_resting_order_fills_when_a_bar_reaches_it_and_pays_the_makers_fee() -> None:
    _, rig = tape_of([0.03, 0.03, 0.0298, 0.0295], half_spread_bps=0)
    request = rig.request("buy", "limit", price=D("0.0296"))
    rig.venue.create_order(request)
    rig.step()
    assert rig.fetched(request).status == OrderStatus.OPEN
    rig.step()
    (fill,) = rig.fetched(request).fills
    assert (fill.price, fill.fee) == (D("0.0296"), D("0.0296") * 1000 * D("0.0002"))


def test_nothing_is_accepted_on_the_last_bar() -> None:
    _, rig = tape_of([0.03, 0.03])
    rig.step()
    with pytest.raises(Rejected) as refusal:
        rig.venue.create_order(rig.request())
    assert refusal.value.code == "tape_end"


def test_what_one_market_lacks_waits_for_its_next_bar() -> None:
    whole, holed = series_of([0.03] * 4, tick=0.00001), series_of([0.08, 0.081, 0.082, 0.083], tick=0.0001)
    candles.save("binance", GALA, "5m", whole)
    candles.save("binance", CHZ, "5m", without(holed, 1))
    account = replay_account(make_user(), slippage_bps=0)
    venue = venue_of(account)
    rig = Rig(venue, CHZ, GALA, D(1000), lambda: None, lambda: None)
    request = rig.request()
    venue.create_order(request)
    tape.advance(account, expected_index=0)
    assert set(venue.quotes([GALA, CHZ])) == {GALA}
    assert rig.fetched(request).status == OrderStatus.OPEN
    tape.advance(account, expected_index=1)
    assert [fill.price for fill in rig.fetched(request).fills] == [exact(holed.opens[2])]


def test_a_re_import_that_lengthens_the_tape_moves_nobody() -> None:
    account, rig = tape_of([0.03, 0.031])
    rig.step()
    assert tape.bar(account).last
    earlier = series_of([0.02] * 3, tick=0.00001, start=START - 3 * BAR)
    later = series_of([0.033] * 3, tick=0.00001, start=START + 2 * BAR)
    candles.save("binance", GALA, "5m", earlier)
    candles.save("binance", GALA, "5m", later)
    bar = tape.bar(account)
    assert (bar.index, bar.opened_at, bar.last) == (1, START + BAR, False)
    rig.step()
    assert market_data.quotes(account, [GALA])[GALA].last == D("0.033")


def test_the_tape_ends_where_it_was_told_to() -> None:
    account, rig = tape_of([0.03] * 5, end=(START + BAR).isoformat())
    rig.step()
    assert tape.bar(account).last


def without(series: Candles, bar: int) -> Candles:
    """The series with a hole."""
    prices = (np.delete(c, bar) for c in (series.opens, series.highs, series.lows, series.closes, series.volumes))
    return Candles(np.delete(series.times, bar), *prices)


def hold(rig: Rig, side: str = "buy", amount: Decimal | None = None) -> None:
    report = rig.done(rig.request(side, amount=amount or rig.amount))
    assert report.status == OrderStatus.CLOSED


@pytest.mark.parametrize(("side", "sign"), [("buy", 1), ("sell", -1)])
def test_funding_is_paid_once_by_what_was_held_at_its_stamp(side: str, sign: int) -> None:
    _, rig = tape_of([0.03, 0.03, 0.031, 0.031, 0.031])
    stamps = np.array([int((START + k * BAR).timestamp() * 1000) + 7 for k in (1, 3)])
    candles.save_funding("binance", GALA, stamps, np.array([0.01, -0.002]))
    hold(rig, side)  # at the open of bar 1, where the first payment falls due: not held then
    before = rig.venue.balance().total
    rig.step()
    assert not rig.venue.funding_payments(since=LONG_AGO)
    rig.step()
    (payment,) = rig.venue.funding_payments(since=LONG_AGO)
    assert payment.amount == sign * D("0.002") * D("0.031") * 1000
    assert payment.at == START + 3 * BAR
    assert rig.venue.balance().total == before + payment.amount
    rig.step()
    assert len(rig.venue.funding_payments(since=LONG_AGO)) == 1
    assert not rig.venue.funding_payments(since=payment.at + timedelta(seconds=1))


def test_an_account_that_lost_its_margin_is_closed_out() -> None:
    _, rig = tape_of([0.03, 0.03, 0.029, 0.0271, 0.027], initial_balance=100, taker_fee="0")
    rig.venue.set_leverage(GALA, leverage=20, margin_mode="cross")
    hold(rig, amount=D(34_000))
    resting = rig.request("buy", "limit", amount=D(1000), price=D("0.01"))
    rig.venue.create_order(resting)
    rig.step()
    assert rig.held() == 34_000
    rig.step()
    assert rig.held() == 0
    assert rig.fetched(resting).reason == "liquidation"
    closing = rig.venue.fills(GALA, since=START + 2 * BAR)[-1]
    assert (closing.side, closing.price, closing.client_order_id[:11]) == ("sell", D("0.0271"), "liquidation")
    report = rig.venue.fetch_order(GALA, client_order_id=closing.client_order_id)
    assert (report.status, report.reason) == (OrderStatus.CLOSED, "liquidation")


def test_an_isolated_position_goes_down_alone() -> None:
    _, rig = tape_of([0.03, 0.03, 0.0284, 0.028])
    rig.venue.set_leverage(GALA, leverage=20, margin_mode="isolated")
    hold(rig, amount=D(10_000))
    other = rig.request(symbol=CHZ, amount=D(1000))
    rig.venue.create_order(other)
    rig.step()
    assert {position.symbol for position in rig.venue.positions()} == {CHZ}
    assert rig.venue.balance().total > 9_900


def test_a_slow_order_lets_bars_pass() -> None:
    _, rig = tape_of([0.03, 0.031, 0.032, 0.033, 0.034], slippage_bps=0)
    rig.misbehave(fault="slow", steps=2, next=1)
    request = rig.request()
    rig.venue.create_order(request)
    for _ in range(2):
        rig.step()
        assert rig.fetched(request).status == OrderStatus.OPEN
    rig.step()
    assert [fill.price for fill in rig.fetched(request).fills] == [D("0.032")]


def test_one_leg_alone_can_be_refused() -> None:
    _, rig = tape_of([0.03] * 3)
    rig.misbehave(fault="reject", symbol=CHZ, next=1)
    rig.venue.create_order(rig.request())
    with pytest.raises(Rejected):
        rig.venue.create_order(rig.request("sell", symbol=CHZ))
    rig.venue.create_order(rig.request("sell", symbol=CHZ))


def test_a_refusal_leaves_nothing_behind_but_is_used_up() -> None:
    _, rig = tape_of([0.03] * 3)
    rig.misbehave(fault="reject", next=1)
    request = rig.request()
    with pytest.raises(Rejected):
        rig.venue.create_order(request)
    with pytest.raises(OrderNotFound):
        rig.fetched(request)
    assert rig.venue.create_order(request).status == OrderStatus.OPEN


def test_frozen_quotes_stand_still_while_the_tape_goes_on() -> None:
    account, rig = tape_of([0.03, 0.031, 0.032])
    rig.misbehave(fault="freeze", symbol=GALA)
    rig.step()
    quotes = market_data.quotes(account, [GALA, CHZ])
    assert (quotes[GALA].last, quotes[GALA].alive_at) == (D("0.03"), START + BAR)
    assert quotes[CHZ].alive_at == START + 2 * BAR
    rehearsal_start(account=account, faults={})
    assert market_data.quotes(account, [GALA])[GALA].last == D("0.031")


def test_a_thin_book_fills_what_it_has() -> None:
    account, rig = tape_of([0.03] * 3, depth=15, slippage_bps=0)
    assert market_data.quotes(account, [GALA])[GALA].ask_size == pytest.approx(D(500), rel=D("0.001"))
    report = rig.done(rig.request("buy", "ioc", price=D("0.031")))
    assert (report.status, report.filled) == (OrderStatus.CANCELED, D(500))


def test_orders_do_not_outgrow_the_lots_when_rounding_is_off() -> None:
    _, rig = tape_of([0.03] * 3, lot_rounding=False)
    report = rig.done(rig.request(amount=D("0.123456789012")))
    assert report.filled == D("0.123456789012")
    with pytest.raises(Rejected):
        rig.venue.create_order(rig.request(amount=D("0.1234567890123")))
