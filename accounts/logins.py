"""Log-ins: opened, continued, listed, ended. An ended one is worth nothing at once, wherever it is used."""

from datetime import datetime, timedelta
from functools import partial
from uuid import UUID

from django.conf import settings
from django.db import transaction
from django.db.models import QuerySet
from django.utils import timezone

from accounts.audit import record
from accounts.models import LoginKind, LoginSession, User
from accounts.places import is_new_place
from accounts.request_facts import request_facts
from accounts.signals import login_changed, login_from_new_place

SEEN_EVERY = timedelta(minutes=1)  # last_seen_at is written this often at most


def life_of(kind: str) -> timedelta:
    """How long a log-in lasts without being continued."""
    if kind == LoginKind.BROWSER:
        return timedelta(seconds=settings.SESSION_COOKIE_AGE)
    return settings.SIMPLE_JWT["REFRESH_TOKEN_LIFETIME"]


def login_open(*, user: User, kind: LoginKind, second_factor: bool = False) -> LoginSession:
    """Writes the log-in down; `second_factor`: a code was given just now."""
    facts, now = request_facts(), timezone.now()
    with transaction.atomic():
        is_new = is_new_place(user, facts)
        login = LoginSession.objects.create(
            owner=user,
            kind=kind,
            ip=facts.ip,
            user_agent=facts.user_agent,
            second_factor_at=now if second_factor else None,
            expires_at=now + life_of(kind),
        )
        record(actor=user, action="user.login", target=user, details={"by": kind, "second_factor": second_factor})
        if is_new:
            record(actor=user, action="user.new_place", target=user)
            transaction.on_commit(partial(login_from_new_place.send, sender=User, user=user, login=login))
    return login


def logins_of(user: User) -> QuerySet[LoginSession]:
    """Those that are open, last used first."""
    return LoginSession.objects.filter(owner=user, ended_at=None, expires_at__gt=timezone.now()).order_by(
        "-last_seen_at", "-pk"
    )


def login_of_key(key: str, user_id: int | str | None = None) -> LoginSession | None:
    """The open log-in with its owner loaded; None once it has ended, run out or its user was disabled."""
    try:
        rows = LoginSession.objects.select_related("owner").filter(key=UUID(key), ended_at=None)
        rows = rows if user_id is None else rows.filter(owner_id=int(user_id))
        login = rows.first()
    except (ValueError, AttributeError, TypeError):
        return None
    if login is None or login.expires_at <= timezone.now() or not login.owner.is_active:
        return None
    login.owner.login_session = login
    return login


def login_seen(login: LoginSession) -> None:
    """Notes that it is in use, and from where; a browser's lasts from now on."""
    now = timezone.now()
    if now - login.last_seen_at < SEEN_EVERY:
        return
    facts = request_facts()
    changes: dict[str, datetime | str | None] = {"last_seen_at": now}
    if facts.ip:
        changes |= {"ip": facts.ip, "user_agent": facts.user_agent}
    LoginSession.objects.filter(pk=login.pk, ended_at=None).update(**changes)


def login_continued(login: LoginSession) -> None:
    """A refresh or a renewed cookie: lasts its whole life again from now."""
    now = timezone.now()
    LoginSession.objects.filter(pk=login.pk).update(last_seen_at=now, expires_at=now + life_of(login.kind))


def login_end(*, actor: User | None, login: LoginSession, action: str = "session.end") -> bool:
    """False when it had ended already."""
    with transaction.atomic():
        ended = _end(LoginSession.objects.filter(pk=login.pk))
        if ended:
            record(actor=actor, action=action, target=login, details={"kind": login.kind, "ip": login.ip})
            announce(login.owner_id)
    return bool(ended)


def logins_end_others(*, actor: User | None, user: User, keep: LoginSession | None = None) -> int:
    """Ends every log-in of the user but `keep`; the number of those."""
    rows = logins_of(user).exclude(pk=keep.pk if keep else 0)
    with transaction.atomic():
        ended = _end(rows)
        if ended:
            record(actor=actor, action="session.end_others", target=user, details={"count": ended})
        announce(user.pk)
    return ended


def announce(user_id: int) -> None:
    """Tells open sockets of the user, after commit, to ask whether they may stay."""
    transaction.on_commit(partial(login_changed.send, sender=User, user_id=user_id))


def logins_forget(before: datetime) -> int:
    """Deletes rows of log-ins that ended or ran out before this; places known from them are forgotten with them."""
    old = LoginSession.objects.filter(expires_at__lt=before)
    return old.delete()[0]


def _end(rows: QuerySet[LoginSession]) -> int:
    return rows.filter(ended_at=None).order_by().update(ended_at=timezone.now())
