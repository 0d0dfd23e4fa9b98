"""Quotes over sockets: they arrive, and whatever happens to the socket, an old one is never shown as fresh."""

import resource
import time
from collections.abc import Iterator
from decimal import Decimal
from typing import Any

import pytest
from django.core.management import CommandError, call_command
from django.utils import timezone

from accounts.models import Notification
from bots.models import BotStatus
from bots.services import bot_stop
from bots.tests.factories import CHZ, GALA, make_bot, make_user
from exchanges import venue_clients
from exchanges.adapters.base import VenueQuote
from exchanges.adapters.paper_source import to_ms
from exchanges.errors import Unavailable
from exchanges.stream.collector import is_alive
from exchanges.stream.needs import bots_need
from exchanges.stream.redis_keys import connection, wishes_key
from exchanges.stream.states import states_read
from exchanges.stream.topics import TICKER, Feed, Topic
from exchanges.stream.wishes import wish
from exchanges.tests.streaming import SOCKETS, Venue, collecting, streaming, until
from exchanges.tests.wire.accounts import live_paper_account

pytestmark = pytest.mark.django_db
with_bots = pytest.mark.django_db(transaction=True, databases=["default", "paper"])
"""Rows that the collector's threads see."""

D = Decimal
REST_PATHS = ("ticker", "tickers")


@pytest.fixture(params=sorted(SOCKETS))
def venue(request: Any, settings: Any) -> Iterator[Venue]:
    """Whoever asks over REST is answered anew, and is seen to ask."""
    settings.QUOTE_CACHE_TTL = 0.0
    with streaming(request.param, settings) as venue:
        yield venue


def asked(venue: Venue) -> int:
    return sum(any(part in path for part in REST_PATHS) for path in venue.rest.paths())


def quote(venue: Venue, symbol: str = GALA) -> VenueQuote:
    return venue_clients.markets_of(venue.exchange).quotes([symbol])[symbol]


def is_streamed(venue: Venue) -> bool:
    """The next look at the quotes needs no request."""
    before = asked(venue)
    quote(venue)
    return asked(venue) == before


def watched(venue: Venue, *symbols: str) -> None:
    for symbol in symbols or (GALA, CHZ):
        wish(Topic(Feed(venue.exchange), TICKER, symbol))


def age_s(venue: Venue, found: VenueQuote) -> float:
    return (venue.rest.now_ms() - to_ms(found.alive_at)) / 1000


def test_quotes_arrive(venue: Venue) -> None:
    venue.ws.talk()
    watched(venue)
    with collecting(venue.exchange):
        until(lambda: is_streamed(venue))
        venue.ws.contracts["GALA"].price = D("0.0211")
        until(lambda: quote(venue).ask == D("0.02111"))
        found = quote(venue)
        assert (found.bid, found.symbol) == (D("0.02109"), GALA)
        assert found.bid_size == (5000 if venue.exchange == "okx" else 500)
        assert age_s(venue, found) < 1.5
        assert found.at <= found.alive_at


def test_a_killed_socket_is_open_again_within_five_seconds(venue: Venue) -> None:
    venue.ws.talk()
    watched(venue)
    with collecting(venue.exchange):
        until(lambda: is_streamed(venue))
        venue.ws.kill()
        venue.ws.contracts["GALA"].price = D("0.0211")
        until(lambda: quote(venue).ask == D("0.02111"))
        assert not is_streamed(venue)
        venue.ws.revive()
        assert until(lambda: is_streamed(venue)) < 5


def test_silence_is_noticed_and_nothing_old_looks_fresh(venue: Venue, settings: Any) -> None:
    """The connection stays: only the quotes' own times tell."""
    venue.ws.talk()
    watched(venue)
    with collecting(venue.exchange):
        until(lambda: is_streamed(venue))
        connections = venue.ws.connections
        venue.ws.is_silent = True
        venue.ws.contracts["GALA"].price = D("0.0211")
        ages = []

        def rest_has_taken_over() -> bool:
            found = quote(venue)
            ages.append(age_s(venue, found))
            return found.ask == D("0.02111")

        until(rest_has_taken_over)
        assert max(ages) < settings.STREAM_QUOTE_AGE_S + 0.5
        until(lambda: venue.ws.connections > connections)
        assert not is_streamed(venue)
        venue.ws.is_silent = False
        assert until(lambda: is_streamed(venue)) < 5


