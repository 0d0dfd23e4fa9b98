"""The log-in behind a session cookie: its key lies in the session."""

from django.contrib.auth.models import AnonymousUser
from django.contrib.sessions.backends.base import SessionBase
from django.http import HttpRequest
from django.utils import timezone

from accounts import logins
from accounts.models import LoginKind, LoginSession, User

KEY = "login"
GIVEN_AT = "login_second_factor"


def opened(request: HttpRequest, user: User) -> None:
    """Called when Django has logged somebody in."""
    login = logins.login_open(
        user=user, kind=LoginKind.BROWSER, second_factor=bool(request.session.pop(GIVEN_AT, False))
    )
    request.session[KEY] = login.key.hex


def closed(request: HttpRequest, user: User | AnonymousUser | None) -> None:
    """Called when somebody logs out, before the session is emptied."""
    login = login_of_session(request.session) if isinstance(user, User) else None
    if login is not None:
        logins.login_end(actor=login.owner, login=login, action="user.logout")


def login_of_request(request: HttpRequest, user: User) -> LoginSession | None:
    """None once it has ended. A session from before log-ins were written down gets one."""
    if KEY not in request.session:
        opened(request, user)
    login = logins.login_of_key(request.session[KEY], user.pk)
    if login is not None:
        _continue(request.session, login)
    return login


def login_of_session(session: SessionBase) -> LoginSession | None:
    return logins.login_of_key(str(session.get(KEY, "")), session.get("_auth_user_id"))


def _continue(session: SessionBase, login: LoginSession) -> None:
    """A cookie lasts from its last renewal on, and so does the log-in."""
    if login.expires_at - timezone.now() < logins.life_of(login.kind) / 2:
        session.modified = True  # a new cookie
        logins.login_continued(login)
    else:
        logins.login_seen(login)
