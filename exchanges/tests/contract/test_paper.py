"""The paper venue keeps the contract, on a stepped tape and on prices that run with the clock."""

from collections.abc import Callable, Iterator
from datetime import timedelta
from decimal import Decimal
from typing import Any

import pytest
from django.core.cache import cache

from bots.tests.factories import make_user
from exchanges import tape
from exchanges.models import ExchangeAccount
from exchanges.registry import venue_of
from exchanges.services import rehearsal_start
from exchanges.tests.contract.rig import Rig
from exchanges.tests.contract.suite import VenueContract
from exchanges.tests.series import CHZ, GALA, START, replay_account, simulated_account
from exchanges.tests.wire.accounts import SERVERS, live_paper_account, serving

pytestmark = pytest.mark.django_db(transaction=True, databases=["default", "paper"])


def rig_on(account: ExchangeAccount, *, stepped: bool, move: Callable[[Decimal], None] | None = None) -> Rig:
    def step() -> None:
        if stepped:
            assert tape.advance(account, expected_index=tape.bar(account).index)

    def misbehave(**fault: Any) -> None:
        rehearsal_start(account=account, faults={"faults": [fault]})

    return Rig(venue_of(account), GALA, CHZ, Decimal(1000), step, misbehave, move)


class TestSteppedTape(VenueContract):
    @pytest.fixture
    def rig(self, stored_pair: Any) -> Rig:
        return rig_on(replay_account(make_user()), stepped=True)


class TestPacedReplay(VenueContract):
    @pytest.fixture
    def rig(self, stored_pair: Any) -> Rig:
        """An hour and forty minutes into the recording, at a speed at which a test sees nothing move."""
        start = START + timedelta(minutes=100)
        return rig_on(replay_account(make_user(), speed="0.001", start=start), stepped=False)


class TestSimulation(VenueContract):
    @pytest.fixture
    def rig(self) -> Rig:
        return rig_on(simulated_account(make_user()), stepped=False)


class TestLiveQuotes(VenueContract):
    @pytest.fixture(params=sorted(SERVERS))
    def rig(self, request: Any, settings: Any) -> Iterator[Rig]:
        with serving(request.param, settings) as server:

            def move(price: Decimal) -> None:
                server.market.move("GALA", price)
                cache.clear()  # of the price before

            settings.QUOTE_CACHE_TTL = 0
            yield rig_on(live_paper_account(make_user(), request.param), stepped=False, move=move)
