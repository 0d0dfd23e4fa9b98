"""What every adapter must do. Subclass, and give the fixture `rig`."""

import time
from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from typing import Any

import pytest
from django.db import connections, transaction
from django.utils import timezone

from exchanges.adapters.base import OrderReport, OrderRequest
from exchanges.errors import DuplicateOrder, OrderNotFound, OutcomeUnknown, Rejected
from exchanges.tests.contract.rig import Rig
from trading.core.order_state import OrderStatus
from trading.core.position import BUY, Position, apply_fill

LONG_AGO = datetime(2020, 1, 1, tzinfo=UTC)


def outcome_of(rig: Rig, request: OrderRequest) -> tuple[OrderReport | None, str]:
    """What became of an order, or why it was refused."""
    try:
        return rig.venue.create_order(request), ""
    except Rejected as refusal:
        return None, refusal.reason


class MarketDataContract:
    def test_quotes_of_known_markets_only(self, rig: Rig) -> None:
        quotes = rig.venue.quotes([rig.symbol, rig.other, "NOSUCH/USDT:USDT"])
        assert set(quotes) == {rig.symbol, rig.other}
        for quote in quotes.values():
            assert 0 < quote.bid < quote.ask
            assert quote.bid <= quote.last <= quote.ask
            assert quote.at <= rig.venue.clock() + timedelta(seconds=1)

    def test_candles_are_closed_and_in_order(self, rig: Rig) -> None:
        for _ in range(3):
            rig.step()
        rows = rig.venue.candles(rig.symbol, "5m", limit=2)
        assert len(rows) == 2
        assert rows[0].at + timedelta(minutes=5) == rows[1].at
        assert rows[1].at + timedelta(minutes=5) <= rig.venue.clock()
        assert all(0 < row.low <= min(row.open, row.close) <= max(row.open, row.close) <= row.high for row in rows)
        assert list(rig.venue.candles(rig.symbol, "5m", since=rows[1].at)) == [rows[1]]
        assert not rig.venue.candles("NOSUCH/USDT:USDT", "5m")

    def test_rules_say_which_market_they_are_of(self, rig: Rig) -> None:
        assert rig.rules.symbol == rig.symbol
        assert (rig.rules.quote, rig.rules.settle, rig.rules.active) == ("USDT", "USDT", True)


