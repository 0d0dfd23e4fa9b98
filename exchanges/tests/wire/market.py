"""The market and the accounts behind the three wire-format servers: one price per contract, everything fills there.

Amounts are base units. What a venue refuses has a name here; the servers say it in their venue's codes.
"""

import itertools
import threading
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field, replace
from decimal import Decimal

from trading.core.position import Position, apply_fill

ZERO = Decimal(0)
WORKING = ("open", "partial")


class Refused(Exception):
    """`name`: duplicate, unknown_market, lot, tick, notional, margin, reduce_only, post_only, leverage, margin_mode,
    position_mode, would_trigger."""

    def __init__(self, name: str) -> None:
        super().__init__(name)
        self.name = name


@dataclass
class Contract:
    """`size` is the base units of one unit of the venue's amounts, `rests` what each level of the book holds in the
    latter; `lot` is in base units."""

    base: str
    price: Decimal
    tick: Decimal
    lot: Decimal
    size: Decimal = Decimal(1)
    notional_min: Decimal = Decimal(5)
    max_leverage: int = 50
    frozen: bool = False
    rests: str = "100000"

    @property
    def bid(self) -> Decimal:
        return self.price - self.tick

    @property
    def ask(self) -> Decimal:
        return self.price + self.tick


@dataclass
class WireOrder:
    """`tif`: gtc, ioc, post_only. `status`: untriggered (stops), open, partial, filled, canceled."""

    number: int
    client_id: str
    base: str
    side: str
    type: str
    tif: str
    price: Decimal | None
    amount: Decimal
    reduce_only: bool
    at_ms: int
    margin_mode: str
    status: str = "open"
    filled: Decimal = ZERO
    why: str = ""
    updated_ms: int = 0
    hidden_until: float = 0.0
    share: Decimal = Decimal(1)
    trigger: Decimal | None = None
    became: "WireOrder | None" = None
    is_resting: bool = False

    @property
    def average(self) -> Decimal:
        return self.price or ZERO

    @property
    def hidden(self) -> bool:
        return time.monotonic() < self.hidden_until


@dataclass
class WireFill:
    number: int
    order: WireOrder
    price: Decimal
    amount: Decimal
    fee: Decimal
    realised: Decimal
    at_ms: int


@dataclass
class Payment:
    number: int
    base: str
    amount: Decimal
    at_ms: int


@dataclass
class Fault:
    """`kind`: partial, not_found, timeout_before, timeout_after, cancel_timeout, refused (by that `name`, of one `base`
    and `reduce_only` only), repeated (taken, and refused as a duplicate), or one of the server's own."""

    kind: str
    left: int
    options: Mapping[str, object] = field(default_factory=dict)


