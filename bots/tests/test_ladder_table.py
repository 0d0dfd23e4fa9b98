"""Where levels trade, break even and are liquidated, against figures worked out by hand."""

from decimal import Decimal
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bots.ladder.table import Terms, ladder_table, level_spreads, quote_at
from bots.preview.plugin import order_table
from bots.preview.warnings import plugin_warnings
from bots.settings.pair_rules import Pair
from bots.tests.factories import CHZ, GALA, ladder, make_bot, market_rules
from exchanges.adapters.base import VenueQuote
from exchanges.tests.series import START
from trading.core.sizing import LevelQuantities, SizeRefused
from trading.core.spread import spread_pct
from trading.core.types import LONG_SPREAD, SHORT_SPREAD, Config, config, quote

RULES = (market_rules(GALA), market_rules(CHZ))
NOW = quote(0.02126, 0.0545)
SIX = {"spreads": [1, 1, 1.2, 1.5, 2, 2.5], "multipliers": [1, 1.2, 1.5, 2, 2, 2.5]}


def made(**fields: Any) -> Config:
    values: dict[str, Any] = {
        "investment": 100,
        "cap": 2000,
        "start1": 0.02249,
        "start2": 0.058,
        "fee1": 0.0005,
        "fee2": 0.0005,
    }
    return config(**{**SIX, **values, **fields})


def terms(**fields: Any) -> Terms:
    values: dict[str, Any] = {"leverage": 10, "isolated": False, "equities": (612.4,), "max_imbalance": Decimal("0.05")}
    return Terms(**{**values, **fields})


def test_steps_add_up_from_the_last_trade() -> None:
    levels = ladder_table(made(), NOW, RULES, terms())
    assert [round(level.at_short, 6) for level in levels] == [1, 2, 3.2, 4.7, 6.7, 9.2]
    assert [round(level.at_long, 6) for level in levels] == [-1, -2, -3.2, -4.7, -6.7, -9.2]
    assert [level.notional for level in levels] == [100, 120, 150, 200, 200, 250]
    assert [level.invested for level in levels] == [100, 220, 370, 570, 770, 1020]
    assert [level.margin for level in levels] == [20, 44, 74, 114, 154, 204]
    assert [level.allowed for level in levels] == [True] * 5 + [False]


@pytest.mark.django_db(databases=["default", "paper"])
@pytest.mark.parametrize(
    ("equities", "ratio", "needed"),
    [
        ((90.0,), 3.0, ["100.00"]),
        ((60.0, 70.0), 3.0, ["75.00"]),
        ((24.0, 76.0), 3.0, ["25.00"]),
        ((26.0, 76.0), 3.0, []),
    ],
)
def test_each_account_is_held_against_the_margin_of_its_own_leg(
    equities: tuple[float, ...], ratio: float, needed: list[str]
) -> None:
    """500 a leg at 10x are 100 of margin; with a ratio of 3 leg 2 needs three quarters of it."""
    sketch = make_bot(dca_config=ladder((1, 5)), max_dca_times=1, max_position_value=2_000, leverage=10)
    pair = Pair((GALA, CHZ), RULES, (sketch.exchange_account, sketch.exchange_account))
    one, two = (
        VenueQuote(symbol, price, price * Decimal("1.0001"), START, START, price)
        for symbol, price in ((GALA, Decimal("0.02")), (CHZ, Decimal("0.05")))
    )
    quotes = (one, two)
    given = terms(equities=equities, ratio=ratio)
    levels = order_table(sketch, pair, quotes, given)
    found = [it for it in plugin_warnings(sketch, pair, levels, quotes=quotes, terms=given) if it["code"] == "margin"]
    assert [it["message"].split(" needs ")[1].split(" ")[0] for it in found] == needed


def test_momentum_opens_with_the_move_and_adds_against_it() -> None:
    momentum = made(momentum=True)
    assert level_spreads(momentum, LONG_SPREAD)[:3] == pytest.approx([1.0, 0.0, -1.2])
    assert level_spreads(momentum, SHORT_SPREAD)[:3] == pytest.approx([-1.0, 0.0, 1.2])


def test_break_even_covers_four_fees() -> None:
    """0.2 % of one leg's notional are lost to fees; half of each point is made by each leg, at 0.945 and 0.94 of the
    start prices."""
    first = ladder_table(made(), NOW, RULES, terms())[0]
    assert first.break_even == pytest.approx(1 - 0.2 * 0.94, abs=0.01)


