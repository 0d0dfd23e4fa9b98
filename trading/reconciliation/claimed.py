"""What our books say of the symbols that bots own at an account, and which of them are quiet enough to compare."""

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime, timedelta
from decimal import Decimal
from typing import Any

from django.conf import settings
from django.db.models import Max, Q
from django.utils import timezone

from bots.claims import venue_account_of
from bots.models import Bot, SymbolClaim
from exchanges.models import ExchangeAccount
from trading.core.order_state import UNSETTLED
from trading.models import Fill, Order, Position, Purpose, Trade, TradeStatus
from trading.tick import SECRETS


@dataclass(frozen=True, slots=True)
class Claimed:
    """One symbol of an account: `amount` (signed) is what its bot holds there by the books.

    `is_quiet`: no order of the bot may fill now, and nothing was booked for a while. `stamp` changes with every
    booking: the same before and after the venue was asked means that both speak of one moment. `opened_at`: since when
    the books hold something, venue time. `claim_id`: 0 for a position that outlived its claim.
    """

    symbol: str
    bot: Bot
    leg: int
    amount: Decimal
    is_quiet: bool
    stamp: tuple[Any, ...]
    opened_at: datetime | None
    claim_id: int


def claimed_symbols(account: ExchangeAccount) -> dict[str, Claimed]:
    positions = list(Position.objects.filter(account=account, is_open=True).order_by("id"))
    owners = _owners(account, positions)
    bots = _bots({bot_id for bot_id, _ in owners.values()})
    held: dict[str, list[Position]] = {}
    for position in positions:
        held.setdefault(position.symbol, []).append(position)
    restless, booked, waits = _restless(bots), _booked(account), timedelta(seconds=settings.RECONCILE_QUIET_S)
    now, found = timezone.now(), {}
    for symbol, (bot_id, claim_id) in owners.items():
        bot = bots[bot_id]
        leg = leg_of(bot, account, symbol)
        last = booked.get(symbol)
        found[symbol] = Claimed(
            symbol=symbol,
            bot=bot,
            leg=leg,
            amount=sum((position.signed_amount for position in held.get(symbol, ())), Decimal(0)),
            is_quiet=bot_id not in restless and (last is None or now - last >= waits),
            stamp=(last, tuple((row.pk, row.amount) for row in held.get(symbol, ())), bot.updated_at),
            opened_at=min((row.opened_at for row in held.get(symbol, ())), default=None),
            claim_id=claim_id,
        )
    return found


def first_order_at(claimed: Claimed) -> datetime | None:
    """When the bot first ordered there under this claim, venue time."""
    orders = Order.objects.filter(bot=claimed.bot, symbol=claimed.symbol)
    if claim := SymbolClaim.objects.filter(pk=claimed.claim_id).first():
        orders = orders.filter(created_at__gte=claim.created_at)
    return orders.order_by("id").values_list("market_time", flat=True).first()


def leg_of(bot: Bot, account: ExchangeAccount, symbol: str) -> int:
    """Which leg of the bot is traded there; the first where its pair was changed since."""
    return next((n for n in (1, 2) if bot.symbol_of(n) == symbol and bot.account_of(n).pk == account.pk), 1)


def accounts_in_use() -> list[ExchangeAccount]:
    """Accounts on which a bot owns a symbol or holds something, or an order by hand may still fill."""
    named = {name.split(":", 2)[-1] for name in SymbolClaim.objects.values_list("venue_account", flat=True).distinct()}
    alone = Order.objects.filter(bot=None, status__in=UNSETTLED).order_by().values("account")
    holding = Position.objects.filter(is_open=True).order_by().values("account")
    rows = {int(name) for name in named if name.isdigit()}
    candidates = ExchangeAccount.objects.filter(
        Q(pk__in=rows) | Q(venue_uid__in=named) | Q(pk__in=alone) | Q(pk__in=holding)
    )
    return [row for row in candidates.defer("api_secret", "passphrase").order_by("pk") if row.is_paper or row.api_key]


def _owners(account: ExchangeAccount, held: Iterable[Position]) -> dict[str, tuple[int, int]]:
    """(bot, claim) by symbol; a leg that is held without a claim belongs to its bot all the same."""
    found = {position.symbol: (position.bot_id, 0) for position in held}
    claims = SymbolClaim.objects.filter(venue_account=venue_account_of(account))
    return found | {symbol: (bot_id, pk) for symbol, bot_id, pk in claims.values_list("symbol", "bot_id", "pk")}


def _bots(ids: Iterable[int]) -> dict[int, Bot]:
    rows = Bot.objects.select_related("exchange_account", "exchange_account2", "owner").defer(*SECRETS)
    return rows.in_bulk(list(ids))


def _restless(bots: Iterable[int]) -> set[int]:
    """Bots of which an order may fill any moment. A stop that only rests is none; nor is a trade at which nothing moves
    any more: waiting for it would be waiting for ever."""
    unsettled = Order.objects.filter(bot__in=bots, status__in=UNSETTLED).exclude(
        purpose=Purpose.PROTECT, status="open", filled_amount=0
    )
    since = timezone.now() - timedelta(seconds=settings.RECONCILE_QUIET_S)
    moving = Trade.objects.filter(bot__in=bots, status=TradeStatus.WORKING)
    young = moving.annotate(last=Max("orders__updated_at")).filter(Q(last__isnull=True) | Q(last__gt=since))
    return {*unsettled.values_list("bot_id", flat=True), *young.values_list("bot_id", flat=True)}


def _booked(account: ExchangeAccount) -> dict[str, datetime]:
    """The last booking by symbol, real time; of the recent ones, which are all that matter."""
    recent = timezone.now() - timedelta(hours=1)
    rows = Fill.objects.filter(account=account, booked_at__gte=recent).order_by().values("symbol")
    return {row["symbol"]: row["last"] for row in rows.annotate(last=Max("booked_at"))}
