"""Orders by hand: sent once through the same books as those of bots, refused where a bot or the kill switch says so."""

from collections.abc import Iterator
from dataclasses import replace
from datetime import timedelta
from decimal import Decimal
from typing import Any

import pytest
from django.core.exceptions import PermissionDenied, ValidationError
from django.utils import timezone

from bots.claims import claims_take
from bots.services import bot_start
from bots.tests.factories import CHZ, GALA, make_bot, make_paper_account, make_user, make_viewer
from exchanges.errors import DomainError
from exchanges.models import ExchangeAccount
from exchanges.registry import venue_of
from exchanges.services import rehearsal_start
from exchanges.tests.wire.accounts import live_account, serving
from exchanges.tests.wire.server import WireServer
from trading.by_hand.orders import foreign_order_cancel, manual_order_cancel, manual_order_create
from trading.by_hand.positions import position_by_hand
from trading.by_hand.settlement import account_orders_settle, accounts_unsettled
from trading.core.order_state import OrderStatus
from trading.models import Fill, LedgerLine, LineKind, Order, Purpose, Scope, TradingState, TradingSwitch
from trading.sending import result_book

pytestmark = pytest.mark.django_db(transaction=True, databases=["default", "paper"])


@pytest.fixture
def account() -> ExchangeAccount:
    return make_paper_account()


@pytest.fixture(params=["okx", "binance", "bybit"])
def server(request: Any, settings: Any) -> Iterator[WireServer]:
    with serving(request.param, settings) as wire:
        yield wire


def place(account: ExchangeAccount, side: str = "buy", type: str = "market", **fields: Any) -> Order:
    values: dict[str, Any] = {
        "actor": account.owner,
        "symbol": GALA,
        "amount": Decimal(1000),
        "idempotency_key": f"key{Order.objects.count()}",
        "now": timezone.now(),
    }
    return manual_order_create(account=account, side=side, type=type, **(values | fields))


def price(account: ExchangeAccount, factor: str) -> Decimal:
    venue = venue_of(account)
    tick = venue.markets()[GALA].price_tick
    return venue.quotes([GALA])[GALA].mid * Decimal(factor) // tick * tick


def refusal(**fields: Any) -> str:
    with pytest.raises(DomainError) as refused:
        place(**fields)
    return refused.value.code


def complaints(**fields: Any) -> dict[str, list[str]]:
    with pytest.raises(ValidationError) as refused:
        place(**fields)
    return refused.value.message_dict


class TestPlacing:
    def test_a_market_order_is_booked_with_its_fills_and_its_fee(self, account: ExchangeAccount) -> None:
        order = place(account)
        assert (order.status, order.purpose, order.filled_amount) == ("closed", Purpose.MANUAL, Decimal(1000))
        assert (order.placed_by, order.bot, order.exchange_order_id != "") == (account.owner, None, True)
        assert order.send_by is not None
        fee = LedgerLine.objects.get(account=account, kind=LineKind.FEE)
        assert (fee.bot, fee.amount) == (None, -order.fee)
        assert venue_of(account).positions()[0].amount == position_by_hand(account, GALA).amount == Decimal(1000)

    def test_closing_books_what_it_brought(self, account: ExchangeAccount) -> None:
        before = venue_of(account).balance().total
        for side in ("buy", "sell"):
            place(account, side)
        lines = sum(LedgerLine.objects.filter(account=account).values_list("amount", flat=True))
        assert venue_of(account).balance().total == before + lines
        assert not position_by_hand(account, GALA).amount

    def test_the_same_key_is_the_same_order(self, account: ExchangeAccount) -> None:
        first = place(account, idempotency_key="once")
        assert place(account, idempotency_key="once", amount=Decimal("1000.0")) == first
        assert Order.objects.count() == 1
        assert venue_of(account).positions()[0].amount == Decimal(1000)
        with pytest.raises(DomainError) as refused:
            place(account, "sell", idempotency_key="once")
        assert refused.value.code == "key_reused"

    def test_a_limit_order_rests_and_is_canceled(self, account: ExchangeAccount) -> None:
        order = place(account, type="limit", price=price(account, "0.5"), post_only=True)
        assert (order.status, order.post_only) == ("open", True)
        canceled = manual_order_cancel(actor=account.owner, order=order, now=timezone.now())
        assert canceled.status == "canceled"
        assert manual_order_cancel(actor=account.owner, order=canceled, now=timezone.now()).status == "canceled"
        assert not venue_of(account).open_orders()

    def test_a_stop_rests_and_is_canceled(self, account: ExchangeAccount) -> None:
        place(account)
        order = place(account, "sell", "stop", trigger_price=price(account, "0.8"), reduce_only=True)
        assert (order.status, order.reduce_only, order.order_type) == ("open", True, "stop")
        assert manual_order_cancel(actor=account.owner, order=order, now=timezone.now()).status == "canceled"

    def test_a_refusal_of_the_venue_is_the_order_s_status(self, account: ExchangeAccount) -> None:
        order = place(account, reduce_only=True)
        assert (order.status, order.filled_amount) == ("rejected", Decimal(0))
        assert order.reason


