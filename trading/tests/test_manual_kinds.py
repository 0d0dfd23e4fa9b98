"""Orders by hand in spot and dated markets: how they are booked, what is refused, what reconciliation makes of them."""

from collections.abc import Iterator
from datetime import timedelta
from decimal import Decimal
from typing import Any

import pytest
from django.core.exceptions import ValidationError
from django.utils import timezone

from accounts.tests.clients import bearer
from bots.tests.factories import make_paper_account, make_user
from exchanges.adapters.base import OrderRequest
from exchanges.errors import DomainError
from exchanges.models import ExchangeAccount
from exchanges.registry import venue_for, venue_of
from exchanges.tests.wire.accounts import live_account, serving
from exchanges.tests.wire.inverse import InverseMarket
from exchanges.tests.wire.okx_kinds import EXPIRY
from trading.by_hand.orders import manual_order_cancel, manual_order_create
from trading.by_hand.positions import position_by_hand
from trading.by_hand.settlement import account_orders_settle
from trading.equity import earned_by
from trading.models import AccountBooks, Difference, LedgerLine, LineKind, Order, Scope, TradingState, TradingSwitch
from trading.reconciliation.money import booked_total, unexplained, wallet_lines
from trading.reconciliation.rounds import account_reconcile
from trading.risk.facts import Picture
from trading.risk.wishes import wish_by_hand

pytestmark = pytest.mark.django_db(transaction=True, databases=["default", "paper"])

SPOT = "GALA/USDT"
SWAP = "GALA/USDT:USDT"
INVERSE = "GALA/USD:GALA"
DATED = f"GALA/USDT:USDT-{EXPIRY}"


@pytest.fixture(params=["okx", "binance", "bybit"])
def server(request: Any, settings: Any) -> Iterator[Any]:
    settings.ORDER_PROOF_S = settings.RECONCILE_QUIET_S = settings.QUOTE_CACHE_TTL = 0.0
    with serving(request.param, settings) as wire:
        yield wire


@pytest.fixture
def okx(settings: Any) -> Iterator[Any]:
    with serving("okx", settings) as wire:
        yield wire


def place(account: ExchangeAccount, side: str = "buy", type: str = "market", **fields: Any) -> Order:
    values: dict[str, Any] = {
        "actor": account.owner,
        "symbol": SPOT,
        "amount": Decimal(1000),
        "idempotency_key": f"key{Order.objects.count()}",
        "now": timezone.now(),
    }
    return manual_order_create(account=account, side=side, type=type, **(values | fields))


def sums(account: ExchangeAccount) -> dict[str, Decimal]:
    found: dict[str, Decimal] = {}
    for line in LedgerLine.objects.filter(account=account):
        assert line.currency == "USDT"
        found[line.kind] = found.get(line.kind, Decimal(0)) + line.amount
    return found


def orders(account: ExchangeAccount, tail: str = "") -> str:
    return f"/api/v1/account/{account.pk}/orders{tail}"


def test_coins_bought_and_sold_are_booked_to_the_last_unit(server: Any) -> None:
    """At 0.02001 and 0.01999 with a thousandth for the exchange: of the purchase in coins, of the sale in money."""
    account = live_account(make_user(), server.exchange)
    money = server.spot.market.purse.wallet
    bought = place(account)
    assert (bought.status, bought.reduce_only, bought.fee, bought.fee_currency) == (
        "closed",
        False,
        Decimal("0.02001"),
        "USDT",
    )
    fill = bought.fills.get()
    assert (fill.fee, fill.fee_currency) == (Decimal(1), "GALA")
    held = position_by_hand(account, SPOT)
    assert (held.amount, held.cost) == (Decimal(999), Decimal("19.98999"))

    sold = place(account, "sell", amount=Decimal(999))
    assert (sold.status, sold.reduce_only, sold.fee) == ("closed", True, Decimal("0.01997001"))
    assert sold.fills.get().realised_pnl == Decimal("-0.01998")
    assert not position_by_hand(account, SPOT).amount
    booked = sums(account)
    assert booked[LineKind.FEE] == Decimal("-0.03998001")
    assert booked[LineKind.REALISED] == Decimal("-0.01998")
    shared = server.exchange != "binance"
    assert (LineKind.TRANSFER in booked) == shared
    assert sum(booked.values()) == server.spot.market.purse.wallet - money
    assert wallet_lines(account).exists() == shared