class OrderContract:
    remembers_ids = True
    """Whether an id stays taken when its order is over."""

    def test_a_market_order_fills(self, rig: Rig) -> None:
        before = rig.venue.balance()
        report = rig.done(rig.request("sell"))
        assert (report.status, report.filled) == (OrderStatus.CLOSED, rig.amount)
        assert sum(fill.amount for fill in report.fills) == rig.amount
        assert all(fill.side == "sell" and fill.fee > 0 for fill in report.fills)
        assert {fill.client_order_id for fill in report.fills} == {report.client_order_id}
        (position,) = rig.venue.positions()
        assert position.amount == -rig.amount
        assert before.total - rig.venue.balance().total == sum(fill.fee for fill in report.fills)

    def test_the_same_question_gets_the_same_answer(self, rig: Rig) -> None:
        request = rig.request()
        report = rig.done(request)
        assert rig.fetched(request) == report
        assert tuple(rig.venue.fills(rig.symbol, since=LONG_AGO)) == report.fills
        assert not rig.venue.fills(rig.other, since=LONG_AGO)

    def test_a_client_id_is_taken_once(self, rig: Rig) -> None:
        if not self.remembers_ids:
            pytest.skip("this venue lets an id be used again when its order is over")
        request = rig.request()
        rig.venue.create_order(request)
        with pytest.raises(DuplicateOrder):
            rig.venue.create_order(replace(request, symbol=rig.other, side="sell"))
        rig.step()
        assert rig.held() == rig.amount
        with pytest.raises(DuplicateOrder):
            rig.venue.create_order(request)

    def test_an_open_order_keeps_its_id(self, rig: Rig) -> None:
        request = rig.request("buy", "limit", price=rig.price("0.5"))
        rig.venue.create_order(request)
        with pytest.raises(DuplicateOrder):
            rig.venue.create_order(request)
        assert len(rig.venue.open_orders()) == 1

    def test_what_was_never_sent_is_not_found(self, rig: Rig) -> None:
        with pytest.raises(OrderNotFound):
            rig.venue.fetch_order(rig.symbol, client_order_id="never")
        with pytest.raises(OrderNotFound):
            rig.venue.cancel_order(rig.symbol, client_order_id="never")

    def test_an_order_is_found_under_its_own_symbol_only(self, rig: Rig) -> None:
        request = rig.request()
        rig.venue.create_order(request)
        with pytest.raises(OrderNotFound):
            rig.venue.fetch_order(rig.other, client_order_id=request.client_order_id)

    def test_a_limit_order_rests_until_it_is_cancelled(self, rig: Rig) -> None:
        request = rig.request("buy", "limit", price=rig.price("0.5"))
        assert rig.done(request).status == OrderStatus.OPEN
        assert [r.client_order_id for r in rig.venue.open_orders()] == [request.client_order_id]
        assert not rig.venue.open_orders(rig.other)
        for _ in range(2):
            report = rig.venue.cancel_order(rig.symbol, client_order_id=request.client_order_id)
            assert (report.status, report.filled) == (OrderStatus.CANCELED, Decimal(0))
        assert not rig.venue.open_orders()

    def test_a_limit_order_never_fills_worse_than_its_limit(self, rig: Rig) -> None:
        limit = rig.price("1.03")
        report = rig.done(rig.request("buy", "limit", price=limit))
        assert report.status == OrderStatus.CLOSED
        assert all(fill.price <= limit for fill in report.fills)

    def test_a_cancel_that_crosses_a_fill_tells_of_the_fill(self, rig: Rig) -> None:
        request = rig.request()
        filled = rig.done(request)
        assert rig.venue.cancel_order(rig.symbol, client_order_id=request.client_order_id) == filled

    def test_a_capped_order_fills_within_its_cap_or_not_at_all(self, rig: Rig) -> None:
        cap = rig.price("1.03")
        report = rig.done(rig.request("buy", "ioc", price=cap))
        assert report.status == OrderStatus.CLOSED
        assert all(fill.price <= cap for fill in report.fills)
        report = rig.done(rig.request("buy", "ioc", price=rig.price("0.97")))
        assert (report.status, report.filled, report.fills) == (OrderStatus.CANCELED, Decimal(0), ())
        assert report.reason

    def test_partly_filled_and_then_cancelled(self, rig: Rig) -> None:
        rig.misbehave(fault="partial", share=0.4, next=1)
        request = rig.request("buy", "limit", price=rig.price("1.03"))
        report = rig.done(request)
        assert report.status == OrderStatus.PARTIALLY_FILLED
        report = rig.venue.cancel_order(rig.symbol, client_order_id=request.client_order_id)
        assert report.status == OrderStatus.CANCELED
        assert 0 < report.filled < rig.amount
        assert report.filled == sum(fill.amount for fill in report.fills) == rig.held()

    def test_a_market_order_that_fills_partly_is_over(self, rig: Rig) -> None:
        rig.misbehave(fault="partial", share=0.4, next=1)
        report = rig.done(rig.request())
        assert report.status == OrderStatus.CANCELED
        assert 0 < report.filled < rig.amount
        assert rig.held() == report.filled

    def test_positions_are_the_sum_of_the_fills(self, rig: Rig) -> None:
        position, realised = Position(), Decimal(0)
        before = rig.venue.balance().total
        for side, share in (("buy", 3), ("sell", 1), ("sell", 4), ("buy", 1)):
            rig.done(rig.request(side, amount=rig.amount * share))
        for fill in rig.venue.fills(rig.symbol, since=LONG_AGO):
            position, gain = apply_fill(position, fill.side, fill.amount, fill.price)
            realised += gain - fill.fee
        (held,) = rig.venue.positions()
        assert held.amount == position.amount == -rig.amount
        assert held.entry_price == position.entry_price
        assert rig.venue.balance().total == before + realised

    def test_an_order_is_found_by_the_venues_number_too(self, rig: Rig) -> None:
        request = rig.request("buy", "limit", price=rig.price("0.5"))
        number = rig.venue.create_order(request).exchange_order_id
        found = rig.venue.fetch_order(rig.symbol, exchange_order_id=number)
        assert found == rig.fetched(request)
        assert (found.side, found.type, found.price) == ("buy", "limit", request.price)
        assert rig.venue.cancel_order(rig.symbol, exchange_order_id=number).status == OrderStatus.CANCELED
        with pytest.raises(OrderNotFound):
            rig.venue.fetch_order(rig.symbol, exchange_order_id="999999999")
        with pytest.raises(OrderNotFound):
            rig.venue.fetch_order(rig.symbol, client_order_id="")

    def test_closed_orders_are_listed_newest_first(self, rig: Rig) -> None:
        before = rig.venue.clock()
        filled, canceled, resting = (
            rig.request(),
            rig.request("buy", "limit", price=rig.price("0.5")),
            rig.request("buy", "limit", price=rig.price("0.6")),
        )
        rig.done(filled)
        for request in (canceled, resting):
            rig.venue.create_order(request)
        rig.venue.cancel_order(rig.symbol, client_order_id=canceled.client_order_id)
        found = rig.venue.closed_orders(rig.symbol, since=before - timedelta(minutes=1))
        assert {r.client_order_id: r.status for r in found} == {
            canceled.client_order_id: OrderStatus.CANCELED,
            filled.client_order_id: OrderStatus.CLOSED,
        }
        assert [r.at for r in found] == sorted((r.at for r in found), reverse=True)
        report = next(r for r in found if r.filled)
        assert (report.type, report.side, report.filled) == ("market", "buy", rig.amount)
        assert report.average_price == rig.fetched(filled).average_price
        assert not rig.venue.closed_orders(rig.other, since=LONG_AGO if rig.venue.is_paper else before)

    def test_post_only_never_takes(self, rig: Rig) -> None:
        taking = rig.request("buy", "limit", price=rig.price("1.03"), post_only=True)
        report, refusal = outcome_of(rig, taking)
        if report is None:
            assert refusal == "post_only"
        else:
            assert (report.status, report.filled) == (OrderStatus.CANCELED, Decimal(0))
            assert report.reason
        resting = rig.request("buy", "limit", price=rig.price("0.5"), post_only=True)
        rig.venue.create_order(resting)
        report = rig.fetched(resting)
        assert (report.status, report.post_only) == (OrderStatus.OPEN, True)


