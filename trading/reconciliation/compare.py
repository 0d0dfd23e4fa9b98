"""What differs between the books and the venue: positions, fills, resting orders, settings. Nothing is written here."""

from collections.abc import Iterable, Iterator, Mapping
from decimal import Decimal
from typing import Any

from bots.amounts import decimal_text
from bots.models import Bot
from exchanges.adapters.base import MarginMode, MarketSettings, OrderReport
from trading.models import DifferenceKind
from trading.reconciliation.claimed import Claimed
from trading.reconciliation.evidence import Evidence, FillsSeen
from trading.reconciliation.found import Found

NOTHING = "–"


def position_found(claimed: Claimed, evidence: Evidence, fills: FillsSeen) -> Found | None:
    """Of a quiet symbol. Fills that are no order of ours prove it; without them it has to be seen twice."""
    theirs = evidence.held(claimed.symbol)
    delta = theirs - claimed.amount
    outside = fills.outside_amount
    if not delta:
        return _round_trip_found(claimed, fills) if fills.outside and not outside else None
    details: dict[str, Any] = {"fills": [fill.trade_id for order in fills.outside for fill in order.fills]}
    details |= {"grows": abs(theirs) > abs(claimed.amount), "turned": theirs * claimed.amount < 0}
    if marks := evidence.positions.get(claimed.symbol):
        details["mark"] = str(marks[0].mark_price)
    return Found(
        kind=DifferenceKind.POSITION,
        symbol=claimed.symbol,
        ours=decimal_text(claimed.amount),
        theirs=decimal_text(theirs),
        delta=delta,
        bot=claimed.bot,
        details=details,
        is_proven=bool(fills.outside) and outside == delta,
    )


def orders_found(strangers: Iterable[OrderReport], claimed: Mapping[str, Claimed]) -> Iterator[Found]:
    """Resting orders on a bot's symbol that nobody here has sent: what they fill would be the bot's."""
    for order in strangers:
        price = order.price or order.trigger_price
        text = f"{order.side} {decimal_text(order.amount)}" + (f" @ {decimal_text(price)}" if price else "")
        yield Found(
            kind=DifferenceKind.ORDER,
            symbol=order.symbol,
            reference=order.exchange_order_id,
            ours=NOTHING,
            theirs=text,
            bot=claimed[order.symbol].bot,
            details={"client_order_id": order.client_order_id, "is_stop": order.is_stop},
        )


def held_settings_found(claimed: Claimed, evidence: Evidence) -> Iterator[Found]:
    """Leverage, margin mode and position mode as the position itself tells them."""
    rows = evidence.positions.get(claimed.symbol, ())
    if rows:
        yield from settings_found(claimed, MarketSettings(rows[0].leverage, rows[0].margin_mode, len(rows) == 1))


def settings_found(claimed: Claimed, told: MarketSettings) -> Iterator[Found]:
    bot = claimed.bot
    if told.leverage != bot.leverage:
        yield _setting(DifferenceKind.LEVERAGE, claimed, f"{bot.leverage}×", f"{told.leverage}×")
    if told.margin_mode != margin_mode_of(bot):
        yield _setting(DifferenceKind.MARGIN_MODE, claimed, margin_mode_of(bot), told.margin_mode)
    if not told.one_way:
        yield _setting(DifferenceKind.POSITION_MODE, claimed, "one-way", "hedge")


def margin_mode_of(bot: Bot) -> MarginMode:
    return "isolated" if bot.margin_mode == "isolated" else "cross"


def _round_trip_found(claimed: Claimed, fills: FillsSeen) -> Found:
    """Bought and sold elsewhere, which left nothing but its result."""
    all_fills = [fill for order in fills.outside for fill in order.fills]
    spent = sum((f.price * f.amount * (-1 if f.side == "buy" else 1) - f.fee for f in all_fills), Decimal(0))
    return Found(
        kind=DifferenceKind.FILL,
        symbol=claimed.symbol,
        ours=NOTHING,
        theirs=decimal_text(spent.quantize(Decimal("1e-8"))),
        delta=spent.quantize(Decimal("1e-8")),
        bot=claimed.bot,
        details={"fills": [fill.trade_id for fill in all_fills]},
        is_proven=True,
    )


def _setting(kind: DifferenceKind, claimed: Claimed, ours: str, theirs: str) -> Found:
    return Found(kind=kind, symbol=claimed.symbol, ours=ours, theirs=theirs, bot=claimed.bot)
