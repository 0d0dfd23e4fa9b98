"""Forms of the log-in, registration and settings pages."""

import zoneinfo
from typing import Any

from django import forms
from django.contrib.auth import authenticate
from django.core.exceptions import ValidationError
from django.http import HttpRequest
from django.utils.translation import gettext_lazy as _

from accounts import services
from accounts.models import User
from accounts.throttles import wait_s


def _password(label: Any, *, new: bool) -> forms.CharField:
    kind = "new-password" if new else "current-password"
    return forms.CharField(
        label=label, strip=False, max_length=256, widget=forms.PasswordInput(attrs={"autocomplete": kind})
    )


def _time_zones() -> list[tuple[str, str]]:
    return [(name, name.replace("_", " ")) for name in sorted(zoneinfo.available_timezones())]


def _refuse_haste(request: HttpRequest, scope: str, account: str = "") -> None:
    if seconds := wait_s(request, scope, account=account):
        message = _("Too many attempts. Try again in %(seconds)s seconds.")
        raise ValidationError(message, code="throttled", params={"seconds": seconds})


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
        _refuse_haste(self.request, "login", data["username"])
        self.user = authenticate(self.request, username=data["username"], password=data["password"])
        if self.user is None:
            raise ValidationError(_("User name or password is not right."), code="invalid_credentials")
        return data


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
        try:
            services.user_change_password(user=self.user, current=data["current_password"], new=data["new_password"])
        except ValidationError as error:
            self.add_error(None, error)
            return False
        return True
