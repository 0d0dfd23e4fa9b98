"""The dashboard: what there is, what was earned, what is open, what needs eyes. Paper apart from live, in no total."""

from dataclasses import dataclass
from datetime import datetime
from decimal import Decimal
from typing import Any
from urllib.parse import urlencode

from django.contrib.auth.decorators import login_required
from django.http import HttpResponse
from django.shortcuts import render
from django.utils import timezone
from django.views.decorators.http import require_GET

from accounts.models import User
from accounts.page_request import PageRequest
from bots.feed import events as feed
from bots.models import Bot, BotStatus
from bots.overview.alerts import Alert, news, open_alerts
from bots.overview.earnings import bookings
from bots.overview.lines import BotLine, bot_lines
from bots.overview.totals import RANGES, coin_exposures, overview
from bots.pages.bots import day_start
from bots.pages.dashboard_equity import equity_card, live_data
from bots.pages.list_query import STATUSES, by_attention, in_order, is_shown
from bots.pages.shell import Shell, shell_of
from bots.selectors import bots_of
from exchanges.balances import balances_of
from exchanges.models import ExchangeAccount
from exchanges.symbols import settle_of

ROWS = 20
COINS = 8
DEFAULT_CURRENCY = "USDT"


@dataclass(frozen=True, slots=True)
class Known:
    """What the sums need of a bot; a thousand of them cost little. What a deleted one earned still counts."""

    pk: int
    status: str
    level: int
    account_id: int
    symbol: str
    deleted_at: datetime | None


@login_required
@require_GET
def dashboard_page(request: PageRequest) -> HttpResponse:
    shell = shell_of(request)
    now = timezone.now()
    status = request.GET.get("status", "")
    status = status if status in STATUSES else ""
    ever = _ever(request.user)
    mine = [bot for bot in ever if bot.deleted_at is None]
    known = [bot for bot in mine if is_shown(bot.account_id, shell.scope)]
    counted = [bot for bot in known if bot.account_id in shell.scope.account_ids]
    shown = [bot.pk for bot in known if bot.status == status or not status][:ROWS]
    lines = bot_lines(in_order(bots_of(request.user), shown), now=now, day_start=day_start(now))
    context = {
        "live_lines": [line for line in lines if not line.bot.is_paper],
        "paper_lines": [line for line in lines if line.bot.is_paper],
        "paper_apart": not shell.scope.is_paper,
        "counts": _counts(known),
        "counted": _counts(counted),
        "total": len(known),
        "status": status,
        "status_wish": f"&status={status}" if status else "",
        **_alerts(lines, shell, now),
    }
    earners = [bot.pk for bot in ever if bot.account_id in shell.scope.account_ids]
    return render(request, "bots/dashboard.html", context | _sums(request, shell, counted, earners, now))


def _ever(user: User) -> list[Known]:
    """All that the user has had, first what needs eyes."""
    names = "pk", "status", "level", "exchange_account_id", "market1_symbol", "deleted_at"
    return [Known(*row) for row in by_attention(Bot.objects.filter(owner=user)).values_list(*names)]


def _counts(bots: list[Known]) -> dict[str, int]:
    return {name: sum(bot.status == name for bot in bots) for name in BotStatus.values}


def _alerts(lines: list[BotLine], shell: Shell, now: datetime) -> dict[str, list[Alert]]:
    """Of the accounts shown: what is open, and all with the news beneath."""
    accounts = shell.scope.account_ids
    mine = [line for line in lines if line.bot.exchange_account_id in accounts]
    told = news(Bot.objects.filter(exchange_account__in=accounts), now)
    opened = open_alerts(mine, shell.scope.accounts)
    return {"alerts": [*opened, *told], "open_alerts": opened}


def _sums(
    request: PageRequest, shell: Shell, counted: list[Known], earners: list[int], now: datetime
) -> dict[str, Any]:
    """Tiles, curve and exposure of the accounts shown."""
    figures = feed.last_figures(bot.pk for bot in counted if bot.level)
    balances = balances_of(account for account in shell.scope.accounts if account.is_active)
    currency = settle_of(counted[0].symbol) if counted else DEFAULT_CURRENCY
    coins = coin_exposures(bots_of(request.user).filter(exchange_account__in=shell.scope.account_ids), figures)
    booked = bookings(f"{request.user.pk}:{shell.scope.key}", earners, currency=currency, now=now)
    sums = overview(
        bookings=booked,
        figures=figures,
        balances=list(balances.values()),
        coins=coins,
        currency=currency,
        now=now,
        day_start=day_start(now),
    )
    card = equity_card(request.user, shell.scope, request.GET, booked, sums, now)
    return {
        "card": card,
        "curve": card.curve,
        "range": card.range,
        "card_wishes": urlencode({"range": card.range} | ({"by": card.by} if card.by else {})),
        "ranges": list(RANGES),
        "sums": sums,
        "coins": coins[:COINS],
        "coin_most": max((max(coin.long, -coin.short) for coin in coins), default=Decimal(0)),
        "live_data": live_data(card, sums, figures) | {"venues": _venues(shell, counted)},
    }


def _venues(shell: Shell, counted: list[Known]) -> dict[int, str]:
    """Where each running bot gets its quotes, for their age in the top bar."""
    names = {account.pk: _venue_name(account) for account in shell.scope.accounts}
    return {bot.pk: names[bot.account_id] for bot in counted if bot.status == BotStatus.RUNNING}


def _venue_name(account: ExchangeAccount) -> str:
    return account.label if account.is_paper else account.get_exchange_display()
