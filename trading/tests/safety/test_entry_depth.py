"""An entry that the book cannot fill within the slippage cap is not sent; a close is, whatever the book holds."""

from decimal import Decimal
from typing import Any

import pytest

from bots.models import Bot
from exchanges.market_data import quotes, resting
from exchanges.tests.series import CHZ, GALA
from exchanges.tests.wire.accounts import SERVERS, serving
from trading.models import Order, TradeLog
from trading.tests.live_bots import check_books, closed, moved, opened, started
from trading.tests.live_bots import look as look_there
from trading.tests.safety.made import look, simulated_bot

pytestmark = pytest.mark.django_db(transaction=True, databases=["default", "paper"])


@pytest.fixture(params=sorted(SERVERS))
def server(request: Any, settings: Any) -> Any:
    settings.ORDER_PROOF_S = settings.QUOTE_CACHE_TTL = settings.ORDERBOOK_CACHE_TTL = 0.0
    settings.ORDER_SEND_BY_S = 0.3
    with serving(request.param, settings) as server:
        yield server


def refusal(bot: Bot) -> dict[str, Any]:
    line = TradeLog.objects.get(bot=bot, details__code="level_refused")
    return {"message": line.message, **line.details}


def thinned(bot: Bot, depth: int) -> None:
    account = bot.exchange_account
    account.paper_config |= {"depth": depth}
    account.save()


@pytest.mark.parametrize("kind", ["market", "limit"])
def test_a_level_that_the_book_does_not_hold_is_refused_with_its_figures(kind: str) -> None:
    bot = simulated_bot(order_type_open=kind)
    thinned(bot, 60)
    for _ in range(3):
        look(bot)
    assert (bot.level, Order.objects.count()) == (0, 0)
    told = refusal(bot)
    assert (told["reason"], told["symbol"], told["level"]) == ("depth", GALA, 1)
    assert Decimal(told["available"]) < Decimal(told["amount"])
    assert "within 20.00 % of its best price" in told["message"]


def test_it_opens_where_the_book_holds_enough_and_closes_where_it_does_not() -> None:
    bot = simulated_bot()
    thinned(bot, 200)
    look(bot)
    assert bot.level == 1
    thinned(bot, 10)
    bot.intents.create(kind="close", idempotency_key="close")
    for _ in range(4):
        look(bot)
    assert bot.level == 0


def test_each_venues_book_is_read_where_the_best_price_is_not_enough(server: Any) -> None:
    """6,000 CHZ: more than rests at its best price, within 0.5 % of which the book has 26 levels."""
    server.market.contracts["CHZ"].rests = "3"
    bot = started(server, investment_per_order="300")
    moved(server, "1.5")
    look_there(bot)
    assert (bot.level, server.market.orders) == (0, [])
    told = refusal(bot)
    size = server.market.contracts["CHZ"].size
    assert (told["reason"], told["symbol"]) == ("depth", CHZ)
    assert Decimal(told["available"]) == 26 * 3 * size
    server.market.contracts["CHZ"].rests = "5000"
    look_there(bot)
    assert bot.level == 1
    server.market.contracts["CHZ"].rests = "1"
    closed(bot)
    check_books(bot, server)


@pytest.mark.parametrize("server", ["okx"], indirect=True)
def test_a_few_levels_that_all_lie_within_the_cap_are_not_the_whole_book(server: Any) -> None:
    bot = opened(server)
    quote = quotes(bot.exchange_account, [GALA])[GALA]
    levels = 300 * server.market.contracts["GALA"].tick
    server.market.contracts["GALA"].rests = "1"
    wanted = Decimal(10_000)
    assert resting(bot.exchange_account, quote, "buy", quote.ask + levels, wanted) == 301 * 10
