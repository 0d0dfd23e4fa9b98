"""Whether the program itself still runs, told in PostgreSQL: needs neither Redis nor whoever has fallen silent.

Each part says now and then that it runs. Whoever runs looks after the others: the guardian after the workers, the
workers after the guardian.
"""

from concurrent.futures import ThreadPoolExecutor
from datetime import timedelta
from typing import Final

from django.conf import settings
from django.core.mail import send_mail
from django.db import transaction
from django.db.models import F, Q
from django.db.models.functions import Now
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy, override

from accounts.models import NoticeKind, Role, Severity, SignOfLife, User
from accounts.notifications.fan_out import is_mailed
from accounts.notifications.writing import notify

PARTS: Final = {
    "io": gettext_lazy("The clock that starts all work, or the worker for messages and comparisons"),
    "trading": gettext_lazy("The worker that trades"),
    "guardian": gettext_lazy("The guardian"),
}

_letters = ThreadPoolExecutor(1, thread_name_prefix="engine_watch")


def sign_of_life(part: str) -> None:
    SignOfLife.objects.update_or_create(part=part, defaults={"at": Now()})


def engine_look() -> list[str]:
    """Tells administrators of parts that have fallen silent, and that they are back. Names of those that fell silent.

    Once for each incident: a part that is only late comes and goes, so it is back when it was heard for as long as it
    takes to call one silent.
    """
    late = Now() - timedelta(seconds=settings.ENGINE_SILENCE_S)
    silent = []
    SignOfLife.objects.filter(at__lt=late, heard_since__isnull=False).update(heard_since=None)
    for sign in SignOfLife.objects.filter(at__lt=late, silent_since=None):
        if SignOfLife.objects.filter(pk=sign.pk, at__lt=late, silent_since=None).update(silent_since=F("at")):
            silent.append(sign.part)
            _tell(sign.part, is_back=False)
    heard_again = SignOfLife.objects.filter(at__gte=late, silent_since__isnull=False)
    heard_again.filter(heard_since=None).update(heard_since=Now())
    for sign in heard_again.filter(heard_since__lt=late):
        back = SignOfLife.objects.filter(pk=sign.pk, silent_since__isnull=False)
        if back.update(silent_since=None, heard_since=None):
            _tell(sign.part, is_back=True)
    return silent


def letters_wait() -> None:
    """Until what was to be mailed so far is mailed."""
    _letters.submit(int).result()


def _tell(part: str, *, is_back: bool) -> None:
    """Over the channels, which the guardian sends where their worker is the silent one; else by a mail of its own."""
    staff = User.objects.filter(Q(role=Role.ADMIN) | Q(is_superuser=True), is_active=True)
    for user in staff:
        with override(user.language):
            title, text = _words(part, is_back)
        with transaction.atomic():
            severity = Severity.INFO if is_back else Severity.ERROR
            notify(user=user, kind=NoticeKind.ENGINE, severity=severity, title=title, text=text)
        if user.email and not is_back and not is_mailed(user, NoticeKind.ENGINE, Severity.ERROR):
            _letters.submit(_write_letter, title, text, user.email)


def _words(part: str, is_back: bool) -> tuple[str, str]:
    words = {"part": str(PARTS.get(part, part)), "seconds": int(settings.ENGINE_SILENCE_S)}
    if is_back:
        return _("ChainMakes runs again"), _("%(part)s is heard again.") % words
    text = _("%(part)s has given no sign of life for %(seconds)s s. Look at the server, and at open positions.")
    return _("ChainMakes is silent"), text % words


def _write_letter(subject: str, text: str, address: str) -> bool:
    """A mail server that does not answer keeps nobody waiting; the row of the notification stays."""
    try:
        return bool(send_mail(subject, text, None, [address]))
    except OSError:
        return False
