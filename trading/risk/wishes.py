"""What somebody wants to send: a bot's next level, or one order by hand."""

from collections.abc import Collection
from dataclasses import dataclass
from decimal import Decimal
from typing import Literal

from django.db.models import Q

from bots.models import Bot
from exchanges.models import Exchange, ExchangeAccount
from trading.core.risk import Intended
from trading.trades import TradePlan

ZERO = Decimal(0)
Kind = Literal["live", "testnet", "paper"]
"""Play money and real money are never added up."""


@dataclass(frozen=True, slots=True)
class WishedOrder:
    """`value` is signed: positive buys."""

    account_id: int
    exchange: str
    symbol: str
    value: Decimal


@dataclass(frozen=True, slots=True)
class Wish:
    """`bot` is None for an order by hand."""

    owner_id: int
    kind: Kind
    bot: Bot | None
    orders: tuple[WishedOrder, ...]
    reduces: bool = False

    @property
    def account_ids(self) -> frozenset[int]:
        if self.bot is None:
            return frozenset(order.account_id for order in self.orders)
        return frozenset(self.bot.account_of(leg).pk for leg in (1, 2))

    def intended(self, accounts: Collection[int]) -> Intended:
        """As far as it concerns these accounts."""
        mine = [order for order in self.orders if order.account_id in accounts]
        return Intended(
            gross=sum((abs(order.value) for order in mine), ZERO),
            net=sum((order.value for order in mine), ZERO),
            largest=max((abs(order.value) for order in mine), default=ZERO),
            orders=len(mine),
            reduces=self.reduces,
            leverage=self.bot.leverage if self.bot else 0,
            symbols=frozenset(order.symbol for order in mine),
            exchanges=frozenset(order.exchange for order in mine),
        )


def wish_of_plan(bot: Bot, plan: TradePlan) -> Wish:
    """At the decision's own prices."""
    orders = []
    for order in plan.orders:
        account = bot.account_of(order.leg)
        value = order.amount * (plan.price1 if order.leg == 1 else plan.price2)
        signed = value if order.side == "buy" else -value
        orders.append(WishedOrder(account.pk, account.rules_venue, bot.symbol_of(order.leg), signed))
    return Wish(
        bot.owner_id, kind_of(bot.exchange_account), bot, tuple(orders), all(order.reduce_only for order in plan.orders)
    )


def wish_by_hand(account: ExchangeAccount, symbol: str, side: str, notional: Decimal, *, reduce_only: bool) -> Wish:
    signed = notional if side == "buy" else -notional
    order = WishedOrder(account.pk, account.rules_venue, symbol, signed)
    return Wish(account.owner_id, kind_of(account), None, (order,), reduce_only)


def wish_of_nothing(owner_id: int, kind: Kind, bot: Bot | None = None) -> Wish:
    """For figures as they are, beside their limits."""
    return Wish(owner_id, kind, bot, ())


def kind_of(account: ExchangeAccount) -> Kind:
    if account.is_paper:
        return "paper"
    return "testnet" if account.is_testnet else "live"


def of_kind(kind: Kind) -> Q:
    """Of accounts."""
    if kind == "paper":
        return Q(exchange=Exchange.PAPER)
    return ~Q(exchange=Exchange.PAPER) & Q(is_testnet=kind == "testnet")
