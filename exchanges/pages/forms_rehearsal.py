"""The form of a rehearsal. It collects; `trading.rehearsal` judges."""

from collections.abc import Iterable, Mapping
from typing import Any

from django import forms
from django.utils.translation import gettext_lazy as _
from django.utils.translation import pgettext_lazy

from trading.rehearsal import Kind, Wish


class RehearsalForm(forms.Form):
    kind = forms.ChoiceField(label=_("What goes wrong"), choices=Kind.choices, widget=forms.RadioSelect)
    symbol = forms.ChoiceField(label=pgettext_lazy("what is traded", "Market"), required=False)
    strength = forms.DecimalField(label=_("How much"), required=False, max_digits=6, decimal_places=2)
    orders = forms.IntegerField(label=_("Next orders"), required=False)
    minutes = forms.IntegerField(label=_("Duration"), required=False)

    def __init__(self, *args: Any, symbols: Iterable[str] = (), **options: Any) -> None:
        super().__init__(*args, **options)
        self.auto_id = "rehearsal_%s"  # beside the order form, which has a market too
        self.fields["kind"].initial = Kind.REJECT
        self.fields["symbol"] = forms.ChoiceField(
            label=pgettext_lazy("what is traded", "Market"),
            required=False,
            choices=[("", _("Every market")), *((symbol, symbol.partition(":")[0]) for symbol in symbols)],
        )
        for name in ("strength", "orders", "minutes"):
            self.fields[name].widget = forms.TextInput(attrs={"inputmode": "decimal", "autocomplete": "off"})

    def wish(self) -> Wish:
        """Without the numbers that this kind does not have."""
        values = self.cleaned_data
        kind = Kind(values["kind"])
        of_orders = kind not in (Kind.FREEZE, Kind.LIQUIDATE)
        return Wish(
            kind=kind,
            strength=values["strength"] if of_orders else None,
            orders=values["orders"] if of_orders else None,
            minutes=values["minutes"] if kind != Kind.LIQUIDATE else None,
            symbol=values["symbol"],
        )

    def show_errors(self, errors: Mapping[str, list[str]]) -> None:
        for name, texts in errors.items():
            for text in texts:
                self.add_error(name if name in self.fields else None, text)
