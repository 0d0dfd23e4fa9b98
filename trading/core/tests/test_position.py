from decimal import Decimal as D

import pytest
from hypothesis import given
from hypothesis import strategies as st

from trading.core.position import BUY, LEDGER_UNIT, SELL, ZERO, Position, apply_fill, ledger_value

amounts = st.decimals(min_value=D("0.00000001"), max_value=D(10_000_000), places=8)
prices = st.decimals(min_value=D("0.00000001"), max_value=D(200_000), places=8)
fills = st.lists(st.tuples(st.sampled_from((BUY, SELL)), amounts, prices), max_size=30)


def run(*fills_: tuple[str, str, str]) -> tuple[Position, D]:
    position, realised = Position(), ZERO
    for side, amount, price in fills_:
        position, gained = apply_fill(position, side, D(amount), D(price))
        realised += gained
    return position, realised


@pytest.mark.parametrize(
    ("done", "amount", "cost", "realised"),
    [
        ([(BUY, "2", "10")], "2", "20", "0"),
        ([(SELL, "2", "10")], "-2", "-20", "0"),
        ([(BUY, "2", "10"), (BUY, "1", "13")], "3", "33", "0"),
        ([(BUY, "2", "10"), (SELL, "2", "11")], "0", "0", "2"),
        ([(SELL, "2", "10"), (BUY, "2", "11")], "0", "0", "-2"),
        ([(BUY, "4", "10"), (SELL, "1", "12")], "3", "30", "2"),
        ([(SELL, "4", "10"), (BUY, "1", "12")], "-3", "-30", "-2"),
        ([(BUY, "2", "10"), (SELL, "5", "11")], "-3", "-33", "2"),
        ([(SELL, "2", "10"), (BUY, "5", "11")], "3", "33", "-2"),
        ([(BUY, "3", "1"), (SELL, "1", "1"), (SELL, "2", "1")], "0", "0", "0"),
    ],
)
def test_fills(done: list[tuple[str, str, str]], amount: str, cost: str, realised: str) -> None:
    assert run(*done) == (Position(D(amount), D(cost)), D(realised))


def test_a_partial_close_takes_its_part_of_the_cost_to_the_ledgers_unit() -> None:
    position, _ = run((BUY, "3", "3.333333333333"))
    after, realised = apply_fill(position, SELL, D(1), D(4))
    assert position.cost == D("9.999999999999")
    assert after.cost == D("6.666666666666")
    assert realised == D("0.666666666667")


def test_entry_price_and_unrealised() -> None:
    position, _ = run((SELL, "2", "10"), (SELL, "2", "11"))
    assert position.entry_price == D("10.5")
    assert position.unrealised(D(10)) == D(2)
    assert Position().entry_price is None


@given(fills)
def test_cash_is_conserved_to_the_last_unit(done: list[tuple[str, D, D]]) -> None:
    position, realised, cash = Position(), ZERO, ZERO
    for side, amount, price in done:
        position, gained = apply_fill(position, side, amount, price)
        realised += gained
        cash -= ledger_value(amount if side == BUY else -amount, price)
        assert cash == realised - position.cost
        assert position.cost == position.cost.quantize(LEDGER_UNIT)
    assert position.amount == sum((a if s == BUY else -a for s, a, _ in done), ZERO)


@given(fills.filter(bool), prices)
def test_a_full_close_realises_proceeds_less_cost_exactly(done: list[tuple[str, D, D]], price: D) -> None:
    position = Position()
    for fill in done:
        position, _ = apply_fill(position, *fill)
    if position.amount:
        side = SELL if position.amount > 0 else BUY
        after, realised = apply_fill(position, side, abs(position.amount), price)
        assert after == Position(ZERO, ZERO)
        assert realised == ledger_value(position.amount, price) - position.cost


@given(fills)
def test_cost_keeps_the_sign_of_the_amount(done: list[tuple[str, D, D]]) -> None:
    position = Position()
    for fill in done:
        position, _ = apply_fill(position, *fill)
        assert position.amount * position.cost >= 0


@pytest.mark.parametrize(
    ("side", "amount", "price", "message"),
    [
        ("long", "1", "1", "side"),
        (BUY, "0", "1", "amount"),
        (BUY, "-1", "1", "amount"),
        (BUY, "NaN", "1", "amount"),
        (SELL, "1", "0", "price"),
        (SELL, "1", "Infinity", "price"),
    ],
)
def test_refused(side: str, amount: str, price: str, message: str) -> None:
    with pytest.raises(ValueError, match=message):
        apply_fill(Position(), side, D(amount), D(price))
