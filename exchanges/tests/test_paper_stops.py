"""Stops at the paper venue: on a tape, where a bar may jump over the trigger, and the matching alone."""

from decimal import Decimal
from typing import Any

import pytest

from bots.tests.factories import make_user
from exchanges import tape
from exchanges.adapters.paper_matching import Chance, triggered
from exchanges.registry import venue_of
from exchanges.tests.contract.rig import Rig
from exchanges.tests.contract.test_paper import rig_on
from exchanges.tests.series import GALA, replay_account
from trading.core.candles import Candles
from trading.core.order_state import OrderStatus

CHANCE = Chance(buy=Decimal("1.01"), sell=Decimal("0.99"), lowest_ask=Decimal("0.95"), highest_bid=Decimal("1.05"))


@pytest.mark.parametrize(
    ("side", "trigger", "price"),
    [
        ("sell", "0.97", "0.97"),  # went through it and came back
        ("sell", "0.995", "0.99"),  # is below it still
        ("sell", "0.94", None),
        ("buy", "1.03", "1.03"),
        ("buy", "1.005", "1.01"),
        ("buy", "1.06", None),
    ],
)
def test_a_stop_gets_the_worse_of_its_trigger_and_the_book(side: str, trigger: str, price: str | None) -> None:
    chance = triggered(side, Decimal(trigger), CHANCE)
    if price is None:
        assert chance is None
    else:
        assert chance is not None
        assert (chance.sell if side == "sell" else chance.buy) == Decimal(price)


@pytest.mark.django_db(transaction=True, databases=["default", "paper"])
@pytest.mark.parametrize("side", ["sell", "buy"])
def test_on_a_tape_a_stop_waits_for_the_bar_that_reaches_it(
    side: str, stored_pair: tuple[Candles, Candles], settings: Any
) -> None:
    account = replay_account(make_user(), half_spread_bps=0, slippage_bps=0)
    rig: Rig = rig_on(account, stepped=True)
    rig.done(rig.request("buy" if side == "sell" else "sell"))
    request = rig.stop(side, "0.985" if side == "sell" else "1.015")
    assert request.trigger_price is not None
    trigger = float(request.trigger_price)
    venue_of(account).create_order(request)
    series, first = stored_pair[0], tape.bar(account).index + 1
    reached = series.lows <= trigger if side == "sell" else series.highs >= trigger
    (hits,) = reached[first:].nonzero()
    for _ in range(int(hits[0])):
        rig.step()
    assert rig.fetched(request).status == OrderStatus.OPEN
    rig.step()
    report = rig.fetched(request)
    assert report.status == OrderStatus.CLOSED
    opened = float(series.opens[first + int(hits[0])])
    worse = min(trigger, opened) if side == "sell" else max(trigger, opened)
    assert [float(fill.price) for fill in report.fills] == [pytest.approx(worse)]
    assert not [held for held in rig.venue.positions() if held.symbol == GALA]
