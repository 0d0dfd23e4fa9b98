"""The settings of a back-test in a trader's words: grouped for its page, in one list to compare several."""

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any, Final

from django.utils import timezone
from django.utils.dateformat import format as date_format
from django.utils.translation import gettext as _

from bots.amounts import grouped, grouped_exact
from bots.models import AllowedSide, MarginMode, Opening, OrderKind, PnlBasis, ProfitMode
from bots.strategies.registry import strategy_of
from bots.timeframe_words import TIMEFRAME_WORDS
from exchanges.models import shelf_name
from exchanges.symbols import base_of, settle_of, short
from trading.backtests.parameters import DEFAULTS
from trading.models import Backtest

Rows = Iterator[tuple[str, str]]
OFF: Final = "–"


@dataclass(frozen=True, slots=True)
class Rung:
    """`at`: the spread of the level when the first one opens short at 0; money is one leg's."""

    level: int
    step: float
    multiplier: float
    at: float
    order: float
    invested: float
    is_over: bool


def given_parameters(run: Backtest) -> dict[str, Any]:
    """What the run went by, defaults included; before it is done, what was asked for over the defaults."""
    known = run.summary.get("parameters")
    if isinstance(known, dict):
        return known
    return DEFAULTS | run.parameters


def setting_groups(run: Backtest) -> list[tuple[str, list[tuple[str, str]]]]:
    """(heading, [(label, value)])."""
    values, currency = given_parameters(run), settle_of(run.market1_symbol)
    return [
        *_own_strategy(run, values),
        (_("Pair and time"), list(_place(run, values))),
        (_("Orders"), list(_orders(values, currency))),
        (_("Exit"), list(_exit(values))),
        (_("Fills and costs"), list(_fills(run, values, currency))),
    ]


def ladder(run: Backtest) -> list[Rung]:
    values = given_parameters(run)
    investment, cap = float(values["investment_per_order"]), float(values["max_position_value"])
    found: list[Rung] = []
    at = invested = 0.0
    for level, row in enumerate(_used_rows(values), start=1):
        order = investment * float(row["multiplier"])
        at, invested = at + float(row["spread"]), invested + order
        found.append(
            Rung(level, float(row["spread"]), float(row["multiplier"]), at, order, invested, 2 * invested > cap)
        )
    return found


def ladder_words(run: Backtest) -> str:
    """In one line: `1.00×1, 1.20×1.5`."""
    rows = _used_rows(given_parameters(run))
    return ", ".join(f"{grouped_exact(row['spread'])}×{grouped_exact(row['multiplier'])}" for row in rows)


def _used_rows(values: dict[str, Any]) -> list[dict[str, Any]]:
    rows: list[dict[str, Any]] = values["dca_config"]
    return rows[: int(values.get("max_dca_times") or len(rows))]


def _own_strategy(run: Backtest, values: dict[str, Any]) -> list[tuple[str, list[tuple[str, str]]]]:
    """The parameters that only this strategy has; one that is not there any more is told by its names."""
    given = values.get("strategy_params") or {}
    if not given:
        return []
    try:
        plugin = strategy_of(run.strategy)
    except LookupError:
        return [(run.strategy, [(name, _plain(value)) for name, value in given.items()])]
    about = plugin.schema["properties"]
    rows = [
        (about.get(name, {}).get("title", name), f"{_plain(value)} {about.get(name, {}).get('x-unit', '')}".strip())
        for name, value in given.items()
    ]
    return [(plugin.title, rows)]


def _plain(value: Any) -> str:
    if isinstance(value, bool):
        return _("Yes") if value else _("No")
    return grouped_exact(value) if isinstance(value, int | float) else str(value)


def _place(run: Backtest, values: dict[str, Any]) -> Rows:
    yield _("Market 1"), short(run.market1_symbol)
    if run.market2_symbol:
        yield _("Market 2"), short(run.market2_symbol)
    yield _("Exchange"), str(shelf_name(run.exchange))
    yield _("Candle"), str(TIMEFRAME_WORDS.get(run.timeframe, run.timeframe))
    yield _("From"), moment_words(run.since) if run.since else _("the first bar")
    yield _("To"), moment_words(run.until) if run.until else _("the last bar")
    start = values.get("start_time")
    yield _("Counts both changes from"), _("the first bar") if start is None else moment_words(_instant(start))
    prices = run.summary.get("start_prices")
    if prices:
        yield _("Start prices"), " · ".join(grouped_exact(price) for price in prices)


