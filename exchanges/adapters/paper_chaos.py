"""Rehearsed faults: what a paper account was told to do wrong, and to which of its orders.

`PaperWallet.chaos` is `{"seed": 1, "faults": [{"fault": "reject", "next": 2}, {"fault": "partial", "share": 0.4,
"probability": 0.1, "symbol": "GALA/USDT:USDT"}, …]}`. Chance depends on the seed, the fault's place in the list and the
order's number alone, so that a rehearsal can be repeated.
"""

import hashlib
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, fields, replace
from enum import StrEnum
from typing import Any


class FaultKind(StrEnum):
    REJECT = "reject"
    """The venue refuses the order."""
    TIMEOUT_BEFORE = "timeout_before"
    """No answer, and nothing was accepted."""
    TIMEOUT_AFTER = "timeout_after"
    """No answer, though the order was accepted."""
    PARTIAL = "partial"
    """No more than `share` of the order ever fills."""
    SLOW = "slow"
    """The order lets `steps` chances to fill pass."""
    NOT_FOUND = "not_found"
    """For `seconds` after its acceptance no question finds the order; its fills are told."""
    DELAY = "delay"
    """The answer takes `seconds`."""
    CANCEL_TIMEOUT = "cancel_timeout"
    """No answer to a cancel, though it was done."""
    FREEZE = "freeze"
    """Quotes stand still since the moment at which this was set."""


OF_ORDERS = frozenset(FaultKind) - {FaultKind.CANCEL_TIMEOUT, FaultKind.FREEZE}


@dataclass(frozen=True, slots=True)
class Fault:
    """Concerns orders that match `symbol`, `side` and `reduce_only` (None: any): after the first `skip` of them, the
    `next` ones (None: all that follow), each with `probability`."""

    fault: FaultKind
    symbol: str | None = None
    side: str | None = None
    reduce_only: bool | None = None
    skip: int = 0
    next: int | None = None
    probability: float = 1.0
    share: float = 0.5
    steps: int = 1
    seconds: float = 1.0  # real ones, like an answer that takes its time
    lasts: int | None = None  # seconds of venue time from the beginning of the rehearsal on; None: until it is ended
    since: int | None = None  # FREEZE: venue time in ms, set when the rehearsal begins
    until: int | None = None  # venue time in ms at which it is over, set from `lasts` when the rehearsal begins

    def concerns(self, symbol: str, side: str, reduce_only: bool) -> bool:
        wanted = ((self.symbol, symbol), (self.side, side), (self.reduce_only, reduce_only))
        return all(want is None or want == have for want, have in wanted)


@dataclass(frozen=True, slots=True)
class Chaos:
    seed: int = 1
    faults: tuple[Fault, ...] = ()

    def drawn(
        self, kinds: frozenset[FaultKind], number: int, symbol: str, side: str, reduce_only: bool
    ) -> tuple["Chaos", dict[FaultKind, Fault]]:
        """The faults that hit an order, and what is left of the rehearsal afterwards."""
        left, hit = [], {}
        for place, fault in enumerate(self.faults):
            if fault.fault not in kinds or not fault.concerns(symbol, side, reduce_only):
                left.append(fault)
            elif fault.skip:
                left.append(replace(fault, skip=fault.skip - 1))
            elif fault.next == 0 or _uniform(self.seed, place, number) >= fault.probability:
                left.append(fault)
            else:
                hit[fault.fault] = fault
                left.append(fault if fault.next is None else replace(fault, next=fault.next - 1))
        return replace(self, faults=tuple(left)), hit

    def lasting(self, now_ms: int) -> "Chaos":
        """Without what is over by then. The places of the others stay, and with them their chances."""
        over = (f.until is not None and now_ms >= f.until for f in self.faults)
        return replace(
            self, faults=tuple(replace(f, next=0) if o else f for f, o in zip(self.faults, over, strict=True))
        )

    def frozen_since(self, symbol: str) -> int | None:
        """The venue time in ms at which the quotes of a market stood still."""
        frozen = (f for f in self.faults if f.fault is FaultKind.FREEZE and f.next != 0)
        return next((f.since for f in frozen if f.symbol in (None, symbol)), None)

    def begun(self, now_ms: int) -> "Chaos":
        return replace(self, faults=tuple(_begun(fault, now_ms) for fault in self.faults))


