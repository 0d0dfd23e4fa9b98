"""Spot and dated futures keep the contract too, against servers that answer in each venue's wire format."""

from collections.abc import Iterator
from decimal import Decimal
from functools import partial
from typing import Any

import pytest

from bots.tests.factories import make_user
from exchanges import registry
from exchanges.errors import DomainError
from exchanges.tests.contract.rig import Rig
from exchanges.tests.contract.suite import VenueContract
from exchanges.tests.contract.suite_spot import SpotContract
from exchanges.tests.wire.accounts import live_account, serving
from exchanges.tests.wire.market import Market
from exchanges.tests.wire.okx_kinds import EXPIRY

pytestmark = pytest.mark.django_db(transaction=True)


def rig_at(exchange: str, kind: str, settings: Any) -> Iterator[Rig]:
    with serving(exchange, settings) as server:
        side: Market = getattr(server, {"spot": "spot", "future": "futures"}[kind]).market

        def misbehave(fault: str, next: int = 1, **options: Any) -> None:
            side.fault(fault, next, **options)

        ending = "" if kind == "spot" else f":USDT-{EXPIRY}"
        venue = registry.venue_for(live_account(make_user(), exchange), f"GALA/USDT{ending}")
        names = (f"GALA/USDT{ending}", f"CHZ/USDT{ending}")
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


@pytest.mark.parametrize("exchange", ["binance", "bybit"])
def test_dated_futures_are_refused_elsewhere(exchange: str, settings: Any) -> None:
    with serving(exchange, settings):
        account = live_account(make_user(), exchange)
        with pytest.raises(DomainError) as refused:
            registry.venue_for(account, f"GALA/USDT:USDT-{EXPIRY}")
    assert refused.value.code == "kind_not_traded"
