"""The report of a finished run as a file: one page of HTML that needs nothing else, or the command's JSON."""

from collections.abc import Iterator
from datetime import UTC, datetime
from typing import Any, Final

from django.template.loader import render_to_string
from django.utils import translation
from django.utils.translation import gettext as _
from django.utils.translation import ngettext

from bots.amounts import grouped, grouped_exact
from exchanges.errors import DomainError
from exchanges.models import JobStatus, shelf_name
from exchanges.symbols import settle_of, short
from trading.backtests import drawing, report_svg, stored
from trading.backtests.stat_words import DASH, duration, shown_stats
from trading.models import Backtest

CYCLES_MAX: Final = 2_000
POINTS: Final = 1_200
HEADLINES: Final = ("net_profit", "return_pct", "max_drawdown_pct", "sharpe", "win_rate_pct", "cycles")


def report_json(backtest: Backtest) -> dict[str, Any]:
    """What `manage.py backtest` writes. Raises DomainError for one without a result."""
    _check(backtest)
    trades = stored.trades_of(backtest)
    cycles = [_closed(trade) for trade in trades if "pnl" in trade]
    for trade in trades:
        del trade["cycle"]
    summary = dict(backtest.summary)
    first = {name: summary.pop(name) for name in ("strategy", "bars")}
    return {**first, "trades": trades, "cycles": cycles, **summary}


def report_html(backtest: Backtest) -> str:
    """In its owner's language, times in UTC. Raises DomainError for one without a result."""
    _check(backtest)
    with translation.override(backtest.owner.language):
        return render_to_string("trading/backtest_report.html", _context(backtest))


def cycles_of(trades: list[dict[str, Any]]) -> list[dict[str, Any]]:
    """The closed ones, oldest first: when they were opened and closed, and what they came to."""
    opened = {trade["cycle"]: trade for trade in trades if trade["action"] == "open"}
    fees: dict[int, float] = {}
    for trade in trades:
        fees[trade["cycle"]] = fees.get(trade["cycle"], 0.0) + trade["fees"]
    return [
        _closed(trade)
        | {"opened": opened[trade["cycle"]]["t"], "fees": fees[trade["cycle"]], "funding": trade["funding"]}
        for trade in trades
        if "pnl" in trade
    ]


def _closed(trade: dict[str, Any]) -> dict[str, Any]:
    return {
        "cycle": trade["cycle"],
        "levels": trade["level"],
        "side": trade["side"],
        "pnl": trade["pnl"],
        "reason": trade["action"],
        "t": trade["t"],
    }


def _check(backtest: Backtest) -> None:
    if backtest.status != JobStatus.DONE or backtest.kind != Backtest.Kind.RUN:
        raise DomainError(_("There is no report before the back-test is done."), code="no_result")


def _context(backtest: Backtest) -> dict[str, Any]:
    summary = backtest.summary
    chart = drawing.chart_of(backtest, POINTS)
    stats = {shown.name: shown for shown in shown_stats(summary["stats"])}
    cycles = cycles_of(stored.trades_of(backtest))
    return {
        "backtest": backtest,
        "language": translation.get_language(),
        "pair": " – ".join(short(symbol) for symbol in (backtest.market1_symbol, backtest.market2_symbol) if symbol),
        "exchange": shelf_name(backtest.exchange),
        "currency": settle_of(backtest.market1_symbol),
        "first": moment(summary["data"]["first"]),
        "last": moment(summary["data"]["last"]),
        "headlines": [stats[name] for name in HEADLINES if name in stats],
        "stats": stats.values(),
        "charts": _charts(chart),
        "years": _years(chart["monthly"]),
        "cycles": [_cycle_row(cycle) for cycle in cycles[-CYCLES_MAX:]],
        "cycles_left_out": max(0, len(cycles) - CYCLES_MAX),
        "parameters": list(_parameter_rows(summary["parameters"])),
        "data": list(_data_rows(summary)),
        "warnings": summary["warnings"],
        "open_position": summary["open_position"],
        "paused_at": None if summary["paused_at"] is None else moment(summary["paused_at"]),
    }


def moment(ms: int) -> str:
    return f"{datetime.fromtimestamp(ms / 1000, UTC):%Y-%m-%d %H:%M}"


def _charts(chart: dict[str, Any]) -> dict[str, Any]:
    times = chart["t"]
    equity, _scale = report_svg.panel(times, {"equity": chart["equity"]}, 240, area="equity")
    fall, _scale = report_svg.panel(times, {"drawdown": chart["drawdown"]}, 120, area="drawdown")
    charts: dict[str, Any] = {"equity": equity, "drawdown": fall}
    if chart["spread"]:
        spread, scale = report_svg.panel(times, {"spread": chart["spread"]}, 280)
        dots = report_svg.dots(chart["trades"], scale)
        charts |= {"spread": spread, "dots": dots, "dot": report_svg.dot_size(len(chart["trades"]))}
    return charts


def _years(months: list[dict[str, Any]]) -> list[dict[str, Any]]:
    """A row a year with its twelve months; None where the run has no bars."""
    years: dict[str, list[dict[str, Any] | None]] = {}
    for month in months:
        year, number = month["month"].split("-")
        years.setdefault(year, [None] * 12)[int(number) - 1] = _month(month)
    return [
        {"year": year, "months": row, "total": _signed(sum(month["pnl"] for month in row if month))}
        for year, row in years.items()
    ]


