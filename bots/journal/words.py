"""The sentences of the journal. Figures stand in braces; after the colon stands their kind (`bots.journal.lines`)."""

from django.utils.translation import gettext_lazy as _

SIDES = {1: _("long the spread"), -1: _("short the spread"), 0: _("flat")}

ACTIONS = {"buy": _("buy"), "sell": _("sell")}

WHOSE_LIMITS = {
    "installation": _("the limit for everybody"),
    "user": _("your limit"),
    "account": _("the account's limit"),
    "bot": _("the bot's limit"),
    "admin": _("the administrator's limit"),
}

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
    "closed_signal": _("Signal of the strategy: {pnl:money} {currency} at a spread of {spread:pp} pp."),
    "closed_manual": _("Closed by hand: {pnl:money} {currency} at a spread of {spread:pp} pp."),
    "closed_kill_switch": _("Kill switch: closed with {pnl:money} {currency} at a spread of {spread:pp} pp."),
    "closed_protection": _(
        "A protective stop at the exchange closed one leg, the other followed: {pnl:money} {currency}"
        " at a spread of {spread:pp} pp."
    ),
    "closed_liquidation": _(
        "Closed after the exchange closed a leg by itself: {pnl:money} {currency} at a spread of {spread:pp} pp."
    ),
    "closed_outside": _(
        "Closed after a leg was closed at the exchange by hand: {pnl:money} {currency} at a spread of {spread:pp} pp."
    ),
    "closed_time_stop": _("Held too long, closed: {pnl:money} {currency} at a spread of {spread:pp} pp."),
    "closed_pair_break": _("The pair broke apart, closed: {pnl:money} {currency} at a spread of {spread:pp} pp."),
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
    "waiting": _(
        "Waits with level {level}: the spread moved {moved:sum} of {threshold:sum} pp and stands at {spread:pp} pp."
    ),
    "entries_wait": _("Opens and adds nothing before {until:time}."),
    "quotes_stale": _("Holds off: the quotes of {symbol} are {age:seconds} s old."),
    "quotes_missing": _("Holds off: {symbol} has no quote."),
    "quotes_apart": _("Holds off: the quotes of the two markets are {age:seconds} s apart."),
    "book_wide": _("Holds off: the book of {symbol} is {width:pct} wide, {limit:pct} allowed."),
    "book_crossed": _("Holds off: the book of {symbol} is crossed or empty."),
    "candles_missing": _("Holds off: {symbol} has no candle of {at:time}."),
    # The kill switch
    "switch_halted": _("Kill switch on: nothing is sent{because:after_colon}."),
    "switch_reducing": _("Closing only: nothing is opened or added{because:after_colon}."),
    "switch_active": _("Kill switch off: the bot trades again{because:after_colon}."),
    "flatten_requested": _("Kill switch: closing both legs at once was asked for."),
    # What a person should know at once
    "alert_neglected": _("Nobody has looked at this bot since {since:time}: the guardian looks after it."),
    "alert_neglected_over": _("The bot is looked at again; the guardian steps back."),
    "alert_not_flat": _("Kill switch: the bot is not flat yet. It goes on trying; look at the exchange."),
    "alert_not_flat_over": _("Kill switch: what was to be closed is closed."),
    "alert_unprotected": _("A protective stop is missing at the exchange{because:after_colon}."),
    "alert_unprotected_over": _("The protective stops are in place again."),
    # The pair
    "time_stop_reached": _("In position for more than {hours:sum} h: closing both legs was asked for."),
    "pair_broken": _(
        "The pair breaks apart: correlation of the last week {correlation:sum}, hedge ratio {hedge:sum} (was"
        " {before:sum}), half-life {hours:sum} h."
    ),
    "pair_break_close": _("The pair broke apart: closing both legs was asked for."),
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
    "close_waits": _("The exchange refuses to close; the next try is at {until:time}."),
    "close_by_book": _("The quotes are stale; closing decides on the books as the exchange tells them now."),
    "close_by_mark": _("No book of {symbol}: closing decides on the mark price {price:amount}."),
    "close_blocked": _("Closing is due but {symbol} has neither book nor mark price."),
    # The account
    "withdrawal_unknown": _("{account} does not say whether its key can withdraw: make sure that it cannot."),
    "fee_elsewhere": _(
        "A fee of {fee:amount} {coin} on {symbol} is not counted in the profit."
        " Switch fees in {coin} off at the exchange."
    ),
    "fee_converted": _("A fee of {fee:amount} {coin} on {symbol} counts as {value:money} {currency}."),
    "mismatch": _("{symbol}: the exchange holds {venue:amount}, the books say {books:amount}."),
    "differs_order": _("{symbol}: an order rests at the exchange that was not sent from here: {theirs}."),
    "differs_fill": _("{symbol}: bought and sold at the exchange, not from here: {theirs:money} {currency}."),
    "differs_leverage": _("{symbol}: the exchange has leverage {theirs}, the bot {ours}."),
    "differs_margin_mode": _("{symbol}: the exchange has margin mode {theirs}, the bot {ours}."),
    "differs_position_mode": _("{symbol}: the exchange holds longs and shorts apart now; the bot needs one position."),
    "difference_gone": _("{symbol}: the exchange and the books agree again."),
    "difference_settled": _("{symbol}: {choice} was chosen by {who}; the exchange says {theirs}, the books {ours}."),
    "adopted": _("{symbol}: booked as the exchange has it, {books:amount} before, {venue:amount} now."),
    "adopt_refused": _("{symbol}: nothing was booked, the exchange says something else by now."),
    "rest_given_up": _("{symbol}: what is left, {amount:amount}, could not be closed."),
    "liquidated": _("The exchange liquidated {amount:amount} {symbol} at {price:amount}: {pnl:money} {currency}."),
    "deleveraged": _(
        "The exchange closed {amount:amount} {symbol} at {price:amount} to cover somebody else's loss:"
        " {pnl:money} {currency}."
    ),
    "delivered": _("The exchange settled {amount:amount} {symbol} at {price:amount}: {pnl:money} {currency}."),
    "late_fill": _("Told late by the exchange: {action:action} {amount:amount} {symbol} at {price:amount}. Booked."),
    "venue_unavailable": _("The exchange does not answer{because:after_colon}."),
    "key_refused": _("The exchange refuses the key{because:after_colon}."),
    "tape_ended": _("The recording has ended."),
}

