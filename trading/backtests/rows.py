"""Back-tests and searches as JSON."""

from typing import Any, Final

from exchanges.models import JobStatus
from trading.backtests import stored
from trading.backtests.progress import worded
from trading.models import Backtest

LISTED: Final = (
    "id",
    "kind",
    "name",
    "bot",
    "strategy",
    "exchange",
    "market1_symbol",
    "market2_symbol",
    "timeframe",
    "since",
    "until",
    "use_funding",
    "status",
    "done",
    "total",
    "created_at",
    "started_at",
    "finished_at",
)
FIGURES: Final = (
    "net_profit",
    "return_pct",
    "max_drawdown",
    "max_drawdown_pct",
    "sharpe",
    "profit_factor",
    "win_rate_pct",
    "trades",
    "cycles",
)


def listed_row(backtest: Backtest) -> dict[str, Any]:
    """`figures`: the result's most important ones, None before there is one and for searches."""
    row = {name: getattr(backtest, "bot_id" if name == "bot" else name) for name in LISTED}
    return row | {"figures": figures_of(backtest)}


def backtest_row(backtest: Backtest) -> dict[str, Any]:
    size = stored.size_of(backtest) if backtest.status == JobStatus.DONE else 0
    return listed_row(backtest) | {
        "parameters": backtest.parameters,
        "problems": worded(backtest.problems),
        "summary": backtest.summary,
        "size_bytes": size,
    }


def figures_of(backtest: Backtest) -> dict[str, Any] | None:
    stats = backtest.summary.get("stats")
    return {name: stats.get(name) for name in FIGURES} if isinstance(stats, dict) else None
