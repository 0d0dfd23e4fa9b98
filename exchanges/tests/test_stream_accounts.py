"""Private sockets: word that something changed makes the bots concerned look, and books nothing itself."""

from collections.abc import Iterator
from typing import Any

import pytest
from celery import current_app
from django.utils import timezone

from bots.models import BotStatus
from bots.tests.factories import GALA, make_bot, make_user
from exchanges.stream import account_watch
from exchanges.stream.account_watch import COMPARE, TICK, accounts_need
from exchanges.tests.streaming import SOCKETS, Venue, collecting, streaming, until
from exchanges.tests.wire.accounts import SERVERS, live_account
from exchanges.tests.wire.server import KEY, PASSPHRASE, SECRET
from exchanges.tests.wire.ws_binance import BinanceWithStreams
from trading.models import Fill, Order
from trading.tasks import tick_bot
from trading.tasks_reconciliation import accounts_reconcile_chunk

pytestmark = pytest.mark.django_db(transaction=True)


@pytest.fixture(params=sorted(SOCKETS))
def venue(request: Any, settings: Any, monkeypatch: Any) -> Iterator[Venue]:
    monkeypatch.setitem(SERVERS, "binance", BinanceWithStreams)
    with streaming(request.param, settings) as venue:
        yield venue


def test_only_real_accounts_that_bots_trade_on_are_listened_to(venue: Venue) -> None:
    account = live_account(make_user(), venue.exchange)
    flat = make_bot(account=account)
    assert accounts_need(venue.exchange) == {}
    held = make_bot(account=account, level=1, side=1)
    assert accounts_need(venue.exchange) == {account.pk: {held.pk}}
    flat.status = BotStatus.RUNNING
    flat.save(update_fields=["status"])
    assert accounts_need(venue.exchange) == {account.pk: {held.pk, flat.pk}}
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


def test_word_of_a_position_makes_its_bots_look(venue: Venue) -> None:
    """Closed by hand, liquidated: what is held has changed. Another price of the same amount is no news."""
    bot = make_bot(account=live_account(make_user(), venue.exchange), level=1, side=1)
    asked: list[int] = []
    with collecting(venue.exchange, asked.extend):
        venue.ws.wait_for(lambda: venue.ws.listens(venue.ws.position_topic))
        venue.ws.say(venue.ws.position_topic, venue.ws.position_news("500", "0.02"))
        until(lambda: asked == [bot.pk, bot.pk])
        if venue.exchange != "binance":
            venue.ws.say(venue.ws.position_topic, venue.ws.position_news("500", "0.0201"))
        venue.ws.say(venue.ws.position_topic, venue.ws.position_news("0", "0.0202"))
        until(lambda: len(asked) == 4)


def test_an_order_that_nobody_here_sent_has_the_account_compared(venue: Venue, monkeypatch: Any) -> None:
    """A liquidation, a hand at the exchange: the next comparison may be a minute away."""
    monkeypatch.setattr(account_watch, "COMPARE_PAUSE_S", 0.0)
    account = live_account(make_user(), venue.exchange)
    bot = make_bot(account=account, level=1, side=1)
    values = {"purpose": "manual", "client_order_id": "cmours", "symbol": GALA, "side": "buy", "order_type": "market"}
    order = Order.objects.create(account=account, amount=1, status="open", market_time=timezone.now(), **values)
    asked: list[int] = []
    compared: list[int] = []
    with collecting(venue.exchange, asked.extend, compared.append):
        venue.ws.wait_for(lambda: venue.ws.listens(venue.ws.private_topic))
        venue.ws.say(venue.ws.private_topic, venue.ws.order_news(order.client_order_id))
        until(lambda: asked == [bot.pk, bot.pk])
        assert not compared
        venue.ws.say(venue.ws.private_topic, venue.ws.order_news(""))
        until(lambda: compared == [account.pk])


def test_who_tells_nothing_of_positions_tells_of_orders(venue: Venue, monkeypatch: Any) -> None:
    refusal: dict[str, dict[str, Any]] = {
        "okx": {"event": "error", "msg": "Wrong channel", "code": "60018", "connId": "a4d3ae55"},
        "bybit": {"success": False, "ret_msg": "error:handler not found", "conn_id": "5", "op": "subscribe"},
    }
    if venue.exchange not in refusal:
        pytest.skip("one stream for both")
    heard = type(venue.ws).heard

    def refusing(self: Any, path: str, message: Any) -> Any:
        if "position" not in str(message.get("args", "")):
            return heard(self, path, message)
        return refusal[venue.exchange] | {"req_id": message.get("req_id", "")}, [], []

    monkeypatch.setattr(type(venue.ws), "heard", refusing)
    bot = make_bot(account=live_account(make_user(), venue.exchange), level=1, side=1)
    asked: list[int] = []
    with collecting(venue.exchange, asked.extend):
        venue.ws.wait_for(lambda: venue.ws.listens(venue.ws.private_topic))
        venue.ws.say(venue.ws.private_topic, venue.ws.order_news())
        until(lambda: asked == [bot.pk, bot.pk])


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
    assert (tick_bot.name, accounts_reconcile_chunk.name) == (TICK, COMPARE)
    assert current_app.amqp.router.route({}, TICK)["queue"].name == "trading"
