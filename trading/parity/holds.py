"""What the journal says of moments at which a bot held off, was refused or failed to fill."""

from bisect import bisect_right
from dataclasses import dataclass
from typing import Any, Final

from bots.models import Bot
from exchanges import paper_config, tape
from exchanges.adapters.paper_source import to_ms
from exchanges.models import PaperSource
from trading.models import TradeLog
from trading.tick import QUIET

CODES: Final = (
    "quotes_stale",
    "quotes_missing",
    "quotes_apart",
    "book_wide",
    "book_crossed",
    "candles_missing",
    "venue_unavailable",
    "level_refused",
    "risk_refused",
    "entry_failed",
    "entries_given_up",
    "decided_anew",
    "close_blocked",
    "order_rejected",
    "order_denied",
    "key_refused",
)


@dataclass(frozen=True, slots=True)
class Hold:
    """`details` are the journal line's: its code and figures."""

    at: int
    details: dict[str, Any]


@dataclass(frozen=True, slots=True)
class Holds:
    """In order of time. A bot says a thing once in `quiet_ms` of market time; None: once for the whole recording."""

    lines: tuple[Hold, ...]
    quiet_ms: int | None

    def near(self, since: int, until: int, level: int) -> Hold | None:
        """The last line that speaks of this time; refusals only of this level."""
        end = bisect_right([hold.at for hold in self.lines], until)
        earliest = 0 if self.quiet_ms is None else since - self.quiet_ms
        for hold in reversed(self.lines[:end]):
            if hold.at < earliest:
                return None
            if hold.details.get("level", level) == level:
                return hold
        return None


def holds_of(bot: Bot) -> Holds:
    logs = TradeLog.objects.filter(bot=bot, details__code__in=CODES, market_time__isnull=False)
    rows = logs.order_by("id").values_list("market_time", "details")
    lines = [Hold(to_ms(at), details) for at, details in rows if at is not None]
    return Holds(tuple(sorted(lines, key=lambda hold: hold.at)), _quiet_ms(bot))


def _quiet_ms(bot: Bot) -> int | None:
    account = bot.exchange_account
    if tape.is_stepped(account):
        return None
    runs_faster = account.is_paper and account.paper_source != PaperSource.LIVE
    speed = float(paper_config.parse(account.paper_config).speed) if runs_faster else 1.0
    return int(QUIET.total_seconds() * 1000 * speed)
