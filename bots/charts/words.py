"""What the charts and the bot's page write by script, translated; `%(name)s` places are filled in the browser."""

from django.utils.translation import gettext as _
from django.utils.translation import pgettext


def chart_words() -> dict[str, str]:
    return _axes() | _trades() | _reading()


def _axes() -> dict[str, str]:
    return {
        "pp": _("pp"),
        "now": _("Now"),
        "stop_loss": _("Stop loss"),
        "stop_loss_short": pgettext("stop loss", "Stop"),
        "take_profit": _("Take profit"),
        "take_profit_short": _("Profit"),
        "break_even": _("Break-even"),
        "add_level": _("Add %(level)s"),
        "open_long": _("Open long"),
        "open_short": _("Open short"),
        "start": _("Start %(moment)s"),
        "cycle_open": _("Cycle %(cycle)s  open  %(pnl)s"),
        "cycle_closed": _("Cycle %(cycle)s  %(pnl)s"),
        "cycles_net": _("Cycles, net %(currency)s"),
        "change_since_start": _("Change since start, %%") % (),
    }


def _trades() -> dict[str, str]:
    return {
        "side_long": _("Long"),
        "side_short": _("Short"),
        "trade_opened": _("Cycle %(cycle)s opened, %(side)s"),
        "trade_added": _("Cycle %(cycle)s, level %(level)s added, %(side)s"),
        "trade_closed": _("Cycle %(cycle)s closed, %(reason)s"),
        "reason_take_profit": _("take profit"),
        "reason_stop_loss": _("stop loss"),
        "reason_manual": _("by hand"),
        "reason_unwind": _("a leg was left alone"),
        "reason_signal": _("signal of the strategy"),
        "reason_time_stop": _("held too long"),
        "reason_pair_break": _("the pair broke apart"),
        "reason_protection": _("protective stop"),
        "reason_kill_switch": _("kill switch"),
        "reason_liquidation": _("liquidation"),
        "reason_outside": _("closed at the venue"),
        "bought": _("Bought"),
        "sold": _("Sold"),
        "fee": _("fee %(fee)s"),
        "levels": _("levels %(n)s"),
        "held": _("held %(time)s"),
        "naked_for": _("One leg naked for %(time)s"),
        "naked_by": _("One leg naked for %(time)s, by %(value)s at most"),
        "comma": _(", "),
    }


def _reading() -> dict[str, str]:
    return {
        "spread_value": _("Spread %(spread)s pp"),
        "price_value": _("Price %(price)s"),
        "change_value": _("Since the start %(change)s %%") % {"change": "%(change)s"},
        "waits_between": _("waits in between"),
        "over_max": _("over max"),
        "short_the_spread": _("Short the spread: sell %(one)s, buy %(two)s"),
        "long_the_spread": _("Long the spread: buy %(one)s, sell %(two)s"),
        "chart_empty": _("No prices of this pair yet."),
        "chart_summary": _("Spread of %(pair)s: now %(now)s pp, between %(low)s and %(high)s pp"),
        "chart_summary_change": _("%(pair)s since the start: now %(now)s %%, between %(low)s and %(high)s %%")
        % {name: f"%({name})s" for name in ("pair", "now", "low", "high")},
        "chart_summary_price": _("Price of %(pair)s: now %(now)s, between %(low)s and %(high)s"),
        "chart_trades": _("Trades shown: %(n)s"),
        "column_time": _("Time"),
        "column_what": _("What"),
        "column_level": _("Level"),
        "column_spread": _("Spread"),
        "column_price": _("Price"),
        "column_result": _("Result"),
    }
