"""Tells users whose bots decide on a feed that its sockets have fallen silent, and that they are heard again."""

from collections import Counter

from django.conf import settings
from django.db import transaction
from django.urls import reverse
from django.utils.translation import gettext as _
from django.utils.translation import ngettext, override

from accounts.models import NoticeKind, Severity, User
from accounts.notifications import notify
from exchanges.models import Exchange
from exchanges.stream.needs import bots_on
from exchanges.stream.topics import Feed


def outage_tell(feed: Feed, is_back: bool) -> None:
    """One message to each user, in the user's language."""
    bots_of = Counter(bot.owner_id for bot in bots_on(feed))
    kind, severity = NoticeKind.STALE_DATA, Severity.INFO if is_back else Severity.WARNING
    link, group = reverse("bots:list"), f"stream:{feed.name}:{'back' if is_back else 'silent'}"
    with transaction.atomic():
        for user in User.objects.filter(pk__in=bots_of, is_active=True):
            with override(user.language):
                title, text = _title(feed), _text(bots_of[user.pk], is_back=is_back)
            notify(user=user, kind=kind, severity=severity, title=title, text=text, link=link, group=group)


def _title(feed: Feed) -> str:
    title = _("Quotes of %(venue)s, testnet") if feed.testnet else _("Quotes of %(venue)s")
    return title % {"venue": Exchange(feed.exchange).label}


def _text(bots: int, *, is_back: bool) -> str:
    if is_back:
        return _("They come over the exchange's stream again.")
    words = {"seconds": f"{settings.STREAM_SILENCE_S:g}", "bots": bots}
    sentence = ngettext(
        "Its stream has been silent for %(seconds)s s. %(bots)d bot goes on with quotes that are asked for.",
        "Its stream has been silent for %(seconds)s s. %(bots)d bots go on with quotes that are asked for.",
        bots,
    )
    return sentence % words
