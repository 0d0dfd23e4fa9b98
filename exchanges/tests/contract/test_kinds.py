"""Spot, dated futures and inverse contracts keep theirs too, against servers in each venue's wire format."""

from collections.abc import Iterator
from datetime import timedelta
from decimal import Decimal
from functools import partial
from typing import Any

import pytest
from django.core.exceptions import ValidationError

from bots.tests.factories import make_user
from exchanges import registry
from exchanges.errors import DomainError
from exchanges.market_data import market_rules
from exchanges.tests.contract.rig import Rig
from exchanges.tests.contract.suite import MarketDataContract, StopContract, VenueContract
from exchanges.tests.contract.suite_inverse import InverseContract
from exchanges.tests.contract.suite_spot import SpotContract
from exchanges.tests.wire.accounts import live_account, serving
from exchanges.tests.wire.inverse import InverseMarket
from exchanges.tests.wire.market import Market
from exchanges.tests.wire.okx_kinds import EXPIRY

pytestmark = pytest.mark.django_db(transaction=True)


SIDES = {"spot": "spot", "future": "futures", "inverse": "inverse"}
NAMES = {"spot": "{}/USDT", "future": f"{{}}/USDT:USDT-{EXPIRY}", "inverse": "{0}/USD:{0}"}


def rig_at(exchange: str, kind: str, settings: Any) -> Iterator[Rig]:
    with serving(exchange, settings, kind) as server:
        side: Market = getattr(server, SIDES[kind]).market
        if isinstance(side, InverseMarket):
            side.purse.update(GALA=Decimal(1_000_000), CHZ=Decimal(1_000_000))

        def misbehave(fault: str, next: int = 1, **options: Any) -> None:
            side.fault(fault, next, **options)

        names = NAMES[kind].format("GALA"), NAMES[kind].format("CHZ")
        venue = registry.venue_for(live_account(make_user(), exchange), names[0])
        yield Rig(venue, *names, Decimal(1000), lambda: None, misbehave, partial(side.move, "GALA"))


class TestOkxSpot(SpotContract):
    @pytest.fixture
    def rig(self, settings: Any) -> Iterator[Rig]:
        yield from rig_at("okx", "spot", settings)


class TestBinanceSpot(SpotContract):
    @pytest.fixture
    def rig(self, settings: Any) -> Iterator[Rig]:
        yield from rig_at("binance", "spot", settings)


class TestBybitSpot(SpotContract):
    @pytest.fixture
    def rig(self, settings: Any) -> Iterator[Rig]:
        yield from rig_at("bybit", "spot", settings)


class TestOkxFutures(VenueContract):
    @pytest.fixture
    def rig(self, settings: Any) -> Iterator[Rig]:
        yield from rig_at("okx", "future", settings)


class OtherFutures(MarketDataContract, StopContract):
    """Over the code of the swaps, which keep the whole contract: here that they are asked about by their own names."""

    def test_bought_and_sold(self, rig: Rig) -> None:
        before = rig.venue.clock() - timedelta(minutes=1)
        rig.venue.set_leverage(rig.symbol, leverage=3, margin_mode="cross")
        filled = rig.done(rig.request("sell"))
        (held,) = rig.venue.positions()
        assert (held.symbol, held.amount, held.leverage) == (rig.symbol, -rig.amount, 3)
        assert tuple(rig.venue.fills(rig.symbol, since=before)) == filled.fills
        resting = rig.request("sell", "limit", price=rig.price("2"))
        rig.venue.create_order(resting)
        assert [r.client_order_id for r in rig.venue.open_orders()] == [resting.client_order_id]
        assert not rig.venue.open_orders(rig.other)


class TestBinanceFutures(OtherFutures):
    @pytest.fixture
    def rig(self, settings: Any) -> Iterator[Rig]:
        yield from rig_at("binance", "future", settings)


class TestBybitFutures(OtherFutures):
    @pytest.fixture
    def rig(self, settings: Any) -> Iterator[Rig]:
        yield from rig_at("bybit", "future", settings)


class TestBybitInverse(InverseContract):
    @pytest.fixture
    def rig(self, settings: Any) -> Iterator[Rig]:
        yield from rig_at("bybit", "inverse", settings)


class TestOkxInverse(InverseContract):
    contract_size = Decimal(10)

    @pytest.fixture
    def rig(self, settings: Any) -> Iterator[Rig]:
        yield from rig_at("okx", "inverse", settings)


@pytest.mark.parametrize(("exchange", "symbol"), [("binance", "GALA/USD:GALA"), ("okx", "BTC/USD:BTC-301227-50000-C")])
def test_what_is_market_data_only_is_refused_in_words(exchange: str, symbol: str, settings: Any) -> None:
    with serving(exchange, settings):
        account = live_account(make_user(), exchange)
        with pytest.raises(DomainError) as refused:
            registry.venue_for(account, symbol)
    assert refused.value.code == "kind_not_traded"
    assert "looked at" in refused.value.message


@pytest.mark.parametrize("exchange", ["bybit", "okx"])
def test_linear_and_inverse_positions_stay_apart(exchange: str, settings: Any) -> None:
    """Bots see what settles in money; a look at the account sees all."""
    with serving(exchange, settings, "inverse") as server:
        server.inverse.market.purse["GALA"] = Decimal(1_000_000)  # type: ignore[attr-defined]
        account = live_account(make_user(), exchange)
        desks = registry.desks_of(account, "swap")
        for desk, name in zip(desks, ("GALA/USDT:USDT", "GALA/USD:GALA"), strict=True):
            rig = Rig(desk, name, "", Decimal(1000), lambda: None, lambda: None)
            rig.venue.create_order(rig.request("buy"))
            assert [held.symbol for held in desk.positions()] == [name]
            assert [name in each.markets() for each in desks] == [each is desk for each in desks]
        with pytest.raises(ValidationError, match="settled in its own coin"):
            market_rules(account, "GALA/USD:GALA")
