"""What the orders page may be narrowed to."""

from datetime import datetime, timedelta
from typing import Any

from django import forms
from django.db.models import OuterRef, Q, QuerySet, Subquery, Sum
from django.utils import timezone
from django.utils.translation import gettext_lazy as _
from django.utils.translation import pgettext_lazy

from accounts.models import User
from accounts.pages.widgets import LongSelect
from bots.models import Bot
from exchanges.models import ExchangeAccount
from trading.core.order_state import TERMINAL, UNSETTLED, OrderStatus
from trading.ledger_inverse import FILL_WORTH
from trading.models import Fill, Order, Purpose

FILLED, WORKING, NOTHING_FILLED = "filled", "working", "unfilled"
CANCELLED, REFUSED, UNKNOWN = "cancelled", "refused", "unknown"


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
            (CANCELLED, _("Cancelled or expired")),
            (REFUSED, _("Refused or not sent")),
            (UNKNOWN, _("Not known")),
        ],
    )
    purpose = forms.ChoiceField(label=_("Purpose"), required=False, choices=[("", _("All")), *Purpose.choices])
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
        self.order_fields(["account", "bot", "symbol", "purpose", "state", "since", "until"])

    def orders(self) -> QuerySet[Order]:
        """The user's orders, newest first; `realised` is what closing brought before fees, None of an opening."""
        found = Order.objects.filter(account__owner=self.user).select_related("account", "bot")
        self.is_valid()
        shown = found.filter(self._condition(self.cleaned_data)).annotate(realised=_realised())
        return shown.order_by("-created_at", "-pk") if self.is_dated else shown.order_by("-pk")

    def fills(self) -> QuerySet[Fill]:
        """The executions of those orders, newest first."""
        found = Fill.objects.filter(account__owner=self.user).select_related("account", "order", "order__bot")
        self.is_valid()
        orders = Order.objects.filter(self._condition(self.cleaned_data))
        narrowed = any(self.cleaned_data.get(name) for name in self.fields)
        found = found.filter(order__in=orders) if narrowed else found
        shown = found.annotate(value=FILL_WORTH)
        return shown.order_by("-order__created_at", "-pk") if self.is_dated else shown.order_by("-pk")

    @property
    def is_dated(self) -> bool:
        """Narrowed by days: found by the index over the times then, in whose order they are shown."""
        return bool(self.cleaned_data.get("since") or self.cleaned_data.get("until"))

    def older(self, rows: QuerySet[Any], last: int) -> QuerySet[Any]:
        """Those of `orders()` or `fills()` that follow the row `last`."""
        if not self.is_dated:
            return rows.filter(pk__lt=last)
        name = "created_at" if rows.model is Order else "order__created_at"
        at = rows.model.objects.filter(pk=last, account__owner=self.user).values_list(name, flat=True).first()
        if at is None:
            return rows.none()
        return rows.filter(Q(**{f"{name}__lte": at}) & (Q(**{f"{name}__lt": at}) | Q(pk__lt=last)))

    def _condition(self, wish: dict[str, Any]) -> Q:
        condition = Q()
        if purpose := wish.get("purpose"):
            condition &= Q(purpose=purpose)
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
        label=label, choices=[("", nothing), *rows], coerce=int, empty_value=None, required=False, widget=LongSelect
    )


def _of_state(state: str) -> Q:
    match state:
        case "filled":
            return Q(status=OrderStatus.CLOSED)
        case "working":
            return Q(status__in=list(UNSETTLED))
        case "unfilled":
            return Q(status__in=list(TERMINAL), filled_amount=0)
        case "cancelled":
            return Q(status__in=[OrderStatus.CANCELED, OrderStatus.EXPIRED])
        case "refused":
            return Q(status__in=[OrderStatus.REJECTED, OrderStatus.DENIED])
        case "unknown":
            return Q(status=OrderStatus.UNKNOWN)
    return Q()


def _realised() -> Subquery:
    """One look into an order's fills for each row that is shown."""
    of_order = Fill.objects.filter(order=OuterRef("pk")).exclude(realised_pnl=0).order_by().values("order")
    return Subquery(of_order.annotate(total=Sum("realised_pnl")).values("total"))


def _midnight(day: Any) -> datetime:
    """The start of that day in the user's own zone."""
    return timezone.make_aware(datetime.combine(day, datetime.min.time()))
