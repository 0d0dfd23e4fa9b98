"""What the orders page may be narrowed to."""

from datetime import datetime, timedelta
from typing import Any

from django import forms
from django.db.models import Q, QuerySet
from django.utils import timezone
from django.utils.translation import gettext_lazy as _
from django.utils.translation import pgettext_lazy

from accounts.models import User
from bots.models import Bot
from exchanges.models import ExchangeAccount
from trading.core.order_state import TERMINAL, UNSETTLED, OrderStatus
from trading.models import Order

FILLED, WORKING, NOTHING_FILLED = "filled", "working", "unfilled"


class OrderFilter(forms.Form):
    """A wrong value is shown beside its field and narrows nothing."""

    state = forms.ChoiceField(
        label=_("State"),
        required=False,
        choices=[
            ("", _("All")),
            (FILLED, _("Filled")),
            (WORKING, _("Still working")),
            (NOTHING_FILLED, _("Nothing filled")),
        ],
    )
    symbol = forms.CharField(
        label=pgettext_lazy("what is traded", "Market"),
        required=False,
        max_length=40,
        widget=forms.TextInput(attrs={"placeholder": "GALA"}),
    )
    since = forms.DateField(label=_("From"), required=False, widget=forms.DateInput(attrs={"type": "date"}))
    until = forms.DateField(label=_("To"), required=False, widget=forms.DateInput(attrs={"type": "date"}))

    def __init__(self, *args: Any, user: User, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.user = user
        accounts = ExchangeAccount.objects.filter(owner=user).order_by("exchange", "label")
        bots = Bot.objects.filter(owner=user).order_by("bot_name").values_list("pk", "bot_name")
        self.fields["account"] = _choice(_("Account"), _("All accounts"), [(row.pk, str(row)) for row in accounts])
        self.fields["bot"] = _choice(_("Bot"), _("All bots"), list(bots))
        self.order_fields(["account", "bot"])

    def orders(self) -> QuerySet[Order]:
        """The user's orders, newest first."""
        found = Order.objects.filter(account__owner=self.user).select_related("account", "bot").order_by("-pk")
        self.is_valid()
        return found.filter(self._condition(self.cleaned_data))

    def _condition(self, wish: dict[str, Any]) -> Q:
        condition = Q()
        if account := wish.get("account"):
            condition &= Q(account=account)
        if bot := wish.get("bot"):
            condition &= Q(bot=bot)
        if symbol := wish.get("symbol"):
            condition &= Q(symbol__icontains=symbol.strip().replace("-", "/"))
        if since := wish.get("since"):
            condition &= Q(created_at__gte=_midnight(since))
        if until := wish.get("until"):
            condition &= Q(created_at__lt=_midnight(until + timedelta(days=1)))
        return condition & _of_state(wish.get("state", ""))


def _choice(label: Any, nothing: Any, rows: list[tuple[int, str]]) -> forms.TypedChoiceField:
    """One of the user's own rows; those of others are no choice."""
    return forms.TypedChoiceField(
        label=label, choices=[("", nothing), *rows], coerce=int, empty_value=None, required=False
    )


def _of_state(state: str) -> Q:
    match state:
        case "filled":
            return Q(status=OrderStatus.CLOSED)
        case "working":
            return Q(status__in=list(UNSETTLED))
        case "unfilled":
            return Q(status__in=list(TERMINAL), filled_amount=0)
    return Q()


def _midnight(day: Any) -> datetime:
    """The start of that day in the user's own zone."""
    return timezone.make_aware(datetime.combine(day, datetime.min.time()))
