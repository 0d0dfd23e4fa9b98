"""The form that asks for history. It collects; `exchanges.history.download_data` reads and judges what was sent."""

from datetime import timedelta
from typing import Any

from django import forms
from django.utils import timezone
from django.utils.translation import gettext_lazy as _
from django.utils.translation import pgettext_lazy

from exchanges.api.filters_data import VENUES
from exchanges.models import CandleDownload
from exchanges.pages.data_view import timeframe_word
from exchanges.timeframes import TIMEFRAME_MS

USUAL = timedelta(days=90)
TYPES = [("swap", _("Perpetual")), ("spot", _("Spot"))]


class DownloadForm(forms.Form):
    kind = forms.ChoiceField(
        label=_("What"), choices=CandleDownload.Kind.choices, widget=forms.RadioSelect, initial="candles"
    )
    exchange = forms.ChoiceField(label=_("Exchange"), choices=VENUES)
    type = forms.ChoiceField(label=_("Kind of market"), choices=TYPES)
    symbol = forms.CharField(label=pgettext_lazy("what is traded", "Market"), max_length=40)
    timeframe = forms.ChoiceField(label=_("Candle"), required=False, initial="1m")
    since = forms.CharField(label=_("From"))
    until = forms.CharField(label=_("To"), required=False)

    def __init__(self, *args: Any, **options: Any) -> None:
        super().__init__(*args, **options)
        self.fields["timeframe"].choices = [(name, timeframe_word(name)) for name in TIMEFRAME_MS]  # type: ignore[attr-defined]
        today = timezone.now().date()
        for name in ("since", "until"):
            self.fields[name].widget = forms.DateInput(attrs={"type": "date", "max": today.isoformat()})
        self.fields["since"].initial = (today - USUAL).isoformat()
        self.fields["symbol"].widget.attrs |= {
            "placeholder": "GALA/USDT",
            "list": "symbols",
            "autocomplete": "off",
            "autocapitalize": "characters",
            "spellcheck": "false",
        }

    def sent(self) -> dict[str, str]:
        """Funding rates have no timeframe, and no type to choose."""
        values = {name: str(self.data.get(name, "")) for name in self.fields}
        if values["kind"] == CandleDownload.Kind.FUNDING:
            return {name: value for name, value in values.items() if name not in ("timeframe", "type")}
        return values

    def show_errors(self, errors: dict[str, list[str]]) -> None:
        for name, texts in errors.items():
            for text in texts:
                self.add_error(name if name in self.fields else None, text)
