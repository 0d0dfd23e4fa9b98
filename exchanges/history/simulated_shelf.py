"""The candle store's shelf for simulated history: exchange `paper`, shown as "Simulated market", apart from all venues.

A market's name stands for one series there, so the shelf holds one simulation: the one whose prices its bars are or,
while it is empty, that of the first simulated account. Accounts with the same seed, volatility and contract rules see
the very same market and share it; bots of any other simulation are back-tested over the candles of their rules' venue.
Whose prices they are is told by the prices themselves: nothing beside them could come to say something else.
"""

from collections.abc import Sequence
from decimal import Decimal
from typing import Final

import numpy as np
from django.db.models import QuerySet

from exchanges import paper_config
from exchanges.adapters.base import Candle
from exchanges.adapters.paper_simulated import FUNDING_MS, Simulation
from exchanges.errors import Rejected, Unavailable
from exchanges.history import candles
from exchanges.models import CandleSet, Exchange, ExchangeAccount, PaperSource
from exchanges.registry import paper_rules
from exchanges.timeframes import timeframe_ms
from trading.core.candles import Candles, Floats, Ints
from trading.core.sizing import MarketRules

SHELF: Final = str(Exchange.PAPER)
PAGE: Final = 2_000
"""Bars, or funding rates, made at once."""


def history_exchange(account: ExchangeAccount) -> str:
    """Whose recorded candles the account's bots are back-tested over."""
    return SHELF if is_on_shelf(account) else account.rules_venue


def is_on_shelf(account: ExchangeAccount) -> bool:
    """Whether the shelf holds, or would hold, the prices that this account's bots see."""
    if not _is_simulated(account):
        return False
    stored = CandleSet.objects.filter(exchange=SHELF).order_by("pk").first()
    if stored is None:
        first = _simulated_accounts().first()
        return first is not None and _market(first) == _market(account)
    return _made(account, stored)


def rules_on_shelf(symbol: str) -> MarketRules:
    """The contract rules and fees by which the shelf's market is traded. Raises LookupError for one that it lacks."""
    account = _owner()
    if account is None:
        raise LookupError("there is no simulated account")
    return rules_of_account(account, symbol)


def rules_of_account(account: ExchangeAccount, symbol: str) -> MarketRules:
    """Of a paper account. Raises LookupError for a market of which nothing is known."""
    return paper_rules(account.paper_venue, (symbol,), paper_config.parse(account.paper_config))[symbol]


def candles_page(symbol: str, timeframe: str, *, since_ms: int, limit: int) -> Candles:
    """The next bars from `since_ms` on, oldest first. Who asks knows which of them have closed.

    Raises Unavailable without an account that sees this market, Rejected for a coin that is not simulated.
    """
    simulation, size = _simulation(symbol), min(limit, PAGE)
    end = since_ms + (size + 1) * timeframe_ms(timeframe)
    return _columns(simulation.candles(symbol, timeframe, closed_by_ms=end, since_ms=since_ms, limit=size))


def funding_page(symbol: str, *, since_ms: int) -> tuple[Ints, Floats]:
    """The next funding, as `candles_page` has bars: stamps in ms, rates as fractions."""
    rates = _simulation(symbol).funding(symbol, since_ms - 1, since_ms + PAGE * FUNDING_MS)
    stamps = np.array([rate.at_ms for rate in rates], dtype=np.int64)
    return stamps, np.array([float(rate.rate) for rate in rates], dtype=np.float64)


def simulation_of(account: ExchangeAccount) -> Simulation:
    """The market that a simulated account's venue quotes."""
    config = paper_config.parse(account.paper_config)
    rules = paper_rules(account.paper_venue, tuple(Simulation.symbols), config)
    return Simulation(
        seed=config.seed,
        volatility=config.volatility,
        speed=config.speed or Decimal(1),
        half_spread=config.half_spread,
        ticks={symbol: market.price_tick for symbol, market in rules.items()},
    )


def _simulation(symbol: str) -> Simulation:
    account = _owner()
    if account is None:
        raise Unavailable("No account sees this simulated market any more", code="no_simulation")
    if symbol not in Simulation.symbols:
        raise Rejected(f"{symbol} is not simulated", code="unknown_market", reason="unknown_market")
    return simulation_of(account)


def _owner() -> ExchangeAccount | None:
    """The first account that sees the shelf's market."""
    return next((account for account in _simulated_accounts() if is_on_shelf(account)), None)


def _simulated_accounts() -> QuerySet[ExchangeAccount]:
    return ExchangeAccount.objects.filter(exchange=Exchange.PAPER, paper_source=PaperSource.SIMULATED).order_by("pk")


def _is_simulated(account: ExchangeAccount) -> bool:
    return account.is_paper and account.paper_source == PaperSource.SIMULATED


def _market(account: ExchangeAccount) -> tuple[object, ...]:
    """All that its prices depend on."""
    config = paper_config.parse(account.paper_config)
    return config.seed, config.volatility, config.lot_rounding, account.paper_venue


def _made(account: ExchangeAccount, stored: CandleSet) -> bool:
    """Whether the first bars of a stored series are this account's."""
    series = candles.load(SHELF, stored.symbol, stored.timeframe)
    if series is None or stored.symbol not in Simulation.symbols:
        return False
    few = series.part(slice(0, 3))
    first, last = int(few.times[0]), int(few.times[-1]) + timeframe_ms(stored.timeframe)
    own = _columns(
        simulation_of(account).candles(
            stored.symbol, stored.timeframe, closed_by_ms=last, since_ms=first, limit=len(few)
        )
    )
    return len(own) == len(few) and not len(candles.differing(few, own))


def _columns(bars: Sequence[Candle]) -> Candles:
    times = np.array([int(bar.at.timestamp()) * 1000 for bar in bars], dtype=np.int64)
    prices = [
        np.array([float(getattr(bar, name)) for bar in bars], dtype=np.float64)
        for name in ("open", "high", "low", "close", "volume")
    ]
    return Candles(times, *prices)
