"""The limits in a trader's words: what each is called, what it blocks, and when it ends."""

from dataclasses import dataclass
from typing import Any, Final, Literal

from django.utils.translation import gettext_lazy as _

from trading.core.risk import Rule

Kind = Literal["money", "pct", "whole", "list"]


@dataclass(frozen=True, slots=True)
class RuleWords:
    """`counts`: what the figure is; `does`: what is blocked and when that ends."""

    name: Any
    counts: Any
    does: Any
    kind: Kind


REFUSES: Final = _("Refuses the order that would exceed it.")

RULES: Final[dict[Rule, RuleWords]] = {
    Rule.GROSS: RuleWords(
        _("Gross exposure"), _("Both legs of all open pairs added up, orders on their way included."), REFUSES, "money"
    ),
    Rule.NET: RuleWords(
        _("Net exposure"),
        _("Bought less sold, over all open legs."),
        _("Refuses the order that would exceed it; one that brings it nearer to zero passes."),
        "money",
    ),
    Rule.PAIRS: RuleWords(
        _("Open pairs"),
        _("Pairs with a position or an order that opens one."),
        _("Refuses to open another; those that are open may still add."),
        "whole",
    ),
    Rule.ORDER: RuleWords(_("Order value"), _("One order, of one leg."), REFUSES, "money"),
    Rule.SHARE: RuleWords(
        _("Share of equity per pair"),
        _("Both legs of one pair, in percent of the equity of its accounts."),
        _("Refuses the order that would exceed it, and all while the equity is not known."),
        "pct",
    ),
    Rule.LOSS_DAY: RuleWords(
        _("Loss in a day"),
        _("What was booked since midnight in your time zone, and what open legs stand at now."),
        _("Once reached, nothing is opened or added until midnight or until the loss is smaller again."),
        "money",
    ),
    Rule.LOSS_WEEK: RuleWords(
        _("Loss in a week"),
        _("What was booked since Monday in your time zone, and what open legs stand at now."),
        _("Once reached, nothing is opened or added until Monday or until the loss is smaller again."),
        "money",
    ),
    Rule.DRAWDOWN: RuleWords(
        _("Drawdown"),
        _("How far the equity fell from its peak or its start, deposits taken out; of a bot, its results"
          " in percent of its maximum position."),
        _("Once reached, nothing is opened or added until it recovers, or you measure anew or raise the limit."),
        "pct",
    ),
    Rule.ORDERS: RuleWords(
        _("Orders per minute"),
        _("Orders sent within the last 60 seconds, closing ones included."),
        _("Refuses orders that open or add until a minute has passed."),
        "whole",
    ),
    Rule.COOLDOWN: RuleWords(
        _("Losing cycles in a row"),
        _("Cycles that ended with a loss since the last one with a gain."),
        _("Once reached, nothing is opened or added for the pause that you set, after each further loss anew."),
        "whole",
    ),
    Rule.CHURN: RuleWords(
        _("Cycles in a short time"),
        _("Cycles that one bot closed within the span that you set."),
        _("Once reached, that bot opens and adds nothing until the oldest of them has left the span."),
        "whole",
    ),
    Rule.LEVERAGE: RuleWords(_("Leverage"), _("That of the bot."), _("Refuses its orders that open or add."), "whole"),
    Rule.SYMBOLS: RuleWords(
        _("Allowed markets"), _("Markets of the order."), _("Refuses to open or add anywhere else."), "list"
    ),
    Rule.EXCHANGES: RuleWords(
        _("Allowed exchanges"), _("Exchange of the order."), _("Refuses to open or add anywhere else."), "list"
    ),
}  # fmt: skip
