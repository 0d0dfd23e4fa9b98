"""The trades and cycles that the spread chart marks, with what each leg really did."""

from collections.abc import Iterable
from datetime import datetime
from decimal import Decimal
from typing import Any, Final

from django.db.models import Q

from bots.amounts import decimal_text, float_text
from bots.models import Bot
from trading.models import Cycle, Order, Trade, TradeStatus

TRADES_MOST: Final = 1000


def chart_trades(bot: Bot, begin: datetime, end: datetime) -> list[dict[str, Any]]:
    """Settled trades that filled something, oldest first; the newest TRADES_MOST of them."""
    trades = list(
        Trade.objects.filter(bot=bot, status=TradeStatus.SETTLED, decided_at__gte=begin, decided_at__lte=end)
        .exclude(filled_share=0)
        .order_by("-id")[:TRADES_MOST]
    )
    legs = _legs([trade.pk for trade in trades])
    return [_trade(trade, legs.get(trade.pk, [])) for trade in reversed(trades)]


def chart_cycles(bot: Bot, begin: datetime, open_pnl: str | None) -> list[dict[str, Any]]:
    """Cycles that lasted into the window, oldest first; `open_pnl` is what closing now would bring."""
    rows = Cycle.objects.filter(Q(closed_at__isnull=True) | Q(closed_at__gte=begin), bot=bot).order_by("number")
    return [
        {
            "number": cycle.number,
            "from": milliseconds(cycle.opened_at),
            "to": cycle.closed_at and milliseconds(cycle.closed_at),
            "side": cycle.side,
            "levels": cycle.levels,
            "pnl": decimal_text(cycle.realised_pnl, places=8) if cycle.closed_at or open_pnl is None else open_pnl,
        }
        for cycle in rows
    ]


def milliseconds(at: datetime) -> int:
    return int(at.timestamp() * 1000)


def _trade(trade: Trade, legs: list[dict[str, Any]]) -> dict[str, Any]:
    return {
        "id": trade.pk,
        "t": milliseconds(trade.decided_at),
        "action": trade.action,
        "reason": trade.reason,
        "level": trade.level,
        "side": trade.side,
        "spread": trade.spread,
        "cycle": trade.cycle_number,
        "pnl": None if trade.pnl is None else decimal_text(trade.pnl, places=8),
        "naked_ms": trade.naked_ms,
        "naked_value": decimal_text(trade.naked_value, places=8),
        "legs": legs,
    }


def _legs(trade_ids: list[int]) -> dict[int, list[dict[str, Any]]]:
    """Per trade both legs, each as the sum of its orders: what was bought less what was sold of it."""
    sums: dict[tuple[int, int], dict[str, Any]] = {}
    rows = Order.objects.filter(trade__in=trade_ids, filled_amount__gt=0).order_by("trade_id", "leg")
    for trade_id, leg, symbol, side, amount, cost, fee in rows.values_list(
        "trade_id", "leg", "symbol", "side", "filled_amount", "cost", "fee"
    ):
        sign = 1 if side == "buy" else -1
        nothing = {"symbol": symbol, "amount": Decimal(), "cost": Decimal(), "fee": Decimal()}
        total = sums.setdefault((trade_id, leg), nothing)
        total["amount"] += sign * amount
        total["cost"] += sign * cost
        total["fee"] += fee
    return _grouped((trade_id, leg, total) for (trade_id, leg), total in sums.items() if total["amount"])


def _grouped(sums: Iterable[tuple[int, int, dict[str, Any]]]) -> dict[int, list[dict[str, Any]]]:
    found: dict[int, list[dict[str, Any]]] = {}
    for trade_id, leg, total in sums:
        found.setdefault(trade_id, []).append(
            {
                "leg": leg,
                "symbol": total["symbol"],
                "side": "buy" if total["amount"] > 0 else "sell",
                "amount": decimal_text(abs(total["amount"])),
                "price": float_text(float(total["cost"] / total["amount"]), places=12),
                "fee": decimal_text(total["fee"], places=8),
            }
        )
    return found
