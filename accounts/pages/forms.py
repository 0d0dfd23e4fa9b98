"""Forms of the log-in, registration and settings pages."""

import zoneinfo
from datetime import datetime, timedelta
from typing import Any

from django import forms
from django.core.exceptions import ValidationError
from django.http import HttpRequest
from django.utils import timezone
from django.utils.translation import gettext_lazy as _
from django.utils.translation import pgettext_lazy

from accounts import services
from accounts.login import LoginRefused, password_check, refuse_haste
from accounts.models import ApiScope, User


def _password(label: Any, *, new: bool) -> forms.CharField:
    kind = "new-password" if new else "current-password"
    return forms.CharField(
        label=label, strip=False, max_length=256, widget=forms.PasswordInput(attrs={"autocomplete": kind})
    )


def _time_zones() -> list[tuple[str, str]]:
    return [(name, name.replace("_", " ")) for name in sorted(zoneinfo.available_timezones())]


def _refuse_haste(request: HttpRequest, scope: str, account: str = "") -> None:
    try:
        refuse_haste(request, scope, account)
    except LoginRefused as refusal:
        raise ValidationError(refusal.message, code=refusal.code) from None


class LoginForm(forms.Form):
    """`user` holds the user after `is_valid()`; every attempt is counted."""

    username = forms.CharField(
        label=_("User name or e-mail"),
        max_length=254,
        widget=forms.TextInput(attrs={"autocomplete": "username", "autofocus": True}),
    )
    password = _password(_("Password"), new=False)

    user: User | None = None

    def __init__(self, request: HttpRequest, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.request = request

    def clean(self) -> dict[str, Any]:
        data = super().clean() or self.cleaned_data
        if "username" not in data or "password" not in data:
            return data
        try:
            self.user = password_check(self.request, data["username"], data["password"])
        except LoginRefused as refusal:
            raise ValidationError(refusal.message, code=refusal.code) from None
        return data


class CodeForm(forms.Form):
    """A code of the second factor. What it opens is the page's matter."""

    code = forms.CharField(
        label=_("Code of your authenticator app"),
        max_length=32,
        help_text=_("Or one of your recovery codes."),
        widget=forms.TextInput(
            attrs={
                "autocomplete": "one-time-code",
                "inputmode": "text",
                "autocapitalize": "none",
                "spellcheck": "false",
                "autofocus": True,
                "class": "code-input",
            }
        ),
    )


class RegisterForm(forms.Form):
    """`save()` creates the user with the page's language and the browser's time zone; None: see the errors."""

    username = forms.CharField(
        label=_("User name"), max_length=150, widget=forms.TextInput(attrs={"autocomplete": "username"})
    )
    email = forms.EmailField(
        label=_("E-mail"), max_length=254, widget=forms.EmailInput(attrs={"autocomplete": "email"})
    )
    password = _password(_("Password"), new=True)
    time_zone = forms.CharField(required=False, max_length=64, widget=forms.HiddenInput)

    def __init__(self, request: HttpRequest, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.request = request

    def clean_time_zone(self) -> str:
        name = self.cleaned_data["time_zone"]
        return name if name in zoneinfo.available_timezones() else "UTC"

    def clean(self) -> dict[str, Any]:
        data = super().clean() or self.cleaned_data
        if not self.errors:
            _refuse_haste(self.request, "register")
        return data

    def save(self) -> User | None:
        try:
            return services.user_register(**self.cleaned_data, language=self.request.LANGUAGE_CODE)
        except ValidationError as error:
            self.add_error(None, error)
            return None


class SettingsForm(forms.ModelForm):
    time_zone = forms.ChoiceField(label=_("Time zone"), choices=_time_zones)

    class Meta:
        model = User
        fields = services.PREFERENCES

    def save(self, commit: bool = True) -> User:
        return services.user_update(user=self.instance, changes=self.cleaned_data)


class PasswordForm(forms.Form):
    """`save()` says whether it was changed; the view then calls `update_session_auth_hash` to stay logged in here."""

    current_password = _password(_("Current password"), new=False)
    new_password = _password(_("New password"), new=True)

    def __init__(self, user: User, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.user = user

    def save(self) -> bool:
        data = self.cleaned_data
        current, new = data["current_password"], data["new_password"]
        try:
            services.user_change_password(user=self.user, current=current, new=new, keep=self.user.login_session)
        except ValidationError as error:
            self.add_error(None, error)
            return False
        return True


class EmailForm(forms.Form):
    """`save()`: True when the address holds, False when it waits for its mail, None: see the errors."""

    email = forms.EmailField(
        label=_("New e-mail"), max_length=254, widget=forms.EmailInput(attrs={"autocomplete": "email"})
    )
    current_password = _password(_("Password"), new=False)

    def __init__(self, user: User, data: Any = None) -> None:
        super().__init__(data, auto_id="id_mail_%s")
        self.user = user

    def save(self) -> bool | None:
        data = self.cleaned_data
        try:
            return services.email_change(user=self.user, email=data["email"], password=data["current_password"])
        except ValidationError as error:
            self.add_error(None, error)
            return None


class ForgottenForm(forms.Form):
    email = forms.EmailField(
        label=_("E-mail"), max_length=254, widget=forms.EmailInput(attrs={"autocomplete": "email", "autofocus": True})
    )


class NewPasswordForm(forms.Form):
    """By a link in a mail."""

    new_password = _password(_("New password"), new=True)

    def __init__(self, user: User, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.user = user

    def save(self) -> bool:
        try:
            services.user_reset_password(user=self.user, new=self.cleaned_data["new_password"])
        except ValidationError as error:
            self.add_error(None, error)
            return False
        return True


class SwitchOffForm(CodeForm):
    """Password and code: neither a stolen phone nor an unwatched browser is enough."""

    password = _password(_("Password"), new=False)
    field_order = ("password", "code")

    def __init__(self, data: Any = None) -> None:
        super().__init__(data, auto_id="id_off_%s")
        self.fields["code"].widget.attrs.pop("autofocus")


class TokenForm(forms.Form):
    DAYS = (("30", _("30 days")), ("90", _("90 days")), ("365", _("One year")), ("", _("Never")))

    name = forms.CharField(label=_("Name"), max_length=60, widget=forms.TextInput(attrs={"autocomplete": "off"}))
    scope = forms.ChoiceField(
        label=pgettext_lazy("what a token may do", "May"), choices=ApiScope.choices, initial=ApiScope.READ
    )
    days = forms.ChoiceField(label=_("Runs out after"), choices=DAYS, required=False, initial="90")

    def expires_at(self) -> datetime | None:
        days = self.cleaned_data["days"]
        return timezone.now() + timedelta(days=int(days)) if days else None


class AddressesForm(forms.Form):
    networks = forms.CharField(
        label=_("Addresses and networks, one on each line"),
        max_length=4000,
        required=False,
        widget=forms.Textarea(attrs={"rows": 5, "spellcheck": "false", "class": "mono"}),
    )

    def lines(self) -> list[str]:
        return self.cleaned_data["networks"].splitlines()
