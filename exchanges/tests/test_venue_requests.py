"""What a venue is asked does not grow with the number of bots, only with the time that passes."""

from collections.abc import Iterator
from typing import Any

import pytest

from exchanges.tests.many_bots import list_markets, look, made
from exchanges.tests.streaming import SOCKETS, Venue, collecting, streaming, until

pytestmark = pytest.mark.django_db(transaction=True, databases=["default", "paper"])

MARKETS = 20


@pytest.fixture(params=sorted(SOCKETS))
def venue(request: Any, settings: Any) -> Iterator[Venue]:
    settings.QUOTE_CACHE_TTL = 60.0
    with streaming(request.param, settings) as venue:
        list_markets(venue.rest, MARKETS)
        venue.ws.contracts = venue.rest.market.contracts
        yield venue


def test_over_rest_all_bots_share_one_question(venue: Venue, settings: Any) -> None:
    settings.EXCHANGE_BASE_URLS = {venue.exchange: {"rest": venue.rest.url}}
    ids = made(venue.exchange, 300)
    look(ids[:10])
    venue.rest.requests.clear()
    for bots in (10, 100, 300):
        look(ids[:bots])
    assert not venue.rest.requests


def test_with_the_collector_nobody_asks_for_quotes(venue: Venue, settings: Any) -> None:
    settings.QUOTE_CACHE_TTL = 0.0
    settings.STREAM_SILENCE_S = 10.0
    venue.ws.talk()
    ids = made(venue.exchange, 300)
    with collecting(venue.exchange):
        until(lambda: all(venue.ws.listens(venue.ws.quote_topic(base)) for base in venue.ws.contracts))
        for bots in (10, 100, 300):
            until(lambda some=ids[:bots]: looks_without_a_question(venue, some))  # type: ignore[misc]
        assert len(venue.ws.subscriptions) == MARKETS
        assert venue.ws.connections == 1


def looks_without_a_question(venue: Venue, ids: list[int]) -> bool:
    venue.rest.requests.clear()
    look(ids)
    return not venue.rest.requests
