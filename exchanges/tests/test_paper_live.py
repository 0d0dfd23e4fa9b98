"""Paper accounts on the public quotes of a venue that answers in its own wire format."""

from collections import Counter
from datetime import timedelta
from decimal import Decimal
from typing import Any

import pytest
from django.core.cache import cache
from django.db.models import Sum
from django.utils import timezone

from bots.market_search import found_markets
from bots.models import Bot, BotStatus
from bots.services import bot_create, bot_start
from bots.tests.factories import CHZ, GALA, ladder, make_user
from exchanges import listings, market_data, registry, venue_clients
from exchanges.adapters.base import Venue
from exchanges.adapters.instruments import Instrument
from exchanges.adapters.paper_quotes import ListedRules, LiveQuotes, Look
from exchanges.adapters.paper_source import from_ms
from exchanges.errors import ExchangeError, Rejected, Unavailable
from exchanges.models import ExchangeAccount
from exchanges.paper_models import PaperWallet
from exchanges.registry import venue_of
from exchanges.services import account_test
from exchanges.tests.contract.rig import Rig
from exchanges.tests.contract.suite import LONG_AGO
from exchanges.tests.wire.accounts import SERVERS, live_paper_account, serving
from exchanges.tests.wire.server import WireServer
from exchanges.timeframes import HOUR_MS, MINUTE_MS
from trading.core.order_state import OrderStatus
from trading.engine import run_tick
from trading.models import LedgerLine, Order, Trade
from trading.tests.replays import bot_data

pytestmark = pytest.mark.django_db(transaction=True, databases=["default", "paper"])

D = Decimal


@pytest.fixture(params=sorted(SERVERS))
def server(request: Any, settings: Any) -> Any:
    """Nothing is shared for longer than a question: prices that a test moves are seen at once."""
    settings.QUOTE_CACHE_TTL = settings.TICKER_CACHE_TTL = 0
    with serving(request.param, settings) as server:
        yield server


def rig_of(account: ExchangeAccount) -> Rig:
    return Rig(venue_of(account), GALA, CHZ, D(1000), lambda: None, lambda: None)


def rig_at(server: WireServer, **config: Any) -> Rig:
    return rig_of(live_paper_account(make_user(), server.exchange, **config))


def moved(server: WireServer, percent: str) -> None:
    server.market.move("GALA", D("0.02") * (1 + D(percent) / 100))


def silent(server: WireServer) -> None:
    server.market.fault("http", 10_000, drop=True)


def answering(server: WireServer) -> None:
    server.market.faults.clear()


def later(server: WireServer, milliseconds: int) -> None:
    server.skew_ms += milliseconds
    venue_clients.markets_of(server.exchange).asked_ms()


