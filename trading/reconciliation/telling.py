"""What becomes of the bots that a difference concerns, and where the open ones are counted."""

from collections.abc import Iterable
from datetime import datetime
from decimal import Decimal

from bots import services
from bots.journal import lines as journal
from bots.models import Bot, BotStatus
from exchanges.models import ExchangeAccount
from trading.account_news import difference_note
from trading.models import Difference, DifferenceKind, DifferenceStatus, LogType
from trading.reconciliation.found import Topic

MISMATCH = "mismatch"
HARMLESS = (DifferenceKind.FILL, DifferenceKind.BALANCE)
"""Money only: nothing is held that the books do not know."""


def opened_tell(opened: Iterable[Difference], now: datetime) -> None:
    """The bots concerned go into `error` with both figures; one that is stopped is told and stays stopped: in `error`
    its exits would be armed again."""
    for difference in opened:
        if difference.bot_id is None:
            difference_note(difference, now)
            continue
        bot = Bot.objects.select_related("exchange_account").get(pk=difference.bot_id)
        if difference.kind not in HARMLESS and bot.status not in (BotStatus.STOPPED, BotStatus.ERROR):
            services.bot_fail(bot=bot, reason=MISMATCH, now=now, symbol=difference.symbol)
        _journal(bot, difference)


def gone_tell(gone: Iterable[Difference]) -> None:
    for difference in gone:
        if difference.bot is not None:
            journal.write(difference.bot, "difference_gone", log_type=LogType.INFO, symbol=difference.symbol)


def open_count(account: ExchangeAccount) -> int:
    return Difference.objects.filter(account=account, status=DifferenceStatus.OPEN).count()


def open_topics(account: ExchangeAccount) -> set[Topic]:
    rows = Difference.objects.filter(account=account, status__in=[DifferenceStatus.OPEN, DifferenceStatus.SUSPECT])
    topics = rows.exclude(kind=DifferenceKind.BALANCE).values_list("kind", "symbol")
    return {(DifferenceKind(kind), symbol) for kind, symbol in topics}


def _journal(bot: Bot, difference: Difference) -> None:
    log_type = LogType.WARNING if difference.kind in HARMLESS else LogType.ERROR
    if difference.kind == DifferenceKind.POSITION:
        venue, books = Decimal(difference.theirs), Decimal(difference.ours)
        journal.write(bot, MISMATCH, log_type=log_type, symbol=difference.symbol, venue=venue, books=books)
        return
    code, ours, theirs = f"differs_{difference.kind}", difference.ours, difference.theirs
    journal.write(bot, code, log_type=log_type, symbol=difference.symbol, ours=ours, theirs=theirs)
