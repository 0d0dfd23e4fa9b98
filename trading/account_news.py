"""Tells a user what an account's own figures say: margin that runs short, a key that the exchange refuses,
books that differ."""

from datetime import datetime, timedelta
from typing import Final

from django.db.models import Max, Q
from django.urls import reverse
from django.utils.translation import gettext as _
from django.utils.translation import override

from accounts.models import NoticeKind, Severity
from accounts.notifications import notify
from accounts.notifications.inbox import was_told
from bots.amounts import grouped
from exchanges.adapters.base import Balance
from exchanges.models import ExchangeAccount
from exchanges.symbols import short
from trading.models import Difference, Position, RiskLimits, Scope

AGAIN_AFTER: Final = timedelta(hours=6)
"""Margin that stays short is told again after this."""
MARGIN_SHORT_PCT: Final = 10
"""Free margin, in per cent of the equity, below which positions stand on little; unless limits say otherwise."""
MARGIN_LOOKED_AT_PCT: Final = 90
"""Above this nobody can ask to be warned."""
MESSAGE_LENGTH: Final = ExchangeAccount._meta.get_field("last_check_message").max_length or 300


def margin_look(account: ExchangeAccount, balance: Balance, now: datetime) -> None:
    if balance.equity <= 0 or balance.free >= balance.equity * MARGIN_LOOKED_AT_PCT / 100:
        return
    group = f"account:{account.pk}:margin"
    holds = Position.objects.filter(account=account, is_open=True).exists()
    if not holds or balance.free >= balance.equity * _margin_short_pct(account) / 100:
        return
    if was_told(account.owner, group, now - AGAIN_AFTER):
        return
    with override(account.owner.language):
        words = {"free": grouped(balance.free), "equity": grouped(balance.equity), "currency": balance.currency}
        text = _("%(free)s of %(equity)s %(currency)s are free for margin. Add margin or close something.") % words
    _tell_of(account, NoticeKind.LIMIT, Severity.ERROR, text, group, now)


def _margin_short_pct(account: ExchangeAccount) -> int:
    """The widest of those that hold for the account."""
    of_account = Q(scope=Scope.INSTALLATION) | Q(owner=account.owner_id) | Q(account=account.pk)
    widest: int | None = RiskLimits.objects.filter(of_account).aggregate(most=Max("warn_margin"))["most"]
    return MARGIN_SHORT_PCT if widest is None else widest


def key_refused_note(account: ExchangeAccount, reason: str, now: datetime) -> None:
    """Told once, until a check finds the key good again."""
    known = ExchangeAccount.objects.filter(Q(last_check_ok=True) | Q(last_check_ok=None), pk=account.pk)
    if known.update(last_check_ok=False, last_check_message=reason[:MESSAGE_LENGTH], last_checked_at=now):
        with override(account.owner.language):
            text = _("The exchange refuses the key: %(reason)s") % {"reason": reason}
        _tell_of(account, NoticeKind.KEY, Severity.ERROR, text, f"account:{account.pk}:key", now)


def difference_note(difference: Difference, now: datetime) -> None:
    """Of an account on which no bot is concerned; bots tell of theirs in their journals."""
    account = difference.account
    with override(account.owner.language):
        words = {"what": difference.get_kind_display(), "theirs": difference.theirs, "ours": difference.ours}
        text = _("%(what)s: the exchange says %(theirs)s, the books say %(ours)s.") % words
        text = f"{short(difference.symbol)} · {text}" if difference.symbol else text
    group = f"account:{account.pk}:{difference.kind}:{difference.symbol}"
    _tell_of(account, NoticeKind.DIFFERENCE, Severity.WARNING, text, group, now)


def _tell_of(account: ExchangeAccount, kind: str, severity: str, text: str, group: str, now: datetime) -> None:
    link = reverse("exchanges:detail", args=[account.pk])
    title = str(account)
    notify(user=account.owner, kind=kind, severity=severity, title=title, text=text, link=link, group=group, at=now)
