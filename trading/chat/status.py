"""How a user's bots stand, in the few lines that fit a chat."""

from datetime import datetime
from decimal import Decimal
from typing import Final
from zoneinfo import ZoneInfo

from django.db.models import QuerySet, Sum
from django.utils.translation import gettext as _

from accounts.models import User
from bots.amounts import grouped
from bots.models import Bot, BotStatus
from bots.overview.earnings import realised_since
from bots.selectors import bots_of
from exchanges.models import Exchange
from exchanges.symbols import settle_of
from trading.models import Position, Scope, TradingState, TradingSwitch

BOTS_MOST: Final = 20
MARKS: Final = {
    BotStatus.RUNNING: "▶",
    BotStatus.PAUSED: "⏸",
    BotStatus.STOPPED: "■",
    BotStatus.ERROR: "◆",
}


def status_text(user: User, now: datetime) -> str:
    """Live and paper apart: play money and real money are never added up."""
    bots = bots_of(user)
    kinds = (
        (_("Live"), bots.exclude(exchange_account__exchange=Exchange.PAPER)),
        (_("Paper"), bots.filter(exchange_account__exchange=Exchange.PAPER)),
    )
    parts = [_of_kind(word, found, user, now) for word, found in kinds if found.exists()]
    return "\n\n".join([*_switched(user), *parts]) or _("You have no bots.")


def _switched(user: User) -> list[str]:
    rows = TradingSwitch.objects.filter(scope__in=[Scope.USER, Scope.INSTALLATION]).exclude(state=TradingState.ACTIVE)
    mine = [row for row in rows if row.owner_id in (None, user.pk)]
    return [_("Kill switch: %(state)s.") % {"state": TradingState(row.state).label} for row in mine]


def _of_kind(word: str, bots: QuerySet[Bot], user: User, now: datetime) -> str:
    rows = list(bots.order_by("-level", "pk"))
    held = dict(_unrealised(rows))
    counts = " · ".join(
        f"{BotStatus(status).label} {count}"
        for status in BotStatus.values
        if (count := sum(bot.status == status for bot in rows))
    )
    midnight = now.astimezone(ZoneInfo(user.time_zone)).replace(hour=0, minute=0, second=0, microsecond=0)
    lines = [f"{word}: {counts}", *_today(rows, midnight)]
    shown = [bot for bot in rows if bot.pk in held or bot.status != BotStatus.STOPPED]
    lines += [_line(bot, held.get(bot.pk)) for bot in shown[:BOTS_MOST]]
    if len(shown) > BOTS_MOST:
        lines.append(_("and %(n)d more") % {"n": len(shown) - BOTS_MOST})
    return "\n".join(lines)


def _unrealised(bots: list[Bot]) -> list[tuple[int, Decimal]]:
    legs = Position.objects.filter(bot__in=bots, is_open=True).order_by()
    return list(legs.values_list("bot_id").annotate(stands=Sum("unrealized_pnl")))


def _today(bots: list[Bot], midnight: datetime) -> list[str]:
    settles = {bot.pk: settle_of(bot.market1_symbol) for bot in bots}
    sums: dict[str, Decimal] = {}
    for bot_id, amount in realised_since(list(settles), midnight).items():
        sums[settles[bot_id]] = sums.get(settles[bot_id], Decimal(0)) + amount
    return [
        _("Realised today: %(amount)s %(currency)s") % {"amount": grouped(amount, signed=True), "currency": currency}
        for currency, amount in sorted(sums.items())
    ]


def _line(bot: Bot, unrealised: Decimal | None) -> str:
    line = f"{MARKS[BotStatus(bot.status)]} #{bot.pk} {bot.bot_name}"
    if unrealised is None:
        return f"{line}: {_('flat')}"
    words = {
        "level": bot.level,
        "most": bot.max_dca_times,
        "amount": grouped(unrealised, signed=True),
        "currency": settle_of(bot.market1_symbol),
    }
    return f"{line}: " + _("level %(level)d/%(most)d, unrealised %(amount)s %(currency)s") % words
