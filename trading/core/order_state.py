"""The life of an order: which status may follow which."""

from enum import StrEnum
from typing import Final


class OrderStatus(StrEnum):
    PENDING = "pending"
    """The row is committed, nothing was sent."""
    SUBMITTED = "submitted"
    """Committed just before the call."""
    OPEN = "open"
    PARTIALLY_FILLED = "partially_filled"
    CLOSED = "closed"
    """Filled completely."""
    CANCELED = "canceled"
    EXPIRED = "expired"
    DENIED = "denied"
    """We refused; the venue never saw it."""
    REJECTED = "rejected"
    """The venue refused."""
    UNKNOWN = "unknown"
    """May have reached the venue."""


class InvalidTransition(ValueError):
    def __init__(self, current: OrderStatus, reported: OrderStatus) -> None:
        super().__init__(f"an order that is {current} cannot become {reported}")
        self.current = current
        self.reported = reported


_S = OrderStatus

TERMINAL: Final = frozenset({_S.CLOSED, _S.CANCELED, _S.EXPIRED, _S.DENIED, _S.REJECTED})
UNSETTLED: Final = frozenset(OrderStatus) - TERMINAL
AT_VENUE: Final = frozenset({_S.SUBMITTED, _S.OPEN, _S.PARTIALLY_FILLED, _S.UNKNOWN})
"""May exist at the venue and may still fill."""
SETTLED: Final = TERMINAL
"""Nothing more is expected: the next decision need not wait for it."""

_VENUE_ANSWERS: Final = frozenset(
    {_S.OPEN, _S.PARTIALLY_FILLED, _S.CLOSED, _S.CANCELED, _S.EXPIRED, _S.REJECTED},
)

TRANSITIONS: Final[dict[OrderStatus, frozenset[OrderStatus]]] = {
    _S.PENDING: frozenset({_S.SUBMITTED, _S.DENIED}),
    # denied after submitted: the adapter refused to sign past `send_by`
    _S.SUBMITTED: _VENUE_ANSWERS | {_S.UNKNOWN, _S.DENIED},
    # denied after unknown: proven, or declared by a named person, never to have arrived
    _S.UNKNOWN: _VENUE_ANSWERS | {_S.DENIED},
    # rejected after open: some venues acknowledge first and check afterwards
    _S.OPEN: frozenset({_S.PARTIALLY_FILLED, _S.CLOSED, _S.CANCELED, _S.EXPIRED, _S.REJECTED}),
    _S.PARTIALLY_FILLED: frozenset({_S.CLOSED, _S.CANCELED, _S.EXPIRED}),
    # a fill that crossed the cancel: the venue's last word is "filled"
    _S.CANCELED: frozenset({_S.CLOSED}),
    _S.EXPIRED: frozenset({_S.CLOSED}),
    _S.CLOSED: frozenset(),
    _S.DENIED: frozenset(),
    _S.REJECTED: frozenset(),
}

_LATE: Final = frozenset({_S.SUBMITTED, _S.OPEN, _S.PARTIALLY_FILLED, _S.UNKNOWN})

STALE: Final[dict[OrderStatus, frozenset[OrderStatus]]] = {
    _S.PENDING: frozenset(),
    _S.SUBMITTED: frozenset(),
    _S.UNKNOWN: frozenset({_S.SUBMITTED}),
    _S.OPEN: frozenset({_S.SUBMITTED, _S.UNKNOWN}),
    _S.PARTIALLY_FILLED: frozenset({_S.SUBMITTED, _S.UNKNOWN, _S.OPEN}),
    _S.CLOSED: _LATE | {_S.CANCELED, _S.EXPIRED},
    _S.CANCELED: _LATE,
    _S.EXPIRED: _LATE,
    _S.REJECTED: _LATE,
    # an order that we refused and that the venue knows all the same is an alarm, not a late report
    _S.DENIED: frozenset(),
}
"""Reports that arrive after something newer is known: no change, no error."""


def advance(current: OrderStatus, reported: OrderStatus) -> OrderStatus:
    """The status after a report. Repeated and stale reports change nothing. Raises InvalidTransition."""
    if reported == current or reported in STALE[current]:
        return current
    if reported not in TRANSITIONS[current]:
        raise InvalidTransition(current, reported)
    return reported