REASONS = {
    # Why a bot paused, stopped or failed
    "after_close": _("a cycle was closed"),
    "after_stop_loss": _("the stop loss was reached"),
    "after_pair_break": _("the pair broke apart"),
    "after_failures": _("three entries in a row were not filled"),
    "leg_stuck": _("one leg stands alone and could be neither completed nor closed; it is tried again"),
    "close_stuck": _("the closing orders are not filled; they are tried again"),
    "tape_ended": _("the recording has ended"),
    "mismatch": _("the exchange and the books disagree about {symbol}"),
    "liquidated": _("the exchange liquidated {symbol}"),
    "deleveraged": _("the exchange closed {symbol} to cover somebody else's loss"),
    "delivered": _("the exchange has settled and closed {symbol}"),
    "late_fill": _("the exchange told of a fill of {symbol} after its order counted as finished"),
    "restored": _("a backup was put back; compare the positions, then start again"),
    "key_refused": _("the exchange refuses the key"),
    "order_unknown": _("it is not known whether an order arrived"),
    "by_user": _("by hand"),
    "flat": _("there is no position"),
    "kill_switch": _("kill switch"),
    # Which switch holds
    "halted_installation": _("trading is halted for everybody"),
    "halted_user": _("trading is halted for this user"),
    "halted_account": _("trading is halted on this account"),
    "halted_bot": _("this bot is halted"),
    "reducing_installation": _("everybody may only close"),
    "reducing_user": _("this user may only close"),
    "reducing_account": _("this account may only close"),
    "reducing_bot": _("this bot may only close"),
    # Why a level was not ordered
    "inactive": _("{symbol} is not traded now"),
    "amount_min": _("{amount:amount} {symbol} is less than the smallest order of {minimum:amount}"),
    "amount_max": _("{amount:amount} {symbol} is more than the largest order of {maximum:amount}"),
    "notional_min": _("{notional:sum} {currency} of {symbol} is less than the smallest order of {minimum:sum}"),
    "notional_max": _("{notional:sum} {currency} of {symbol} is more than the largest order of {maximum:sum}"),
    "imbalance": _("the legs would be {notional1:sum} and {notional2:sum} {currency}, too far apart"),
    "hedge_ratio": _("the hedge ratio is {ratio:amount}, and only 0.1 to 10 can be ordered"),
    "margin": _("{needed:sum} {currency} margin needed, {free:sum} free"),
    "depth": _(
        "{amount:amount} {symbol} is more than the book holds within {slippage:pct} of its best price:"
        " {available:amount}"
    ),
    "side": _("it would be {side:side}, which is not allowed"),
    "levels": _("all {levels} orders of a cycle are filled"),
    "misfit": _("its strategy asked for something that does not fit the position"),
    "cap": _("{needed:sum} {currency} is above the maximum position of {allowed:sum}"),
    "risk_max_gross_exposure": _("gross exposure would be {value:sum} {currency}, {whose:whose} is {limit:sum}"),
    "risk_max_net_exposure": _("net exposure would be {value:sum} {currency}, {whose:whose} is {limit:sum}"),
    "risk_max_open_pairs": _("{value} pairs would be open, {whose:whose} is {limit}"),
    "risk_max_order_value": _("an order would be worth {value:sum} {currency}, {whose:whose} is {limit:sum}"),
    "risk_max_equity_share": _("the pair would be {value:pct} of the equity, {whose:whose} is {limit:pct}"),
    "risk_max_loss_day": _(
        "{value:sum} {currency} lost today, {whose:whose} is {limit:sum}; a new day begins at {until:time}"
    ),
    "risk_max_loss_week": _(
        "{value:sum} {currency} lost this week, {whose:whose} is {limit:sum}; a new week begins at {until:time}"
    ),
    "risk_max_drawdown": _("the drawdown is {value:pct}, {whose:whose} is {limit:pct}"),
    "risk_max_orders_per_minute": _("that would be {value} orders within a minute, {whose:whose} is {limit}"),
    "risk_cooldown_losses": _("{value} losing cycles in a row, {whose:whose} is {limit}; it waits until {until:time}"),
    "risk_churn_cycles": _("{value} cycles in a short time, {whose:whose} is {limit}; it waits until {until:time}"),
    "risk_max_leverage": _("the leverage is {value}, {whose:whose} is {limit}"),
    "risk_allowed_symbols": _("a market is not among the allowed ones ({whose:whose})"),
    "risk_allowed_exchanges": _("an exchange is not among the allowed ones ({whose:whose})"),
    "risk_unknown": _("the equity is not known now, and {whose:whose} is a share of it"),
    "too_late": _("it was not sent in time"),
    "crashed_before_send": _("the program stopped before it was sent"),
}