class StopContract:
    """Resting until the mark price reaches the trigger, then a market order: out of a position, or into one."""

    def held(self, rig: Rig, side: str = "buy") -> None:
        rig.done(rig.request(side))

    def test_a_stop_rests_until_it_is_cancelled(self, rig: Rig) -> None:
        self.held(rig)
        request = rig.stop()
        report = rig.venue.create_order(request)
        assert (report.status, report.filled, report.is_stop) == (OrderStatus.OPEN, Decimal(0), True)
        rig.step()
        report = rig.fetched(request)
        assert (report.status, report.trigger_price, report.reduce_only) == (
            OrderStatus.OPEN,
            request.trigger_price,
            True,
        )
        assert [r.client_order_id for r in rig.venue.open_orders(rig.symbol) if r.is_stop] == [request.client_order_id]
        assert not rig.venue.open_orders(rig.other)
        for _ in range(2):
            report = rig.venue.cancel_order(rig.symbol, client_order_id=request.client_order_id, is_stop=True)
            assert (report.status, report.filled) == (OrderStatus.CANCELED, Decimal(0))
        assert not rig.venue.open_orders()
        assert rig.held() == rig.amount
        (closed,) = [r for r in rig.venue.closed_orders(rig.symbol, since=report.at - timedelta(hours=1)) if r.is_stop]
        assert (closed.client_order_id, closed.status) == (request.client_order_id, OrderStatus.CANCELED)

    def test_a_stop_is_found_by_the_venues_number(self, rig: Rig) -> None:
        self.held(rig)
        number = rig.venue.create_order(rig.stop()).exchange_order_id
        assert rig.venue.fetch_order(rig.symbol, exchange_order_id=number, is_stop=True).status == OrderStatus.OPEN
        report = rig.venue.cancel_order(rig.symbol, exchange_order_id=number, is_stop=True)
        assert report.status == OrderStatus.CANCELED

    @pytest.mark.parametrize(("side", "factor", "beyond"), [("sell", "0.95", "0.9"), ("buy", "1.05", "1.1")])
    def test_a_stop_closes_the_position_when_its_price_is_reached(
        self, rig: Rig, side: str, factor: str, beyond: str
    ) -> None:
        if rig.move is None:
            pytest.skip("the price of this market cannot be set")
        self.held(rig, "buy" if side == "sell" else "sell")
        request = rig.stop(side, factor)
        rig.venue.create_order(request)
        rig.move(rig.price(beyond))
        report = rig.fetched(request)
        assert (report.status, report.filled) == (OrderStatus.CLOSED, rig.amount)
        assert sum(fill.amount for fill in report.fills) == rig.amount
        assert {fill.client_order_id for fill in report.fills} == {request.client_order_id}
        assert {fill.side for fill in report.fills} == {side}
        assert not rig.venue.positions()
        assert not rig.venue.open_orders()
        again = rig.venue.cancel_order(rig.symbol, client_order_id=request.client_order_id, is_stop=True)
        assert again == report
        (closed,) = [r for r in rig.venue.closed_orders(rig.symbol, since=report.at - timedelta(hours=1)) if r.is_stop]
        assert (closed.client_order_id, closed.filled) == (request.client_order_id, rig.amount)

    def test_a_stop_that_may_open_does(self, rig: Rig) -> None:
        request = rig.stop("buy", "1.05", reduce_only=False)
        report = rig.venue.create_order(request)
        assert (report.status, report.reduce_only) == (OrderStatus.OPEN, False)
        (resting,) = rig.venue.open_orders(rig.symbol)
        assert (resting.client_order_id, resting.is_stop, resting.reduce_only) == (request.client_order_id, True, False)
        if rig.move is None:
            return
        rig.move(rig.price("1.1"))
        report = rig.fetched(request)
        assert (report.status, report.filled, report.side) == (OrderStatus.CLOSED, rig.amount, "buy")
        assert rig.held() == rig.amount
        again = rig.venue.cancel_order(rig.symbol, client_order_id=request.client_order_id, is_stop=True)
        assert again == report

    def test_stops_that_are_refused(self, rig: Rig) -> None:
        self.held(rig)
        tick = rig.rules.price_tick
        for reason, request in {
            "would_trigger": rig.stop("sell", "1.1"),
            "tick": rig.stop(trigger_price=rig.price("0.9") + tick / 3),
            "price": rig.stop(price=rig.price("0.9")),
            "trigger_price": rig.stop(trigger_price=None),
        }.items():
            with pytest.raises(Rejected) as refusal:
                rig.venue.create_order(request)
            assert refusal.value.reason == reason
        assert not rig.venue.open_orders()

    def test_a_stop_without_an_answer(self, rig: Rig) -> None:
        self.held(rig)
        rig.misbehave(fault="timeout_after", next=1)
        request = rig.stop()
        with pytest.raises(OutcomeUnknown):
            rig.venue.create_order(request)
        assert rig.fetched(request).status == OrderStatus.OPEN
        rig.misbehave(fault="timeout_before", next=1)
        lost = rig.stop()
        with pytest.raises(OutcomeUnknown):
            rig.venue.create_order(lost)
        with pytest.raises(OrderNotFound):
            rig.fetched(lost)
        assert len(rig.venue.open_orders()) == 1


