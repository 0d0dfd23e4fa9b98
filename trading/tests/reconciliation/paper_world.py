"""A paired bot on a simulated paper account, and what others do at its venue."""

from datetime import timedelta
from decimal import Decimal
from itertools import count
from typing import Any

from django.utils import timezone

from accounts.models import User
from bots.models import Bot
from bots.services import bot_create, bot_start
from bots.tests.factories import ladder, make_user
from exchanges.adapters.base import OrderRequest
from exchanges.registry import venue_of
from exchanges.tests.series import CHZ, GALA, simulated_account
from trading.engine import run_tick
from trading.reconciliation.rounds import Outcome, account_reconcile
from trading.tests.replays import bot_data

LEGS = (GALA, CHZ)
_numbers = count(1)


def paired(user: User | None = None, *, level: int = 1, **fields: Any) -> Bot:
    """Started and in position at level 1 (flat with `level=0`), its account compared once."""
    user = user or make_user()
    values = {
        "start_time": timezone.now() - timedelta(days=2),
        "dca_config": ladder((0.0001, 1.0)),
        "max_dca_times": 1,
        "profit_ratio": "500",
        "stop_loss_ratio": "0",
        "decide_on": "tick",
    } | fields
    if not level:
        values["dca_config"] = ladder((90.0, 1.0))
    account = simulated_account(user)
    bot = bot_create(actor=user, data=bot_data(account, **values), now=timezone.now())
    bot = bot_start(actor=user, bot=bot, now=timezone.now())
    look(bot)
    assert bot.level == level
    assert reconciled(bot).is_ok
    return bot


def look(bot: Bot) -> None:
    run_tick(bot.pk, timezone.now())
    bot.refresh_from_db()


def reconciled(bot: Bot, *, thorough: bool = False) -> Outcome:
    outcome = account_reconcile(bot.exchange_account, timezone.now(), thorough=thorough)
    assert outcome is not None
    bot.refresh_from_db()
    return outcome


def held(bot: Bot) -> dict[str, Decimal]:
    """By symbol, as the venue has it."""
    return {row.symbol: row.amount for row in venue_of(bot.exchange_account).positions()}


def by_hand(bot: Bot, symbol: str, amount: Decimal, *, reduce_only: bool = False) -> None:
    """Somebody trades at the exchange: positive buys."""
    venue_of(bot.exchange_account).create_order(
        OrderRequest(
            client_order_id=f"web{next(_numbers)}",
            symbol=symbol,
            side="buy" if amount > 0 else "sell",
            type="market",
            amount=abs(amount),
            price=None,
            reduce_only=reduce_only,
            send_by=timezone.now() + timedelta(seconds=5),
        )
    )


def closed_by_hand(bot: Bot, symbol: str, share: Decimal = Decimal(1)) -> None:
    amount = held(bot)[symbol]
    by_hand(bot, symbol, -(amount * share).quantize(Decimal(1)), reduce_only=True)


def liquidated(bot: Bot, *symbols: str) -> None:
    venue: Any = venue_of(bot.exchange_account)
    with venue._books() as books:
        marks = venue._marks(books)
        for symbol in symbols:
            venue._matcher._close_out(books, symbol, marks(symbol))


def resting(bot: Bot, symbol: str) -> None:
    """Somebody's buy order far below the market."""
    venue = venue_of(bot.exchange_account)
    venue.create_order(
        OrderRequest(
            client_order_id=f"web{next(_numbers)}",
            symbol=symbol,
            side="buy",
            type="limit",
            amount=Decimal(1000),
            price=(venue.quotes([symbol])[symbol].bid / 2).quantize(Decimal("0.00001")),
            reduce_only=False,
            send_by=timezone.now() + timedelta(seconds=5),
        )
    )