def test_one_level_only_needs_no_way_back_but_its_fees_and_books() -> None:
    wide = quote(0.02126, 0.0545, 0.02126 * 0.9999, 0.02126 * 1.0001, 0.0545 * 0.9999, 0.0545 * 1.0001)
    tight, costly = (ladder_table(made(), now, RULES, terms())[0].break_even for now in (NOW, wide))
    assert tight is not None
    assert costly is not None
    assert tight - costly == pytest.approx(0.04 * 0.94, abs=0.005)


def test_liquidation_is_where_equity_meets_maintenance() -> None:
    setup = made()
    for level in ladder_table(setup, NOW, RULES, terms()):
        assert level.liquidation is not None
        assert level.liquidation > level.at_short
        assert level.stop_loss is not None
        assert level.stop_loss < level.liquidation
    fifth = ladder_table(setup, NOW, RULES, terms())[4]
    assert fifth.liquidation == pytest.approx(80, abs=4)
    assert fifth.stop_loss == pytest.approx(13.2, abs=0.8)


def test_liquidation_of_isolated_legs_and_of_two_accounts() -> None:
    """At 10x a leg stands 9 % of its own way: 18 points, as it makes half of the move."""
    single = made(spreads=[1], multipliers=[1], fee1=0, fee2=0)
    [isolated] = ladder_table(single, quote(0.02249, 0.058), RULES, terms(isolated=True))
    assert isolated.liquidation == pytest.approx(1 + 18, abs=0.5)
    [two] = ladder_table(single, quote(0.02249, 0.058), RULES, terms(equities=(10.0, 1000.0)))
    assert two.liquidation == pytest.approx(1 + 18, abs=0.5)
    [unknown] = ladder_table(single, NOW, RULES, terms(equities=None))
    assert unknown.liquidation is None
    [doomed] = ladder_table(single, NOW, RULES, terms(equities=(0.5,)))
    assert doomed.liquidation == pytest.approx(doomed.at_short)


def test_a_long_only_ladder_mirrors_the_short_one() -> None:
    even = quote(0.02249, 0.058)
    short = ladder_table(made(), even, RULES, terms())
    long = ladder_table(made(allow_short=False), even, RULES, terms())
    for one, other in zip(short, long, strict=True):
        assert other.side == LONG_SPREAD
        assert other.at_side == -one.at_side
        assert one.stop_loss is not None
        assert other.stop_loss is not None
        assert other.stop_loss < other.at_side


def test_a_level_below_the_smallest_order_says_so() -> None:
    small = ladder_table(made(investment=2), NOW, RULES, terms())
    assert isinstance(small[0].sizes, SizeRefused)
    assert all(isinstance(level.sizes, LevelQuantities) for level in ladder_table(made(), NOW, RULES, terms()))


@given(
    spread=st.floats(-2000, 2000),
    price1=st.floats(1e-6, 1e5),
    price2=st.floats(1e-6, 1e5),
    start1=st.floats(0.2, 5),
    start2=st.floats(0.2, 5),
)
def test_a_moved_quote_has_the_wanted_spread_and_real_prices(
    spread: float, price1: float, price2: float, start1: float, start2: float
) -> None:
    setup = made(start1=price1 * start1, start2=price2 * start2)
    moved = quote_at(setup, quote(price1, price2), spread)
    reached = spread_pct(moved.p1, moved.p2, setup.start1, setup.start2)
    assert moved.p1 > 0
    assert moved.p2 > 0
    assert reached == pytest.approx(spread, abs=1e-6, rel=1e-6)


def test_closing_at_break_even_brings_nothing() -> None:
    setup, q1, q2, fees = made(), 0.0, 0.0, 0.0
    for level in ladder_table(setup, NOW, RULES, terms()):
        entry, notional = quote_at(setup, NOW, level.at_short), float(level.notional)
        q1, q2, fees = q1 - notional / entry.p1, q2 + notional / entry.p2, fees + 2 * notional * 0.0005
        assert level.break_even is not None
        there = quote_at(setup, NOW, level.break_even)
        closing_fees = (abs(q1) * there.p1 + abs(q2) * there.p2) * 0.0005
        assert q1 * there.p1 + q2 * there.p2 - fees - closing_fees == pytest.approx(0, abs=1e-9)
