"""What every adapter must do where coins are traded for money. Subclass, and give the fixture `rig`."""

from dataclasses import replace
from datetime import timedelta
from decimal import Decimal

import pytest

from exchanges.adapters.live import LiveVenue
from exchanges.errors import DuplicateOrder, OrderNotFound, OutcomeUnknown, Rejected
from exchanges.tests.contract.rig import Rig
from exchanges.tests.contract.suite import LONG_AGO, MarketDataContract, outcome_of
from trading.core.order_state import OrderStatus

NOTHING: tuple[object, ...] = ()


def coin(rig: Rig, name: str = "GALA") -> Decimal:
    assert isinstance(rig.venue, LiveVenue)
    return {held.currency: held.total for held in rig.venue.coins()}.get(name, Decimal(0))


class SpotContract(MarketDataContract):
    def test_a_purchase_brings_coins_less_the_fee(self, rig: Rig) -> None:
        money = rig.venue.balance().total
        report = rig.done(rig.request("buy"))
        (fill,) = report.fills
        assert (report.status, report.filled, report.type) == (OrderStatus.CLOSED, rig.amount, "market")
        assert (fill.side, fill.amount, fill.fee_currency) == ("buy", rig.amount, "GALA")
        assert fill.fee == rig.amount / 1000
        assert coin(rig) == rig.amount - fill.fee
        assert rig.venue.balance().total == money - fill.amount * fill.price
        assert report.average_price == fill.price

    def test_a_sale_brings_money_less_the_fee(self, rig: Rig) -> None:
        rig.done(rig.request("buy"))
        money, before = rig.venue.balance().total, coin(rig)
        report = rig.done(rig.request("sell", amount=Decimal(500), reduce_only=True))
        (fill,) = report.fills
        assert (fill.side, fill.fee_currency) == ("sell", "USDT")
        assert coin(rig) == before - 500
        assert rig.venue.balance().total == money + 500 * fill.price - fill.fee

    def test_coins_are_no_positions_and_have_no_leverage(self, rig: Rig) -> None:
        rig.done(rig.request("buy"))
        assert list(rig.venue.positions()) == []
        assert list(rig.venue.funding_payments(since=LONG_AGO)) == []
        with pytest.raises(Rejected):
            rig.venue.set_leverage(rig.symbol, leverage=1, margin_mode="cross")
        with pytest.raises(Rejected):
            rig.venue.market_settings(rig.symbol, margin_mode="cross")

    def test_what_is_not_there_cannot_be_sold_or_paid(self, rig: Rig) -> None:
        dear = rig.request("buy", "limit", amount=Decimal(60_000), price=rig.price("10"))
        for request in (rig.request("sell", reduce_only=True), dear):
            with pytest.raises(Rejected) as refused:
                rig.venue.create_order(request)
            assert refused.value.reason == "insufficient_margin"
        assert coin(rig) == 0

    def test_stops_are_not_offered(self, rig: Rig) -> None:
        with pytest.raises(Rejected):
            rig.venue.create_order(rig.stop())

    def test_a_limit_order_rests_until_it_is_cancelled(self, rig: Rig) -> None:
        request = rig.request("buy", "limit", price=rig.price("0.5"))
        assert rig.done(request).status == OrderStatus.OPEN
        (listed,) = rig.venue.open_orders()
        assert (listed.client_order_id, listed.symbol, listed.price) == (
            request.client_order_id,
            rig.symbol,
            request.price,
        )
        assert list(rig.venue.open_orders(rig.symbol)) == [listed]
        assert not rig.venue.open_orders(rig.other)
        for _ in range(2):
            report = rig.venue.cancel_order(rig.symbol, client_order_id=request.client_order_id)
            assert (report.status, report.filled) == (OrderStatus.CANCELED, Decimal(0))
        assert not rig.venue.open_orders()

    def test_found_by_the_venues_number_too(self, rig: Rig) -> None:
        request = rig.request("buy", "limit", price=rig.price("0.5"))
        number = rig.venue.create_order(request).exchange_order_id
        assert rig.venue.fetch_order(rig.symbol, exchange_order_id=number) == rig.fetched(request)
        assert rig.venue.cancel_order(rig.symbol, exchange_order_id=number).status == OrderStatus.CANCELED
        with pytest.raises(OrderNotFound):
            rig.venue.fetch_order(rig.symbol, client_order_id="never")

    def test_an_open_orders_id_is_taken(self, rig: Rig) -> None:
        request = rig.request("buy", "limit", price=rig.price("0.5"))
        rig.venue.create_order(request)
        with pytest.raises(DuplicateOrder):
            rig.venue.create_order(request)
        assert len(rig.venue.open_orders()) == 1

    def test_immediate_or_nothing(self, rig: Rig) -> None:
        cap = rig.price("1.03")
        report = rig.done(rig.request("buy", "ioc", price=cap))
        assert (report.status, report.type) == (OrderStatus.CLOSED, "ioc")
        assert all(fill.price <= cap for fill in report.fills)
        report = rig.done(rig.request("buy", "ioc", price=rig.price("0.97")))
        assert (report.status, report.filled, report.fills) == (OrderStatus.CANCELED, Decimal(0), NOTHING)
        assert report.reason

    def test_post_only_never_takes(self, rig: Rig) -> None:
        report, refusal = outcome_of(rig, rig.request("buy", "limit", price=rig.price("1.03"), post_only=True))
        if report is None:
            assert refusal == "post_only"
        else:
            assert (report.status, report.filled) == (OrderStatus.CANCELED, Decimal(0))
        resting = rig.request("buy", "limit", price=rig.price("0.5"), post_only=True)
        rig.venue.create_order(resting)
        report = rig.fetched(resting)
        assert (report.status, report.post_only, report.type) == (OrderStatus.OPEN, True, "limit")

    def test_partly_filled_and_then_cancelled(self, rig: Rig) -> None:
        rig.misbehave(fault="partial", share=0.4, next=1)
        request = rig.request("buy", "limit", price=rig.price("1.03"))
        assert rig.done(request).status == OrderStatus.PARTIALLY_FILLED
        report = rig.venue.cancel_order(rig.symbol, client_order_id=request.client_order_id)
        assert (report.status, report.filled) == (OrderStatus.CANCELED, Decimal(400))
        assert sum(fill.amount - fill.fee for fill in report.fills) == coin(rig)

    def test_fills_and_closed_orders_of_this_market_alone(self, rig: Rig) -> None:
        before = rig.venue.clock() - timedelta(minutes=1)
        filled = rig.done(rig.request("buy"))
        canceled = rig.request("buy", "limit", price=rig.price("0.5"))
        rig.venue.create_order(canceled)
        rig.venue.cancel_order(rig.symbol, client_order_id=canceled.client_order_id)
        assert tuple(rig.venue.fills(rig.symbol, since=before)) == filled.fills
        assert not rig.venue.fills(rig.other, since=before)
        found = rig.venue.closed_orders(rig.symbol, since=before)
        assert {report.client_order_id: report.status for report in found} == {
            filled.client_order_id: OrderStatus.CLOSED,
            canceled.client_order_id: OrderStatus.CANCELED,
        }
        assert not rig.venue.closed_orders(rig.other, since=before)

    def test_fills_of_many_days_are_asked_for_in_the_venues_own_steps(self, rig: Rig) -> None:
        filled = rig.done(rig.request("buy"))
        since = rig.venue.clock() - timedelta(days=9)
        assert tuple(rig.venue.fills(rig.symbol, since=since)) == filled.fills

    def test_no_answer_though_accepted(self, rig: Rig) -> None:
        rig.misbehave(fault="timeout_after", next=1)
        request = rig.request("buy")
        with pytest.raises(OutcomeUnknown):
            rig.venue.create_order(request)
        assert rig.fetched(request).filled == rig.amount

    def test_no_answer_and_nothing_accepted(self, rig: Rig) -> None:
        rig.misbehave(fault="timeout_before", next=1)
        request = rig.request("buy")
        with pytest.raises(OutcomeUnknown):
            rig.venue.create_order(request)
        with pytest.raises(OrderNotFound):
            rig.fetched(request)
        assert not rig.venue.open_orders(rig.symbol)
        assert coin(rig) == 0

    def test_what_the_rules_forbid_is_not_sent(self, rig: Rig) -> None:
        half = rig.rules.amount_step / 2
        for request, reason in (
            (rig.request("buy", amount=rig.amount + half), "lot"),
            (rig.request("buy", "limit", price=rig.price("0.5") + rig.rules.price_tick / 2), "tick"),
        ):
            with pytest.raises(Rejected) as refused:
                rig.venue.create_order(request)
            assert refused.value.code == reason
        with pytest.raises(Rejected):
            rig.venue.create_order(rig.request("buy", amount=Decimal(1)))
        late = replace(rig.request("buy"), send_by=rig.venue.clock() - timedelta(seconds=60))
        with pytest.raises(Rejected):
            rig.venue.create_order(late)
        assert coin(rig) == 0
