"""What the contract suite needs of a venue beside its port: a market that moves when told to, and faults on demand."""

import itertools
from collections.abc import Callable
from dataclasses import dataclass
from datetime import timedelta
from decimal import Decimal
from typing import Any

from django.utils import timezone

from exchanges.adapters.base import OrderReport, OrderRequest, Venue
from trading.core.sizing import MarketRules, round_price

_numbers = itertools.count(1)


@dataclass
class Rig:
    """`step` lets time pass until an order that can fill has met the market. `amount` is a fair order. `move` sets the
    price of the first market, where that is possible."""

    venue: Venue
    symbol: str
    other: str
    amount: Decimal
    step: Callable[[], None]
    misbehave: Callable[..., None]
    move: Callable[[Decimal], None] | None = None

    @property
    def rules(self) -> MarketRules:
        return self.venue.markets()[self.symbol]

    def request(self, side: str = "buy", type: str = "market", **fields: Any) -> OrderRequest:
        values: dict[str, Any] = {
            "client_order_id": f"test{next(_numbers)}",
            "symbol": self.symbol,
            "side": side,
            "type": type,
            "amount": self.amount,
            "price": None,
            "reduce_only": False,
            "send_by": timezone.now() + timedelta(seconds=30),
        }
        return OrderRequest(**(values | fields))

    def price(self, factor: str, side: str = "buy") -> Decimal:
        """The mid times a factor, on the tick."""
        mid = self.venue.quotes([self.symbol])[self.symbol].mid
        return round_price(mid * Decimal(factor), self.rules.price_tick, side)

    def stop(self, side: str = "sell", factor: str = "0.9", **fields: Any) -> OrderRequest:
        trigger = self.price(factor, side)
        return self.request(side, "stop", **({"trigger_price": trigger, "reduce_only": True} | fields))

    def fetched(self, request: OrderRequest) -> OrderReport:
        is_stop = request.type == "stop"
        return self.venue.fetch_order(request.symbol, client_order_id=request.client_order_id, is_stop=is_stop)

    def done(self, request: OrderRequest) -> OrderReport:
        """Sends an order, lets it meet the market, and asks what became of it."""
        self.venue.create_order(request)
        self.step()
        return self.fetched(request)

    def held(self) -> Decimal:
        return sum((p.amount for p in self.venue.positions() if p.symbol == self.symbol), Decimal(0))
