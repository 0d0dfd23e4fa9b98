from decimal import Decimal as D

import pytest
from hypothesis import assume, given
from hypothesis import strategies as st

from trading.core.fills import Lots, Planned, level_amounts
from trading.core.position import BUY, LEDGER_UNIT, SELL, ZERO
from trading.core.sizing import (
    PLAN_TOLERANCE,
    LevelQuantities,
    SizeReason,
    SizeRefused,
    close_slices,
    imbalance,
    level_quantities,
    limit_price,
    round_down,
    round_price,
)
from trading.core.tests.rules import rules
from trading.core.types import position_state, quote

steps = st.sampled_from([D("0.001"), D("0.01"), D("0.1"), D(1), D(10), D(0)])
prices = st.decimals(min_value=D("0.01"), max_value=D(50), places=4)
ladders = st.lists(st.decimals(min_value=D(50), max_value=D(1000), places=2), min_size=1, max_size=20)
FREE = D(1)
"""An imbalance that refuses nothing."""


class TestLevel:
    def test_sides_quantities_and_notionals(self) -> None:
        level = level_quantities(rules("1"), rules("0.1"), +1, D(100), D("0.0352"), D("0.0811"))
        assert (level.side1, level.side2) == (BUY, SELL)
        assert level.amount1 == D(2840)
        assert level.amount2 == D("1232.6"), "scaled to leg 1's share of 2840 of 2840.909"
        assert level.notional1 == D(2840) * D("0.0352")
        assert level.imbalance() < D("0.001")

    def test_short_the_spread_sells_leg_1(self) -> None:
        level = level_quantities(rules(), rules(), -1, D(100), D(1), D(1))
        assert (level.side1, level.side2) == (SELL, BUY)

    def test_both_legs_scale_to_the_coarser_one(self) -> None:
        level = level_quantities(rules("10"), rules("0.01"), +1, D(100), D(4), D(1))
        assert level.amount1 == D(20), "25 wanted"
        assert level.amount2 == D(80), "100 wanted, four fifths of it"

    def test_what_one_level_loses_the_next_one_gains(self) -> None:
        first = level_quantities(rules("1"), rules("1"), +1, D(19), D(10), D(10))
        assert first.amount1 == D(1)
        second = level_quantities(
            rules("1"), rules("1"), +1, D(19), D(10), D(10), D(1), D(1), first.planned1, first.planned2
        )
        assert second.amount1 == D(2), "3.8 wanted by both levels, 1 held"

    def test_signs_of_held_amounts_do_not_matter(self) -> None:
        by_sign = [
            level_quantities(rules(), rules(), -1, D(100), D(1), D(1), s * D(50), -s * D(50), D(50), D(50))
            for s in (1, -1)
        ]
        assert by_sign[0] == by_sign[1]

    def test_a_step_of_zero_rounds_to_the_ledgers_unit_only(self) -> None:
        level = level_quantities(rules("0", "0"), rules("0", "0"), +1, D(100), D(3), D(7))
        assert level.amount1 == D("33.333333333333")
        assert level.amount2 == D("14.285714285714")


