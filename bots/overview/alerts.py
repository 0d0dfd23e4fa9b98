"""What a trader should look at: bots and accounts that need help now, then the latest news of the journals."""

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Final, Literal

from django.db.models import Q, QuerySet, Subquery
from django.utils.translation import gettext as _

from bots.journal import lines as journal
from bots.models import Bot, BotStatus
from bots.overview.lines import BotLine
from exchanges.models import ExchangeAccount
from trading.models import LogType, TradeLog

NEWS_DAYS: Final = 7
NEWS_MOST: Final = 8
LINES_READ: Final = 20_000
Kind = Literal["error", "warning", "good"]
KINDS: Final[dict[LogType, Kind]] = {LogType.ERROR: "error", LogType.WARNING: "warning"}
GOOD_NEWS: Final = ["closed_take_profit", "cycle_finished", "closed_manual"]


@dataclass(frozen=True, slots=True)
class Alert:
    """Who (`title`) and what (`text`). `is_open`: stays until it is mended; its bot or account is where to do that."""

    kind: Kind
    title: str
    text: str
    at: datetime | None
    bot: Bot | None = None
    account: ExchangeAccount | None = None
    is_open: bool = True


def open_alerts(lines: Iterable[BotLine], accounts: Iterable[ExchangeAccount]) -> list[Alert]:
    """What is wrong now and stays here until it is mended."""
    return [
        *(_failing(line) for line in lines if line.bot.status == BotStatus.ERROR),
        *(_refused(account) for account in accounts if account.is_active and account.last_check_ok is False),
        *(_stale(line) for line in lines if line.is_stale and line.bot.status == BotStatus.RUNNING),
    ]


def news(bots: QuerySet[Bot], now: datetime) -> list[Alert]:
    """The newest warnings, errors and closed cycles, of the newest lines of all journals. One query."""
    newest = TradeLog.objects.order_by("-pk").values("pk")[:1]
    worth = Q(log_type__in=[LogType.WARNING, LogType.ERROR]) | Q(details__code__in=GOOD_NEWS)
    found = (
        TradeLog.objects.filter(worth, bot__in=bots, created_at__gte=now - timedelta(days=NEWS_DAYS))
        .filter(pk__gt=Subquery(newest) - LINES_READ)
        .select_related("bot")
        .order_by("-pk")[:NEWS_MOST]
    )
    return [_told(log) for log in found]


def _failing(line: BotLine) -> Alert:
    bot = line.bot
    text = journal.reason_text(bot.status_reason) or _("Failed: it opens and adds nothing. Its journal says more.")
    return Alert("error", bot.bot_name, text, bot.status_changed_at, bot=bot)


def _refused(account: ExchangeAccount) -> Alert:
    return Alert("error", str(account), account.last_check_message, account.last_checked_at, account=account)


def _stale(line: BotLine) -> Alert:
    text = _("Quotes are old: it opens and adds nothing until they are fresh. Stop loss and closing go on.")
    return Alert("warning", line.bot.bot_name, text, None, bot=line.bot)


def _told(log: TradeLog) -> Alert:
    kind: Kind = KINDS.get(LogType(log.log_type), "good")
    return Alert(kind, log.bot.bot_name, journal.sentence(log), log.created_at, bot=log.bot, is_open=False)
