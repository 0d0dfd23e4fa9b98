"""The form of an order by hand. It collects; `trading.by_hand.checks` judges."""

import uuid
from typing import Any

from django import forms
from django.utils.translation import gettext_lazy as _
from django.utils.translation import pgettext_lazy

from exchanges.adapters.venues import SPOT_TYPES
from exchanges.symbols import canonical
from trading.by_hand.checks import Wish

SIDES = [("buy", _("Buy")), ("sell", _("Sell"))]
TYPES = [
    ("market", pgettext_lazy("kind of order", "Market")),
    ("limit", _("Limit")),
    ("ioc", _("Limit, at once")),
    ("stop", pgettext_lazy("kind of order", "Stop")),
]
PRICED = ("limit", "ioc")
KINDS = ("swap", "spot", "future")
"""Of markets; how a name such as GALA/USDT is read."""


def _number(label: Any, **options: Any) -> forms.DecimalField:
    return forms.DecimalField(label=label, max_digits=32, decimal_places=12, **options)


class OrderForm(forms.Form):
    kind = forms.ChoiceField(choices=[(kind, kind) for kind in KINDS], required=False, widget=forms.HiddenInput)
    symbol = forms.CharField(label=pgettext_lazy("what is traded", "Market"), max_length=40)
    side = forms.ChoiceField(label=_("Side"), choices=SIDES, widget=forms.RadioSelect, initial="buy")
    type = forms.ChoiceField(label=_("Kind of order"), choices=TYPES, widget=forms.RadioSelect, initial="market")
    amount = _number(_("Amount"))
    price = _number(_("Limit price"), required=False)
    trigger_price = _number(_("Trigger price"), required=False)
    post_only = forms.BooleanField(label=_("Only as maker: cancel it rather than take"), required=False)
    reduce_only = forms.BooleanField(label=_("Only reduce what is held"), required=False)
    key = forms.CharField(max_length=64, required=False, widget=forms.HiddenInput)

    def __init__(self, *args: Any, **options: Any) -> None:
        super().__init__(*args, **options)
        if self.markets == "spot":
            self.fields["type"].choices = [choice for choice in TYPES if choice[0] in SPOT_TYPES]  # type: ignore[attr-defined]
        self.fields["symbol"].widget.attrs |= {
            "placeholder": "GALA/USDT",
            "list": "order-symbols",
            "autocomplete": "off",
            "autocapitalize": "characters",
            "spellcheck": "false",
        }
        for name in ("amount", "price", "trigger_price"):
            self.fields[name].widget = forms.TextInput(attrs={"inputmode": "decimal", "autocomplete": "off"})

    @property
    def markets(self) -> str:
        """Of which kind they are."""
        wished = str(self.data.get("kind") or self.initial.get("kind") or "")
        return wished if wished in KINDS else "swap"

    def clean_symbol(self) -> str:
        try:
            return canonical(self.cleaned_data["symbol"], self.markets)
        except ValueError:
            raise forms.ValidationError(_("Enter a market, such as GALA/USDT.")) from None

    def wish(self) -> Wish:
        """Without the fields that this kind of order does not show."""
        values = self.cleaned_data
        kind = values["type"]
        return Wish(
            symbol=values["symbol"],
            side=values["side"],
            type=kind,
            amount=values["amount"],
            price=values["price"] if kind in PRICED else None,
            trigger_price=values["trigger_price"] if kind == "stop" else None,
            post_only=values["post_only"] and kind == "limit",
            reduce_only=values["reduce_only"] or (self.markets == "spot" and values["side"] == "sell"),
        )

    def with_key(self) -> dict[str, Any]:
        """What the question carries to the order: the same question twice is one order."""
        return {name: self.data.get(name, "") for name in self.fields if name != "key"} | {"key": uuid.uuid4().hex}

    def show_errors(self, errors: dict[str, list[str]]) -> None:
        for name, texts in errors.items():
            for text in texts:
                self.add_error(name if name in self.fields else None, text)