def test_coins_that_came_from_elsewhere_are_no_gain(server: Any) -> None:
    account = live_account(make_user(), server.exchange)
    server.spot.market.coins["GALA"] = Decimal(5000)
    sold = place(account, "sell")
    assert sold.fills.get().realised_pnl == 0
    assert not position_by_hand(account, SPOT).amount


def test_reconciliation_leaves_coins_alone_and_knows_the_money(server: Any) -> None:
    account = live_account(make_user(), server.exchange)
    server.spot.market.coins["CHZ"] = Decimal(70_000)
    first = account_reconcile(account, timezone.now())
    place(account)
    for _ in range(3):
        again = account_reconcile(account, timezone.now(), thorough=True)
        assert again is not None
        assert (again.is_ok, again.suspects, again.opened) == (True, 0, 0)
    assert first is not None
    assert not Difference.objects.exists()
    assert not LedgerLine.objects.filter(symbol="").exists()
    books, balance = AccountBooks.objects.get(account=account), venue_of(account).balance()
    assert unexplained(books, balance, booked_total(account, "USDT")) == 0


def test_without_an_answer_it_is_asked_about_in_its_own_market(server: Any) -> None:
    account = live_account(make_user(), server.exchange)
    server.spot.market.fault("timeout_after")
    order = place(account)
    assert order.status == "unknown"
    assert account_orders_settle(account, timezone.now())
    order.refresh_from_db()
    assert (order.status, order.filled_amount) == ("closed", Decimal(1000))


def test_a_sale_goes_out_while_trading_is_halted(server: Any) -> None:
    account = live_account(make_user(), server.exchange)
    place(account)
    TradingSwitch.objects.create(scope=Scope.INSTALLATION, state=TradingState.HALTED)
    with pytest.raises(DomainError) as refused:
        place(account)
    assert refused.value.code == "halted"
    assert place(account, "sell", amount=Decimal(900)).status == "closed"


def test_what_is_refused_before_anything_is_written(okx: Any) -> None:
    account = live_account(make_user(), "okx")
    for fields, named in (
        ({"type": "stop", "side": "sell", "trigger_price": Decimal("0.01")}, {"type"}),
        ({"reduce_only": True}, {"reduce_only"}),
        ({"symbol": "BTC/USD:BTC"}, {"symbol"}),
        ({"symbol": "NOSUCH/USDT"}, {"symbol"}),
    ):
        with pytest.raises(ValidationError) as refused:
            place(account, **fields)
        assert set(refused.value.message_dict) == named
    assert not Order.objects.exists()


def test_a_paper_account_trades_swaps_alone() -> None:
    with pytest.raises(DomainError) as refused:
        place(make_paper_account())
    assert refused.value.code == "kind_not_traded"


@pytest.mark.parametrize("exchange", ["bybit", "okx"])
def test_inverse_contracts_are_booked_in_their_coin_to_the_last_unit(exchange: str, settings: Any) -> None:
    """A thousand dollars bought at 0.02001 and sold at 0.02499; the exchange's own books say what it brought."""
    settings.QUOTE_CACHE_TTL = 0.0
    with serving(exchange, settings, "inverse") as server:
        side: InverseMarket = server.inverse.market  # type: ignore[attr-defined]
        side.purse["GALA"] = before = Decimal(1_000_000)
        account = live_account(make_user(), exchange)
        bought = place(account, symbol=INVERSE)
        assert (bought.status, bought.average_price, bought.fee_currency) == ("closed", Decimal("0.02001"), "GALA")
        assert bought.cost == (Decimal(1000) / Decimal("0.02001")).quantize(Decimal("1e-12"))
        held = position_by_hand(account, INVERSE)
        assert (held.amount, held.cost) == (Decimal(1000), bought.cost)
        assert exposed_by_hand(account) == Decimal(1000)

        side.move("GALA", Decimal("0.025"))
        sold = place(account, "sell", symbol=INVERSE, reduce_only=True)
        earned = sold.fills.get().realised_pnl
        assert earned == bought.cost - (Decimal(1000) / Decimal("0.02499")).quantize(Decimal("1e-12"))
        lines = list(LedgerLine.objects.filter(account=account))
        assert {line.currency for line in lines} == {"GALA"}
        assert sum(line.amount for line in lines) == side.purse["GALA"] - before
        assert exposed_by_hand(account) == 0
        assert booked_total(account, "USDT") == 0


