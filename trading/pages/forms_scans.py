"""The form of a new scan, and which pairs of one are shown. `trading.scans.validation` judges what was sent."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Final
from urllib.parse import urlencode

from django import forms
from django.db.models import Q, QuerySet
from django.utils.functional import Promise
from django.utils.translation import gettext_lazy as _

from exchanges.api.filters_data import VENUES
from exchanges.pages.data_view import timeframe_word
from exchanges.timeframes import TIMEFRAME_MS
from trading.api.filters_scans import ORDERED, ordered
from trading.models import ScannedPair
from trading.scans.shelf import Shelf

DEFAULT_SORT: Final = "best"
TEXT_MOST: Final = 40
VERDICTS: Final[dict[str, str | Promise]] = {
    "": _("All"),
    ScannedPair.Verdict.HOLDS.value: _("Hold"),
    ScannedPair.Verdict.BROKE.value: _("Broke"),
    ScannedPair.Verdict.NONE.value: _("Not found"),
}


class ScanForm(forms.Form):
    exchange = forms.ChoiceField(label=_("Exchange"), choices=VENUES)
    timeframe = forms.ChoiceField(label=_("Candle"))
    since = forms.CharField(label=_("From"), required=False)
    until = forms.CharField(label=_("To"), required=False)
    symbols = forms.CharField(label=_("Markets"), required=False, widget=forms.Textarea(attrs={"rows": 2}))
    size_quote = forms.CharField(label=_("Size of one leg"), initial="1,000")
    cost_pct = forms.CharField(label=_("Cost of a round trip"), initial="0.24")
    out_of_sample_pct = forms.ChoiceField(
        label=_("Kept back"), initial="30", choices=[(str(share), f"{share} %") for share in (20, 30, 40, 50)]
    )
    download = forms.BooleanField(label=_("Download candles that are missing first"), required=False)

    def __init__(self, *args: Any, shelf: Shelf, **options: Any) -> None:
        super().__init__(*args, **options)
        self.fields["timeframe"].choices = [(name, timeframe_word(name)) for name in TIMEFRAME_MS]  # type: ignore[attr-defined]
        self.fields["exchange"].initial, self.fields["timeframe"].initial = shelf.fullest
        for name in ("since", "until"):
            self.fields[name].widget = forms.DateInput(attrs={"type": "date"})
        self.fields["symbols"].widget.attrs |= {
            "placeholder": "GALA/USDT, CHZ/USDT, SAND/USDT",
            "autocomplete": "off",
            "autocapitalize": "characters",
            "spellcheck": "false",
        }
        for name in ("size_quote", "cost_pct"):
            self.fields[name].widget.attrs |= {"inputmode": "decimal", "autocomplete": "off"}

    def sent(self) -> dict[str, Any]:
        values: dict[str, Any] = {name: str(self.data.get(name, "")).strip() for name in self.fields}
        for name in ("size_quote", "cost_pct"):
            values[name] = values[name].replace(",", "")
        return values | {"download": "download" in self.data}

    def show_errors(self, errors: Mapping[str, list[str]]) -> None:
        for name, texts in errors.items():
            for text in texts:
                self.add_error(name if name in self.fields else None, text)


@dataclass(frozen=True, slots=True)
class PairQuery:
    """Unknown words count as not asked."""

    verdict: str = ""
    text: str = ""
    sort: str = DEFAULT_SORT

    @classmethod
    def of(cls, wishes: Mapping[str, str]) -> "PairQuery":
        verdict, sort = wishes.get("verdict", ""), wishes.get("sort", "")
        return cls(
            verdict if verdict in VERDICTS else "",
            wishes.get("q", "").replace("\x00", "").strip()[:TEXT_MOST],
            sort if sort.removeprefix("-") in ORDERED else DEFAULT_SORT,
        )

    @property
    def is_narrowed(self) -> bool:
        return bool(self.verdict or self.text)

    def address(self, **changes: str) -> str:
        """The wishes as an address' query, with some of them changed; ends in & unless it is empty."""
        wishes = {"verdict": self.verdict, "q": self.text, "sort": "" if self.sort == DEFAULT_SORT else self.sort}
        given = {name: value for name, value in (wishes | changes).items() if value}
        return urlencode(given) + "&" if given else ""

    def found(self, pairs: QuerySet[ScannedPair]) -> QuerySet[ScannedPair]:
        condition = Q(verdict=self.verdict) if self.verdict else Q()
        for word in self.text.upper().replace(",", " ").split():
            condition &= Q(market1__icontains=word) | Q(market2__icontains=word)
        return ordered(pairs.filter(condition), self.sort)