def to_the_hour(server: WireServer, *, less_ms: int) -> int:
    """Moves the venue's clock so far before a full hour; the hour's stamp."""
    hour = (server.now_ms() // HOUR_MS + 1) * HOUR_MS
    later(server, hour - less_ms - server.now_ms())
    return hour


def restarted(account: ExchangeAccount) -> Venue:
    """As another process would find it."""
    registry.close_all()
    venue_clients.close_all()
    listings.forget()
    cache.clear()
    return venue_of(ExchangeAccount.objects.get(pk=account.pk))


def started(server: WireServer, **fields: Any) -> Bot:
    user = make_user()
    values = {
        "start_time": timezone.now() - timedelta(minutes=30),
        "dca_config": ladder((1.0, 1.0), (1.0, 1.0)),
        "max_dca_times": 2,
        "profit_ratio": "1",
        "stop_loss_ratio": "0",
        "decide_on": "tick",
        "max_slippage": "0.5",
    } | fields
    account = live_paper_account(user, server.exchange)
    bot = bot_create(actor=user, data=bot_data(account, **values), now=timezone.now())
    return bot_start(actor=user, bot=bot, now=timezone.now())


def look(bot: Bot) -> None:
    run_tick(bot.pk, timezone.now())
    bot.refresh_from_db()


def _no_rules(market: Instrument) -> None:
    return None


# --- bots ---


def test_a_bot_opens_adds_and_takes_profit_as_the_quotes_move(server: WireServer) -> None:
    bot = started(server)
    look(bot)
    assert bot.is_flat
    for percent, level in (("1.5", 1), ("3.5", 2), ("-3", 0)):
        moved(server, percent)
        look(bot)
        assert bot.level == level
    assert list(Trade.objects.filter(bot=bot).order_by("pk").values_list("action", "reason")) == [
        ("open", ""),
        ("add", ""),
        ("close", "take_profit"),
    ]
    assert bot.total_profit > 0
    lines = LedgerLine.objects.filter(bot=bot).aggregate(total=Sum("amount"))["total"]
    venue = venue_of(bot.exchange_account)
    assert venue.balance().total == 10_000 + lines == 10_000 + bot.total_profit
    assert not venue.positions()


def test_the_venue_gets_no_order_and_no_key(server: WireServer) -> None:
    bot = started(server)
    moved(server, "1.5")
    look(bot)
    assert bot.level == 1
    assert not server.market.orders
    assert {request.method for request in server.requests} == {"GET"}
    signed = ("x-mbx-apikey", "ok-access-key", "x-bapi-api-key")
    assert not any(name in request.headers for request in server.requests for name in signed)


def test_while_the_venue_is_silent_a_bot_holds_and_says_so(server: WireServer) -> None:
    bot = started(server)
    moved(server, "1.5")
    silent(server)
    look(bot)
    assert (bot.is_flat, bot.status) == (True, BotStatus.RUNNING)
    assert not Order.objects.filter(bot=bot).exists()
    assert bot.logs.filter(log_type="warning").exists()
    answering(server)
    look(bot)
    assert bot.level == 1


def test_a_bot_goes_on_after_a_restart(server: WireServer) -> None:
    bot = started(server)
    moved(server, "1.5")
    look(bot)
    held = {position.symbol: position.amount for position in venue_of(bot.exchange_account).positions()}
    venue = restarted(bot.exchange_account)
    assert {position.symbol: position.amount for position in venue.positions()} == held
    moved(server, "3.5")
    look(bot)
    assert (bot.level, bot.current_cycle) == (2, 1)


# --- orders ---


def test_a_taker_pays_the_venues_own_book(server: WireServer) -> None:
    rig = rig_at(server, slippage_bps=0)
    moved(server, "5")
    contract = server.market.contracts["GALA"]
    (bought,) = rig.done(rig.request("buy")).fills
    (sold,) = rig.done(rig.request("sell")).fills
    assert (bought.price, sold.price) == (contract.ask, contract.bid)
    assert bought.fee == 1000 * contract.ask * rig.rules.taker_fee


def test_a_resting_order_waits_through_a_restart_and_fills_at_its_price(server: WireServer) -> None:
    account = live_paper_account(make_user(), server.exchange)
    rig = rig_of(account)
    request = rig.request("buy", "limit", price=D("0.019"))
    assert rig.done(request).status == OrderStatus.OPEN
    rig = Rig(restarted(account), GALA, CHZ, D(1000), lambda: None, lambda: None)
    assert [order.client_order_id for order in rig.venue.open_orders()] == [request.client_order_id]
    server.market.move("GALA", D("0.0189"))
    (fill,) = rig.fetched(request).fills
    assert (fill.price, fill.fee) == (D("0.019"), 19 * rig.rules.maker_fee)


def test_the_past_of_a_look_ends_where_another_visit_settled() -> None:
    """Else an order that came meanwhile would fill from trades before it."""
    markets = venue_clients.markets_of("binance")
    source = LiveQuotes(markets, ListedRules(markets, _no_rules))
    look = Look(since_ms=1, at_ms=9, quotes={}, marks={}, ranges={GALA: (D(1), D(2))}, funding={})
    with source.seeing(look):
        assert source.extremes(GALA, 1, 9) == (D(1), D(2))
        assert source.extremes(GALA, 5, 9) is None


@pytest.mark.parametrize(("low", "fills"), [("0.01898", True), ("0.019", False)])
def test_trades_through_a_resting_price_are_found_in_the_candles(server: WireServer, low: str, fills: bool) -> None:
    """Nobody looked meanwhile, and the price is back. A trade at the price itself proves nothing."""
    rig = rig_at(server)
    request = rig.request("buy", "limit", price=D("0.019"))
    rig.done(request)
    minute = (server.now_ms() // MINUTE_MS + 1) * MINUTE_MS
    server.history["GALA"] = [(minute, ["0.02", "0.02", low, "0.02", "10"])]
    later(server, 3 * MINUTE_MS)
    report = rig.fetched(request)
    assert (report.status == OrderStatus.CLOSED) is fills
    assert [fill.price for fill in report.fills] == ([D("0.019")] if fills else [])


def test_what_was_traded_before_an_order_came_does_not_fill_it(server: WireServer) -> None:
    rig = rig_at(server)
    rig.venue.balance()
    minute = (server.now_ms() // MINUTE_MS + 1) * MINUTE_MS
    server.history["GALA"] = [(minute, ["0.02", "0.02", "0.01", "0.02", "10"])]
    later(server, 3 * MINUTE_MS)
    request = rig.request("buy", "limit", price=D("0.019"))
    assert rig.done(request).status == OrderStatus.OPEN


def test_no_answer_means_no_fill(server: WireServer) -> None:
    rig = rig_at(server)
    rig.venue.balance()
    silent(server)
    with pytest.raises(Rejected):
        rig.venue.create_order(rig.request())
    for question in (rig.venue.balance, lambda: rig.venue.quotes([GALA])):
        with pytest.raises(Unavailable):
            question()
    answering(server)
    assert not rig.venue.fills(GALA, since=LONG_AGO)
    assert rig.done(rig.request()).status == OrderStatus.CLOSED


# --- money ---


def test_funding_is_paid_at_the_venues_rates_and_times(server: WireServer) -> None:
    rig = rig_at(server)
    stamp = to_the_hour(server, less_ms=30_000)
    rig.done(rig.request("sell"))
    server.funding["GALA"] = [(stamp - HOUR_MS, "0.5"), (stamp, "0.001")]
    later(server, MINUTE_MS)
    (payment,) = rig.venue.funding_payments(since=LONG_AGO)
    assert (payment.at, payment.amount) == (from_ms(stamp), 1000 * D("0.02") * D("0.001"))
    assert list(rig.venue.funding_payments(since=LONG_AGO)) == [payment]


def test_funding_that_is_published_late_is_paid_for_what_was_held_then(server: WireServer) -> None:
    rig = rig_at(server)
    stamp = to_the_hour(server, less_ms=30_000)
    rig.done(rig.request("buy"))
    later(server, MINUTE_MS)
    assert not rig.venue.funding_payments(since=LONG_AGO)
    rig.done(rig.request("sell"))
    server.funding["GALA"] = [(stamp, "0.001")]
    cache.clear()
    later(server, 2 * MINUTE_MS)
    (payment,) = rig.venue.funding_payments(since=LONG_AGO)
    assert payment.amount == -1000 * D("0.02") * D("0.001")


def test_who_held_nothing_then_pays_nothing(server: WireServer) -> None:
    rig = rig_at(server)
    stamp = to_the_hour(server, less_ms=30_000)
    rig.venue.balance()
    later(server, MINUTE_MS)
    rig.done(rig.request("buy"))
    server.funding["GALA"] = [(stamp, "0.001")]
    cache.clear()
    assert not rig.venue.funding_payments(since=LONG_AGO)


def test_an_account_past_its_margin_is_closed_out_at_the_mark(server: WireServer) -> None:
    rig = rig_at(server, initial_balance=100)
    rig.venue.set_leverage(GALA, leverage=10, margin_mode="cross")
    rig.done(rig.request("buy", amount=D(40_000)))
    moved(server, "-20")
    assert not rig.venue.positions()
    fill = rig.venue.fills(GALA, since=LONG_AGO)[-1]
    assert (fill.side, fill.price) == ("sell", D("0.016"))


# --- the market ---


def test_rules_are_the_ones_that_the_venue_lists(server: WireServer) -> None:
    rules, contract = rig_at(server).rules, server.market.contracts["GALA"]
    assert (rules.price_tick, rules.amount_step) == (contract.tick, contract.lot)
    assert rules.contract_size == (contract.size if server.exchange == "okx" else 1)
    assert rules.taker_fee == {"okx": D("0.0005"), "binance": D("0.0005"), "bybit": D("0.00055")}[server.exchange]
    assert rules.max_leverage == (75 if server.exchange == "binance" else contract.max_leverage)


def test_quotes_have_the_venues_time(server: WireServer) -> None:
    later(server, 7_000)
    rig = rig_at(server)
    quote = rig.venue.quotes([GALA])[GALA]
    assert abs((quote.at - from_ms(server.now_ms())).total_seconds()) < 3
    assert abs(quote.alive_at - rig.venue.clock()) < timedelta(seconds=3)


def test_start_prices_are_the_opens_of_the_venues_minutes(server: WireServer) -> None:
    account = live_paper_account(make_user(), server.exchange)
    minute = server.now_ms() // MINUTE_MS * MINUTE_MS - 10 * MINUTE_MS
    server.history["GALA"] = [(minute + n * MINUTE_MS, [f"0.021{n}", "0.03", "0.01", "0.02", "10"]) for n in range(3)]
    assert market_data.start_price(account, GALA, from_ms(minute + MINUTE_MS + 59_000)) == D("0.0211")


def test_a_thousand_looks_of_two_accounts_are_one_question(server: WireServer, settings: Any) -> None:
    user = make_user()
    venues = [venue_of(live_paper_account(user, server.exchange, label=label)) for label in ("One", "Two")]
    for venue in venues:
        venue.balance()
    settings.QUOTE_CACHE_TTL = 60
    cache.clear()
    server.requests.clear()
    for _ in range(20):
        assert [set(venue.quotes([GALA, CHZ])) for venue in venues] == [{GALA, CHZ}] * 2
        for venue in venues:
            venue.balance()
    assert sum(count for path, count in Counter(server.paths()).items() if "icker" in path) <= 1
    assert len(server.requests) <= 2


def test_markets_are_found_with_price_and_change_by_few_questions(server: WireServer) -> None:
    account = live_paper_account(make_user(), server.exchange)
    rows = found_markets(account, "")
    assert [(row.name, row.price, row.change_24h) for row in rows] == [
        ("CHZ/USDT", D("0.05"), D(25)),
        ("GALA/USDT", D("0.02"), D(25)),
    ]
    assert len(server.requests) < 10
    assert not any("line" in path or "candle" in path for path in server.paths())


# --- the test of an account ---


def test_the_test_of_an_account_says_what_it_sees(server: WireServer) -> None:
    account = account_test(account=live_paper_account(make_user(), server.exchange), now=timezone.now())
    assert account.last_check_ok
    assert "10,000.00 USDT" in account.last_check_message
    assert f"{account.get_paper_venue_display()} quotes 2 perpetual swaps" in account.last_check_message


def test_the_test_of_an_account_says_that_the_venue_is_silent(server: WireServer) -> None:
    account = live_paper_account(make_user(), server.exchange)
    silent(server)
    account = account_test(account=account, now=timezone.now())
    assert account.last_check_ok is False
    assert f"No live quotes of {account.get_paper_venue_display()}" in account.last_check_message
    with pytest.raises(ExchangeError):
        venue_of(account).quotes([GALA])
    assert not PaperWallet.objects.filter(account_id=account.pk).exists()
