"""Contracts that are worth money and settle in their coin, behind the wire-format servers.

Amounts are quote currency, prices quote per coin; each coin has a purse of its own.
"""

import itertools
from collections.abc import Callable, Mapping
from dataclasses import replace
from decimal import Decimal

from exchanges.tests.wire.market import Contract, Market, Refused, WireFill, WireOrder
from trading.core.position import Position

ZERO = Decimal(0)
UNIT = Decimal("1e-12")


def inverse_contracts(contracts: Mapping[str, Contract], size: Decimal) -> dict[str, Contract]:
    return {base: replace(contract, size=size, lot=size, notional_min=ZERO) for base, contract in contracts.items()}


class InverseMarket(Market):
    """`positions` hold money as their amount and the coins that it was worth as their cost."""

    def __init__(
        self, contracts: Mapping[str, Contract], now_ms: Callable[[], int], *, purse: dict[str, Decimal], **kinds: bool
    ) -> None:
        super().__init__(contracts, now_ms, **kinds)  # type: ignore[arg-type]
        self.purse = purse
        self._numbers = itertools.count(700_000)

    def worth(self, fill: WireFill) -> Decimal:
        return fill.amount / fill.price

    def average(self, order: WireOrder) -> Decimal:
        return order.filled / sum((self.worth(fill) for fill in self.fills_of(order)), ZERO)

    def entry(self, base: str) -> Decimal:
        position = self.positions.get(base)
        return position.amount / position.cost if position and position.cost else ZERO

    def unrealised(self, base: str) -> Decimal:
        position = self.positions.get(base, Position())
        return (position.cost - position.amount / self.contracts[base].price).quantize(UNIT)

    def _check_position(self, order: WireOrder, contract: Contract) -> None:
        held, sign = self.held(order.base), 1 if order.side == "buy" else -1
        if order.reduce_only:
            if held * sign >= 0:
                raise Refused("reduce_only")
            return
        needed = order.amount / (order.price or contract.price) / self.mode(order.base)[0]
        if self.drawn("insufficient") or needed > self.purse[order.base] + self.unrealised(order.base):
            raise Refused("margin")

    def _fill(self, order: WireOrder, price: Decimal, *, taker: bool) -> None:
        contract = self.contracts[order.base]
        wanted = order.amount * order.share // contract.lot * contract.lot - order.filled
        if order.reduce_only:
            wanted = min(wanted, abs(self.held(order.base)))
        if wanted <= 0:
            return
        realised = self._moved(order.base, wanted if order.side == "buy" else -wanted, price)
        fee = (wanted / price * (self.taker if taker else self.maker)).quantize(UNIT)
        self.purse[order.base] += realised - fee
        at_ms = self.now_ms()
        self.fills.append(WireFill(next(self._numbers), order, price, wanted, fee, realised, at_ms))
        order.filled += wanted
        order.updated_ms = at_ms
        order.status = "filled" if order.filled == order.amount else "partial"

    def _moved(self, base: str, signed: Decimal, price: Decimal) -> Decimal:
        """What it realised in coins."""
        held = self.positions.get(base, Position())
        coins = (signed / price).quantize(UNIT)
        if held.amount * signed >= 0:
            self.positions[base] = Position(held.amount + signed, held.cost + coins)
            return ZERO
        closed = max(-held.amount, signed) if held.amount > 0 else min(-held.amount, signed)
        released = (held.cost * -closed / held.amount).quantize(UNIT)
        paid = (closed / price).quantize(UNIT)
        rest = held.amount + signed
        turned = held.amount * rest < 0
        self.positions[base] = Position(rest, coins - paid if turned else held.cost - released)
        return released + paid

    def fund(self, base: str, rate: Decimal) -> None:
        raise NotImplementedError