class Market:
    """One account on one venue. Every method holds the lock."""

    taker = Decimal("0.0005")
    maker = Decimal("0.0002")
    refuses_takers = False
    """A post-only order that would take is refused, instead of accepted and cancelled at once."""

    def __init__(
        self,
        contracts: Mapping[str, Contract],
        now_ms: Callable[[], int],
        *,
        remembers_ids: bool,
        stops_stay: bool = False,
    ) -> None:
        self.contracts = dict(contracts)
        self.now_ms = now_ms
        self.remembers_ids = remembers_ids
        self.lock = threading.RLock()
        self.wallet = Decimal(10_000)
        self.positions: dict[str, Position] = {}
        self.modes: dict[str, tuple[int, str]] = {}
        self.orders: list[WireOrder] = []
        self.stops: list[WireOrder] = []
        self.stops_stay = stops_stay
        self.fills: list[WireFill] = []
        self.payments: list[Payment] = []
        self.faults: list[Fault] = []
        self.hedged = False
        self._numbers = itertools.count(1_000)

    # --- faults ---

    def fault(self, kind: str, times: int = 1, **options: object) -> None:
        self.faults.append(Fault(kind, times, options))

    def drawn(self, *kinds: str) -> Fault | None:
        with self.lock:
            for fault in self.faults:
                if fault.kind in kinds and fault.left:
                    fault.left -= 1
                    return fault
        return None

    def drawn_of(self, kind: str, order: WireOrder) -> Fault | None:
        """Of those that concern the order."""
        with self.lock:
            for fault in self.faults:
                wanted = fault.options.get("base", order.base), fault.options.get("reduce_only", order.reduce_only)
                if fault.kind == kind and fault.left and wanted == (order.base, order.reduce_only):
                    fault.left -= 1
                    return fault
        return None

    # --- stops ---

    def place_stop(self, order: WireOrder) -> WireOrder:
        """Raises Refused."""
        with self.lock:
            contract = self.contracts[order.base]
            if any(o.client_id == order.client_id and o.status == "untriggered" for o in self.stops):
                raise Refused("duplicate")
            if order.trigger is None or self._reached(order, contract.price):
                raise Refused("would_trigger")
            if order.amount <= 0 or order.amount % contract.lot:
                raise Refused("lot")
            order.number, order.status = next(self._numbers), "untriggered"
            order.at_ms = order.updated_ms = self.now_ms()
            if fault := self.drawn("not_found"):
                order.hidden_until = time.monotonic() + float(str(fault.options.get("seconds", 0.1)))
            self.stops.append(order)
            return order

    def find_stop(self, *, client_id: str = "", number: str = "") -> WireOrder | None:
        with self.lock:
            for order in reversed(self.stops):
                if order.client_id == client_id if client_id else str(order.number) == number:
                    return None if order.hidden else order
        return None

    def waiting(self, base: str | None = None) -> list[WireOrder]:
        with self.lock:
            return [o for o in self.stops if o.status == "untriggered" and base in (None, o.base) and not o.hidden]

    def cancel_stop(self, order: WireOrder) -> None:
        with self.lock:
            if order.status == "untriggered":
                self._end(order, "canceled by user")

    def _reached(self, order: WireOrder, price: Decimal) -> bool:
        assert order.trigger is not None
        return price >= order.trigger if order.side == "buy" else price <= order.trigger

    def _trigger(self, stop: WireOrder) -> None:
        """A market order under a number of its own, or the stop itself where the venue keeps numbers."""
        if self.stops_stay:
            stop.status, order = "open", stop
        else:
            child = replace(stop, number=next(self._numbers), client_id="", status="open", trigger=None)
            stop.status, stop.became, order = "triggered", child, child
        stop.updated_ms = order.updated_ms = self.now_ms()
        self.orders.append(order)
        self.match(order)

    # --- orders ---

    def place(self, order: WireOrder) -> WireOrder:
        """Raises Refused."""
        with self.lock:
            self._check(order)
            order.number = next(self._numbers)
            order.at_ms = order.updated_ms = self.now_ms()
            if fault := self.drawn("not_found"):
                order.hidden_until = time.monotonic() + float(str(fault.options.get("seconds", 0.1)))
            if fault := self.drawn("partial"):
                order.share = Decimal(str(fault.options.get("share", 0.5)))
            self.orders.append(order)
            self.match(order)
            if self.drawn_of("repeated", order):
                raise Refused("duplicate")
            return order

    def cancel(self, order: WireOrder) -> None:
        with self.lock:
            if order.status in WORKING:
                self._end(order, "canceled by user")

    def find(self, base: str | None, *, client_id: str = "", number: str = "") -> WireOrder | None:
        """The newest order of that id, unless it is still hidden."""
        with self.lock:
            for order in reversed(self.orders):
                same = order.client_id == client_id if client_id else str(order.number) == number
                if same and base in (None, order.base):
                    return None if order.hidden else order
        return None

    def working(self, base: str | None = None) -> list[WireOrder]:
        with self.lock:
            return [o for o in self.orders if o.status in WORKING and base in (None, o.base) and not o.hidden]

    def fills_of(self, order: WireOrder) -> list[WireFill]:
        return [fill for fill in self.fills if fill.order is order]

    def move(self, base: str, price: Decimal) -> None:
        """The price moves, and resting orders that it reaches fill."""
        with self.lock:
            self.contracts[base].price = price
            for order in self.working(base):
                self.match(order)
            for stop in [o for o in self.stops if o.status == "untriggered" and o.base == base]:
                if self._reached(stop, price):
                    self._trigger(stop)

    def match(self, order: WireOrder) -> None:
        contract = self.contracts[order.base]
        touch = contract.ask if order.side == "buy" else contract.bid
        crosses = order.price is None or (touch <= order.price if order.side == "buy" else touch >= order.price)
        if crosses and order.tif == "post_only" and not order.is_resting:
            self._end(order, "would take")
        order.is_resting = True
        if crosses and order.status in WORKING:
            self._fill(order, touch, taker=True)
        if order.status in WORKING and (order.type == "market" or order.tif == "ioc"):
            self._end(order, "nothing more within the limit")

    def fund(self, base: str, rate: Decimal) -> None:
        with self.lock:
            position = self.positions.get(base)
            if position and position.amount:
                amount = -position.amount * self.contracts[base].price * rate
                self.wallet += amount
                self.payments.append(Payment(next(self._numbers), base, amount, self.now_ms()))

    # --- money ---

    def held(self, base: str) -> Decimal:
        position = self.positions.get(base)
        return position.amount if position else ZERO

    def unrealised(self, base: str) -> Decimal:
        position = self.positions.get(base, Position())
        return position.amount * self.contracts[base].price - position.cost

    def worth(self, fill: WireFill) -> Decimal:
        """In what the market settles in."""
        return fill.price * fill.amount

    def average(self, order: WireOrder) -> Decimal:
        return sum((fill.price * fill.amount for fill in self.fills_of(order)), ZERO) / order.filled

    def entry(self, base: str) -> Decimal:
        position = self.positions.get(base)
        return (position.entry_price or ZERO) if position else ZERO

    def equity(self) -> Decimal:
        return self.wallet + sum((self.unrealised(base) for base in self.positions), ZERO)

    def free(self) -> Decimal:
        used = ZERO
        for base in self.contracts:
            leverage, _ = self.mode(base)
            used += abs(self.held(base)) * self.contracts[base].price / leverage
            resting = sum(
                ((o.amount - o.filled) * (o.price or ZERO) for o in self.working(base) if not o.reduce_only), ZERO
            )
            used += resting / leverage
        return max(self.equity() - used, ZERO)

    def mode(self, base: str) -> tuple[int, str]:
        return self.modes.get(base, (10, "cross"))

    def leverage_set(self, base: str, leverage: int) -> None:
        with self.lock:
            if not 1 <= leverage <= self.contracts[base].max_leverage:
                raise Refused("leverage")
            self.modes[base] = leverage, self.mode(base)[1]

    def margin_mode_set(self, base: str, mode: str) -> None:
        with self.lock:
            if self.mode(base)[1] != mode and (self.held(base) or self.working(base)):
                raise Refused("margin_mode")
            self.modes[base] = self.mode(base)[0], mode

    # --- inside ---

    def _check(self, order: WireOrder) -> None:
        if fault := self.drawn_of("refused", order):
            raise Refused(str(fault.options["name"]))
        if self.hedged:
            raise Refused("position_mode")
        contract = self.contracts.get(order.base)
        known = [o for o in self.orders if o.client_id == order.client_id]
        if any(self.remembers_ids or o.status in WORKING for o in known):
            raise Refused("duplicate")
        if contract is None:
            raise Refused("unknown_market")
        if order.amount <= 0 or order.amount % contract.lot:
            raise Refused("lot")
        if order.price is not None and (order.price <= 0 or order.price % contract.tick):
            raise Refused("tick")
        self._check_position(order, contract)
        touch = contract.ask if order.side == "buy" else contract.bid
        crosses = order.price is not None and (order.price >= touch if order.side == "buy" else order.price <= touch)
        if order.tif == "post_only" and crosses and self.refuses_takers:
            raise Refused("post_only")

    def _check_position(self, order: WireOrder, contract: Contract) -> None:
        held, sign = self.held(order.base), 1 if order.side == "buy" else -1
        if order.reduce_only:
            if held * sign >= 0:
                raise Refused("reduce_only")
            return
        notional = order.amount * (order.price or contract.price)
        if notional < contract.notional_min:
            raise Refused("notional")
        added = max(order.amount - max(-held * sign, ZERO), ZERO) * (order.price or contract.price)
        if self.drawn("insufficient") or added / self.mode(order.base)[0] + added * self.taker > self.free():
            raise Refused("margin")

    def _fill(self, order: WireOrder, price: Decimal, *, taker: bool) -> None:
        most = order.amount * order.share
        contract = self.contracts[order.base]
        wanted = most // contract.lot * contract.lot - order.filled
        if order.reduce_only:
            wanted = min(wanted, abs(self.held(order.base)))
        if wanted <= 0:
            return
        position, realised = apply_fill(self.positions.get(order.base, Position()), order.side, wanted, price)
        self.positions[order.base] = position
        fee = wanted * price * (self.taker if taker else self.maker)
        self.wallet += realised - fee
        at_ms = self.now_ms()
        self.fills.append(WireFill(next(self._numbers), order, price, wanted, fee, realised, at_ms))
        order.filled += wanted
        order.updated_ms = at_ms
        order.status = "filled" if order.filled == order.amount else "partial"

    def _end(self, order: WireOrder, why: str) -> None:
        order.status, order.why, order.updated_ms = "canceled", why, self.now_ms()