def exposed_by_hand(account: ExchangeAccount) -> Decimal:
    wish = wish_by_hand(account, INVERSE, "buy", Decimal(0), reduce_only=False)
    return sum((each.value for each in Picture(wish, timezone.now()).exposed), Decimal(0))


@pytest.mark.parametrize("exchange", ["bybit", "okx"])
def test_a_loss_in_coins_counts_in_money(exchange: str, settings: Any) -> None:
    settings.QUOTE_CACHE_TTL = 0.0
    with serving(exchange, settings, "inverse") as server:
        side: InverseMarket = server.inverse.market  # type: ignore[attr-defined]
        side.purse["GALA"] = Decimal(1_000_000)
        account = live_account(make_user(), exchange)
        place(account, symbol=INVERSE)
        side.move("GALA", Decimal("0.016"))
        place(account, "sell", symbol=INVERSE, reduce_only=True)
    wish = wish_by_hand(account, INVERSE, "buy", Decimal(0), reduce_only=False)
    (lost,) = Picture(wish, timezone.now()).lost
    assert Decimal(-203) < lost.day < Decimal(-199)
    (earned,) = earned_by(account.owner, timezone.now(), timezone.now() - timedelta(hours=1)).accounts.values()
    assert earned.today == lost.day


def test_a_stop_that_may_open_is_an_order_like_any_other(server: Any) -> None:
    """It waits, counts as exposure, cannot go out while trading is halted, and is found and canceled by its own id."""
    account = live_account(make_user(), server.exchange)
    stop = place(account, "buy", "stop", symbol=SWAP, trigger_price=Decimal("0.022"))
    assert (stop.status, stop.reduce_only) == ("open", False)
    wish = wish_by_hand(account, SWAP, "buy", Decimal(0), reduce_only=False)
    assert sum(each.value for each in Picture(wish, timezone.now()).exposed) == Decimal(22)
    TradingSwitch.objects.create(scope=Scope.INSTALLATION, state=TradingState.HALTED)
    with pytest.raises(DomainError) as refused:
        place(account, "buy", "stop", symbol=SWAP, trigger_price=Decimal("0.022"))
    assert refused.value.code == "halted"
    canceled = manual_order_cancel(actor=account.owner, order=stop, now=timezone.now())
    assert canceled.status == "canceled"


def test_dated_futures_are_booked_as_swaps_are(okx: Any) -> None:
    account = live_account(make_user(), "okx")
    opened = place(account, symbol=DATED)
    assert (opened.status, opened.filled_amount) == ("closed", Decimal(1000))
    (held,) = venue_for(account, DATED).positions()
    assert (held.symbol, held.amount) == (DATED, position_by_hand(account, DATED).amount)
    place(account, "sell", symbol=DATED, reduce_only=True)
    assert not venue_for(account, DATED).positions()
    assert sum(sums(account).values()) == okx.futures.market.wallet - 10_000


