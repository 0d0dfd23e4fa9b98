"""What an action on a bot would do now, in figures: for the dialogue that asks before it does it."""

import uuid
from datetime import datetime
from typing import Any, Final

from bots.models import Bot
from bots.pair_now import pair_now
from bots.start_preview import start_preview
from exchanges.errors import ExchangeError
from exchanges.symbols import base_of, settle_of
from trading.core.triggers import triggers

CONFIRMED: Final = {"start": "start", "pause": "words", "stop": "words", "close": "close", "delete": "words"}


def confirmation(bot: Bot, action: str, now: datetime) -> dict[str, Any]:
    """Context of the dialogue's template. Asks the venues for a start and a close, changes nothing."""
    if action == "start":
        return {"preview": start_preview(bot=bot, now=now)}
    if action == "close":
        return _close(bot) | {"key": uuid.uuid4().hex}
    return {}


def _close(bot: Bot) -> dict[str, Any]:
    """`legs` to trade with the price each would get now, `pnl` after all fees; `unseen` when a market has no price."""
    try:
        pair = pair_now(bot)
    except ExchangeError as error:
        return {"unseen": error.message, "legs": []}
    marks = triggers(pair.config, pair.state, pair.quote)
    legs = []
    for position in pair.positions:
        quote = pair.quotes[position.leg - 1]
        side = "sell" if position.side == "long" else "buy"
        price = quote.bid if side == "sell" else quote.ask
        coin = base_of(position.symbol)
        legs.append({"coin": coin, "side": side, "amount": position.amount, "price": price})
    return {"legs": legs, "pnl": marks.pnl, "pnl_pct": marks.pnl_pct, "currency": settle_of(bot.market1_symbol)}