class TestRefusals:
    @pytest.mark.parametrize(
        ("changes", "reason", "figures"),
        [
            ({"amount_min": D(11)}, SizeReason.AMOUNT_MIN, {"amount": D(10), "minimum": D(11)}),
            ({"amount_step": D(20)}, SizeReason.AMOUNT_MIN, {"amount": D(0), "minimum": D(20)}),
            ({"notional_min": D(101)}, SizeReason.NOTIONAL_MIN, {"notional": D(100), "minimum": D(101)}),
            ({"amount_max": D(9)}, SizeReason.AMOUNT_MAX, {"amount": D(10), "maximum": D(9)}),
            ({"notional_max": D(99)}, SizeReason.NOTIONAL_MAX, {"notional": D(100), "maximum": D(99)}),
            ({"active": False}, SizeReason.INACTIVE, {"amount": D(10)}),
        ],
    )
    @pytest.mark.parametrize("leg", [1, 2])
    def test_by_leg_with_the_figures(
        self, leg: int, changes: dict[str, D], reason: SizeReason, figures: dict[str, D]
    ) -> None:
        legs = [rules("1", "0"), rules("1", "0")]
        legs[leg - 1] = rules(**({"step": "1", "minimum": "0"} | changes))  # type: ignore[arg-type]
        with pytest.raises(SizeRefused) as refused:
            level_quantities(legs[0], legs[1], +1, D(100), D(10), D(10))
        if reason is SizeReason.AMOUNT_MIN and figures["amount"] == 0:
            assert refused.value.reason is SizeReason.AMOUNT_MIN, "one leg without a lot takes the other with it"
        else:
            assert (refused.value.reason, refused.value.leg, refused.value.figures) == (reason, leg, figures)

    def test_unequal_legs(self) -> None:
        with pytest.raises(SizeRefused, match="imbalance: ") as refused:
            level_quantities(rules("4"), rules("3"), +1, D(95), D(10), D(10))
        assert refused.value.leg is None
        assert refused.value.figures["notional1"] == D(80)
        assert refused.value.figures["notional2"] == D(60)
        assert refused.value.figures["imbalance"] == D("0.25")

    def test_the_text_names_leg_and_numbers(self) -> None:
        with pytest.raises(SizeRefused, match=r"notional_min on leg 1: notional 100\.0, minimum 200"):
            level_quantities(rules(notional_min=D(200)), rules(), +1, D(100), D(1), D(1))


class TestProperties:
    @given(ladders, prices, prices, steps, steps)
    def test_never_above_the_plan_and_always_on_the_lot(
        self, ladder: list[D], p1: D, p2: D, step1: D, step2: D
    ) -> None:
        for level, held1, held2 in filled(ladder, p1, p2, step1, step2):
            for amount, step in ((level.amount1, step1), (level.amount2, step2)):
                assert amount > 0
                assert amount % (step or LEDGER_UNIT) == 0
            assert held1 <= level.planned1 + PLAN_TOLERANCE
            assert held2 <= level.planned2 + PLAN_TOLERANCE

    @given(ladders, prices, prices, steps)
    def test_cumulative_rounding_stays_below_one_lot(self, ladder: list[D], p1: D, p2: D, step: D) -> None:
        for level, held1, held2 in filled(ladder, p1, p2, step, step):
            legs = (held1, level.planned1), (held2, level.planned2)
            assert any(tracks(*coarse, *other, step or LEDGER_UNIT) for coarse, other in (legs, legs[::-1]))

    @given(ladders, prices, prices, steps, steps)
    def test_back_tests_size_alike(self, ladder: list[D], p1: D, p2: D, step1: D, step2: D) -> None:
        """Up to the ledger's unit, and to a lot where float64 cannot tell on which side of one a quantity is."""
        assume(step1 or step2)
        q1 = q2 = planned1 = planned2 = 0.0
        for level, held1, held2 in filled(ladder, p1, p2, step1, step2):
            notional = float(level.wanted1 * p1)
            wanted = Planned(planned1 + float(level.wanted1), planned2 + float(level.wanted2))
            state = position_state(
                level=1, side=1, reference=0, first_spread=0, last_spread=0, invested=1, q1=q1, q2=-q2, cost=0
            )
            amounts = level_amounts(
                Lots(float(step1), float(step2), 1.0), state, wanted, notional, 1.0, quote(float(p1), float(p2))
            )
            assert amounts.amount1 == pytest.approx(float(level.amount1), abs=float(step1) * 1.001 + 1e-6)
            assert amounts.amount2 == pytest.approx(float(level.amount2), abs=float(step2) * 1.001 + 1e-6)
            q1, q2, planned1, planned2 = float(held1), float(held2), wanted.amount1, wanted.amount2


def tracks(held: D, planned: D, other_held: D, other_planned: D, unit: D) -> bool:
    """One leg is within a lot of its plan, the other within a lot of the share that the first one reached."""
    lost, other_lost = planned - held, held / planned * other_planned - other_held
    return -PLAN_TOLERANCE <= lost < unit and -PLAN_TOLERANCE - D("1e-20") <= other_lost < unit + D("1e-20")


