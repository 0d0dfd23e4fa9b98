"""Tells users of limits that are near or reached."""

from datetime import datetime, timedelta
from typing import Final

from django.urls import reverse
from django.utils.translation import gettext as _
from django.utils.translation import override

from accounts.models import NoticeKind, Severity, User
from accounts.notifications import notify
from accounts.notifications.inbox import was_told
from bots.amounts import grouped
from trading.models import RiskLimits
from trading.risk.rule_words import RULES
from trading.risk.usage import Usage, usages
from trading.risk.wishes import Kind

AGAIN_AFTER: Final = timedelta(hours=6)
"""What stays near is told again after this."""
KINDS: Final[tuple[Kind, ...]] = ("live", "paper")


def limits_look(now: datetime) -> int:
    """How many news came of it. Users without limits cost nothing, unless there are limits for everybody."""
    rows = RiskLimits.objects.all()
    users = User.objects.filter(is_active=True, bots__deleted_at=None, bots__isnull=False).distinct()
    if not rows.filter(owner=None, account=None, bot=None).exists():
        owners = rows.values_list("owner", "account__owner", "bot__owner")
        users = users.filter(pk__in={pk for row in owners for pk in row if pk is not None})
    found = ((user, kind, usage) for user in users for kind in KINDS for usage in usages(user, kind, now))
    return sum(_tell(*each, now) for each in found if each[2].is_near or each[2].verdict.blocks)


def _tell(user: User, kind: Kind, usage: Usage, now: datetime) -> bool:
    """False for what was told already."""
    state = "reached" if usage.verdict.blocks else "near"
    group = f"limit:{usage.held.row.pk}:{kind}:{usage.verdict.rule}:{state}"
    if was_told(user, group, now - AGAIN_AFTER):
        return False
    with override(user.language):
        title, text = _title(user, kind, usage), _text(usage)
    notify(
        user=user,
        kind=NoticeKind.LIMIT,
        severity=Severity.WARNING,
        title=title,
        text=text,
        link=reverse("risk"),
        group=group,
        at=now,
    )
    return True


def _title(user: User, kind: Kind, usage: Usage) -> str:
    parts = [str(RULES[usage.verdict.rule].name)]
    if usage.target and usage.target != user:
        parts.append(str(usage.target))
    if kind == "paper":
        parts.append(_("Paper"))
    return " · ".join(parts)


def _text(usage: Usage) -> str:
    verdict, does = usage.verdict, RULES[usage.verdict.rule].does
    if verdict.value is None:
        return _("Its figure is not known now. %(does)s") % {"does": does}
    words = {"limit": grouped(verdict.limit), "percent": grouped(verdict.share_used * 100, places=0), "does": does}
    if verdict.blocks:
        return _("Reached: the limit is %(limit)s. %(does)s") % words
    return _("Near: %(percent)s %% of the limit of %(limit)s.") % words
