"""The venues' adapters keep the contract, against servers that answer in each venue's wire format."""

from collections.abc import Iterator
from decimal import Decimal
from functools import partial
from typing import Any

import pytest

from bots.tests.factories import CHZ, GALA, make_user
from exchanges import registry
from exchanges.tests.contract.rig import Rig
from exchanges.tests.contract.suite import VenueContract
from exchanges.tests.wire.accounts import live_account, serving

pytestmark = pytest.mark.django_db(transaction=True)


def rig_at(exchange: str, settings: Any) -> Iterator[Rig]:
    """`step` has nothing to wait for: the servers match at once."""
    with serving(exchange, settings) as server:

        def misbehave(fault: str, next: int = 1, **options: Any) -> None:
            server.market.fault(fault, next, **options)

        venue = registry.venue_of(live_account(make_user(), exchange))
        yield Rig(venue, GALA, CHZ, Decimal(1000), lambda: None, misbehave, partial(server.market.move, "GALA"))


class TestOkx(VenueContract):
    @pytest.fixture
    def rig(self, settings: Any) -> Iterator[Rig]:
        yield from rig_at("okx", settings)


class TestBinance(VenueContract):
    remembers_ids = False

    @pytest.fixture
    def rig(self, settings: Any) -> Iterator[Rig]:
        yield from rig_at("binance", settings)


class TestBybit(VenueContract):
    @pytest.fixture
    def rig(self, settings: Any) -> Iterator[Rig]:
        yield from rig_at("bybit", settings)