class TestRefusing:
    def test_every_complaint_at_once_beside_its_field(self, account: ExchangeAccount) -> None:
        found = complaints(account=account, type="limit", amount=Decimal("0.5"), trigger_price=Decimal(1))
        assert set(found) == {"amount", "price", "trigger_price"}
        assert "GALA" in found["amount"][0]
        assert set(complaints(account=account, symbol="NOSUCH/USDT:USDT")) == {"symbol"}
        assert "5" in complaints(account=account, amount=Decimal(1))["amount"][0]
        assert not Order.objects.exists()

    def test_others_and_viewers_may_not(self, account: ExchangeAccount) -> None:
        for actor in (make_user(), make_viewer()):
            with pytest.raises(PermissionDenied):
                place(account, actor=actor)
        viewer = make_viewer()
        with pytest.raises(PermissionDenied):
            place(make_paper_account(viewer), actor=viewer)
        assert not Order.objects.exists()

    def test_a_market_of_a_bot_is_refused_with_the_bot_s_name(self, account: ExchangeAccount) -> None:
        bot = make_bot(account=account, bot_name="Night watch")
        claims_take(bot)
        with pytest.raises(DomainError, match="Night watch") as refused:
            place(account, symbol=CHZ, reduce_only=True)
        assert refused.value.code == "claimed"
        with pytest.raises(DomainError):
            foreign_order_cancel(actor=account.owner, account=account, symbol=CHZ, exchange_order_id="1")
        assert not Order.objects.exists()

    def test_an_order_of_a_bot_is_not_canceled_by_hand(self, account: ExchangeAccount) -> None:
        order = place(account)
        Order.objects.filter(pk=order.pk).update(bot=make_bot(account=account))
        order.refresh_from_db()
        with pytest.raises(DomainError):
            manual_order_cancel(actor=account.owner, order=order, now=timezone.now())

    @pytest.mark.parametrize("state", [TradingState.REDUCING, TradingState.HALTED])
    def test_the_kill_switch_lets_out_what_reduces(self, account: ExchangeAccount, state: TradingState) -> None:
        place(account)
        TradingSwitch.objects.create(scope=Scope.ACCOUNT, account=account, state=state)
        assert refusal(account=account) == "halted"
        assert place(account, "sell", reduce_only=True).status == "closed"

    def test_an_account_that_is_off_opens_nothing(self, account: ExchangeAccount) -> None:
        ExchangeAccount.objects.filter(pk=account.pk).update(is_active=False)
        account.refresh_from_db()
        assert refusal(account=account) == "switched_off"