def test_with_socket_and_venue_silent_there_is_no_quote(venue: Venue) -> None:
    venue.ws.talk()
    watched(venue)
    with collecting(venue.exchange):
        until(lambda: is_streamed(venue))
        venue.ws.is_silent = True
        venue.rest.market.fault("http", 10_000, drop=True)
        until(lambda: raises_unavailable(venue))


def raises_unavailable(venue: Venue) -> bool:
    try:
        quote(venue)
    except Unavailable:
        return True
    return False


def test_of_a_flood_the_newest_stays_and_little_is_written(venue: Venue, settings: Any) -> None:
    settings.STREAM_PUBLISH_PER_S, settings.STREAM_SILENCE_S = 5.0, 60.0
    watched(venue, GALA)
    topic = Topic(Feed(venue.exchange), TICKER, GALA)
    with collecting(venue.exchange) as collector:
        venue.ws.wait_for(lambda: venue.ws.listens(venue.ws.quote_topic("GALA")))
        until(lambda: topic in states_read(topic.feed, [topic])[1])
        first, began = states_read(topic.feed, [topic])[1][topic], time.monotonic()
        start = venue.rest.now_ms()
        flood = [venue.ws.quote("GALA", price=D("0.02") + n * D("0.000001"), at_ms=start + n) for n in range(10_000)]
        before = memory()
        venue.ws.say(venue.ws.quote_topic("GALA"), *flood)
        until(lambda: states_read(topic.feed, [topic])[1][topic].at_ms == start + 9_999, 30)
        last = states_read(topic.feed, [topic])[1][topic]
        assert D(last.data[1]) == D("0.02") + 9_999 * D("0.000001") + D("0.00001")
        assert last.sequence - first.sequence <= 5 * (time.monotonic() - began) + 2
        assert memory() - before < 20 * 2**20
        (feed,) = collector._feeds.values()
        assert set(feed.board._heard) == {topic}


def memory() -> int:
    """The most that this process has taken so far, in bytes."""
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * 1024


def test_what_comes_late_does_not_replace_what_is_newer(venue: Venue, settings: Any) -> None:
    settings.STREAM_SILENCE_S = 60.0
    watched(venue, GALA)
    name = venue.ws.quote_topic("GALA")
    with collecting(venue.exchange):
        venue.ws.wait_for(lambda: venue.ws.listens(name))
        now = venue.rest.now_ms()
        venue.ws.say(name, venue.ws.quote("GALA", price=D("0.03"), at_ms=now + 500))
        until(lambda: venue_says(venue) == D("0.03001"))
        venue.ws.say(name, venue.ws.quote("GALA", price=D("0.01"), at_ms=now + 400))
        venue.ws.say(name, venue.ws.quote("GALA", price=D("0.031"), at_ms=now + 600))
        seen = []

        def newest_is_seen() -> bool:
            seen.append(venue_says(venue))
            return seen[-1] == D("0.03101")

        until(newest_is_seen)
        assert D("0.01001") not in seen


def venue_says(venue: Venue) -> Decimal | None:
    topic = Topic(Feed(venue.exchange), TICKER, GALA)
    state = states_read(topic.feed, [topic])[1].get(topic)
    return D(state.data[1]) if state else None


def test_nobody_connects_while_nothing_is_needed(venue: Venue, settings: Any) -> None:
    settings.STREAM_SILENCE_S = 60.0
    with collecting(venue.exchange):
        watched(venue, GALA)
        venue.ws.wait_for(lambda: venue.ws.listens(venue.ws.quote_topic("GALA")))
        assert venue.ws.connections == 1
        connection().delete(wishes_key())
        until(lambda: not venue.ws.listens(venue.ws.quote_topic("GALA")))
        assert not venue.ws.listens(venue.ws.quote_topic("CHZ"))


