"""The figures that limits are held against: what counts as lost, and what does not."""

from datetime import timedelta
from decimal import Decimal

import pytest
from django.utils import timezone

from bots.tests.factories import GALA, make_bot
from trading.models import LedgerLine, LineKind, RiskLimits, Scope
from trading.risk.facts import Picture
from trading.risk.limits import Held, core_limits
from trading.risk.wishes import wish_of_nothing

pytestmark = pytest.mark.django_db

D = Decimal


@pytest.mark.parametrize(
    ("symbol", "currency", "amount", "lost"),
    [
        (GALA, "USDT", "-60", "60"),
        ("GALA/USDC:USDC", "USDC", "-60", "60"),
        ("BTC/USDT", "USDT", "-60", "60"),
        (GALA, "BNB", "-2", "0"),  # a fee in the exchange's own coin
        ("BTC/USDT", "BTC", "-0.5", "0"),  # a fee in what was bought
        ("BTC/USDT:USDT", "BTC", "-0.5", "0"),
        ("", "USDT", "-60", "60"),
    ],
)
def test_a_loss_counts_in_the_currency_that_its_market_settles_in(
    symbol: str, currency: str, amount: str, lost: str
) -> None:
    bot, now = make_bot(), timezone.now()
    booked = {"account": bot.exchange_account, "bot": bot, "cycle_number": 1, "at": now - timedelta(seconds=1)}
    LedgerLine.objects.create(kind=LineKind.FEE, amount=D(amount), symbol=symbol, currency=currency, **booked)
    for scope, target in ((Scope.ACCOUNT, {"account": bot.exchange_account}), (Scope.BOT, {"bot": bot})):
        row = RiskLimits(
            scope=scope, max_loss_day=D(1), max_loss_week=D(1), max_drawdown=D(1), **target,
            drawdown_since=now - timedelta(days=1),
        )  # fmt: skip
        facts = Picture(wish_of_nothing(bot.owner_id, "paper", bot), now).facts(Held(row, core_limits(row)))
        assert (facts.loss_day, facts.loss_week) == (D(lost), D(lost))
        if scope == Scope.BOT and symbol == GALA:
            assert facts.fall == D(lost)
