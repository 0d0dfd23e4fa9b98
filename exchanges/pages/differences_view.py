"""What the page of an account's differences shows: words, figures and the questions that its buttons ask."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from decimal import Decimal
from typing import Final

from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from bots.amounts import grouped, grouped_exact
from exchanges.models import ExchangeAccount
from exchanges.symbols import base_of, settle_of, short
from trading.core.order_state import UNSETTLED
from trading.models import Difference, DifferenceKind, DifferenceStatus, Order, Reconciliation
from trading.order_lookup import forgotten
from trading.reconciliation.choices import Choice, choices_of, wish_waiting
from trading.reconciliation.equation import Equation, equation

HISTORY: Final = 50
MONEY_OF: Final = timedelta(hours=24)

MODES: Final = {
    "cross": gettext_lazy("cross"),
    "isolated": gettext_lazy("isolated"),
    "one-way": gettext_lazy("one position"),
    "hedge": gettext_lazy("longs and shorts apart"),
    "–": "–",
}


@dataclass(frozen=True, slots=True)
class Button:
    """`question` and `text` are asked before it does what `label` says; `style` of the button that says yes."""

    choice: Choice
    label: str
    question: str
    text: str
    style: str


@dataclass(frozen=True, slots=True)
class Line:
    difference: Difference
    ours: str
    theirs: str
    delta: str
    buttons: tuple[Button, ...]
    is_asked: bool

    @property
    def market(self) -> str:
        return short(self.difference.symbol) if self.difference.symbol else _("Whole account")


@dataclass(frozen=True, slots=True)
class DifferencesPage:
    round: Reconciliation | None
    open_lines: Sequence[Line]
    lost_orders: Sequence[Order]
    history: Sequence[Line]
    money: Equation | None


def page_of(account: ExchangeAccount, now: datetime) -> DifferencesPage:
    rows = Difference.objects.filter(account=account).select_related("bot", "account", "settled_by").order_by("-id")
    settled = rows.exclude(status__in=[DifferenceStatus.OPEN, DifferenceStatus.SUSPECT])[:HISTORY]
    unsettled = Order.objects.filter(account=account, status__in=UNSETTLED).select_related("bot")
    return DifferencesPage(
        round=Reconciliation.objects.filter(account=account).first(),
        open_lines=[line_of(row) for row in rows.filter(status=DifferenceStatus.OPEN)],
        lost_orders=[order for order in unsettled if forgotten(account.exchange, order)],
        history=[line_of(row, asks=False) for row in settled],
        money=equation(account, now - MONEY_OF),
    )


def line_of(difference: Difference, *, asks: bool = True) -> Line:
    asked = wish_waiting(difference) if asks else None
    choices = choices_of(difference) if asks else ()
    return Line(
        difference,
        _figure(difference, difference.ours),
        _figure(difference, difference.theirs),
        _delta(difference),
        tuple(_button(difference, choice) for choice in choices),
        asked is not None,
    )


def _figure(difference: Difference, text: str) -> str:
    match difference.kind:
        case DifferenceKind.POSITION:
            return f"{grouped_exact(text)} {base_of(difference.symbol)}"
        case DifferenceKind.BALANCE:
            return f"{grouped(text)} {difference.details.get('currency', '')}"
        case DifferenceKind.FILL:
            return text if text == "–" else f"{grouped(text, signed=True)} {settle_of(difference.symbol)}"
    return str(MODES.get(text, text))


def _delta(difference: Difference) -> str:
    if difference.delta is None:
        return "–"
    if difference.kind == DifferenceKind.POSITION:
        return f"{'+' if difference.delta > 0 else ''}{grouped_exact(difference.delta)}"
    return grouped(difference.delta, signed=True)


def _button(difference: Difference, choice: Choice) -> Button:
    if choice == Choice.IGNORE:
        return _ignore(difference)
    if difference.kind == DifferenceKind.POSITION:
        return _of_position(difference, choice)
    if difference.kind == DifferenceKind.FILL:
        text = _("Its result of %(figure)s is booked to the bot.") % {"figure": _figure(difference, difference.theirs)}
        return Button(choice, _("Adopt"), _("Book what was traded at the exchange?"), text, "btn-main")
    if difference.kind == DifferenceKind.ORDER:
        words = {"order": difference.theirs, "market": short(difference.symbol)}
        question = _("Cancel this order at the exchange?")
        return Button(choice, _("Cancel it"), question, _("%(market)s: %(order)s") % words, "btn-danger-fill")
    return _of_setting(difference, choice)


def _ignore(difference: Difference) -> Button:
    text = _("The books stay as they are. It is asked again when the figures change.")
    return Button(Choice.IGNORE, _("Ignore"), _("Leave this difference as it is?"), text, "btn-main")


def _of_position(difference: Difference, choice: Choice) -> Button:
    words = {
        "ours": _figure(difference, difference.ours),
        "theirs": _figure(difference, difference.theirs),
        "delta": f"{grouped_exact(abs(difference.delta or Decimal(0)))} {base_of(difference.symbol)}",
    }
    both = _("The books say %(ours)s, the exchange holds %(theirs)s.") % words
    if choice == Choice.CLOSE:
        after = _("It is booked to the bot and closed with reduce-only market orders.")
        return Button(
            choice, _("Close"), _("Close %(delta)s at the exchange?") % words, f"{both} {after}", "btn-danger-fill"
        )
    if difference.details.get("grows"):
        after = _("It counts as part of the bot's position from then on; its legs are unequal then.")
        return Button(choice, _("Adopt"), _("Take %(delta)s into the books?") % words, f"{both} {after}", "btn-main")
    after = _("What is left of the pair is closed with market orders then.")
    question = _("Book %(delta)s as closed at the exchange?") % words
    return Button(choice, _("Adopt and close the rest"), question, f"{both} {after}", "btn-danger-fill")


def _of_setting(difference: Difference, choice: Choice) -> Button:
    words = {"ours": _figure(difference, difference.ours), "theirs": _figure(difference, difference.theirs)}
    if choice == Choice.ADOPT:
        text = _("The bot goes on with %(theirs)s instead of %(ours)s.") % words
        return Button(choice, _("Adopt"), _("Take what the exchange has?"), text, "btn-main")
    text = _("The exchange is set to %(ours)s again; it has %(theirs)s now.") % words
    return Button(choice, _("Set it back"), _("Set it back at the exchange?"), text, "btn-main")
