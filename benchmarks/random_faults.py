"""Random faults of paper accounts, as a rehearsal tells them, and what their user does about bots that gave up."""

import random
from collections.abc import Sequence
from typing import Any, Final

from django.core.exceptions import PermissionDenied, ValidationError
from django.db import DatabaseError
from django.utils import timezone

from bots.models import Bot, BotStatus, Intent, IntentStatus
from bots.services import bot_close_positions, bot_start, bot_stop
from exchanges.adapters.paper_chaos import CALM, Fault, FaultKind
from exchanges.errors import DomainError, ExchangeError
from exchanges.models import ExchangeAccount
from exchanges.registry import venue_of
from trading.models import Difference, DifferenceStatus, Position, Trade, TradeStatus
from trading.reconciliation.choices import choices_of, difference_settle

REFUSALS: Final = (DomainError, ValidationError, PermissionDenied, ExchangeError)
TROUBLE: Final = (*REFUSALS, DatabaseError)
OF_ONE_ORDER: Final = (
    {"fault": FaultKind.REJECT},
    {"fault": FaultKind.TIMEOUT_BEFORE},
    {"fault": FaultKind.TIMEOUT_AFTER},
    {"fault": FaultKind.PARTIAL, "share": 0.3},
    {"fault": FaultKind.SLOW, "steps": 2},
    {"fault": FaultKind.NOT_FOUND, "seconds": 2.0},
    {"fault": FaultKind.DELAY, "seconds": 0.3},
    {"fault": FaultKind.CANCEL_TIMEOUT},
)
FREEZE_S: Final = 60
"""Of market time."""


def one_told(account: ExchangeAccount, chance: random.Random) -> str:
    """Tells the account one fault and names it; empty where the leg to liquidate is gone. Raises ExchangeError."""
    venue: Any = venue_of(account)
    drawn = chance.random()
    if drawn < 0.02:
        held = [position.symbol for position in venue.positions()]
        return "liquidation" if held and venue.liquidate(chance.choice(held)) else ""
    if drawn < 0.05:
        venue.rehearse_also(Fault(FaultKind.FREEZE, lasts=FREEZE_S))
        return FaultKind.FREEZE.value
    values = chance.choice(OF_ONE_ORDER)
    venue.rehearse_also(Fault(**values, next=chance.randint(1, 3)))  # type: ignore[arg-type]
    return str(values["fault"])


def calm(account: ExchangeAccount) -> None:
    venue: Any = venue_of(account)
    venue.rehearse(CALM)


def differences_decided(accounts: Sequence[ExchangeAccount]) -> int:
    """As a person would: the first thing that can be done about each."""
    done = 0
    for difference in Difference.objects.filter(account__in=accounts, status=DifferenceStatus.OPEN):
        for choice in choices_of(difference)[:1]:
            done += _may_refuse(difference_settle, actor=difference.account.owner, difference=difference,
                                choice=choice, note="", now=timezone.now())  # fmt: skip
    return done


def started_again(bots: Sequence[Bot]) -> int:
    """Bots that paused or failed and that nothing keeps from running."""
    waiting = Bot.objects.filter(pk__in=[bot.pk for bot in bots], status__in=(BotStatus.PAUSED, BotStatus.ERROR))
    return sum(_may_refuse(bot_start, actor=bot.owner, bot=bot, now=timezone.now()) for bot in waiting)


def stopped_where_even(bots: Sequence[Bot]) -> int:
    """Stops those that hold both legs or none and have nothing under way, so that nothing moves any more; the others
    go on until they are even. How many are not stopped yet."""
    left = Bot.objects.filter(pk__in=[bot.pk for bot in bots]).exclude(status=BotStatus.STOPPED)
    for bot in left:
        legs = Position.objects.filter(bot=bot, is_open=True).count()
        working = Trade.objects.filter(bot=bot, status=TradeStatus.WORKING).exists()
        asked = Intent.objects.filter(bot=bot, status=IntentStatus.WAITING).exists()
        if legs != 1 and not working and not asked:
            _may_refuse(bot_stop, actor=bot.owner, bot=bot, now=timezone.now())
    return left.all().count()


def close_asked(bot: Bot, key: str) -> bool:
    return _may_refuse(bot_close_positions, actor=bot.owner, bot=bot, now=timezone.now(), idempotency_key=key)


def _may_refuse(act: Any, **arguments: Any) -> bool:
    try:
        act(**arguments)
    except REFUSALS:
        return False
    return True