class TestUnknownOutcomes:
    def test_an_order_without_an_answer_is_settled_later(self, account: ExchangeAccount) -> None:
        rehearsal_start(account=account, faults={"faults": [{"fault": "timeout_after", "next": 1}]})
        order = place(account)
        assert order.status == "unknown"
        assert accounts_unsettled() == [account]
        assert account_orders_settle(account, timezone.now())
        order.refresh_from_db()
        assert (order.status, order.filled_amount) == ("closed", Decimal(1000))
        assert not accounts_unsettled()

    def test_one_that_never_arrived_is_denied_when_that_is_proven(
        self, account: ExchangeAccount, settings: Any
    ) -> None:
        rehearsal_start(account=account, faults={"faults": [{"fault": "timeout_before", "next": 1}]})
        order = place(account)
        assert not account_orders_settle(account, timezone.now())
        settings.ORDER_PROOF_S = -settings.ORDER_SEND_BY_S
        assert account_orders_settle(account, timezone.now())
        order.refresh_from_db()
        assert (order.status, order.filled_amount) == ("denied", Decimal(0))

    def test_rows_of_a_process_that_died(self, account: ExchangeAccount) -> None:
        """`pending` was never sent; `submitted` may have been."""
        order, now = place(account), timezone.now()
        Order.objects.filter(pk=order.pk).update(status=OrderStatus.PENDING)
        assert not account_orders_settle(account, now)
        assert account_orders_settle(account, now + timedelta(minutes=2))
        order.refresh_from_db()
        assert order.status == "denied"
        Order.objects.filter(pk=order.pk).update(status=OrderStatus.SUBMITTED, send_by=now)
        assert not account_orders_settle(account, now)
        assert account_orders_settle(account, now + timedelta(minutes=2))
        order.refresh_from_db()
        assert order.status == "closed"
        assert Fill.objects.count() == 1

    def test_a_fill_that_is_booked_before_the_answer_comes_counts_once(self, account: ExchangeAccount) -> None:
        order = place(account)
        report = venue_of(account).fetch_order(GALA, client_order_id=order.client_order_id)
        before = list(LedgerLine.objects.values_list("pk", "amount"))
        for late in (report, replace(report, status=OrderStatus.OPEN, filled=Decimal(0), fills=())):
            result_book(order, late)
        order.refresh_from_db()
        assert (order.status, order.filled_amount) == ("closed", Decimal(1000))
        assert list(LedgerLine.objects.values_list("pk", "amount")) == before


class TestAtVenues:
    def test_placed_filled_canceled_and_settled(self, server: WireServer) -> None:
        account = live_account(make_user(), server.exchange)
        bought = place(account)
        assert (bought.status, bought.filled_amount) == ("closed", Decimal(1000))
        stop = place(account, "sell", "stop", trigger_price=price(account, "0.9"))
        resting = place(account, type="limit", price=price(account, "0.5"))
        assert {stop.status, resting.status} == {"open"}
        assert manual_order_cancel(actor=account.owner, order=resting, now=timezone.now()).status == "canceled"
        server.market.move("GALA", server.market.contracts["GALA"].price * Decimal("0.85"))
        assert account_orders_settle(account, timezone.now())
        stop.refresh_from_db()
        assert (stop.status, stop.filled_amount) == ("closed", Decimal(1000))
        assert not position_by_hand(account, GALA).amount

    def test_an_order_placed_elsewhere_can_be_canceled(self, server: WireServer) -> None:
        account = live_account(make_user(), server.exchange)
        order = place(account, type="limit", price=price(account, "0.5"))
        number = order.exchange_order_id
        order.manual_key.delete()
        order.delete()
        foreign_order_cancel(actor=account.owner, account=account, symbol=GALA, exchange_order_id=number)
        assert not venue_of(account).open_orders()


def test_a_bot_does_not_start_on_a_market_with_an_order_by_hand(account: ExchangeAccount) -> None:
    bot = make_bot(account=account)
    order = place(account, type="limit", price=price(account, "0.5"))
    with pytest.raises(ValidationError) as refused:
        bot_start(actor=account.owner, bot=bot, now=timezone.now())
    assert "order_by_hand" in {error.code for error in refused.value.error_list}
    manual_order_cancel(actor=account.owner, order=order, now=timezone.now())
    bot_start(actor=account.owner, bot=bot, now=timezone.now())
    assert refusal(account=account) == "claimed"
