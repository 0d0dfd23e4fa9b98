"""Private sockets: word that something changed makes the bots concerned look, and books nothing itself."""

from collections.abc import Iterator
from typing import Any

import pytest
from celery import current_app

from bots.tests.factories import make_bot, make_user
from exchanges.stream.account_watch import TICK, accounts_need
from exchanges.tests.streaming import SOCKETS, Venue, collecting, streaming, until
from exchanges.tests.wire.accounts import SERVERS, live_account
from exchanges.tests.wire.server import KEY, PASSPHRASE, SECRET
from exchanges.tests.wire.ws_binance import BinanceWithStreams
from trading.models import Fill
from trading.tasks import tick_bot

pytestmark = pytest.mark.django_db(transaction=True)


@pytest.fixture(params=sorted(SOCKETS))
def venue(request: Any, settings: Any, monkeypatch: Any) -> Iterator[Venue]:
    monkeypatch.setitem(SERVERS, "binance", BinanceWithStreams)
    with streaming(request.param, settings) as venue:
        yield venue


def test_only_real_accounts_with_something_open_are_listened_to(venue: Venue) -> None:
    account = live_account(make_user(), venue.exchange)
    flat = make_bot(account=account)
    assert accounts_need(venue.exchange) == {}
    held = make_bot(account=account, level=1, side=1)
    assert accounts_need(venue.exchange) == {account.pk: {held.pk}}
    assert flat.pk != held.pk
    assert not [name for name in SOCKETS if name != venue.exchange and accounts_need(name)]


def test_word_of_an_order_makes_its_bots_look(venue: Venue) -> None:
    bot = make_bot(account=live_account(make_user(), venue.exchange), level=1, side=1)
    asked: list[int] = []
    with collecting(venue.exchange, asked.extend):
        venue.ws.wait_for(lambda: venue.ws.listens(venue.ws.private_topic))
        assert not asked
        venue.ws.say(venue.ws.private_topic, venue.ws.order_news())
        until(lambda: asked == [bot.pk, bot.pk])
    assert not Fill.objects.exists()


def test_a_lost_private_socket_is_opened_again(venue: Venue) -> None:
    bot = make_bot(account=live_account(make_user(), venue.exchange), level=1, side=1)
    asked: list[int] = []
    with collecting(venue.exchange, asked.extend):
        venue.ws.wait_for(lambda: venue.ws.listens(venue.ws.private_topic))
        venue.ws.kill()
        venue.ws.wait_for(lambda: not venue.ws.listens(venue.ws.private_topic))
        venue.ws.revive()
        venue.ws.wait_for(lambda: venue.ws.listens(venue.ws.private_topic))
        venue.ws.say(venue.ws.private_topic, venue.ws.order_news())
        until(lambda: bot.pk in asked)


def test_a_key_that_is_refused_is_not_tried_again_at_once(venue: Venue, caplog: Any, capfd: Any) -> None:
    """And appears nowhere."""
    account = live_account(make_user(), venue.exchange, api_secret="another-secret-9999")
    if venue.exchange == "binance":
        account = live_account(make_user(), venue.exchange, api_key="another-key-9999", label="Other")
    make_bot(account=account, level=1, side=1)
    with collecting(venue.exchange, lambda bot_ids: None):
        until(lambda: "has no private socket" in caplog.text)
    shown = caplog.text + "".join(capfd.readouterr())
    assert not any(secret in shown for secret in (KEY, SECRET, PASSPHRASE, "another-secret-9999", "another-key-9999"))


def test_a_look_is_the_ordinary_one() -> None:
    assert tick_bot.name == TICK
    assert current_app.amqp.router.route({}, TICK)["queue"].name == "trading"
