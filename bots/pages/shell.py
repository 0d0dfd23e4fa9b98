"""What the frame around every page shows: where one can go, whose accounts, how many bots, what needs eyes."""

from dataclasses import dataclass
from functools import cached_property
from typing import Final

from django.contrib.postgres.expressions import ArraySubquery
from django.db.models import Count, Func, IntegerField, Value
from django.db.models.functions import Cast
from django.http import HttpRequest
from django.urls import reverse
from django.utils.translation import gettext as _

from accounts.models import Theme, User
from accounts.notifications.inbox import unread_of
from bots.models import Bot, BotStatus
from bots.pages.scope import Scope, scope_of
from exchanges.models import ExchangeAccount

UNREAD: Final = "unread"
BELOW: Final = {"backtests": ("data",)}
"""Pages that belong to an entry of the rail without lying below its address."""


@dataclass(frozen=True, slots=True)
class Place:
    """One entry of the rail."""

    word: str
    icon: str
    url: str
    is_current: bool
    count: int | None = None


@dataclass
class Shell:
    """Computed on first use, so that pages without the frame (and the back office) cost no query."""

    request: HttpRequest

    @property
    def user(self) -> User | None:
        user = self.request.user
        return user if isinstance(user, User) else None

    @property
    def is_in(self) -> bool:
        return self.user is not None

    @cached_property
    def accounts(self) -> list[ExchangeAccount]:
        if self.user is None:
            return []
        return list(ExchangeAccount.objects.filter(owner=self.user).order_by("exchange", "label"))

    @property
    def live_accounts(self) -> list[ExchangeAccount]:
        return [account for account in self.accounts if not account.is_paper]

    @property
    def paper_accounts(self) -> list[ExchangeAccount]:
        return [account for account in self.accounts if account.is_paper]

    @cached_property
    def scope(self) -> Scope:
        return scope_of(self.request, self.accounts)

    @cached_property
    def bots(self) -> dict[str, int]:
        """Number of the user's bots: `total`, and by status."""
        found = {str(status): self._counts.get(status, 0) for status in BotStatus.values}
        return found | {"total": sum(found.values())}

    @property
    def unread(self) -> int:
        """News that the user has not read, at most 100."""
        return self._counts.get(UNREAD, 0)

    @cached_property
    def _counts(self) -> dict[str, int]:
        """Bots by status, and what is unread: one query, as every page needs both."""
        if self.user is None:
            return {}
        unread = Func(ArraySubquery(unread_of(self.user.pk).values("pk")), function="cardinality")
        of_user = User.objects.filter(pk=self.user.pk).order_by()
        bots = Bot.objects.filter(owner=self.user, deleted_at=None).order_by().values_list("status")
        counted = of_user.values_list(Value(UNREAD), Cast(unread, IntegerField()))
        return dict(bots.annotate(Count("pk")).union(counted, all=True))

    @property
    def theme_choice(self) -> str:
        if self.user is not None:
            return self.user.theme
        return self.request.COOKIES.get("theme", Theme.AUTO)

    @property
    def theme(self) -> str:
        """What to paint before the browser has said what the device prefers."""
        return self.theme_choice if self.theme_choice in (Theme.DARK, Theme.LIGHT) else Theme.LIGHT

    @cached_property
    def places(self) -> list[Place]:
        found = [
            ("dashboard", _("Dashboard"), "layout-dashboard", None),
            ("bots:list", _("Bots"), "robot", self.bots["total"]),
            ("markets", _("Markets"), "chart-candle", None),
            ("backtests", _("Back-tests"), "test-pipe", None),
            ("pairs", _("Pairs"), "circles-relation", None),
            ("orders", _("Orders"), "list-details", None),
            ("exchanges:list", _("Accounts"), "building-bank", len(self.accounts)),
            ("risk", _("Risk"), "shield-check", None),
            ("notifications", _("Notifications"), "bell", self.unread),
            ("help", _("Help"), "help-circle", None),
        ]
        return [self._place(*entry) for entry in found]

    def _place(self, name: str, word: str, icon: str, number: int | None) -> Place:
        url = reverse(name)
        path = self.request.path
        below = [url, *(reverse(other) for other in BELOW.get(name, ()))]
        is_current = path == url or (url != "/" and any(path.startswith(each) for each in below))
        return Place(word, icon, url, is_current, number)

    @property
    def words(self) -> dict[str, str]:
        """Words that scripts write (static/js/format.js)."""
        return {
            "pp": _("pp"),
            "s": _("%(s)s s"),
            "ms": _("%(m)s m %(s)s s"),
            "hm": _("%(h)s h %(m)s m"),
            "dh": _("%(d)s d %(h)s h"),
            "s_ago": _("%(n)s s ago"),
            "min_ago": _("%(n)s min ago"),
            "h_ago": _("%(n)s h ago"),
            "d_ago": _("%(n)s d ago"),
            "live": _("Live feed"),
            "connecting": _("Connecting"),
            "lost": _("No connection, trying again"),
            "lost_since": _("No connection since %(time)s. The figures stand still and come back by themselves."),
            "quotes": _("Quotes %(age)s"),
            "quotes_old": _("Quotes %(age)s, old"),
            "old": _("%(age)s old"),
            "age": "%(age)s",
            "old_age": _("%(age)s, old"),
            "failed": _("That did not reach the server. Check the connection and try again."),
        }


def shell_of(request: HttpRequest) -> Shell:
    """One per request, shared by its view and its template."""
    known: Shell | None = getattr(request, "_shell", None)
    if known is None:
        known = Shell(request)
        request._shell = known  # type: ignore[attr-defined]
    return known
