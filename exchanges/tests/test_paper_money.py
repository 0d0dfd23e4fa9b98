"""Money adds up: after any orders on a tape, to the last unit of the ledger (reliability.md, invariant 9)."""

from collections.abc import Sequence
from dataclasses import dataclass
from decimal import Decimal
from typing import Any

import numpy as np
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from accounts.models import User
from bots.tests.factories import make_user
from exchanges import tape
from exchanges.adapters.base import FillReport, Venue
from exchanges.errors import Rejected
from exchanges.history import candles
from exchanges.models import ExchangeAccount
from exchanges.registry import venue_of
from exchanges.services import rehearsal_start
from exchanges.tests.contract.rig import Rig
from exchanges.tests.contract.suite import LONG_AGO
from exchanges.tests.series import CHZ, GALA, replay_account, store_pair
from trading.core.position import BUY, Position, apply_fill, ledger_value

pytestmark = pytest.mark.django_db(transaction=True, databases=["default", "paper"])

D = Decimal
START_BALANCE = 1_000
FAULTS = {
    "seed": 3,
    "faults": [
        {"fault": "partial", "share": 0.37, "probability": 0.2},
        {"fault": "slow", "steps": 2, "probability": 0.2},
        {"fault": "reject", "probability": 0.05},
    ],
}


@dataclass(frozen=True)
class Act:
    """One thing that a trader does; `price` is a factor of the mid for limit and capped orders."""

    kind: str
    symbol: str = GALA
    side: str = "buy"
    lots: int = 100
    price: float = 1.0
    reduce_only: bool = False


orders = st.builds(
    Act,
    kind=st.sampled_from(["market", "limit", "ioc"]),
    symbol=st.sampled_from([GALA, CHZ]),
    side=st.sampled_from(["buy", "sell"]),
    lots=st.integers(200, 15_000),
    price=st.floats(0.99, 1.01),
    reduce_only=st.sampled_from([False, False, True]),
)
acts = st.one_of(orders, orders, orders, orders, st.just(Act("cancel")))
bars = st.lists(st.lists(acts, min_size=1, max_size=4), min_size=8, max_size=20)


@pytest.fixture
def owner(candle_dir: Any) -> User:
    first, _ = store_pair(80)
    stamps = first.times[5::7].copy()
    candles.save_funding("binance", GALA, stamps, np.full(len(stamps), 0.00037))
    candles.save_funding("binance", CHZ, stamps, np.full(len(stamps), -0.00011))
    return make_user()


@settings(max_examples=40, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(bars=bars, depth=st.sampled_from([None, 40]), leverage=st.sampled_from([2, 20]))
def test_money_adds_up(owner: User, bars: Sequence[Sequence[Act]], depth: int | None, leverage: int) -> None:
    number = ExchangeAccount.objects.count()
    config = {"initial_balance": START_BALANCE, "depth": depth, "slippage_bps": "2.5"}
    account = replay_account(owner, label=f"Replay {number}", **config)
    venue = venue_of(account)
    rehearsal_start(account=account, faults=FAULTS)
    for symbol in (GALA, CHZ):
        venue.set_leverage(symbol, leverage=leverage, margin_mode="cross")
    for acts in bars:
        for act in acts:
            perform(venue, act)
        assert tape.advance(account, expected_index=tape.bar(account).index)
        check(venue)


def perform(venue: Venue, act: Act) -> None:
    rig = Rig(venue, act.symbol, CHZ, D(act.lots), lambda: None, lambda: None)
    if act.kind == "cancel":
        for report in venue.open_orders():
            venue.cancel_order(report.symbol, client_order_id=report.client_order_id)
    else:
        price = None if act.kind == "market" else rig.price(repr(act.price), act.side)
        try:
            venue.create_order(rig.request(act.side, act.kind, price=price, reduce_only=act.reduce_only))
        except Rejected:
            return


def check(venue: Venue) -> None:
    fills = [fill for symbol in (GALA, CHZ) for fill in venue.fills(symbol, since=LONG_AGO)]
    funding = sum((payment.amount for payment in venue.funding_payments(since=LONG_AGO)), D(0))
    fees = sum((fill.fee for fill in fills), D(0))
    positions, realised = replayed(fills)
    held = {position.symbol: position for position in venue.positions()}
    balance = venue.balance()

    assert {symbol: p.amount for symbol, p in positions.items() if p.amount} == {s: h.amount for s, h in held.items()}
    assert balance.total == START_BALANCE + realised - fees + funding
    unrealised = sum((position.unrealized_pnl for position in held.values()), D(0))
    assert balance.equity == balance.total + unrealised
    # Without any notion of a position: what was paid for what is held, against what it is worth.
    paid = sum((ledger_value(fill.amount if fill.side == BUY else -fill.amount, fill.price) for fill in fills), D(0))
    worth = sum((ledger_value(position.amount, position.mark_price) for position in held.values()), D(0))
    assert balance.equity == START_BALANCE - paid + worth - fees + funding


def replayed(fills: Sequence[FillReport]) -> tuple[dict[str, Position], Decimal]:
    positions, realised = {GALA: Position(), CHZ: Position()}, D(0)
    for fill in fills:
        positions[fill.symbol], gain = apply_fill(positions[fill.symbol], fill.side, fill.amount, fill.price)
        realised += gain
    return positions, realised
