"""The sentences of the journal. Figures stand in braces; what follows the colon is their kind (`bots.journal`)."""

from django.utils.translation import gettext_lazy as _

SIDES = {1: _("long the spread"), -1: _("short the spread"), 0: _("flat")}

ACTIONS = {"buy": _("buy"), "sell": _("sell")}

MESSAGES = {
    # What the user did
    "created": _("Created."),
    "changed": _("Settings changed: {fields}."),
    "started": _("Started."),
    "started_from_here": _("Started; moves count from the spread of now, {spread:pp} pp."),
    "paused": _("Paused{because:after_colon}."),
    "stopped": _("Stopped{because:after_colon}."),
    "stopped_in_position": _("Stopped with a position open: it is yours to look after."),
    "failed": _("Stopped by an error{because:after_colon}."),
    "close_requested": _("Closing both legs was asked for."),
    "close_refused": _("Nothing was closed{because:after_colon}."),
    # Trades
    "opened": _("Opened {side:side}: {notional:sum} {currency} each leg at a spread of {spread:pp} pp."),
    "added": _("Added level {level}: {notional:sum} {currency} each leg at a spread of {spread:pp} pp."),
    "closed_take_profit": _("Took profit: {pnl:money} {currency} at a spread of {spread:pp} pp."),
    "closed_stop_loss": _("Stop loss: {pnl:money} {currency} at a spread of {spread:pp} pp."),
    "closed_manual": _("Closed by hand: {pnl:money} {currency} at a spread of {spread:pp} pp."),
    "closed_unwind": _("Closed what a lone leg left: {pnl:money} {currency} at a spread of {spread:pp} pp."),
    "decided_anew": _("Level {level} was decided but nothing was sent; it is decided anew."),
    "cycle_finished": _("Cycle {cycle} finished: {pnl:money} {currency}, {levels} levels."),
    "cycle_restated": _("Cycle {cycle} restated: {pnl:money} {currency}."),
    "funding": _("Funding on {symbol}: {amount:money} {currency}."),
    # Entries that did not happen
    "entry_failed": _("Level {level} was not filled{because:after_colon}; the next try is in {minutes} min."),
    "entries_given_up": _("{failures} entries in a row were not filled."),
    "level_refused": _("Level {level} was not ordered{because:after_colon}."),
    "risk_refused": _("Level {level} was not ordered, a limit holds{because:after_colon}."),
    "waiting": _("Waits: the spread is {spread:pp} pp, {distance:sum} pp short of the next order."),
    "entries_wait": _("Opens and adds nothing before {until:time}."),
    "quotes_stale": _("Holds off: the quotes of {symbol} are {age:seconds} s old."),
    "quotes_missing": _("Holds off: {symbol} has no quote."),
    "quotes_apart": _("Holds off: the quotes of the two markets are {age:seconds} s apart."),
    "book_wide": _("Holds off: the book of {symbol} is {width:pct} wide, {limit:pct} allowed."),
    "book_crossed": _("Holds off: the book of {symbol} is crossed or empty."),
    "candles_missing": _("Holds off: {symbol} has no candle of {at:time}."),
    # Two legs
    "leg_alone": _("{symbol} stands alone: the other leg is not filled after {seconds:seconds} s."),
    "leg_completed": _("The missing leg {symbol} was completed; one leg was naked for {seconds:seconds} s."),
    "leg_trimmed": _("{symbol} was trimmed by {amount:amount} to match the other leg."),
    "leg_unwound": _("{symbol} was closed again because the other leg was not filled; naked for {seconds:seconds} s."),
    # Orders
    "order_rejected": _("The exchange refused to {action:action} {amount:amount} {symbol}{because:after_colon}."),
    "order_denied": _("An order for {symbol} was not sent{because:after_colon}."),
    "order_unknown": _(
        "It is not known whether an order for {symbol} arrived{because:after_colon}. The exchange is asked."
    ),
    "order_settled_unknown": _("The order for {symbol} is settled: {status}, {filled:amount} filled."),
    "close_widened": _("Closing {symbol} allows {slippage:pct} of slippage now."),
    "close_by_mark": _("No book of {symbol}: closing decides on the mark price {price:amount}."),
    "close_blocked": _("Closing is due but {symbol} has neither book nor mark price."),
    # The account
    "fee_elsewhere": _(
        "A fee of {fee:amount} {coin} on {symbol} is not counted in the profit."
        " Switch fees in {coin} off at the exchange."
    ),
    "mismatch": _("{symbol}: the exchange holds {venue:amount}, the books say {books:amount}."),
    "venue_unavailable": _("The exchange does not answer{because:after_colon}."),
    "key_refused": _("The exchange refuses the key{because:after_colon}."),
    "tape_ended": _("The recording has ended."),
}

REASONS = {
    # Why a bot paused, stopped or failed
    "after_close": _("a cycle was closed"),
    "after_stop_loss": _("the stop loss was reached"),
    "after_failures": _("three entries in a row were not filled"),
    "leg_stuck": _("one leg stands alone and could be neither completed nor closed; it is tried again"),
    "close_stuck": _("the closing orders are not filled; they are tried again"),
    "tape_ended": _("the recording has ended"),
    "mismatch": _("the exchange and the books disagree about {symbol}"),
    "key_refused": _("the exchange refuses the key"),
    "order_unknown": _("it is not known whether an order arrived"),
    "by_user": _("by hand"),
    "flat": _("there is no position"),
    # Why a level was not ordered
    "inactive": _("{symbol} is not traded now"),
    "amount_min": _("{amount:amount} {symbol} is less than the smallest order of {minimum:amount}"),
    "amount_max": _("{amount:amount} {symbol} is more than the largest order of {maximum:amount}"),
    "notional_min": _("{notional:sum} {currency} of {symbol} is less than the smallest order of {minimum:sum}"),
    "notional_max": _("{notional:sum} {currency} of {symbol} is more than the largest order of {maximum:sum}"),
    "imbalance": _("the legs would be {notional1:sum} and {notional2:sum} {currency}, too far apart"),
    "margin": _("{needed:sum} {currency} margin needed, {free:sum} free"),
    "depth": _("the book of {symbol} is too thin"),
    "cap": _("{needed:sum} {currency} is above the maximum position of {allowed:sum}"),
    "too_late": _("it was not sent in time"),
    "crashed_before_send": _("the program stopped before it was sent"),
}
