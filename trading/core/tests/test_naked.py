from datetime import UTC, datetime, timedelta
from decimal import Decimal

from trading.core.naked import LegFill, naked

D = Decimal
T0 = datetime(2025, 1, 1, tzinfo=UTC)


def fill(seconds: float, leg: int, amount: str, price: str = "1") -> LegFill:
    return LegFill(T0 + timedelta(seconds=seconds), leg, D(amount), D(price))


def test_both_legs_at_one_instant_are_never_naked() -> None:
    assert naked([fill(0, 1, "100"), fill(0, 2, "40", "2.5")], D(100), D(40)) == (0, D(0))


def test_the_time_between_the_legs_counts_with_the_value_that_stood_alone() -> None:
    assert naked([fill(0, 1, "100"), fill(6.8, 2, "40", "2.5")], D(100), D(40)) == (6800, D(100))


def test_only_the_unequal_part_counts() -> None:
    fills = [fill(0, 1, "50"), fill(0, 2, "20", "2.5"), fill(1, 1, "50"), fill(3, 2, "20", "2.5")]
    assert naked(fills, D(100), D(40)) == (2000, D(50))


def test_legs_of_intended_unequal_value_are_level_by_their_shares() -> None:
    """Leg 2 is to be worth half of leg 1."""
    fills = [fill(0, 1, "100"), fill(0, 2, "10", "2.5"), fill(2, 2, "10", "2.5")]
    assert naked(fills, D(100), D(20)) == (2000, D(50))


def test_a_trimmed_leg_ends_it() -> None:
    assert naked([fill(0, 1, "100"), fill(4, 1, "-100", "1.01")], D(100), D(40)) == (4000, D(100))


def test_no_fills() -> None:
    assert naked([], D(100), D(40)) == (0, D(0))
