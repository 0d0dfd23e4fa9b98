"""What a journal can be searched by on a bot's page. What cannot be read is not searched by, and says so."""

from collections.abc import Mapping
from datetime import UTC, datetime, time, timedelta
from typing import Any

from django import forms
from django.db.models import QuerySet
from django.utils.translation import gettext_lazy as _

from bots.journal.search import TEXT_MAX, between, events_of, with_code, with_text
from bots.models import Bot
from trading.models import TradeLog


def _day(label: Any) -> forms.DateField:
    return forms.DateField(label=label, required=False, widget=forms.DateInput(attrs={"type": "date"}))


class JournalForm(forms.Form):
    """Days are UTC days."""

    text = forms.CharField(
        label=_("Search the journal"),
        required=False,
        max_length=TEXT_MAX,
        widget=forms.TextInput(attrs={"type": "search", "autocomplete": "off"}),
    )
    code = forms.ChoiceField(label=_("Event"), required=False)
    since = _day(_("From (UTC)"))
    until = _day(_("To (UTC)"))

    def __init__(self, query: Mapping[str, str], *, bot: Bot) -> None:
        super().__init__(
            {name: query.get(name, "") for name in ("text", "code", "since", "until")}, auto_id="journal_%s"
        )
        self.fields["code"] = forms.ChoiceField(
            label=_("Event"), required=False, choices=[("", _("Every event")), *events_of(bot)]
        )
        self.is_valid()

    def narrowed(self, lines: QuerySet[TradeLog]) -> QuerySet[TradeLog]:
        values = self.cleaned_data
        if code := values.get("code"):
            lines = with_code(lines, code)
        if text := values.get("text"):
            lines = with_text(lines, text)
        until = values.get("until")
        return between(lines, _midnight(values.get("since")), _midnight(until + timedelta(days=1) if until else None))

    def kept(self) -> dict[str, str]:
        """The parameters that say the same again."""
        return {name: str(value) for name, value in self.cleaned_data.items() if value}


def _midnight(day: Any) -> datetime | None:
    return datetime.combine(day, time(), UTC) if day else None