CALM = Chaos()


def _begun(fault: Fault, now_ms: int) -> Fault:
    if fault.fault is FaultKind.FREEZE and fault.since is None:
        fault = replace(fault, since=now_ms)
    if fault.lasts is not None and fault.until is None:
        fault = replace(fault, until=now_ms + 1000 * fault.lasts)
    return fault


def parse(raw: Mapping[str, Any]) -> Chaos:
    """Raises ValueError that names the first key or value that cannot be used."""
    if unknown := set(raw) - {"seed", "faults"}:
        raise ValueError(f"unknown key {min(unknown)}")
    faults = raw.get("faults", [])
    if not isinstance(faults, Sequence) or isinstance(faults, str):
        raise ValueError("faults must be a list")
    return Chaos(_whole("seed", raw.get("seed", 1)), tuple(_fault(item) for item in faults))


def dump(chaos: Chaos) -> dict[str, Any]:
    if not chaos.faults:
        return {}
    return {"seed": chaos.seed, "faults": [_changed(fault) for fault in chaos.faults]}


def _changed(fault: Fault) -> dict[str, Any]:
    values = {field.name: getattr(fault, field.name) for field in fields(fault)}
    plain = {field.name: field.default for field in fields(fault)}
    return {name: value for name, value in values.items() if name == "fault" or value != plain[name]}


def _fault(raw: Any) -> Fault:
    if not isinstance(raw, Mapping):
        raise ValueError("each fault must be an object")
    if unknown := set(raw) - READERS.keys():
        raise ValueError(f"unknown key {min(unknown)}")
    if "fault" not in raw:
        raise ValueError("each fault needs the key fault")
    return Fault(**{name: READERS[name](name, value) for name, value in raw.items()})


def _kind(name: str, value: Any) -> FaultKind:
    try:
        return FaultKind(value)
    except ValueError:
        raise ValueError(f"{name} must be one of {', '.join(FaultKind)}") from None


def _whole(name: str, value: Any) -> int:
    if isinstance(value, bool) or not isinstance(value, int) or not 0 <= value <= 10**15:
        raise ValueError(f"{name} must be a whole number, not below 0")
    return value


def _upto(most: float) -> Any:
    def read(name: str, value: Any) -> float:
        if isinstance(value, bool) or not isinstance(value, int | float) or not 0 <= value <= most:
            raise ValueError(f"{name} must be a number from 0 to {most:g}")
        return float(value)

    return read


def _text(name: str, value: Any) -> str:
    if not isinstance(value, str):
        raise ValueError(f"{name} must be a text")
    return value


def _side(name: str, value: Any) -> str:
    if value not in ("buy", "sell"):
        raise ValueError(f"{name} must be buy or sell")
    return str(value)


def _flag(name: str, value: Any) -> bool:
    if not isinstance(value, bool):
        raise ValueError(f"{name} must be true or false")
    return value


READERS: dict[str, Any] = {
    "fault": _kind,
    "symbol": _text,
    "side": _side,
    "reduce_only": _flag,
    "skip": _whole,
    "next": _whole,
    "probability": _upto(1),
    "share": _upto(1),
    "steps": _whole,
    "seconds": _upto(30),
    "lasts": _whole,
    "since": _whole,
    "until": _whole,
}


def _uniform(seed: int, place: int, number: int) -> float:
    digest = hashlib.blake2b(f"{seed}:{place}:{number}".encode(), digest_size=8).digest()
    return int.from_bytes(digest) / 2**64
