"""What comes next about a trade with two legs: a table of situations, and what must hold in all of them."""

from dataclasses import replace
from decimal import Decimal

import pytest
from hypothesis import given
from hypothesis import strategies as st

from trading.core.sizing import MarketRules
from trading.core.two_legs import (
    ENTRY_ATTEMPTS,
    Book,
    Cancel,
    Close,
    Complete,
    LegFacts,
    Trim,
    Wait,
    entry_step,
    exit_step,
)

D = Decimal


def rules(step: str = "1", least: str = "1") -> MarketRules:
    return MarketRules(
        symbol="GALA/USDT:USDT",
        base="GALA",
        quote="USDT",
        settle="USDT",
        contract_size=D(1),
        amount_step=D(step),
        amount_min=D(least),
        amount_max=None,
        price_tick=D("0.00001"),
        notional_min=D(5),
        notional_max=None,
        max_leverage=D(50),
        taker_fee=D("0.0005"),
        maker_fee=D("0.0002"),
        active=True,
    )


def leg(target: str = "100", filled: str = "0", working: str = "0", attempts: int = 1, **more: object) -> LegFacts:
    return LegFacts(rules(), D(target), D(filled), D(working), attempts, **more)  # type: ignore[arg-type]


FULL, EMPTY = leg(filled="100"), leg()


@pytest.mark.parametrize(
    ("leg1", "leg2", "complete", "give_up", "step"),
    [
        (FULL, leg("40", "40"), True, False, Book(D(1))),
        (EMPTY, EMPTY, True, False, Book(D(0))),
        (leg(filled="50"), leg("40", "20"), True, False, Book(D("0.5"))),
        (leg(working="100"), leg(working="100"), True, False, Wait()),
        (leg(working="100", overdue=True), FULL, True, False, Cancel((1,))),
        (leg(working="100", overdue=True), leg(working="60", filled="40", overdue=True), True, False, Cancel((1, 2))),
        (leg(working="100"), leg(working="100"), True, True, Cancel((1, 2))),
        # one leg settled without a fill
        (FULL, EMPTY, True, False, Complete(2, D(100))),
        (leg(filled="60"), EMPTY, True, False, Complete(2, D(60))),
        (leg(filled="60"), leg("40", "10"), True, False, Complete(2, D(14))),
        (FULL, EMPTY, False, False, Trim(1, D(100), 1)),
        (FULL, EMPTY, True, True, Trim(1, D(100), 1)),
        (FULL, leg(attempts=ENTRY_ATTEMPTS), True, False, Trim(1, D(100), 1)),
        (leg(filled="60", trims=1), leg("40", "10"), True, False, Trim(1, D(35), 2)),
        # ... while the other still works: help at once, or call the other back
        (leg(working="100"), EMPTY, True, False, Complete(2, D(100))),
        (leg(working="100"), leg(attempts=ENTRY_ATTEMPTS), True, False, Cancel((1,))),
        (leg(working="100"), EMPTY, False, False, Cancel((1,))),
        # less than the smallest order cannot be completed: the other leg gives way
        (
            replace(leg(filled="100"), rules=rules()),
            replace(leg("40", "39"), rules=rules(least="5")),
            True,
            False,
            Trim(1, D(2), 1),
        ),
    ],
)
def test_entry(leg1: LegFacts, leg2: LegFacts, complete: bool, give_up: bool, step: object) -> None:
    assert entry_step(leg1, leg2, complete=complete, give_up=give_up) == step


@pytest.mark.parametrize(
    ("leg1", "leg2", "step"),
    [
        (FULL, FULL, Book(D(1))),
        (EMPTY, FULL, Close(((1, D(100), 2),))),
        (EMPTY, leg(filled="30"), Close(((1, D(100), 2), (2, D(70), 2)))),
        (leg(working="100"), EMPTY, Close(((2, D(100), 2),))),
        (leg(working="100"), FULL, Wait()),
        (leg(working="100", overdue=True), EMPTY, Cancel((1,))),
        (leg(filled="10", attempts=7), FULL, Close(((1, D(90), 8),))),
    ],
)
def test_exit(leg1: LegFacts, leg2: LegFacts, step: object) -> None:
    assert exit_step(leg1, leg2) == step


@st.composite
def settled_leg(draw: st.DrawFn) -> LegFacts:
    target = draw(st.integers(1, 500))
    return LegFacts(
        rules(), D(target), D(draw(st.integers(0, target))), D(0), draw(st.integers(1, 4)), draw(st.integers(0, 3))
    )


@given(settled_leg(), settled_leg(), st.booleans(), st.booleans())
def test_every_settled_trade_comes_to_an_end(leg1: LegFacts, leg2: LegFacts, complete: bool, give_up: bool) -> None:
    """Whatever was filled: if every order that is asked for fills, the legs are equal to a lot after a few steps."""
    legs = {1: leg1, 2: leg2}
    for _ in range(8):
        match entry_step(legs[1], legs[2], complete=complete, give_up=give_up):
            case Complete(n, amount):
                assert complete
                assert not give_up
                legs[n] = replace(legs[n], filled=legs[n].filled + amount, attempts=legs[n].attempts + 1)
                assert legs[n].filled <= legs[n].target
            case Trim(n, amount, attempt):
                assert attempt == legs[n].trims + 1
                legs[n] = replace(legs[n], filled=legs[n].filled - amount, trims=attempt)
                assert legs[n].filled >= 0
            case Book(share):
                for one in legs.values():
                    assert one.filled >= share * one.target - 1
                    assert one.filled <= share * one.target + 1
                return
            case other:
                pytest.fail(f"nothing works, so {other} makes no sense")
    pytest.fail("no end")
