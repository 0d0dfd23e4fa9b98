"""The result of a back-test in a few lines for people."""

from collections.abc import Iterator
from datetime import UTC, datetime
from typing import Any, Final

DAY_MS = 86_400_000
OUTAGES_NAMED: Final = 3
REASONS: Final = {
    "lot_step": "less than a lot",
    "max_imbalance": "legs too unequal on their lots",
    "min_amount": "below a minimum amount",
    "min_notional": "below a minimum notional",
    "margin": "margin not there",
    "max_position_value": "position too large",
    "impossible": "orders that make no sense",
    "hedge_ratio": "hedge ratio not within 0.1 to 10",
}


def summary(result: dict[str, Any], *, currency: str) -> str:
    """`currency`: what the markets are quoted in."""
    rows = [*_data_rows(result), *_money_rows(result, currency), *_quality_rows(result, currency)]
    width = max(len(name) for name, _ in rows)
    lines = [f"{name:<{width}}  {text}" for name, text in rows]
    return "\n".join(lines + [f"Warning: {text}" for text in result["warnings"]])


def _data_rows(result: dict[str, Any]) -> Iterator[tuple[str, str]]:
    data = result["data"]
    outside = data["before_start"] + data["after_end"]
    ignored = f", {outside:,} outside of them ignored" if outside else ""
    yield "Bars", f"{result['bars']:,}, {_time(data['first'])} to {_time(data['last'])} UTC{ignored}"
    for number in (1, 2):
        market = data.get(f"market{number}")
        if market is None:
            continue
        yield (
            f"Market {number}",
            f"{market['name']}: {market['bars']:,} bars of {market['timeframe']}, {market['dropped']:,} dropped, "
            f"{market['gaps']:,} gaps ({market['missing_bars']:,} bars), {market['flat_bars']:,} flat"
            + _outages(market),
        )
    for number, funding in enumerate(result["funding"], start=1):
        if funding:
            percent = "" if funding["coverage_pct"] is None else f" ({funding['coverage_pct']:.1f} %)"
            known = (
                ""
                if funding["known_pct"] is None
                else f"; known for {funding['known_pct']:.0f} % of the time in position"
            )
            yield (
                f"Funding {number}",
                f"{funding['booked']:,} of {funding['expected']:,} payments{percent}, "
                f"{funding['at_mark_price']:,} at the mark price, the others at the candle{known}",
            )


def _money_rows(result: dict[str, Any], currency: str) -> Iterator[tuple[str, str]]:
    stats = result["stats"]
    reasons = [cycle["reason"] for cycle in result["cycles"]]
    ends = f"{reasons.count('take_profit'):,} take profit, {reasons.count('stop_loss'):,} stop loss"
    if "liquidation" in reasons:
        ends += ", 1 liquidation"
    yield "Trades", f"{len(result['trades']):,} in {len(reasons):,} closed cycles ({ends})"
    yield "Realised P&L", f"{result['realised']:+,.4f} {currency}"
    yield "Final equity", f"{result['final_equity']:+,.4f} {currency}{_open(result, currency)}"
    yield "Largest fall", f"{result['max_drawdown']:,.4f} {currency} ({stats['max_drawdown_pct']:.2f} %)"
    yield "Fees paid", f"{stats['fees']:,.4f} {currency}"
    yield "Funding received", f"{stats['funding']:+,.4f} {currency}"
    if refused := {name: count for name, count in result["refused"].items() if count}:
        whys = ", ".join(f"{count:,} {REASONS[name]}" for name, count in refused.items())
        yield "Refused", f"{sum(refused.values()):,} levels: {whys}"
    if margin := result["margin"]:
        amounts = f"{margin['full_position']:,.2f} of {margin['wallet']:,.2f} {currency}"
        yield "Margin", f"{margin['leverage']:g}x {margin['mode']}, at most {amounts}"
    if result["paused_at"] is not None:
        yield "Paused", f"after the close at {_time(result['paused_at'])} UTC; nothing was traded from then on"


def _quality_rows(result: dict[str, Any], currency: str) -> Iterator[tuple[str, str]]:
    stats = result["stats"]
    yield "Return", f"{stats['return_pct']:+.2f} % of {stats['capital']:,.2f} {currency}, the largest position"
    yield "Winning cycles", _figure(stats["win_rate_pct"], "{:.1f} %")
    yield "Profit factor", _figure(stats["profit_factor"], "{:.2f}")
    yield "Sharpe ratio", _figure(stats["sharpe"], "{:.2f} a year")
    duration = stats["average_cycle_duration"]
    yield "Average cycle", _figure(None if duration is None else duration / DAY_MS, "{:.2f} days")
    yield "In position", f"{stats['exposure_pct']:.1f} % of the bars"


def _open(result: dict[str, Any], currency: str) -> str:
    position = result["open_position"]
    if position is None:
        return ""
    return f", of which {position['net_pnl']:+,.4f} {currency} open at level {position['level']}"


def _outages(market: dict[str, Any]) -> str:
    if not (count := market["outage_count"]):
        return ""
    named = [f"{_time(first)} to {_time(last)}" for first, last, _bars in market["outages"][:OUTAGES_NAMED]]
    more = f" and {count - len(named):,} more" if count > len(named) else ""
    return f" in {count:,} {'outage' if count == 1 else 'outages'}: {', '.join(named)} UTC{more}"


def _figure(value: float | None, form: str) -> str:
    return "–" if value is None else form.format(value)


def _time(ms: int) -> str:
    return f"{datetime.fromtimestamp(ms / 1000, UTC):%Y-%m-%d %H:%M}"
