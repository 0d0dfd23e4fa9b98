"""Rehearsed faults: reading them, and drawing them the same way each time."""

from typing import Any

import pytest

from exchanges.adapters.paper_chaos import OF_ORDERS, Chaos, FaultKind, dump, parse

A, B = "GALA/USDT:USDT", "CHZ/USDT:USDT"


@pytest.mark.parametrize(
    ("raw", "complaint"),
    [
        ({"fault": []}, "unknown key fault"),
        ({"faults": "reject"}, "faults must be a list"),
        ({"faults": ["reject"]}, "each fault must be an object"),
        ({"faults": [{}]}, "needs the key fault"),
        ({"faults": [{"fault": "explode"}]}, "fault must be one of reject"),
        ({"faults": [{"fault": "reject", "times": 2}]}, "unknown key times"),
        ({"faults": [{"fault": "reject", "next": -1}]}, "next must be a whole number"),
        ({"faults": [{"fault": "reject", "next": True}]}, "next must be a whole number"),
        ({"faults": [{"fault": "reject", "probability": 1.5}]}, "probability must be a number from 0 to 1"),
        ({"faults": [{"fault": "delay", "seconds": 3600}]}, "seconds must be a number from 0 to 30"),
        ({"faults": [{"fault": "reject", "side": "long"}]}, "side must be buy or sell"),
        ({"faults": [{"fault": "reject", "symbol": 3}]}, "symbol must be a text"),
        ({"faults": [{"fault": "reject", "reduce_only": 1}]}, "reduce_only must be true or false"),
        ({"seed": "x"}, "seed must be a whole number"),
    ],
)
def test_what_is_no_rehearsal_is_refused(raw: dict[str, Any], complaint: str) -> None:
    with pytest.raises(ValueError, match=complaint):
        parse(raw)


def test_written_and_read_it_is_the_same() -> None:
    raw = {"seed": 7, "faults": [{"fault": "partial", "share": 0.25, "symbol": A, "next": 3, "skip": 1}]}
    assert dump(parse(raw)) == raw
    assert parse({}) == Chaos()
    assert dump(Chaos()) == {}


def hits(chaos: Chaos, orders: list[tuple[str, str, bool]]) -> list[list[str]]:
    found = []
    for number, (symbol, side, reduce_only) in enumerate(orders, start=1):
        chaos, hit = chaos.drawn(OF_ORDERS, number, symbol, side, reduce_only)
        found.append([str(kind) for kind in hit])
    return found


def test_the_next_orders_of_a_kind_are_hit() -> None:
    chaos = parse(
        {"faults": [{"fault": "reject", "symbol": A, "skip": 1, "next": 2}, {"fault": "slow", "side": "sell"}]}
    )
    orders = [(A, "buy", False), (B, "sell", False), (A, "buy", False), (A, "sell", False), (A, "buy", False)]
    assert hits(chaos, orders) == [[], ["slow"], ["reject"], ["reject", "slow"], []]


def test_only_orders_that_reduce() -> None:
    chaos = parse({"faults": [{"fault": "reject", "reduce_only": True}]})
    assert hits(chaos, [(A, "buy", False), (A, "sell", True)]) == [[], ["reject"]]


def test_chance_repeats_itself_and_follows_the_seed() -> None:
    orders = [(A, "buy", False)] * 400
    once = hits(parse({"seed": 1, "faults": [{"fault": "reject", "probability": 0.25}]}), orders)
    again = hits(parse({"seed": 1, "faults": [{"fault": "reject", "probability": 0.25}]}), orders)
    other = hits(parse({"seed": 2, "faults": [{"fault": "reject", "probability": 0.25}]}), orders)
    assert once == again != other
    assert 70 < sum(map(len, once)) < 130


def test_frozen_quotes_remember_since_when() -> None:
    chaos = parse({"faults": [{"fault": "freeze", "symbol": A}]}).begun(5_000)
    assert (chaos.frozen_since(A), chaos.frozen_since(B)) == (5_000, None)
    assert chaos.begun(9_000) == chaos
    assert chaos.drawn(OF_ORDERS, 1, A, "buy", False) == (chaos, {})
    assert FaultKind.FREEZE not in OF_ORDERS