def _month(month: dict[str, Any]) -> dict[str, Any]:
    share = "" if month["pct"] is None else f"{grouped(month['pct'], signed=True)} %"
    return {"pnl": month["pnl"], "text": _signed(month["pnl"])["text"], "share": share}


def _signed(value: float) -> dict[str, Any]:
    return {"pnl": value, "text": grouped(value, signed=True)}


def _cycle_row(cycle: dict[str, Any]) -> dict[str, Any]:
    return cycle | {
        "opened": moment(cycle["opened"]),
        "closed": moment(cycle["t"]),
        "held": duration(cycle["t"] - cycle["opened"]),
        "side": _("long the spread") if cycle["side"] > 0 else _("short the spread"),
        "result": grouped(cycle["pnl"], signed=True),
        "fees": grouped(cycle["fees"]),
        "funding": grouped(cycle["funding"], signed=True, places=4),
        "reason": reason_words(cycle["reason"]),
    }


def reason_words(reason: str) -> str:
    names = {"take_profit": _("Take profit"), "stop_loss": _("Stop loss"), "liquidation": _("Liquidation")}
    names |= {"signal": _("Signal of the strategy")}
    return names.get(reason, reason)


def _parameter_rows(parameters: dict[str, Any]) -> Iterator[tuple[str, str]]:
    """By the names of docs/backtests.md, so that a file of parameters can be made from them."""
    for name, value in parameters.items():
        if name == "dca_config":
            for rung in value:
                text = f"{grouped_exact(rung['spread'])} pp × {grouped_exact(rung['multiplier'])}"
                yield f"dca_config[{rung['times']}]", text
        elif name == "start_time":
            yield name, DASH if value is None else f"{moment(value)} UTC"
        else:
            yield name, _plain(value)


def _plain(value: Any) -> str:
    match value:
        case None:
            return DASH
        case bool():
            return _("yes") if value else _("no")
        case int() | float():
            return grouped_exact(value)
        case _:
            return str(value)


def _data_rows(summary: dict[str, Any]) -> Iterator[tuple[str, str]]:
    data = summary["data"]
    yield _("Bars"), f"{summary['bars']:,}"
    for name, words in (("before_start", _("Bars before the start")), ("after_end", _("Bars after the end"))):
        if data[name]:
            yield words, f"{data[name]:,}"
    for number, funding in enumerate(summary["funding"], start=1):
        market = data.get(f"market{number}")
        if market:
            yield short(market["name"]), _market_words(market)
            if market["outage_count"]:
                yield _("Outages of %(market)s (UTC)") % {"market": short(market["name"])}, _outage_words(market)
            yield _("Funding of %(market)s") % {"market": short(market["name"])}, _funding_words(funding)
    for reason, words in _refusals().items():
        if count := summary["refused"].get(reason):
            yield _("Refused levels: %(reason)s") % {"reason": words}, f"{count:,}"


def _refusals() -> dict[str, str]:
    return {
        "lot_step": _("less than a lot step"),
        "max_imbalance": _("legs too unequal after rounding"),
        "min_amount": _("below the minimum amount"),
        "min_notional": _("below the minimum order value"),
        "margin": _("not enough margin"),
        "max_position_value": _("over the maximum position"),
        "impossible": _("not possible in that position"),
        "hedge_ratio": _("hedge ratio not within 0.1 to 10"),
    }


def _market_words(market: dict[str, Any]) -> str:
    sentence = _(
        "%(bars)s bars of %(timeframe)s; %(gaps)s gaps with %(missing)s bars; %(flat)s flat bars without volume (the "
        "exchange was down); %(dropped)s bars dropped that the other market lacks"
    )
    counts = {"gaps": "gaps", "missing": "missing_bars", "flat": "flat_bars", "bars": "bars", "dropped": "dropped"}
    shown = {name: f"{market[key]:,}" for name, key in counts.items()}
    return sentence % (shown | {"timeframe": market["timeframe"]})


def _outage_words(market: dict[str, Any]) -> str:
    """The ranges that the result names, and how many there are beside them."""
    ranges = []
    for first, last, bars in market["outages"]:
        sentence = ngettext("%(first)s to %(last)s: %(bars)s bar", "%(first)s to %(last)s: %(bars)s bars", bars)
        ranges.append(sentence % {"first": moment(first), "last": moment(last), "bars": f"{bars:,}"})
    if more := market["outage_count"] - len(ranges):
        sentence = ngettext("and %(count)s shorter one", "and %(count)s shorter ones", more)
        ranges.append(sentence % {"count": f"{more:,}"})
    return "; ".join(ranges)


def _funding_words(funding: dict[str, Any] | None) -> str:
    if funding is None:
        return _("not counted: no rates are stored, or they were not asked for")
    text = _("%(booked)s of %(expected)s payments") % {
        "booked": f"{funding['booked']:,}",
        "expected": f"{funding['expected']:,}",
    }
    if funding.get("known_pct") is None:
        return text
    known = _("known for %(share)s %% of the time in position") % {"share": grouped(funding["known_pct"], places=0)}
    return f"{text}; {known}"
