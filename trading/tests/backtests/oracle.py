"""The spread strategy's back-test once more, from its definition alone, for reading and not for speed.

It imports nothing of this program: parameters are `P.json` as a dict, a market is a list of (time, open, close). Each
number is worked out anew from the orders of the cycle whenever it is needed.
"""

from math import floor
from typing import Any

MINUTE = 60_000
Market = list[tuple[int, float, float]]
Payments = list[tuple[int, float, float]]
"""(stamp, rate, mark)"""

DEFAULTS: dict[str, Any] = {
    "max_dca_times": 6,
    "profit_mode": "position",
    "profit_ratio": 1.0,
    "stop_loss_ratio": 10.0,
    "pause_after_close": True,
    "restart_after_stop_loss": False,
    "opening": "reversion",
    "allowed_side": "both",
    "pnl_basis": "net",
    "start_time": 0,
    "taker_fee": 0.0,
    "slippage_bps": 0.0,
    "fill": "next_open",
    "lot_step1": 0.0,
    "lot_step2": 0.0,
}
SIDES = {"both": (1, -1), "long_spread": (1,), "short_spread": (-1,)}


def run(given: dict[str, Any], market1: Market, market2: Market, funding: tuple[Payments, Payments]) -> dict[str, Any]:
    rules = DEFAULTS | given
    other = {time: (opened, closed) for time, opened, closed in market2}
    bars = [(t, (o, other[t][0]), (c, other[t][1])) for t, o, c in market1 if t in other and t >= rules["start_time"]]
    zero = bars[0][1]
    fee, slip = rules["taker_fee"], rules["slippage_bps"] / 10_000
    steps = (rules["lot_step1"], rules["lot_step2"])
    sums = [rules["investment_per_order"] * row["multiplier"] for row in rules["dca_config"]]
    gaps = [row["spread"] for row in rules["dca_config"]]

    orders: list[dict[str, Any]] = []  # of the present cycle
    side, mark_of_last_trade, received, realised = 0, 0.0, 0.0, 0.0
    paused = False
    trades: list[dict[str, Any]] = []
    cycles: list[dict[str, Any]] = []
    equity: list[float] = []
    refused = 0

    def spread_at(prices: tuple[float, float]) -> float:
        return (prices[0] / zero[0] - 1) * 100 - (prices[1] / zero[1] - 1) * 100

    def direction(leg: int) -> int:
        return side if leg == 0 else -side

    def held(leg: int) -> float:
        return float(sum(order["q"][leg] for order in orders))

    def gross(prices: tuple[float, float]) -> float:
        gained = 0.0
        for order in orders:
            for leg in (0, 1):
                gained += direction(leg) * order["q"][leg] * (prices[leg] - order["p"][leg])
        return gained

    def fees_paid() -> float:
        return float(sum(order["q"][leg] * order["p"][leg] * fee for order in orders for leg in (0, 1)))

    def closing_prices(prices: tuple[float, float]) -> tuple[float, float]:
        """A long leg is sold below the price, a short one bought back above it."""
        return prices[0] * (1 - slip * direction(0)), prices[1] * (1 - slip * direction(1))

    def net(prices: tuple[float, float]) -> float:
        out = closing_prices(prices)
        exit_fees = sum(held(leg) * out[leg] * fee for leg in (0, 1))
        return gross(out) - fees_paid() - exit_fees + received

    def invested() -> float:
        return float(sum(sums[: len(orders)]))

    def decision(prices: tuple[float, float]) -> tuple[str, int] | None:
        now = spread_at(prices)
        level = len(orders)
        if level:
            gain = (net(prices) if rules["pnl_basis"] == "net" else gross(prices)) / invested() * 100
            if rules["stop_loss_ratio"] > 0 and gain <= -rules["stop_loss_ratio"]:
                return "stop_loss", side
            if rules["profit_mode"] == "regression":
                gain = side * (now - orders[0]["spread"])
            if gain >= rules["profit_ratio"]:
                return "take_profit", side
            if level == rules["max_dca_times"]:
                return None
            if -side * (now - orders[-1]["spread"]) < gaps[level]:
                return None
            return ("add", side) if 2 * sum(sums[: level + 1]) <= rules["max_position_value"] else None
        if abs(now - mark_of_last_trade) < gaps[0] or 2 * sums[0] > rules["max_position_value"]:
            return None
        up = 1 if now > mark_of_last_trade else -1
        wanted = up if rules["opening"] == "momentum" else -up
        return ("open", wanted) if wanted in SIDES[rules["allowed_side"]] else None

    def whole_lots(amount: float, step: float) -> float:
        return floor(amount / step * (1 + 1e-14) + 1e-9) * step if step else amount

    def level_size(prices: tuple[float, float]) -> tuple[float, float] | None:
        """Cumulative: what the orders so far and this one want, less what is held; both at the coarser one's share."""
        amount = sums[len(orders)]
        targets = [sum(order["wanted"][leg] for order in orders) + amount / prices[leg] for leg in (0, 1)]
        rounded = [whole_lots(targets[leg], steps[leg]) for leg in (0, 1)]
        share = min(rounded[leg] / targets[leg] for leg in (0, 1))
        for leg in (0, 1):
            if rounded[leg] / targets[leg] > share:
                rounded[leg] = whole_lots(targets[leg] * share, steps[leg])
        q = (rounded[0] - held(0), rounded[1] - held(1))
        values = (q[0] * prices[0], q[1] * prices[1])
        if min(values) <= 0 or max(values) - min(values) > 0.05 * max(values):
            return None
        return q

    def execute(what: str, new_side: int, decided: tuple[float, float], time: int, at: tuple[float, float]) -> None:
        nonlocal side, mark_of_last_trade, received, realised, paused, refused, orders
        now = spread_at(decided)
        if what in ("open", "add"):
            size = level_size(decided)
            if size is None:
                refused += 1
                return
            side = new_side
            paid = (at[0] * (1 + slip * side), at[1] * (1 - slip * side))
            wanted = (sums[len(orders)] / decided[0], sums[len(orders)] / decided[1])
            orders.append({"q": size, "p": paid, "spread": now, "wanted": wanted})
            mark_of_last_trade = now
            trades.append(
                {"t": time, "action": what, "level": len(orders), "side": side, "spread": now,
                 "q1": side * size[0], "p1": paid[0], "q2": -side * size[1], "p2": paid[1]}
            )  # fmt: skip
            return
        out = closing_prices(at)
        pnl = net(at)
        level = len(orders)
        trades.append(
            {"t": time, "action": what, "level": level, "side": side, "spread": now,
             "q1": -side * held(0), "p1": out[0], "q2": side * held(1), "p2": out[1], "pnl": pnl}
        )  # fmt: skip
        cycles.append({"cycle": len(cycles) + 1, "levels": level, "side": side, "pnl": pnl, "reason": what, "t": time})
        realised += pnl
        orders, side, received, mark_of_last_trade = [], 0, 0.0, now
        paused = not rules["restart_after_stop_loss"] if what == "stop_loss" else rules["pause_after_close"]

    due = _due(bars, funding)
    pending: tuple[str, int, tuple[float, float]] | None = None
    for number, (time, opens, closes) in enumerate(bars):
        for leg, paid in due.get(number, []):
            received -= direction(leg) * held(leg) * paid
        if pending:
            execute(pending[0], pending[1], pending[2], time, opens)
            pending = None
        if not paused and number < len(bars) - 1 and (found := decision(closes)):
            if rules["fill"] == "close":
                execute(*found, closes, time, closes)
            else:
                pending = (*found, closes)
        equity.append(realised + (net(closes) if orders else 0.0))

    peak = fall = 0.0
    for value in equity:
        peak = max(peak, value)
        fall = max(fall, peak - value)
    return {
        "bars": len(bars),
        "trades": trades,
        "cycles": cycles,
        "realised": realised,
        "final_equity": equity[-1],
        "max_drawdown": fall,
        "refused": refused,
        "equity": equity,
    }


def _due(bars: list[Any], funding: tuple[Payments, Payments]) -> dict[int, list[tuple[int, float]]]:
    """By bar: the leg, and what one unit of it held long pays. At the first bar at or after the stamp's minute."""
    found: dict[int, list[tuple[int, float]]] = {}
    times = [bar[0] for bar in bars]
    for leg in (0, 1):
        for stamp, rate, mark in funding[leg]:
            minute = (stamp + MINUTE // 2) // MINUTE * MINUTE
            after = [number for number, time in enumerate(times) if time >= minute]
            if after:
                found.setdefault(after[0], []).append((leg, rate * mark))
    return found
