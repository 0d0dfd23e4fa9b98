"""Part of the books: what a trade of coins against money does to them. Coins that are held are no position.

A purchase moves money out of the wallet: a transfer, and no loss. A sale brings it back: what it realised against what
the coins had cost is a gain, the rest a transfer. A fee that was kept in the coin itself counts at the trade's price.
"""

from decimal import Decimal

from exchanges.adapters.venues import VENUES
from exchanges.symbols import base_of, kind_of, quote_of
from trading.core import position as core
from trading.models import Fill, LineKind

ZERO = Decimal(0)


def is_spot(symbol: str) -> bool:
    return kind_of(symbol) == "spot"


def coins_moved(symbol: str, side: str, amount: Decimal, fee: Decimal, fee_currency: str) -> Decimal:
    """How many coins a fill brought or took: a fee in the coin itself comes off what was bought."""
    return amount - fee if side == "buy" and fee_currency == base_of(symbol) else amount


def fee_in_money(symbol: str, fee: Decimal, currency: str, price: Decimal) -> Decimal | None:
    """In the quote currency; None for a fee in a third coin, whose price is another market's."""
    if currency in ("", quote_of(symbol)):
        return fee
    return core.ledger_value(fee, price) if currency == base_of(symbol) else None


def spot_amounts(exchange: str, fill: Fill, realised: Decimal) -> dict[LineKind, tuple[Decimal, str]]:
    """The lines of a fill. Those in money add up to what moved the wallet that the account's balance tells of, where
    that is the one that paid."""
    money = quote_of(fill.symbol)
    paid = fee_in_money(fill.symbol, fill.fee, fill.fee_currency, fill.price)
    fee = (-fill.fee, fill.fee_currency) if paid is None else (-paid, money)
    lines = {LineKind.REALISED: (realised, money), LineKind.FEE: fee}
    if not VENUES[exchange].spot_in_wallet:
        return lines
    value = core.ledger_value(fill.amount, fill.price)
    moved = (value if fill.side == "sell" else -value) - (fill.fee if fill.fee_currency in ("", money) else ZERO)
    lines[LineKind.TRANSFER] = (moved - realised + (paid or ZERO), money)
    return lines
