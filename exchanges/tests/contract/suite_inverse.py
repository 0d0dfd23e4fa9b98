"""What every adapter must do with contracts that are worth money and settle in their coin.

`rig.amount` is money. Subclass, and give the fixture `rig`.
"""

from dataclasses import replace
from datetime import timedelta
from decimal import Decimal

import pytest

from exchanges.adapters.live import LiveVenue
from exchanges.errors import DuplicateOrder, OrderNotFound, OutcomeUnknown, Rejected
from exchanges.tests.contract.rig import Rig
from exchanges.tests.contract.suite import LONG_AGO
from trading.core.order_state import OrderStatus

UNIT = Decimal("1e-12")


def coins(rig: Rig) -> Decimal:
    assert isinstance(rig.venue, LiveVenue)
    return {held.currency: held.total for held in rig.venue.coins()}["GALA"]


class InverseContract:
    contract_size = Decimal(1)

    def test_rules_are_in_money_and_settle_in_the_coin(self, rig: Rig) -> None:
        rules = rig.rules
        assert (rules.base, rules.quote, rules.settle) == ("GALA", "USD", "GALA")
        assert (rules.contract_size, rules.amount_step) == (self.contract_size, self.contract_size)
        assert set(rig.venue.markets()) == {rig.symbol, rig.other}

    def test_a_round_trip_earns_coins_less_their_fees(self, rig: Rig) -> None:
        """A dollar is worth fewer coins when they rose: a long earns the difference."""
        before, at = coins(rig), rig.venue.clock() - timedelta(minutes=1)
        bought = rig.done(rig.request("buy"))
        (fill,) = bought.fills
        assert (bought.status, bought.filled, bought.average_price) == (OrderStatus.CLOSED, rig.amount, fill.price)
        assert fill.fee_currency == "GALA"
        assert fill.fee == (rig.amount / fill.price * Decimal("0.0005")).quantize(UNIT)
        assert rig.move is not None
        rig.move(rig.price("1.25"))
        (held,) = rig.venue.positions()
        worth = rig.amount / fill.price - rig.amount / held.mark_price
        assert (held.amount, held.entry_price.quantize(UNIT)) == (rig.amount, fill.price)
        assert abs(held.unrealized_pnl - worth) <= UNIT
        sold = rig.done(rig.request("sell", reduce_only=True))
        earned = rig.amount / fill.price - rig.amount / sold.fills[0].price
        assert not rig.venue.positions()
        assert abs(coins(rig) - before - earned + fill.fee + sold.fills[0].fee) <= 2 * UNIT
        assert tuple(rig.venue.fills(rig.symbol, since=at)) == (*bought.fills, *sold.fills)

    def test_a_short_is_negative_money(self, rig: Rig) -> None:
        rig.done(rig.request("sell"))
        (held,) = rig.venue.positions()
        assert (held.symbol, held.amount) == (rig.symbol, -rig.amount)

    def test_orders_rest_and_are_found_and_canceled_by_their_id(self, rig: Rig) -> None:
        request = rig.request("buy", "limit", price=rig.price("0.5"), post_only=True)
        report = rig.done(request)
        assert (report.status, report.amount, report.post_only) == (OrderStatus.OPEN, rig.amount, True)
        with pytest.raises(DuplicateOrder):
            rig.venue.create_order(request)
        assert [r.client_order_id for r in rig.venue.open_orders()] == [request.client_order_id]
        assert not rig.venue.open_orders(rig.other)
        assert rig.venue.cancel_order(rig.symbol, client_order_id=request.client_order_id).status == "canceled"
        since = rig.venue.clock() - timedelta(minutes=1)
        (closed,) = rig.venue.closed_orders(rig.symbol, since=since)
        assert (closed.client_order_id, closed.status) == (request.client_order_id, OrderStatus.CANCELED)

    @pytest.mark.parametrize("reduce_only", [True, False])
    def test_stops(self, rig: Rig, reduce_only: bool) -> None:
        if reduce_only:
            rig.done(rig.request("buy"))
        request = rig.stop(reduce_only=reduce_only)
        assert rig.venue.create_order(request).status == OrderStatus.OPEN
        assert [r.client_order_id for r in rig.venue.open_orders(rig.symbol) if r.is_stop] == [request.client_order_id]
        assert rig.move is not None
        rig.move(rig.price("0.8"))
        report = rig.fetched(request)
        assert (report.status, report.filled, report.reduce_only) == (OrderStatus.CLOSED, rig.amount, reduce_only)
        assert rig.held() == (0 if reduce_only else -rig.amount)

    def test_leverage_and_mode_are_set_and_read_back(self, rig: Rig) -> None:
        rig.venue.set_leverage(rig.symbol, leverage=3, margin_mode="cross")
        settings = rig.venue.market_settings(rig.symbol, margin_mode="cross")
        assert (settings.leverage, settings.margin_mode, settings.one_way) == (3, "cross", True)

    def test_what_is_not_possible(self, rig: Rig) -> None:
        refused = {
            "lot": rig.request("buy", amount=rig.amount + rig.rules.amount_step / 2),
            "insufficient_margin": rig.request("buy", amount=Decimal(2_000_000)),
            "reduce_only": rig.request("buy", reduce_only=True),
            "unknown_market": replace(rig.request(), symbol="GALA/USDT:USDT"),
        }
        for reason, request in refused.items():
            with pytest.raises(Rejected) as refusal:
                rig.venue.create_order(request)
            assert refusal.value.reason == reason
        assert not rig.venue.positions()

    def test_an_order_without_an_answer(self, rig: Rig) -> None:
        for fault, filled in (("timeout_after", rig.amount), ("timeout_before", None)):
            rig.misbehave(fault=fault, next=1)
            request = rig.request("buy")
            with pytest.raises(OutcomeUnknown):
                rig.venue.create_order(request)
            if filled:
                assert rig.fetched(request).filled == filled
                continue
            with pytest.raises(OrderNotFound):
                rig.fetched(request)

    def test_no_funding_of_others(self, rig: Rig) -> None:
        assert not rig.venue.funding_payments(since=LONG_AGO if rig.venue.is_paper else rig.venue.clock())
