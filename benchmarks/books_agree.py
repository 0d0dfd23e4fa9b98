"""What must hold of paper accounts and their bots when everything has settled, counted."""

from collections import Counter
from collections.abc import Iterable
from dataclasses import asdict, dataclass
from decimal import Decimal
from typing import Any

from django.db.models import Sum

from bots.models import Bot
from exchanges.models import ExchangeAccount
from exchanges.paper_models import PaperFill, PaperOrder
from exchanges.registry import venue_of
from trading.core.order_state import UNSETTLED
from trading.models import Fill, LedgerLine, Order, Position, Trade, TradeStatus


@dataclass(frozen=True, slots=True)
class Found:
    """All but the first three must be 0. `money_off`: the largest difference of an account, quote currency."""

    trades: int
    orders: int
    fills: int
    duplicate_orders: int
    orders_without_row: int
    lost_fills: int
    fills_twice: int
    naked_legs: int
    positions_off: int
    unsettled: int
    money_off: Decimal

    @property
    def is_clean(self) -> bool:
        return not any(value for name, value in asdict(self).items() if name not in ("trades", "orders", "fills"))

    def row(self) -> dict[str, Any]:
        return {name: str(value) if isinstance(value, Decimal) else value for name, value in asdict(self).items()}


def books_agree(accounts: Iterable[ExchangeAccount]) -> Found:
    accounts = list(accounts)
    pks = [account.pk for account in accounts]
    theirs = PaperOrder.objects.filter(account_id__in=pks)
    ours = Order.objects.filter(account__in=pks)
    rows = dict(ours.values_list("client_order_id", "filled_amount"))
    ids = Counter(theirs.values_list("client_order_id", flat=True))
    filled = dict(theirs.values_list("client_order_id", "filled"))
    booked = Counter(Fill.objects.filter(account__in=pks).values_list("account_id", "trade_id"))
    made = set(
        PaperFill.objects.filter(account_id__in=pks, order__client_order_id__in=rows).values_list(
            "account_id", "number"
        )
    )
    return Found(
        trades=Trade.objects.filter(bot__exchange_account__in=pks).count(),
        orders=len(rows),
        fills=sum(booked.values()),
        duplicate_orders=sum(times - 1 for times in ids.values()) + _levels_twice(pks),
        orders_without_row=sum(name not in rows for name in ids if name.startswith("cm")),
        lost_fills=sum(rows[name] != amount for name, amount in filled.items() if name in rows)
        + len(made - {(account, int(number)) for account, number in booked if number.isdigit()}),
        fills_twice=sum(times - 1 for times in booked.values()),
        naked_legs=_naked(pks),
        positions_off=sum(_positions_off(account) for account in accounts),
        unsettled=ours.filter(status__in=UNSETTLED).count()
        + Trade.objects.filter(bot__exchange_account__in=pks, status=TradeStatus.WORKING).count(),
        money_off=max((_money_off(account) for account in accounts), default=Decimal(0)),
    )


def _levels_twice(pks: list[int]) -> int:
    """The same level of one cycle opened or added twice."""
    entries = Trade.objects.filter(bot__exchange_account__in=pks, status=TradeStatus.SETTLED).exclude(action="close")
    times = Counter(entries.values_list("bot_id", "cycle_number", "level"))
    return sum(count - 1 for count in times.values())


def _naked(pks: list[int]) -> int:
    legs = Counter(Position.objects.filter(account__in=pks, is_open=True).values_list("bot_id", flat=True))
    pairs = set(Bot.objects.filter(pk__in=legs).exclude(market2_symbol="").values_list("pk", flat=True))
    return sum(held == 1 and bot in pairs for bot, held in legs.items())


def _positions_off(account: ExchangeAccount) -> int:
    there = {row.symbol: row.amount for row in venue_of(account).positions()}
    ours: Counter[str] = Counter()
    for row in Position.objects.filter(account=account, is_open=True):
        ours[row.symbol] += row.signed_amount  # type: ignore[assignment]
    return sum(there.get(symbol, 0) != ours.get(symbol, 0) for symbol in {*there, *ours})


def _money_off(account: ExchangeAccount) -> Decimal:
    """Wallet against the ledger, and equity against wallet and unrealised profit."""
    venue = venue_of(account)
    balance = venue.balance()
    began = Decimal(str(account.paper_config.get("initial_balance", 10_000)))
    lines = LedgerLine.objects.filter(account=account).aggregate(total=Sum("amount"))["total"] or Decimal(0)
    return abs(balance.total - began - lines)
