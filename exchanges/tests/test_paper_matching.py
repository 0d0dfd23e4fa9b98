"""What orders get from one look at the market."""

from decimal import Decimal

import pytest

from exchanges.adapters.paper_matching import SLIPPAGE_MAX, Book, Chance, Execution, Want, executions

D = Decimal
CALM = Book(slippage=D("0.001"), depth=None)
CHANCE = Chance(buy=D(100), sell=D(99), lowest_ask=D(95), highest_bid=D(105))


def want(type: str, side: str = "buy", amount: str = "10", limit: str | None = None, *, fresh: bool = True) -> Want:
    return Want(type, side, D(amount), D(limit) if limit else None, D(1), fresh)


@pytest.mark.parametrize(
    ("order", "filled"),
    [
        (want("market"), [("10", "100.1", False)]),
        (want("market", "sell"), [("10", "98.901", False)]),
        (want("ioc", limit="100.1"), [("10", "100.1", False)]),
        (want("ioc", limit="100.09"), []),
        (want("ioc", "sell", limit="98.901"), [("10", "98.901", False)]),
        (want("ioc", "sell", limit="98.91"), []),
        # a fresh limit order that could trade at once takes, and never beyond its limit
        (want("limit", limit="101"), [("10", "100.1", False)]),
        (want("limit", limit="100"), [("10", "100", False)]),
        (want("limit", "sell", limit="98"), [("10", "98.901", False)]),
        (want("limit", "sell", limit="99"), [("10", "99", False)]),
        # one that rests makes, at its own price, when the other side of the book comes to it
        (want("limit", limit="96"), [("10", "96", True)]),
        (want("limit", limit="94"), []),
        (want("limit", "sell", limit="104", fresh=False), [("10", "104", True)]),
        (want("limit", "sell", limit="106", fresh=False), []),
        (want("limit", limit="101", fresh=False), [("10", "101", True)]),
    ],
)
def test_fills(order: Want, filled: list[tuple[str, str, bool]]) -> None:
    assert executions(order, CHANCE, CALM) == [Execution(D(a), D(p), maker) for a, p, maker in filled]


def test_depth_limits_what_fills_at_the_touch() -> None:
    thin = Book(slippage=D(0), depth=D(350))
    assert executions(want("ioc", limit="100"), CHANCE, thin) == [Execution(D(3), D(100), False)]
    assert executions(want("limit", limit="100"), CHANCE, thin) == [Execution(D(3), D(100), False)]
    assert executions(want("ioc", limit="100", amount="2"), CHANCE, thin) == [Execution(D(2), D(100), False)]
    assert executions(want("ioc", limit="100"), CHANCE, Book(D(0), D(50))) == []


def test_a_market_order_walks_the_book_and_fills_completely() -> None:
    touch, rest = executions(want("market"), CHANCE, Book(slippage=D(0), depth=D(400)))
    assert (touch.amount, rest.amount) == (D(4), D(6))
    assert touch.price == 100
    assert rest.price == D("100.0125")  # 1.5 helpings more, one basis point each, half of it on average
    (deep,) = executions(want("market", "sell", amount="1000000"), CHANCE, Book(slippage=D(0), depth=D(1)))
    assert deep.price == 99 * (1 - SLIPPAGE_MAX)


def test_prices_are_whole_ledger_units() -> None:
    chance = Chance(D("0.333333333333"), D("0.333333333333"), D("0.3"), D("0.4"))
    (fill,) = executions(want("market"), chance, Book(slippage=D("0.00012345"), depth=None))
    assert fill.price == D("0.333374483333")
