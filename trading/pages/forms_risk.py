"""The form of limits: what was typed, and beside each field what is wrong and what an administrator has set over it.

No rules here: `trading.risk.services` reads and judges.
"""

from collections.abc import Mapping
from decimal import Decimal
from typing import Any, Final

from django import forms
from django.utils.translation import gettext_lazy as _

from bots.settings.form_values import shown_number, typed_number
from exchanges.models import Exchange
from exchanges.symbols import short
from trading.core.risk import Rule
from trading.models import DrawdownFrom, RiskLimits
from trading.risk.rule_words import RULES
from trading.risk.services import COUNTS, EXCHANGES, FIELDS, LISTS, MONEY, PERCENT, SPANS

NUMBERS: Final = (*MONEY, *PERCENT, *COUNTS, *SPANS, "warn_at")
OTHER_NAMES: Final = {
    "cooldown_minutes": _("Pause after them"),
    "churn_minutes": _("Within"),
    "drawdown_from": _("Drawdown counts from"),
    "warn_at": _("Call it near at"),
    "warn_margin": _("Warn of free margin below"),
}


class LimitsForm(forms.Form):
    """Texts as typed; `data_sent` is what the service reads, `show_errors` puts its complaints beside their fields."""

    drawdown_from = forms.ChoiceField(label=OTHER_NAMES["drawdown_from"], choices=DrawdownFrom.choices, required=False)
    allowed_symbols = forms.CharField(
        label=RULES[Rule.SYMBOLS].name, required=False, widget=forms.Textarea(attrs={"rows": 2})
    )
    allowed_exchanges = forms.MultipleChoiceField(
        label=RULES[Rule.EXCHANGES].name,
        choices=[(str(name), Exchange(name).label) for name in EXCHANGES],
        required=False,
        widget=forms.CheckboxSelectMultiple,
    )
    measure_anew = forms.BooleanField(label=_("Measure the drawdown from now on"), required=False)

    def __init__(self, *args: Any, admin: RiskLimits | None = None, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        for name in NUMBERS:
            label = OTHER_NAMES.get(name) or RULES[Rule(name)].name
            widget = forms.TextInput(attrs={"inputmode": "decimal", "autocomplete": "off", "class": "form-control n"})
            self.fields[name] = forms.CharField(label=label, required=False, max_length=40, widget=widget)
        for name in FIELDS:
            self.fields[name].help_text = _admin_words(admin, name)

    @classmethod
    def of(cls, row: RiskLimits, admin: RiskLimits | None) -> "LimitsForm":
        values = {name: _shown(name, getattr(row, name)) for name in FIELDS}
        return cls(initial=values, admin=admin)

    def data_sent(self) -> dict[str, Any]:
        data = {name: self.cleaned_data.get(name) for name in FIELDS}
        return data | {name: typed_number(data[name] or "") for name in NUMBERS}

    def show_errors(self, errors: Mapping[str, list[str]]) -> None:
        for name, texts in errors.items():
            for text in texts:
                self.add_error(name if name in self.fields else None, text)


def _shown(name: str, value: Any) -> Any:
    if name == "allowed_symbols":
        return ", ".join(short(symbol) for symbol in value)
    if name in (*MONEY, *PERCENT) and value is not None:
        return shown_number(value, least=0)
    return "" if value is None else value


def _admin_words(admin: RiskLimits | None, name: str) -> Any:
    value = getattr(admin, name) if admin else None
    if not value or name in SPANS or name not in (*MONEY, *PERCENT, *COUNTS, *LISTS):
        return ""
    text = (
        ", ".join(short(each) for each in value) if isinstance(value, list) else shown_number(Decimal(value), least=0)
    )
    return _("Administrator: %(limit)s") % {"limit": text}
