"""What a start finds out about real accounts: what the key may do, how positions are held, what was set."""

from typing import Any

import pytest
from django.core.exceptions import ValidationError
from django.utils import timezone

from bots.models import Bot, BotStatus
from bots.services import bot_start
from exchanges.models import ExchangeAccount
from exchanges.tests.wire.accounts import SERVERS, serving
from exchanges.tests.wire.server import WireServer
from trading.core.position import Position
from trading.models import LogType, TradeLog
from trading.tests.live_bots import made

pytestmark = pytest.mark.django_db(transaction=True)


@pytest.fixture(params=sorted(SERVERS))
def server(request: Any, settings: Any) -> Any:
    settings.QUOTE_CACHE_TTL = 0.0
    with serving(request.param, settings) as server:
        yield server


def refused(bot: Bot) -> str:
    with pytest.raises(ValidationError) as refusal:
        bot_start(actor=bot.owner, bot=bot, now=timezone.now())
    bot.refresh_from_db()
    assert bot.status != BotStatus.RUNNING
    return " ".join(refusal.value.messages)


def test_a_good_account_starts_with_everything_set(server: WireServer) -> None:
    bot = made(server)
    server.market.hedged = True
    assert bot_start(actor=bot.owner, bot=bot, now=timezone.now()).status == BotStatus.RUNNING
    assert not server.market.hedged
    assert [server.market.mode(base)[0] for base in ("GALA", "CHZ")] == [10, 10]


def test_a_key_that_may_withdraw_since_its_test_is_refused_with_all_else(server: WireServer) -> None:
    bot = made(server)
    server.withdraws = True
    server.market.contracts["GALA"].frozen = True
    Bot.objects.filter(pk=bot.pk).update(investment_per_order=1_000_000, max_position_value=10**9)
    said = refused(Bot.objects.get(pk=bot.pk))
    assert "withdraw" in said
    assert "margin" in said


def test_where_the_venue_will_not_say_whether_a_key_withdraws_the_journal_warns(settings: Any) -> None:
    with serving("binance", settings) as server:
        bot = made(server)
        server.market.fault("http", 99, path="apiRestrictions", status=404, text="{}")
        bot_start(actor=bot.owner, bot=bot, now=timezone.now())
        (warning,) = TradeLog.objects.filter(bot=bot, log_type=LogType.WARNING)
        assert warning.details["code"] == "withdrawal_unknown"


def test_a_clock_that_is_off_is_refused(server: WireServer) -> None:
    bot = made(server)
    server.skew_ms = 6_500
    assert "6.5" in refused(bot)


def test_an_account_that_was_never_tested_is_refused(server: WireServer) -> None:
    bot = made(server)
    ExchangeAccount.objects.filter(pk=bot.exchange_account_id).update(last_check_ok=None)
    assert "never tested" in refused(Bot.objects.get(pk=bot.pk))


def test_held_apart_while_something_is_held_is_refused(server: WireServer) -> None:
    bot = made(server)
    server.market.hedged = True
    server.market.positions["CHZ"] = Position(server.market.contracts["CHZ"].lot, server.market.contracts["CHZ"].price)
    assert "apart" in refused(bot)


def test_a_market_that_is_not_trading_is_refused(server: WireServer, settings: Any) -> None:
    settings.MARKET_CACHE_TTL = 0.0
    bot = made(server)
    server.market.contracts["CHZ"].frozen = True
    assert "CHZ/USDT is not traded" in refused(bot)


def test_fees_in_another_coin_are_refused_at_the_start(settings: Any) -> None:
    with serving("binance", settings) as server:
        bot = made(server)
        server.burns = True
        assert "BNB" in refused(bot)