class RefusalContract:
    """Reasons are our names; a venue's own code is beside them."""

    def refused(self, rig: Rig, **fields: Any) -> str:
        request = rig.request(**fields)
        with pytest.raises(Rejected) as refusal:
            rig.venue.create_order(request)
        with pytest.raises(OrderNotFound):
            rig.fetched(request)
        rig.step()
        assert not rig.venue.positions()
        return refusal.value.reason

    def test_what_its_time_passed_is_not_sent(self, rig: Rig) -> None:
        assert self.refused(rig, send_by=timezone.now() - timedelta(microseconds=1)) == "late"

    def test_amounts(self, rig: Rig) -> None:
        assert self.refused(rig, amount=rig.amount + rig.rules.amount_step / 2) == "lot"
        assert self.refused(rig, amount=Decimal(0)) == "lot"
        assert self.refused(rig, amount=-rig.amount) == "lot"
        assert self.refused(rig, amount=Decimal("1e30")) == "lot"
        if rig.rules.notional_min:
            assert self.refused(rig, amount=rig.rules.amount_min) == "notional_min"

    def test_prices(self, rig: Rig) -> None:
        tick = rig.rules.price_tick
        assert self.refused(rig, type="limit", price=rig.price("1") + tick / 3) == "tick"
        assert self.refused(rig, type="limit", price=Decimal(0)) == "tick"
        assert self.refused(rig, type="limit") == "price"
        assert self.refused(rig, type="market", price=rig.price("1")) == "price"

    def test_unknown_markets(self, rig: Rig) -> None:
        assert self.refused(rig, symbol="NOSUCH/USDT:USDT") == "unknown_market"

    def test_more_than_the_margin_allows(self, rig: Rig) -> None:
        rig.venue.set_leverage(rig.symbol, leverage=2, margin_mode="cross")
        step = rig.rules.amount_step
        too_much = rig.venue.balance().free * Decimal("2.5") / rig.price("1") // step * step
        assert self.refused(rig, amount=too_much) == "insufficient_margin"

    def test_resting_orders_take_margin_too(self, rig: Rig) -> None:
        rig.venue.set_leverage(rig.symbol, leverage=1, margin_mode="cross")
        free, price, step = rig.venue.balance().free, rig.price("0.5"), rig.rules.amount_step
        amount = free * Decimal("0.6") / price // step * step
        rig.venue.create_order(rig.request("buy", "limit", amount=amount, price=price))
        assert rig.venue.balance().free < free / 2
        with pytest.raises(Rejected) as refusal:
            rig.venue.create_order(rig.request("buy", "limit", amount=amount, price=price))
        assert refusal.value.reason == "insufficient_margin"

    def test_leverage_beyond_the_venues(self, rig: Rig) -> None:
        with pytest.raises(Rejected):
            rig.venue.set_leverage(rig.symbol, leverage=int(rig.rules.max_leverage) + 1, margin_mode="cross")

    def test_the_margin_mode_stays_while_a_position_is_open(self, rig: Rig) -> None:
        rig.venue.set_leverage(rig.symbol, leverage=5, margin_mode="isolated")
        rig.done(rig.request(margin_mode="isolated"))
        (position,) = rig.venue.positions()
        assert (position.leverage, position.margin_mode) == (5, "isolated")
        with pytest.raises(Rejected):
            rig.venue.set_leverage(rig.symbol, leverage=5, margin_mode="cross")

    def test_reduce_only_never_opens(self, rig: Rig) -> None:
        assert self.refused(rig, reduce_only=True) == "reduce_only"

    def test_reduce_only_never_turns_a_position_around(self, rig: Rig) -> None:
        rig.done(rig.request("buy"))
        report = rig.done(rig.request("sell", amount=rig.amount * 2, reduce_only=True))
        assert (report.status, report.filled) == (OrderStatus.CANCELED, rig.amount)
        assert not rig.venue.positions()

    def test_a_small_rest_can_be_closed(self, rig: Rig) -> None:
        rig.done(rig.request("buy"))
        least = rig.rules.amount_min
        assert rig.done(rig.request("sell", amount=rig.amount - least)).status == OrderStatus.CLOSED
        assert rig.done(rig.request("sell", amount=least, reduce_only=True)).status == OrderStatus.CLOSED
        assert not rig.venue.positions()


