"""Forms of the notification pages. `accounts.notifications.channels` judges what they collect."""

from typing import Any

from django import forms
from django.core.exceptions import ValidationError
from django.utils.translation import gettext_lazy as _

from accounts.models import Channel, ChannelKind, NoticeKind, Severity, User
from accounts.notifications.channels import ADDRESS_LENGTH, CHOOSABLE, channel_change, channel_create
from accounts.notifications.services_known import EXAMPLES

QUIET = {"type": "time"}
TICK = {"class": "form-check-input"}
FROM = (
    (Severity.INFO, _("Everything")),
    (Severity.WARNING, _("Warnings and errors")),
    (Severity.ERROR, _("Errors only")),
)


class ChannelForm(forms.Form):
    """`save()` says whether it was saved; `channel` and `secret` (a webhook's, told once) hold what came of it."""

    name = forms.CharField(label=_("Name"), max_length=60, widget=forms.TextInput(attrs={"autocomplete": "off"}))
    address = forms.CharField(
        label=_("Address"),
        max_length=ADDRESS_LENGTH,
        required=False,
        widget=forms.TextInput(attrs={"autocomplete": "off", "spellcheck": "false", "autocapitalize": "none"}),
    )
    least_severity = forms.ChoiceField(label=_("Tells"), choices=FROM)
    kinds = forms.MultipleChoiceField(
        label=_("Of"), choices=[(kind, NoticeKind(kind).label) for kind in CHOOSABLE], required=False
    )
    quiet_from = forms.TimeField(label=_("Quiet from"), required=False, widget=forms.TimeInput(QUIET, "%H:%M"))
    quiet_to = forms.TimeField(label=_("Quiet until"), required=False, widget=forms.TimeInput(QUIET, "%H:%M"))
    errors_pass = forms.BooleanField(
        label=_("Errors come through in quiet hours"), required=False, widget=forms.CheckboxInput(TICK)
    )
    is_active = forms.BooleanField(label=_("Switched on"), required=False, widget=forms.CheckboxInput(TICK))

    def __init__(self, user: User, kind: str, data: Any = None, *, channel: Channel | None = None) -> None:
        super().__init__(data, initial=_shown(channel, kind))
        self.user, self.kind, self.channel = user, kind, channel
        self.secret = ""
        if kind == ChannelKind.MAIL:
            del self.fields["address"]
        else:
            self.fields["address"].widget.attrs["placeholder"] = EXAMPLES[ChannelKind(kind)]
            self.fields["address"].required = channel is None

    @property
    def kind_word(self) -> str:
        return str(ChannelKind(self.kind).label)

    @property
    def chosen(self) -> list[str]:
        """Kinds whose boxes are ticked."""
        value = self["kinds"].value()
        return list(value or [])

    def save(self) -> bool:
        values = dict(self.cleaned_data)
        address = values.pop("address", "")
        try:
            if self.channel is None:
                made = channel_create(user=self.user, kind=self.kind, address=address, values=values)
                self.channel, self.secret = made
            else:
                channel_change(channel=self.channel, values=values, address=address)
        except ValidationError as error:
            self._show(error)
            return False
        return True

    def _show(self, error: ValidationError) -> None:
        found = error.message_dict if hasattr(error, "error_dict") else {"": error.messages}
        for name, texts in found.items():
            for text in texts:
                self.add_error(name if name in self.fields else None, text)


def _shown(channel: Channel | None, kind: str) -> dict[str, Any]:
    if channel is None:
        word = str(ChannelKind(kind).label)
        return {"name": word, "least_severity": Severity.INFO, "errors_pass": True, "is_active": True}
    names = ("name", "least_severity", "kinds", "quiet_from", "quiet_to", "errors_pass", "is_active")
    return {name: getattr(channel, name) for name in names}
