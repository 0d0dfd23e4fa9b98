"""Watches the pairs of bots in position: do the two markets still belong together, and is the position too old?

What it does goes the way of a user's wish: an intent, carried out by the engine under the lease. The figures are
computed once an hour for all bots of a pair, and kept in the cache for the pages.
"""

import hashlib
import logging
from dataclasses import asdict, dataclass
from datetime import datetime, timedelta
from decimal import Decimal
from typing import Any, Final

import numpy as np
from django.core.cache import cache
from django.core.exceptions import ValidationError
from django.db import transaction
from django.db.models import Exists, OuterRef, Q, QuerySet
from redis import RedisError

from bots import schedules, services
from bots.charts.pair_candles import closes_between, markets_of
from bots.intents import intent_create
from bots.journal import lines as journal
from bots.models import Bot, BotStatus, IntentKind, PairBreakPolicy
from exchanges.errors import DomainError, ExchangeError
from exchanges.models import ExchangeAccount
from exchanges.registry import venue_of
from trading.core.pair_break import PairHealth, Sign, pair_health
from trading.models import CloseReason, Cycle, LogType, Position, TradeLog

log = logging.getLogger(__name__)

LENGTH: Final = timedelta(days=30)
KEPT_S: Final = 3 * 3600
DAY: Final = timedelta(days=1)


@dataclass(frozen=True, slots=True)
class Carry:
    """Funding of the open cycle: received is positive. `per_day` is None for less than an hour of it."""

    funding: Decimal
    per_day: Decimal | None
    held: timedelta
    longest: timedelta | None


def watch_pairs(now: datetime) -> None:
    """Every bot in position: its time stop, then the health of its pair. A silent venue is asked again next time."""
    for bot in _in_position():
        try:
            market_time = venue_of(bot.exchange_account).clock()
            if not _time_stop(bot, market_time):
                _pair_break(bot, market_time, now)
        except (ExchangeError, ValidationError) as error:
            log.info("the pair of bot %d is not looked at: %s", bot.pk, error)


def health_known(bot: Bot) -> PairHealth | None:
    """As the last look found it; None before the first one and without a second market."""
    known = _kept(bot) if bot.market2_symbol else None
    return known[0] if known else None


def health_of(bot: Bot, market_time: datetime) -> PairHealth | None:
    """None where there are too few candles. Raises ExchangeError."""
    known = _kept(bot)
    hour = market_time.replace(minute=0, second=0, microsecond=0)
    if known is not None and known[1] == hour.isoformat():
        return known[0]
    closes = closes_between(*markets_of(bot), hour - LENGTH, hour)
    one = np.array([float(close) for _at, close, _other in closes])
    two = np.array([float(close) for _at, _other, close in closes])
    found = pair_health(one, two) if closes else None
    if found is not None:
        _keep(bot, found, hour)
    return found


def carry_of(bot: Bot, now: datetime) -> Carry | None:
    """None while the bot is flat."""
    cycle = Cycle.objects.filter(bot=bot, number=bot.current_cycle, closed_at=None).first()
    if cycle is None:
        return None
    held = max(now - cycle.opened_at, timedelta(0))
    days = Decimal(str(held / DAY))
    longest = timedelta(hours=float(bot.max_hours_in_position)) if bot.max_hours_in_position else None
    return Carry(cycle.funding, cycle.funding / days if held >= timedelta(hours=1) else None, held, longest)


def _in_position() -> QuerySet[Bot]:
    """Those that still decide for themselves: a stopped bot's position, and a frozen one's, is its user's."""
    held = Exists(Position.objects.filter(bot=OuterRef("pk"), is_open=True))
    frozen = Q(status__in=[BotStatus.PAUSED, BotStatus.ERROR], freeze_exits=True)
    bots = Bot.objects.filter(held, level__gt=0, deleted_at=None).exclude(status=BotStatus.STOPPED).exclude(frozen)
    return bots.select_related("exchange_account", "exchange_account2").order_by("pk")


def _time_stop(bot: Bot, market_time: datetime) -> bool:
    """True where the position has been held too long and its closing is asked for."""
    if not bot.max_hours_in_position:
        return False
    opened = Position.objects.filter(bot=bot, cycle_number=bot.current_cycle).order_by("opened_at").first()
    if opened is None or market_time - opened.opened_at < timedelta(hours=float(bot.max_hours_in_position)):
        return False
    _close(bot, CloseReason.TIME_STOP, "time_stop_reached", hours=bot.max_hours_in_position)
    return True


def _pair_break(bot: Bot, market_time: datetime, now: datetime) -> None:
    """Once in a cycle: whoever starts the bot again has seen it."""
    policy = PairBreakPolicy(bot.pair_break_policy)
    if not bot.market2_symbol:
        return
    health = health_of(bot, market_time)
    if health is None or not health.is_broken or policy == PairBreakPolicy.NOTHING or _was_said(bot):
        return
    figures = {
        "cycle": bot.current_cycle,
        "correlation": health.correlation_week,
        "hedge": health.hedge_ratio_week,
        "before": health.hedge_ratio,
        "hours": health.half_life_h,
    }
    journal.write(bot, "pair_broken", log_type=LogType.WARNING, market_time=market_time, **figures)
    if policy == PairBreakPolicy.CLOSE:
        _close(bot, CloseReason.PAIR_BREAK, "pair_break_close")
    elif policy == PairBreakPolicy.PAUSE and bot.status == BotStatus.RUNNING:
        _pause(bot, now)


def _pause(bot: Bot, now: datetime) -> None:
    try:
        services.bot_pause(actor=None, bot=bot, now=now, reason="after_pair_break")
    except DomainError:
        log.info("bot %d no longer runs", bot.pk)


def _close(bot: Bot, reason: CloseReason, code: str, **figures: Any) -> None:
    """Asked for once in a cycle."""
    key = f"{reason.value}-{bot.current_cycle}"
    with transaction.atomic():
        _intent, is_new = intent_create(
            actor=None, bot=bot, kind=IntentKind.CLOSE, idempotency_key=key, details={"reason": reason.value}
        )
        if is_new:
            journal.write(bot, code, log_type=LogType.WARNING, **figures)
            schedules.schedule_refresh(bot)


def _was_said(bot: Bot) -> bool:
    lines = TradeLog.objects.filter(bot=bot, details__code="pair_broken")
    return lines.filter(details__cycle=bot.current_cycle).exists()


def _keep(bot: Bot, health: PairHealth, hour: datetime) -> None:
    kept = asdict(health) | {"signs": [sign.value for sign in health.signs]}
    try:
        cache.set(_key(bot), (kept, hour.isoformat()), KEPT_S)
    except (RedisError, OSError):
        log.info("the health of bot %d's pair is not kept", bot.pk)


def _kept(bot: Bot) -> tuple[PairHealth, str] | None:
    """With the hour that it is of."""
    try:
        kept, hour = cache.get(_key(bot)) or (None, "")
    except (RedisError, OSError):
        return None
    return (PairHealth(**kept | {"signs": tuple(Sign(sign) for sign in kept["signs"])}), hour) if kept else None


def _key(bot: Bot) -> str:
    """The same for all bots of a pair, where their candles are the same."""
    parts = [source_of(account) + symbol for account, symbol in markets_of(bot)]
    return f"pair_health:{hashlib.sha256('|'.join(parts).encode()).hexdigest()[:32]}"


def source_of(account: ExchangeAccount) -> str:
    """A paper account may have candles of its own."""
    return f"{account.pk}:" if account.is_paper else f"{account.exchange}{account.is_testnet}:"