class TestOverRest:
    def wanted(self, **fields: Any) -> dict[str, Any]:
        return {"symbol": "GALA-USDT", "type": "spot", "side": "buy", "order_type": "market", "amount": "1000"} | fields

    def test_spot(self, okx: Any) -> None:
        account = live_account(make_user(), "okx")
        api = bearer(account.owner)
        placed = api.post(orders(account), self.wanted(), format="json")
        assert (placed.status_code, placed.json()["data"]["symbol"]) == (201, SPOT)
        resting = api.post(orders(account), self.wanted(order_type="limit", price="0.01"), format="json").json()["data"]
        (row,) = api.get(orders(account, "/open?type=spot")).json()["data"]
        assert (row["id"], row["symbol"], row["status"]) == (resting["id"], SPOT, "open")
        assert api.get(orders(account, "/open?type=future")).json()["data"] == []
        closed = api.get(orders(account, "/closed?type=spot&symbol=GALA/USDT")).json()["data"]
        assert [row["id"] for row in closed] == [placed.json()["data"]["id"]]
        assert api.delete(orders(account, f"/{resting['id']}")).json()["data"]["status"] == "canceled"
        wrong = api.post(orders(account), self.wanted(symbol=DATED), format="json")
        assert (wrong.status_code, set(wrong.json()["errors"])) == (400, {"symbol"})

    def test_balances_and_positions(self, server: Any) -> None:
        account = live_account(make_user(), server.exchange)
        place(account)
        api, base = bearer(account.owner), f"/api/v1/account/{account.pk}"
        wallet = api.get(f"{base}/balance?type=spot").json()["data"]
        assert {"currency": "GALA", "total": "999", "free": "999"} in wallet["coins"]
        usual = api.get(f"{base}/balance").json()["data"]
        assert (usual["currency"], "USDT" in [coin["currency"] for coin in usual["coins"]]) == ("USDT", True)
        assert api.get(f"{base}/positions").json()["data"] == []
        dated = api.get(f"{base}/positions?type=future")
        assert (dated.status_code, dated.json()["data"]) == (200, [])
        assert api.get(f"{base}/positions?type=spot").status_code == 400

    @pytest.mark.parametrize("exchange", ["bybit", "okx"])
    def test_inverse(self, exchange: str, settings: Any) -> None:
        """Under the name that says what it settles in; amounts are dollars, results are coins."""
        with serving(exchange, settings, "inverse") as wire:
            wire.inverse.market.purse["GALA"] = Decimal(1_000_000)  # type: ignore[attr-defined]
            account = live_account(make_user(), exchange)
            api, base = bearer(account.owner), f"/api/v1/account/{account.pk}"
            wish = self.wanted(type="swap", symbol="GALA-USD")
            placed = api.post(orders(account), wish, format="json")
            assert placed.status_code == 201
            told = placed.json()["data"]
            assert (told["symbol"], told["filled_amount"], told["fee_currency"]) == (INVERSE, "1000", "GALA")
            place(account, symbol=SWAP)
            held = api.get(f"{base}/positions").json()["data"]
            assert [(row["symbol"], row["amount"]) for row in held] == [(SWAP, "1000"), (INVERSE, "1000")]
            api.post(orders(account), wish | {"order_type": "limit", "price": "0.01"}, format="json")
            (row,) = api.get(orders(account, "/open")).json()["data"]
            assert row["symbol"] == INVERSE
            odd = api.post(orders(account), wish | {"amount": "1000.5"}, format="json")
            assert "USD" in odd.json()["errors"]["amount"][0]
            (listed,) = [
                row for row in api.get(f"/api/v1/markets/{exchange}/markets").json()["data"] if row["symbol"] == INVERSE
            ]
            assert (listed["linear"], listed["amount_currency"], listed["settle"]) == (False, "USD", "GALA")
            coins = {coin["currency"] for coin in api.get(f"{base}/balance").json()["data"]["coins"]}
            assert "GALA" in coins

    def test_orders_are_canceled_by_the_exchanges_number(self, server: Any) -> None:
        """One of ours as ours, one from elsewhere there alone."""
        account = live_account(make_user(), server.exchange)
        api, stranger = bearer(account.owner), bearer(make_user())
        for kind, name in (("spot", SPOT), ("swap", "GALA/USDT:USDT")):
            venue = venue_for(account, name)
            ours = place(account, "buy", "limit", symbol=name, price=Decimal("0.01"))
            venue.create_order(_elsewhere(name))
            for report in venue.open_orders(name):
                tail = f"/at-exchange/{report.exchange_order_id}?type={kind}&symbol=GALA/USDT"
                assert stranger.delete(orders(account, tail)).status_code == 404
                answer = api.delete(orders(account, tail))
                assert answer.status_code == 200
                told = answer.json()["data"]
                is_ours = report.client_order_id == ours.client_order_id
                assert (told["status"], told["id"]) == ("canceled", ours.pk if is_ours else None)
            assert not venue.open_orders(name)
            ours.refresh_from_db()
            assert ours.status == "canceled"
        missing = api.delete(orders(account, "/at-exchange/99999999?symbol=GALA/USDT"))
        assert missing.status_code == 404
        assert api.delete(orders(account, "/at-exchange/1")).status_code == 400


def _elsewhere(symbol: str) -> OrderRequest:
    return OrderRequest(
        client_order_id="web7",
        symbol=symbol,
        side="buy",
        type="limit",
        amount=Decimal(1000),
        price=Decimal("0.01"),
        reduce_only=False,
        send_by=timezone.now() + timedelta(seconds=30),
    )
