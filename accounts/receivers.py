"""What happens when Django logs somebody in or out, however it came to that."""

from typing import Any

from django.contrib.auth.signals import user_logged_in, user_logged_out
from django.http import HttpRequest
from django.urls import reverse
from django.utils.translation import gettext as _
from django.utils.translation import override

from accounts import browser_logins
from accounts.models import LoginSession, NoticeKind, Severity, User
from accounts.notifications import notify
from accounts.places import device_of
from accounts.signals import login_from_new_place


def connect() -> None:
    user_logged_in.connect(_in, dispatch_uid="accounts.logged_in")
    user_logged_out.connect(_out, dispatch_uid="accounts.logged_out")
    login_from_new_place.connect(_new_place, dispatch_uid="accounts.new_place")


def _in(sender: Any, request: HttpRequest, user: User, **kwargs: Any) -> None:
    browser_logins.opened(request, user)


def _out(sender: Any, request: HttpRequest, user: User | None, **kwargs: Any) -> None:
    browser_logins.closed(request, user)


def _new_place(sender: Any, user: User, login: LoginSession, **kwargs: Any) -> None:
    with override(user.language):
        title = _("Log-in from a new place")
        words = {"device": device_of(login.user_agent) or "–", "ip": login.ip or "–"}
        text = _("%(device)s, %(ip)s. If that was not you: change your password, it ends every log-in.") % words
    notify(
        user=user, kind=NoticeKind.LOGIN, severity=Severity.WARNING, title=title, text=text, link=reverse("settings")
    )
