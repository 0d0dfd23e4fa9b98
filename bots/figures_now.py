"""The live figures of one bot at the moment of a page's first paint."""

import logging
from datetime import datetime
from typing import Any

from bots.feed import events as feed
from bots.figures import live_figures
from bots.models import Bot, BotStatus
from bots.pair_now import pair_now
from exchanges.errors import ExchangeError
from exchanges.registry import venue_of

log = logging.getLogger(__name__)


def figures_now(bot: Bot) -> dict[str, Any] | None:
    """A running bot's last ones, as the feed brought them, else computed. None where its markets cannot be seen."""
    last = feed.last_figures([bot.pk]).get(bot.pk)
    if last and bot.status == BotStatus.RUNNING:
        return last
    try:
        return _computed(bot)
    except ExchangeError as error:
        log.warning("No figures for bot %s: %s", bot.pk, error)
        return last


def _computed(bot: Bot) -> dict[str, Any]:
    pair = pair_now(bot)
    clock = venue_of(bot.exchange_account).clock()
    older = min(quote.alive_at for quote in pair.quotes)
    return live_figures(bot, pair.config, pair.state, pair.quote, _seen_at(clock, older), stale_s=_age_s(clock, older))


def _seen_at(clock: datetime, older: datetime) -> datetime:
    return max(clock, older)


def _age_s(clock: datetime, older: datetime) -> float:
    return max(0.0, (clock - older).total_seconds())
