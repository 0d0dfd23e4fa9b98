from itertools import product

import pytest

from trading.core.order_state import (
    AT_VENUE,
    SETTLED,
    STALE,
    TERMINAL,
    TRANSITIONS,
    UNSETTLED,
    InvalidTransition,
    OrderStatus,
    advance,
)

PAIRS = list(product(OrderStatus, OrderStatus))

ALLOWED = """
pending: submitted denied
submitted: open partially_filled closed canceled expired rejected unknown denied
unknown: open partially_filled closed canceled expired rejected denied
open: partially_filled closed canceled expired rejected
partially_filled: closed canceled expired
canceled: closed
expired: closed
closed:
denied:
rejected:
"""


def outcome(current: OrderStatus, reported: OrderStatus) -> OrderStatus | None:
    try:
        return advance(current, reported)
    except InvalidTransition:
        return None


def test_the_whole_table() -> None:
    lines = (line.split(":") for line in ALLOWED.strip().splitlines())
    table = {OrderStatus(name): {OrderStatus(word) for word in words.split()} for name, words in lines}
    assert {name: set(row) for name, row in TRANSITIONS.items()} == table


@pytest.mark.parametrize(("current", "reported"), PAIRS)
def test_each_pair_moves_or_stays_or_is_refused(current: OrderStatus, reported: OrderStatus) -> None:
    if reported in TRANSITIONS[current]:
        assert advance(current, reported) is reported
    elif reported == current or reported in STALE[current]:
        assert advance(current, reported) is current
    else:
        with pytest.raises(InvalidTransition, match=f"{current} cannot become {reported}"):
            advance(current, reported)


@pytest.mark.parametrize(("current", "reported"), PAIRS)
def test_the_same_report_twice_is_no_change(current: OrderStatus, reported: OrderStatus) -> None:
    once = outcome(current, reported)
    if once is not None:
        assert advance(once, reported) is once


def test_no_way_leads_back() -> None:
    def reachable(start: OrderStatus) -> set[OrderStatus]:
        found: set[OrderStatus] = set()
        frontier = {start}
        while frontier:
            frontier = {after for status in frontier for after in TRANSITIONS[status]} - found
            found |= frontier
        return found

    assert all(status not in reachable(status) for status in OrderStatus)


def test_late_reports_never_reopen() -> None:
    for ended in TERMINAL - {OrderStatus.DENIED}:
        for late in (OrderStatus.SUBMITTED, OrderStatus.UNKNOWN, OrderStatus.OPEN, OrderStatus.PARTIALLY_FILLED):
            assert advance(ended, late) is ended


def test_an_order_we_refused_that_the_venue_knows_is_an_alarm() -> None:
    with pytest.raises(InvalidTransition):
        advance(OrderStatus.DENIED, OrderStatus.OPEN)


def test_sets() -> None:
    assert set(OrderStatus) == TERMINAL | UNSETTLED
    assert not TERMINAL & UNSETTLED
    assert SETTLED == TERMINAL
    assert UNSETTLED - {OrderStatus.PENDING} == AT_VENUE
    assert not any(TRANSITIONS[status] & UNSETTLED for status in TERMINAL)
    assert not any(TRANSITIONS[status] & STALE[status] for status in OrderStatus)