class FaultContract:
    remembers_ids = True

    def test_no_answer_though_accepted(self, rig: Rig) -> None:
        rig.misbehave(fault="timeout_after", next=1)
        request = rig.request()
        with pytest.raises(OutcomeUnknown):
            rig.venue.create_order(request)
        rig.step()
        assert rig.fetched(request).filled == rig.amount
        if self.remembers_ids:
            with pytest.raises(DuplicateOrder):
                rig.venue.create_order(request)

    def test_no_answer_and_nothing_accepted(self, rig: Rig) -> None:
        rig.misbehave(fault="timeout_before", next=1)
        request = rig.request()
        with pytest.raises(OutcomeUnknown):
            rig.venue.create_order(request)
        rig.step()
        with pytest.raises(OrderNotFound):
            rig.fetched(request)
        assert not rig.venue.positions()

    def test_not_found_for_a_while_after_acceptance(self, rig: Rig) -> None:
        """However often it is asked for in that time."""
        rig.misbehave(fault="not_found", seconds=0.1, next=1)
        request = rig.request("buy", "limit", price=rig.price("0.5"))
        begun, found = time.monotonic(), None
        rig.venue.create_order(request)
        while found is None:
            with suppress(OrderNotFound):
                found = rig.fetched(request)
        assert time.monotonic() - begun > 0.1
        assert found.status == OrderStatus.OPEN
        assert [order.client_order_id for order in rig.venue.open_orders()] == [request.client_order_id]

    def test_a_cancel_without_an_answer(self, rig: Rig) -> None:
        rig.misbehave(fault="cancel_timeout", next=1)
        request = rig.request("buy", "limit", price=rig.price("0.5"))
        rig.venue.create_order(request)
        with pytest.raises(OutcomeUnknown):
            rig.venue.cancel_order(rig.symbol, client_order_id=request.client_order_id)
        assert rig.fetched(request).status == OrderStatus.CANCELED


