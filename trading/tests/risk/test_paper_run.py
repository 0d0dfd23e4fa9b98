"""Each limit tripped by a bot that trades on paper: what it should block is blocked, closing still works."""

from collections.abc import Callable
from datetime import timedelta
from decimal import Decimal
from typing import Any

import pytest
from django.utils import timezone

from bots.models import Bot
from bots.services import bot_close_positions
from bots.tests.factories import make_bot
from exchanges.registry import venue_of
from trading.core.risk import Rule
from trading.engine import run_tick
from trading.models import (
    Cycle,
    EquitySnapshot,
    LedgerLine,
    LineKind,
    Position,
    Purpose,
    RiskLimits,
    Scope,
    Trade,
    TradeLog,
    TradeStatus,
)
from trading.risk import check_order
from trading.tests.books import check_books
from trading.tests.test_user_actions import simulated_bot

pytestmark = pytest.mark.django_db(transaction=True, databases=["default", "paper"])

D = Decimal


def look(bot: Bot) -> None:
    run_tick(bot.pk, timezone.now())
    bot.refresh_from_db()


def nothing(bot: Bot) -> None:
    """The bot's own order is enough."""


def another_pair(bot: Bot) -> None:
    other = make_bot(account=bot.exchange_account, level=1, side=1)
    values = {"account": bot.exchange_account, "cycle_number": 1, "amount": D(100), "cost": D(5), "entry_price": D(1)}
    Position.objects.create(bot=other, leg=1, symbol="X/USDT:USDT", side="long", opened_at=timezone.now(), **values)


def lost_money(bot: Bot) -> None:
    booked = {"account": bot.exchange_account, "symbol": bot.market1_symbol, "currency": "USDT"}
    at = venue_of(bot.exchange_account).clock()
    other = make_bot(account=bot.exchange_account)
    LedgerLine.objects.create(bot=other, kind=LineKind.REALISED, amount=D(-60), at=at, **booked)
    LedgerLine.objects.create(kind=LineKind.TRANSFER, amount=D(500), at=at, external_id="t1", **booked)


def had_more(bot: Bot) -> None:
    at = timezone.now() + timedelta(seconds=1)  # the limits' own moment lies before it
    common = {"account": bot.exchange_account, "currency": "USDT", "balance": D(0)}
    EquitySnapshot.objects.create(at=at, equity=D(12_000), **common)


def lost_twice(bot: Bot) -> None:
    at = venue_of(bot.exchange_account).clock()
    zeros = dict.fromkeys(("price1", "price2", "notional", "target1", "target2"), D(1))
    for cycle in (91, 92):
        Trade.objects.create(
            bot=bot, cycle_number=cycle, level=1, action=Purpose.CLOSE, side=1, status=TradeStatus.SETTLED,
            spread=1.0, pnl=D(-1), decided_at=at, filled_at=at, **zeros,
        )  # fmt: skip


def turned_over(bot: Bot) -> None:
    at = venue_of(bot.exchange_account).clock()
    for number in (91, 92):
        Cycle.objects.create(bot=bot, number=number, side=1, opened_at=at, closed_at=at, open_spread=1.0)


TRIPPED: list[tuple[Rule, Any, Callable[[Bot], None]]] = [
    (Rule.GROSS, "150", nothing),
    (Rule.NET, "0.000001", nothing),
    (Rule.PAIRS, 1, another_pair),
    (Rule.ORDER, "90", nothing),
    (Rule.SHARE, "1", nothing),
    (Rule.LOSS_DAY, "60", lost_money),
    (Rule.LOSS_WEEK, "60", lost_money),
    (Rule.DRAWDOWN, "15", had_more),
    (Rule.ORDERS, 1, nothing),
    (Rule.COOLDOWN, 2, lost_twice),
    (Rule.CHURN, 2, turned_over),
    (Rule.LEVERAGE, 5, nothing),
    (Rule.SYMBOLS, ["BTC/USDT:USDT"], nothing),
    (Rule.EXCHANGES, ["okx"], nothing),
]


def test_every_rule_is_tripped() -> None:
    assert {rule for rule, _, _ in TRIPPED} == set(Rule)