def test_a_venue_that_was_moved_has_no_sockets_elsewhere(settings: Any) -> None:
    settings.EXCHANGE_BASE_URLS = {"okx": {"rest": "http://127.0.0.1:1"}, "bybit": {"ws": "ws://127.0.0.1:1"}}
    assert [Feed(name).is_open for name in ("okx", "binance", "bybit")] == [False, True, True]


def test_what_an_earlier_subscription_said_is_forgotten(venue: Venue, settings: Any) -> None:
    """A page that comes back does not see for new what was true when it left."""
    settings.STREAM_SILENCE_S = 60.0
    watched(venue, GALA)
    topic = Topic(Feed(venue.exchange), TICKER, GALA)
    with collecting(venue.exchange):
        until(lambda: venue_says(venue) is not None)
        connection().delete(wishes_key())
        until(lambda: venue_says(venue) is None)
        assert states_read(topic.feed, [topic])[1] == {}


def test_the_command_says_whether_a_collector_runs(venue: Venue) -> None:
    with pytest.raises(CommandError):
        call_command("stream_quotes", exchange=venue.exchange, check=True)
    with collecting(venue.exchange):
        until(lambda: is_alive(venue.exchange))
        call_command("stream_quotes", exchange=venue.exchange, check=True)


@with_bots
def test_bots_that_begin_and_end_are_followed_at_once(venue: Venue, settings: Any) -> None:
    settings.STREAM_LOOK_S = settings.STREAM_SILENCE_S = 60.0
    user = make_user()
    bot = make_bot(account=live_paper_account(user, venue.exchange), status=BotStatus.RUNNING)
    with collecting(venue.exchange):
        venue.ws.wait_for(lambda: venue.ws.listens(venue.ws.quote_topic("GALA")))
        venue.ws.wait_for(lambda: venue.ws.listens(venue.ws.quote_topic("CHZ")))
        bot_stop(actor=user, bot=bot, now=timezone.now())
        venue.ws.wait_for(lambda: not venue.ws.listens(venue.ws.quote_topic("CHZ")))


@with_bots
@pytest.mark.parametrize("venue", ["okx"], indirect=True)
@pytest.mark.parametrize("way", ["silent", "killed"])
def test_an_outage_is_told_once_and_its_end_too(venue: Venue, way: str) -> None:
    """To those whose bots decide on these quotes; nobody hears of a connection that is soon back."""
    owner, other = make_user(), make_user(username="other")
    for status in (BotStatus.RUNNING, BotStatus.PAUSED):
        make_bot(account=live_paper_account(owner, venue.exchange, label=status), status=status)
    make_bot(account=live_paper_account(other, venue.exchange), status=BotStatus.STOPPED)
    venue.ws.talk()
    with collecting(venue.exchange):
        until(lambda: is_streamed(venue))
        connections = venue.ws.connections
        venue.ws.kill()
        venue.ws.revive()
        venue.ws.wait_for(lambda: venue.ws.connections > connections)
        until(lambda: is_streamed(venue))
        assert not Notification.objects.exists()
        if way == "killed":
            venue.ws.kill()
        venue.ws.is_silent = True
        until(Notification.objects.exists)
        connections = venue.ws.connections
        if way == "killed":
            venue.ws.revive()
        venue.ws.wait_for(lambda: venue.ws.connections > connections)
        venue.ws.is_silent = False
        until(lambda: Notification.objects.count() > 1)
    told = [(row.owner, row.kind, row.severity) for row in Notification.objects.order_by("pk")]
    assert told == [(owner, "stale_data", "warning"), (owner, "stale_data", "info")]
    assert "2 bots" in Notification.objects.earliest("pk").text


@with_bots
def test_bots_on_markets_of_our_own_need_nothing(venue: Venue) -> None:
    make_bot(status=BotStatus.RUNNING)
    assert bots_need(venue.exchange) == set()


def test_markets_that_are_not_listed_disturb_nobody(venue: Venue) -> None:
    venue.ws.talk()
    watched(venue, GALA, "GONE/USDT:USDT", "AWAY/USDT:USDT")
    with collecting(venue.exchange):
        until(lambda: is_streamed(venue))
        assert venue.ws.connections == 1
        assert venue.ws.subscriptions == [venue.ws.quote_topic("GALA")]
