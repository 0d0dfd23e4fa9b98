"""How near each limit is now, and what is switched off: what the risk page and the API show."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from decimal import Decimal

from django.db.models import Q

from accounts.models import User
from bots.models import Bot, BotStatus
from exchanges.models import ExchangeAccount, PaperSource
from exchanges.registry import venue_of
from trading.core.risk import Intended, Verdict, verdicts
from trading.kill_switch.actions import Target
from trading.models import Scope, TradingState, TradingSwitch
from trading.risk.facts import WIDE, Picture
from trading.risk.limits import Held, limits_of_user
from trading.risk.wishes import Kind, kind_of, of_kind, wish_of_nothing


@dataclass(frozen=True, slots=True)
class Usage:
    """One limit of one target beside its figure."""

    held: Held
    target: Target
    verdict: Verdict

    @property
    def is_near(self) -> bool:
        """At or past the share at which the user wants to be told."""
        return not self.verdict.blocks and self.verdict.share_used * 100 >= self.held.row.warn_at

    @property
    def percent(self) -> Decimal:
        """Of the limit, at most 100: for a bar."""
        return min(self.verdict.share_used * 100, Decimal(100))


@dataclass(frozen=True, slots=True)
class StateOf:
    """What may be traded on one target. `switch` is None where nobody has switched anything."""

    scope: Scope
    target: Target
    switch: TradingSwitch | None

    @property
    def state(self) -> TradingState:
        return TradingState(self.switch.state) if self.switch else TradingState.ACTIVE


def usages(
    user: User,
    kind: Kind,
    now: datetime,
    limits: Sequence[Held] | None = None,
    picture: Picture | None = None,
) -> list[Usage]:
    """Of accounts of this kind; administrators' limits first, then the widest. A few queries, and two for each bot
    that has limits of its own. `limits` of the user and his `picture` are not read again."""
    picture = picture or Picture(wish_of_nothing(user.pk, kind), now, zone=user.time_zone)
    chosen = [held for held in (limits_of_user(user) if limits is None else limits) if _is_of_kind(held, kind)]
    leverage = _leverage(user, kind) if chosen else 0
    found = []
    for held in chosen:
        seen = _seen(picture, held, now)
        order = Intended(leverage=held.row.bot.leverage if held.row.bot else leverage)
        target = user if held.scope in WIDE else held.row.account or held.row.bot
        found += [Usage(held, target, verdict) for verdict in verdicts(held.limits, seen.facts(held), order)]
    return found


def states(user: User, kind: Kind, accounts: Sequence[ExchangeAccount] | None = None) -> list[StateOf]:
    """Everybody's where it is switched off, the user's, his accounts', and each bot's that is switched off.

    `accounts`: his of this kind, where they are known.
    """
    mine = Q(owner=user) | Q(account__owner=user) | Q(bot__owner=user, bot__deleted_at=None)
    rows = TradingSwitch.objects.filter(mine | Q(scope=Scope.INSTALLATION)).select_related("bot", "changed_by")
    switches = {(Scope(row.scope), row.account_id or row.bot_id): row for row in rows.order_by("id")}
    if accounts is None:
        accounts = list(ExchangeAccount.objects.filter(of_kind(kind), owner=user).order_by("exchange", "label"))
    everybody = switches.get((Scope.INSTALLATION, None))
    return [
        *([StateOf(Scope.INSTALLATION, None, everybody)] if everybody and everybody.state != "active" else []),
        StateOf(Scope.USER, user, switches.get((Scope.USER, None))),
        *(StateOf(Scope.ACCOUNT, account, switches.get((Scope.ACCOUNT, account.pk))) for account in accounts),
        *(
            StateOf(Scope.BOT, row.bot, row)
            for (scope, _pk), row in switches.items()
            if scope == Scope.BOT and row.state != TradingState.ACTIVE
        ),
    ]


def nearest(found: Sequence[Usage]) -> list[Usage]:
    """First what blocks, then by how near it is."""
    return sorted(found, key=lambda usage: (not usage.verdict.blocks, -usage.verdict.share_used))


def _is_of_kind(held: Held, kind: Kind) -> bool:
    account = held.row.account or (held.row.bot.exchange_account if held.row.bot else None)
    return account is None or kind_of(account) == kind


def _seen(picture: Picture, held: Held, now: datetime) -> Picture:
    """A bot's limits are seen from its own; on a tape the tape's day counts."""
    account = held.row.account or (held.row.bot.exchange_account if held.row.bot else None)
    if account is not None and account.paper_source == PaperSource.REPLAY:
        wish = wish_of_nothing(picture.wish.owner_id, picture.wish.kind, held.row.bot)
        return Picture(wish, venue_of(account).clock())
    return picture if held.row.bot is None else picture.of_bot(held.row.bot)


def _leverage(user: User, kind: Kind) -> int:
    """The largest of the bots that may open something."""
    accounts = ExchangeAccount.objects.filter(of_kind(kind), owner=user)
    running = Bot.objects.filter(exchange_account__in=accounts, status=BotStatus.RUNNING, deleted_at=None)
    return max(running.values_list("leverage", flat=True), default=0)