class IsolationContract:
    def test_every_call_is_refused_inside_our_transaction(self, rig: Rig) -> None:
        venue, request = rig.venue, rig.request()
        calls = [
            lambda: venue.quotes([rig.symbol]),
            lambda: venue.candles(rig.symbol, "5m"),
            lambda: venue.create_order(request),
            lambda: venue.cancel_order(rig.symbol, client_order_id="x"),
            lambda: venue.fetch_order(rig.symbol, client_order_id="x"),
            lambda: venue.open_orders(),
            lambda: venue.closed_orders(rig.symbol, since=LONG_AGO),
            lambda: venue.fills(rig.symbol, since=LONG_AGO),
            lambda: venue.positions(),
            lambda: venue.balance(),
            lambda: venue.funding_payments(since=LONG_AGO),
            lambda: venue.set_leverage(rig.symbol, leverage=2, margin_mode="cross"),
        ]
        for call in calls:
            with transaction.atomic(), pytest.raises(RuntimeError):
                call()
        with pytest.raises(OrderNotFound):
            rig.fetched(request)

    def test_both_legs_at_the_same_time(self, rig: Rig) -> None:
        requests = [rig.request("buy" if n % 2 else "sell") for n in range(8)]

        def send(request: Any) -> str:
            try:
                return rig.venue.create_order(request).exchange_order_id
            finally:
                connections.close_all()

        with ThreadPoolExecutor(8) as pool:
            numbers = list(pool.map(send, requests))
        assert len(set(numbers)) == 8
        rig.step()
        assert sum(rig.fetched(request).filled for request in requests) == rig.amount * 8
        assert sum(1 if request.side == BUY else -1 for request in requests) == 0
        assert not rig.venue.positions()


class VenueContract(MarketDataContract, OrderContract, StopContract, RefusalContract, FaultContract, IsolationContract):
    pass