@pytest.mark.parametrize(("rule", "limit", "happened"), TRIPPED, ids=[rule for rule, _, _ in TRIPPED])
def test_what_a_limit_should_block_is_blocked_and_closing_still_works(
    rule: Rule, limit: Any, happened: Callable[[Bot], None]
) -> None:
    bot = simulated_bot()
    held = RiskLimits.objects.create(scope=Scope.ACCOUNT, account=bot.exchange_account, **{rule: limit})
    happened(bot)
    look(bot)
    line = TradeLog.objects.get(bot=bot, details__code="risk_refused")
    assert (bot.level, line.details["reason"]) == (0, f"risk_{rule}")
    assert "–" not in line.message
    assert not Trade.objects.filter(bot=bot, action=Purpose.OPEN).exists()
    look(bot)
    assert TradeLog.objects.filter(bot=bot, details__code="risk_refused").count() == 1
    RiskLimits.objects.filter(pk=held.pk).update(**{rule: [] if isinstance(limit, list) else None})
    look(bot)
    assert bot.level == 1
    RiskLimits.objects.filter(pk=held.pk).update(**{rule: limit})
    bot_close_positions(actor=bot.owner, bot=bot, now=timezone.now())
    look(bot)
    assert (bot.level, bot.status) == (0, "paused")


@pytest.mark.parametrize("scope", Scope)
def test_the_limits_of_every_scope_hold(scope: Scope) -> None:
    bot = simulated_bot()
    target: dict[str, dict[str, Any]] = {
        "user": {"owner": bot.owner},
        "account": {"account": bot.exchange_account},
        "bot": {"bot": bot},
    }
    RiskLimits.objects.create(scope=scope, max_gross_exposure=D(150), **target.get(scope, {}))
    look(bot)
    assert bot.level == 0
    line = TradeLog.objects.get(bot=bot, details__code="risk_refused")
    assert line.details["whose"] == scope


def test_an_administrators_tighter_limit_counts_over_the_users() -> None:
    bot = simulated_bot()
    common = {"scope": Scope.USER, "owner": bot.owner}
    RiskLimits.objects.create(max_gross_exposure=D(5000), **common)
    RiskLimits.objects.create(max_gross_exposure=D(150), is_admin=True, **common)
    look(bot)
    assert TradeLog.objects.get(bot=bot, details__code="risk_refused").details["whose"] == "admin"


def test_what_paper_holds_is_not_counted_for_live_accounts_nor_other_users() -> None:
    bot, other = simulated_bot(), simulated_bot()
    look(other)
    assert other.level == 1
    RiskLimits.objects.create(scope=Scope.INSTALLATION, max_gross_exposure=D(250))
    look(bot)
    assert bot.level == 1
    check_books(bot)


def test_limits_with_room_change_nothing() -> None:
    bot = simulated_bot()
    EquitySnapshot.objects.create(
        account=bot.exchange_account, at=timezone.now(), currency="USDT", equity=D(10_000), balance=D(10_000)
    )
    RiskLimits.objects.create(
        scope=Scope.USER, owner=bot.owner, max_gross_exposure=D(250), max_net_exposure=D(50), max_open_pairs=1,
        max_order_value=D(110), max_equity_share=D(3), max_loss_day=D(5), max_loss_week=D(5), max_drawdown=D(5),
        max_orders_per_minute=2, cooldown_losses=1, churn_cycles=1, max_leverage=10,
        allowed_symbols=[bot.market1_symbol, bot.market2_symbol], allowed_exchanges=["binance"],
    )  # fmt: skip
    look(bot)
    assert bot.level == 1
    check_books(bot)


def test_an_order_by_hand_is_held_against_the_same_limits() -> None:
    bot = simulated_bot()
    account, now = bot.exchange_account, timezone.now()
    RiskLimits.objects.create(scope=Scope.USER, owner=bot.owner, max_gross_exposure=D(150))
    assert check_order(account, "BTC/USDT:USDT", "buy", D(150), False, now) is None
    refusal = check_order(account, "BTC/USDT:USDT", "buy", D(151), False, now)
    assert refusal is not None
    assert refusal.text == "gross exposure would be 151.00 USDT, your limit is 150.00"
    assert check_order(account, "BTC/USDT:USDT", "sell", D(151), True, now) is None
