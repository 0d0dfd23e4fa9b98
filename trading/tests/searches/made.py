"""Searches for tests: wishes over the generated pair of the candle store, run to their end in the test's process."""

import time
from datetime import UTC, datetime
from typing import Any

from django.utils import timezone

from accounts.models import User
from bots.tests.factories import CHZ, GALA, ladder
from trading.backtests.run import Markets
from trading.backtests.series import Series
from trading.models import Backtest
from trading.searches import chunks, services
from trading.searches.chunks import Next
from trading.searches.evaluation import Evaluation
from trading.searches.plan import Plan, parse_plan

NOW = datetime(2025, 6, 1, tzinfo=UTC)
FIVE_MINUTES = 300_000

PARAMETERS: dict[str, Any] = {
    "investment_per_order": 100,
    "max_position_value": 100_000,
    "dca_config": ladder((0.3, 1.0), (0.3, 1.2), (0.5, 1.5)),
    "max_dca_times": 3,
    "profit_ratio": 0.3,
    "stop_loss_ratio": 5,
    "pause_after_close": False,
    "restart_after_stop_loss": True,
    "taker_fee": 0.0002,
    "slippage_bps": 0.5,
}
SPACE: dict[str, Any] = {
    "profit_ratio": {"low": 0.2, "high": 0.8, "step": 0.1},
    "dca_config[1].spread": {"low": 0.2, "high": 0.6, "step": 0.2},
}
SEARCH: dict[str, Any] = {"method": "grid", "objective": "net_profit", "space": SPACE, "folds": 1, "min_cycles": 2}


def plan(parameters: dict[str, Any] | None = None, **search: Any) -> Plan:
    return parse_plan(SEARCH | search, strategy="spread", parameters=parameters or PARAMETERS)


def markets_of(first: Any, second: Any, length: int = FIVE_MINUTES) -> Markets:
    return Markets(Series("first", first, length), Series("second", second, length))


def evaluation(pair: tuple[Any, Any], **search: Any) -> Evaluation:
    return Evaluation(plan(**search), markets_of(*pair))


def wish(**more: Any) -> dict[str, Any]:
    """Of a search over the stored pair; `search` lays settings over the default ones."""
    search = SEARCH | more.pop("search", {})
    data = {
        "exchange": "binance",
        "market1_symbol": GALA,
        "market2_symbol": CHZ,
        "timeframe": "5m",
        "parameters": PARAMETERS,
        "search": search,
    }
    return data | more


def created(actor: User, **more: Any) -> Backtest:
    return services.search_create(actor=actor, data=wish(**more), now=NOW)


def chunk(backtest: Backtest) -> Next:
    """What one task does."""
    taken_up = type(backtest.search).objects.get(pk=backtest.pk).taken_up
    return chunks.chunk_run(backtest.pk, taken_up, now=timezone.now, timer=time.monotonic)


def run(backtest: Backtest) -> Backtest:
    """All of its chunks, one after the other."""
    while chunk(backtest) is Next.GO_ON:
        pass
    return Backtest.objects.select_related("search").get(pk=backtest.pk)
