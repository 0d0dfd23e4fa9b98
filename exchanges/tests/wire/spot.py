"""Coins for money behind the wire-format servers: what is bought is a balance, and its fee is kept in the coin."""

import itertools
from collections.abc import Callable, Mapping
from dataclasses import replace
from decimal import Decimal

from exchanges.tests.wire.market import Contract, Market, Refused, WireFill, WireOrder

ZERO = Decimal(0)


def spot_contracts(contracts: Mapping[str, Contract]) -> dict[str, Contract]:
    """The same coins at the same prices; amounts are coins."""
    one = Decimal(1)
    return {base: replace(contract, size=one, lot=one, notional_min=Decimal(5)) for base, contract in contracts.items()}


class SpotMarket(Market):
    """`purse`: the market whose wallet pays; else this one has its own."""

    taker = Decimal("0.001")

    def __init__(
        self,
        contracts: Mapping[str, Contract],
        now_ms: Callable[[], int],
        *,
        remembers_ids: bool,
        purse: Market | None = None,
    ) -> None:
        super().__init__(spot_contracts(contracts), now_ms, remembers_ids=remembers_ids)
        self.purse: Market = purse or self
        self.coins: dict[str, Decimal] = dict.fromkeys(contracts, ZERO)
        self._numbers = itertools.count(500_000)

    def held(self, base: str) -> Decimal:
        return self.coins[base]

    def free_coins(self, base: str) -> Decimal:
        resting = (o.amount - o.filled for o in self.working(base) if o.side == "sell")
        return self.coins[base] - sum(resting, ZERO)

    def free_money(self) -> Decimal:
        resting = ((o.amount - o.filled) * (o.price or ZERO) for o in self.working() if o.side == "buy")
        return self.purse.wallet - sum(resting, ZERO)

    def fee_coin(self, order: WireOrder) -> str:
        return order.base if order.side == "buy" else "USDT"

    def _check_position(self, order: WireOrder, contract: Contract) -> None:
        value = order.amount * (order.price or contract.price)
        if value < contract.notional_min:
            raise Refused("notional")
        short = value > self.free_money() if order.side == "buy" else order.amount > self.free_coins(order.base)
        if short or self.drawn("insufficient"):
            raise Refused("margin")

    def _fill(self, order: WireOrder, price: Decimal, *, taker: bool) -> None:
        contract = self.contracts[order.base]
        wanted = order.amount * order.share // contract.lot * contract.lot - order.filled
        if wanted <= 0:
            return
        is_buy, at_ms = order.side == "buy", self.now_ms()
        fee = wanted * self.taker * (1 if is_buy else price)
        self.coins[order.base] += wanted - fee if is_buy else -wanted
        self.purse.wallet += -wanted * price if is_buy else wanted * price - fee
        self.fills.append(WireFill(next(self._numbers), order, price, wanted, fee, ZERO, at_ms))
        order.filled += wanted
        order.updated_ms = at_ms
        order.status = "filled" if order.filled == order.amount else "partial"