def filled(ladder: list[D], p1: D, p2: D, step1: D, step2: D) -> list[tuple[LevelQuantities, D, D]]:
    """Every level of a ladder filled completely, and what is held after it, as far as no level is refused."""
    done: list[tuple[LevelQuantities, D, D]] = []
    held1 = held2 = planned1 = planned2 = ZERO
    for notional in ladder:
        legs = rules(str(step1), "0"), rules(str(step2), "0")
        try:
            level = level_quantities(*legs, +1, notional, p1, p2, held1, held2, planned1, planned2, FREE)
        except SizeRefused:
            break
        held1, held2 = held1 + level.amount1, held2 + level.amount2
        planned1, planned2 = level.planned1, level.planned2
        done.append((level, held1, held2))
    return done


class TestCloseSlices:
    @pytest.mark.parametrize(
        ("amount", "maximum", "minimum", "expected"),
        [
            ("10", None, "1", ["10"]),
            ("10", "10", "1", ["10"]),
            ("25", "10", "1", ["10", "10", "5"]),
            ("-25", "10", "1", ["10", "10", "5"]),
            ("20", "10", "1", ["10", "10"]),
            ("21", "10", "3", ["10", "8", "3"]),
            ("0.05", None, "0.1", []),
            ("3.25", "2", "0.1", ["2", "1.2"]),
        ],
    )
    def test_slices(self, amount: str, maximum: str | None, minimum: str, expected: list[str]) -> None:
        venue = rules("0.1", minimum, amount_max=maximum and D(maximum))
        assert close_slices(D(amount), venue) == [D(slice_) for slice_ in expected]

    def test_the_largest_notional_counts_where_a_price_is_given(self) -> None:
        venue = rules("1", "1", amount_max=D(100), notional_max=D(1000))
        assert close_slices(D(25), venue, price=D(100)) == [D(10), D(10), D(5)]

    @given(
        st.decimals(min_value=D("0.1"), max_value=D(500), places=3),
        st.decimals(min_value=D(1), max_value=D(100), places=1),
        st.decimals(min_value=D("0.1"), max_value=D(5), places=1),
    )
    def test_sum_lot_and_limits(self, amount: D, maximum: D, minimum: D) -> None:
        assume(maximum >= 2 * minimum)
        slices = close_slices(amount, rules("0.1", str(minimum), amount_max=maximum))
        assert sum(slices, ZERO) == round_down(amount, D("0.1"))
        assert all(ZERO < slice_ <= maximum and slice_ % D("0.1") == 0 for slice_ in slices)
        if len(slices) > 1:
            assert min(slices) >= minimum


class TestPrices:
    @pytest.mark.parametrize(
        ("price", "tick", "side", "expected"),
        [
            ("1.2345", "0.01", BUY, "1.23"),
            ("1.2345", "0.01", SELL, "1.24"),
            ("1.23", "0.01", BUY, "1.23"),
            ("1.23", "0.01", SELL, "1.23"),
            ("1.2345", "0", SELL, "1.2345"),
            ("0.0281330321754249", "0", BUY, "0.028133032175"),
            ("0.0281330321754240", "0", SELL, "0.028133032176"),
            ("103", "5", SELL, "105"),
        ],
    )
    def test_never_worse_than_asked_for(self, price: str, tick: str, side: str, expected: str) -> None:
        assert round_price(D(price), D(tick), side) == D(expected)

    def test_limit_is_the_touch_and_the_slippage(self) -> None:
        assert limit_price(D(100), D("0.005"), D("0.1"), BUY) == D("100.5")
        assert limit_price(D(100), D("0.005"), D("0.1"), SELL) == D("99.5")
        assert limit_price(D("0.03"), D("0.005"), D("0.01"), BUY) == D("0.03"), "a coarse tick: the touch itself"


def test_imbalance() -> None:
    assert imbalance(D(100), D(95)) == D("0.05")
    assert imbalance(D(95), D(100)) == D("0.05")
    assert imbalance(ZERO, ZERO) == 0
