"""The audit log as it is read."""

from datetime import datetime

from django.db import connection, transaction
from django.db.models import Q, QuerySet
from django.utils.translation import gettext_lazy as _

from accounts.audit import record
from accounts.models import AuditEntry, User

AREAS = (
    ("access", _("Log-ins and access")),
    ("bot", _("Bots")),
    ("account", _("Exchange accounts")),
    ("limits", _("Limits and switches")),
    ("settings", _("Settings")),
)
PREFIXES = {
    "access": ("user.log", "user.new_place", "user.password", "session.", "second_factor.", "key.", "user.addresses"),
    "bot": ("bot.",),
    "account": ("account.", "order.", "reconciliation."),
    "limits": ("limit", "risk", "switch", "trading."),
    "settings": ("user.change", "user.email", "user.role", "user.register"),
}
"""How the actions of an area begin."""


def entries_of(user: User) -> QuerySet[AuditEntry]:
    """What he did and what was done to what is his, newest first."""
    return AuditEntry.objects.filter(Q(owner=user) | Q(actor=user)).order_by("-at", "-pk")


def entries_shown(entries: QuerySet[AuditEntry], area: str) -> QuerySet[AuditEntry]:
    """Those of one area; of all for an empty one."""
    wanted = Q()
    for prefix in PREFIXES.get(area, ()):
        wanted |= Q(action__startswith=prefix)
    return entries.filter(wanted)


def entries_trim(*, before: datetime) -> int:
    """An operator's retention: the only way to delete entries. It leaves an entry of its own."""
    with transaction.atomic():
        with connection.cursor() as cursor:
            cursor.execute("SET LOCAL chainmakes.audit_retention = 'on'")
        count = AuditEntry.objects.filter(at__lt=before).delete()[0]
        with connection.cursor() as cursor:
            cursor.execute("SET LOCAL chainmakes.audit_retention = 'off'")
        record(actor=None, action="audit.trim", details={"before": before.isoformat(), "count": count})
    return count
