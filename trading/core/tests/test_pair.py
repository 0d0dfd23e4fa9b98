from decimal import Decimal as D

import pytest
from hypothesis import given
from hypothesis import strategies as st

from trading.core.pair import Excess, Missing, excess, filled_share, missing
from trading.core.position import ZERO
from trading.core.tests.rules import rules

ordered = st.decimals(min_value=D("0.1"), max_value=D(1000), places=1)
shares = st.decimals(min_value=D(0), max_value=D(1), places=2)


@pytest.mark.parametrize(
    ("filled1", "filled2", "share", "over", "lacking"),
    [
        ("10", "20", "1", None, ("0", "0")),
        ("0", "0", "0", None, ("10", "20")),
        ("10", "10", "0.5", (1, "5"), ("0", "10")),
        ("4", "20", "0.4", (2, "12"), ("6", "0")),
        ("10", "0", "0", (1, "10"), ("0", "20")),
        ("5", "10", "0.5", None, ("5", "10")),
        ("10.05", "20", "1", None, ("0", "0")),
    ],
)
def test_two_legs(
    filled1: str, filled2: str, share: str, over: tuple[int, str] | None, lacking: tuple[str, str]
) -> None:
    legs = D(filled1), D(10), D(filled2), D(20)
    venue = rules("0.1"), rules("0.1")
    assert filled_share(*legs) == D(share)
    assert excess(*legs, *venue) == (Excess(over[0], D(over[1])) if over else None)
    assert missing(*legs, *venue) == Missing(D(lacking[0]), D(lacking[1]))
    assert bool(missing(*legs, *venue)) is (lacking != ("0", "0"))


@pytest.mark.parametrize(("q1", "q2"), [("0", "1"), ("1", "0"), ("-1", "1")])
def test_orders_of_nothing_are_refused(q1: str, q2: str) -> None:
    with pytest.raises(ValueError, match="above 0"):
        filled_share(D(1), D(q1), D(1), D(q2))


@given(ordered, shares, ordered, shares)
def test_trimming_leaves_less_than_a_lot_and_never_less_than_the_share(q1: D, s1: D, q2: D, s2: D) -> None:
    lot = D("0.1")
    filled1, filled2 = q1 * s1, q2 * s2
    trim = excess(filled1, q1, filled2, q2, rules("0.1"), rules("0.1"))
    share = filled_share(filled1, q1, filled2, q2)
    left1 = filled1 - (trim.amount if trim and trim.leg == 1 else ZERO)
    left2 = filled2 - (trim.amount if trim and trim.leg == 2 else ZERO)
    for left, q in ((left1, q1), (left2, q2)):
        assert -D("1e-20") <= left - share * q < lot + D("1e-20")


@given(ordered, shares, ordered, shares)
def test_completing_reaches_the_order_within_a_lot(q1: D, s1: D, q2: D, s2: D) -> None:
    filled1, filled2 = q1 * s1, q2 * s2
    lacking = missing(filled1, q1, filled2, q2, rules("0.1"), rules("0.1"))
    assert 0 <= q1 - filled1 - lacking.amount1 < D("0.1")
    assert 0 <= q2 - filled2 - lacking.amount2 < D("0.1")