def _orders(values: dict[str, Any], currency: str) -> Rows:
    yield _("Investment per order, each leg"), f"{grouped(float(values['investment_per_order']))} {currency}"
    yield _("Maximum position, both legs"), f"{grouped(float(values['max_position_value']))} {currency}"
    yield _("Leverage"), _leverage(values)
    if values.get("capital"):
        yield _("Capital behind cross margin"), f"{grouped(float(values['capital']))} {currency}"
    yield _("Opens on"), _choice(Opening, values["opening"])
    yield _("Side of the spread"), _choice(AllowedSide, values["allowed_side"])
    yield _("Orders that open"), _choice(OrderKind, values.get("order_type_open") or OrderKind.MARKET)
    yield _("Orders that close"), _choice(OrderKind, values.get("order_type_close") or OrderKind.MARKET)


def _exit(values: dict[str, Any]) -> Rows:
    is_regression = values["profit_mode"] == ProfitMode.REGRESSION
    profit, stop = grouped_exact(values["profit_ratio"]), float(values["stop_loss_ratio"])
    yield _("Takes profit on"), _choice(ProfitMode, values["profit_mode"])
    yield _("Take profit"), f"{profit} {_('pp')}" if is_regression else f"{profit}\u2009%"
    yield _("Stop loss"), f"{grouped_exact(stop)}\u2009%" if stop else _("Off")
    yield _("After a close"), _("Pause") if values["pause_after_close"] else _("Wait for the next")
    yield _("After a stop loss"), _("Wait for the next") if values["restart_after_stop_loss"] else _("Pause")
    yield _("P&L"), _choice(PnlBasis, values["pnl_basis"])


def _fills(run: Backtest, values: dict[str, Any], currency: str) -> Rows:
    yield _("Fills at"), _("The next bar's open") if values["fill"] == "next_open" else _("The same bar's close")
    yield _("Taker fee"), _share(values["taker_fee"])
    if values.get("maker_fee"):
        yield _("Maker fee"), _share(values["maker_fee"])
    yield _("Slippage"), f"{grouped_exact(values['slippage_bps'])} {_('bp')}"
    yield _("Funding"), _("Booked") if run.use_funding else _("Not counted")
    for leg, symbol in enumerate((run.market1_symbol, run.market2_symbol), start=1):
        if symbol:
            yield _("Lot step of %(coin)s") % {"coin": base_of(symbol)}, _lot(values.get(f"lot_step{leg}"))
            if least := float(values.get(f"min_notional{leg}") or 0):
                yield _("Smallest value of %(coin)s") % {"coin": base_of(symbol)}, f"{grouped(least)} {currency}"


def _leverage(values: dict[str, Any]) -> str:
    leverage = values.get("leverage")
    if not leverage:
        return _("None")
    return f"{grouped_exact(leverage)}× · {_choice(MarginMode, values.get('margin_mode') or MarginMode.CROSS)}"


def _lot(value: Any) -> str:
    return grouped_exact(value) if value and float(value) else _("not rounded")


def _share(fraction: Any) -> str:
    return f"{grouped_exact(round(float(fraction) * 100, 8))}\u2009%"


def _choice(choices: Any, value: str) -> str:
    return str(choices(value).label)


def _instant(value: Any) -> datetime:
    if isinstance(value, str) and not value.isdigit():
        return datetime.fromisoformat(value)
    return datetime.fromtimestamp(int(value) / 1000, UTC)


def moment_words(at: datetime) -> str:
    """`4 Mar 2025, 22:30`, in the user's zone."""
    # Translators: how a start time is written, in the letters of Django's "date" filter
    return date_format(timezone.localtime(at), _("j M Y, H:i"))
