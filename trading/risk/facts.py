"""The figures that limits are held against, from our own books: what is held, on its way, lost, ordered, closed.

Only what the limits at hand ask for is read, once for all of them. Times are market times: a replay's own day counts.
"""

from collections import defaultdict
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from decimal import Decimal
from functools import cached_property
from typing import Final
from zoneinfo import ZoneInfo

from django.db import connection
from django.db.models import F, Q, QuerySet, Sum
from django.db.models.expressions import CombinedExpression
from django.db.models.functions import Coalesce

from accounts.models import User
from bots.models import Bot
from exchanges.models import ExchangeAccount
from exchanges.symbols import is_inverse
from trading.by_hand.positions import position_by_hand
from trading.core.order_state import UNSETTLED, OrderStatus
from trading.core.risk import MINUTE, Facts, Rule
from trading.equity import base_equity, latest_equities
from trading.ledger_inverse import in_money
from trading.models import (
    Cycle,
    DrawdownFrom,
    Fill,
    LedgerLine,
    LineKind,
    Order,
    Position,
    Purpose,
    Scope,
    Trade,
    TradeStatus,
)
from trading.own_money import IN_OWN_MONEY
from trading.risk.limits import Held
from trading.risk.wishes import Wish, of_kind, wish_of_nothing

ZERO: Final = Decimal(0)
WIDE: Final = (Scope.INSTALLATION, Scope.USER)


@dataclass(frozen=True, slots=True)
class Exposed:
    """A leg that is held, or an order that opens and may still fill. `value` is signed."""

    bot_id: int | None
    account_id: int
    value: Decimal
    unrealised: Decimal = ZERO


@dataclass(frozen=True, slots=True)
class Lost:
    """Money that came (positive) or went in the day and in the week, of one bot on one account."""

    bot_id: int | None
    account_id: int
    day: Decimal
    week: Decimal


@dataclass(frozen=True, slots=True)
class Target:
    """Whose figures: these accounts, of one bot only where it is named."""

    accounts: frozenset[int]
    bot_id: int | None


class Picture:
    """Everything that may be asked about one user's accounts of one kind at one moment; read when it is asked for."""

    def __init__(
        self,
        wish: Wish,
        now: datetime,
        equities: Mapping[int, Decimal] | None = None,
        *,
        zone: str = "",
        accounts: Collection[int] | None = None,
    ) -> None:
        """`equities`: fresh ones by account; the others are those of the newest snapshots. `zone` and `accounts` (of
        the wish's kind): the user's, where they are known."""
        self.wish = wish
        self.now = now
        self._fresh = dict(equities or {})
        self._zone_name = zone
        self._known_accounts = accounts

    def facts(self, held: Held) -> Facts:
        target, limits = self.target(held), held.limits
        exposed = [each for each in self.exposed if self._is_of(each, target)]
        lost_day, lost_week = self._losses(target, exposed) if held.has(Rule.LOSS_DAY, Rule.LOSS_WEEK) else (ZERO, ZERO)
        fall, fall_of = self._fall(held, target, exposed) if held.has(Rule.DRAWDOWN) else (None, None)
        losses, lost_at = self._losing(target, limits.cooldown_losses) if limits.cooldown_losses else (0, None)
        pair_value, pair_accounts = self._pair(exposed, target)
        return Facts(
            now=self.now,
            gross=sum((abs(each.value) for each in exposed), ZERO),
            net=sum((each.value for each in exposed), ZERO),
            open_pairs=len(self._pairs(exposed)),
            pair_value=pair_value,
            equity=self._equity(pair_accounts) if held.has(Rule.SHARE) else None,
            loss_day=lost_day,
            loss_week=lost_week,
            fall=fall,
            fall_of=fall_of,
            orders_last_minute=self._ordered(target, limits.max_orders_per_minute or 0),
            losses=losses,
            lost_at=lost_at,
            closed_at=self._closed(target, limits.churn_minutes) if limits.churn_cycles else (),
            day_ends=self.day + timedelta(days=1) if held.has(Rule.LOSS_DAY) else None,
            week_ends=self.week + timedelta(days=7) if held.has(Rule.LOSS_WEEK) else None,
        )

    def of_bot(self, bot: Bot) -> "Picture":
        """The same moment as one bot sees it; what was read is not read again."""
        seen = Picture(wish_of_nothing(self.wish.owner_id, self.wish.kind, bot), self.now, self._fresh)
        for name in ("accounts", "exposed", "lost", "equities", "day", "week"):
            if name in self.__dict__:
                seen.__dict__[name] = self.__dict__[name]
        return seen

    def target(self, held: Held) -> Target:
        if held.scope in WIDE:
            return Target(self.accounts, None)
        if held.scope == Scope.ACCOUNT:
            return Target(frozenset(filter(None, (held.row.account_id,))), None)
        return Target(self.wish.account_ids or self.accounts, held.row.bot_id)

    @cached_property
    def accounts(self) -> frozenset[int]:
        """All that the user has of this kind."""
        if self._known_accounts is not None:
            return frozenset(self._known_accounts)
        mine = ExchangeAccount.objects.filter(of_kind(self.wish.kind), owner=self.wish.owner_id)
        return frozenset(mine.values_list("pk", flat=True))

    @cached_property
    def day(self) -> datetime:
        """Midnight where the user lives; by that zone's own clock also where it is put back or forward."""
        local = self.now.astimezone(self._zone)
        return local.replace(hour=0, minute=0, second=0, microsecond=0)

    @cached_property
    def week(self) -> datetime:
        """Monday's midnight."""
        return self.day - timedelta(days=self.day.weekday())

    @cached_property
    def exposed(self) -> list[Exposed]:
        legs = Position.objects.filter(account__in=self.accounts, is_open=True).order_by()
        price = Coalesce("current_price", "entry_price")
        rows = legs.values_list("bot_id", "account_id", "side", "amount", price, "unrealized_pnl")
        held = [
            Exposed(bot_id, account_id, (amount if side == "long" else -amount) * last, unrealised)
            for bot_id, account_id, side, amount, last, unrealised in rows
        ]
        return held + self._by_hand() + self._on_its_way()

    @cached_property
    def lost(self) -> list[Lost]:
        """Deposits and withdrawals are neither, nor is another coin than the market settles in.

        What came in the coin of an inverse contract counts at its fill's price.
        """
        lines = LedgerLine.objects.filter(IN_OWN_MONEY, account__in=self.accounts, at__gte=self.week)
        lines = lines.exclude(kind=LineKind.TRANSFER).order_by()
        return [row for part, worth in in_money(lines) for row in self._sums(part, worth)]

    def _sums(self, lines: QuerySet[LedgerLine], worth: F | CombinedExpression) -> list[Lost]:
        sums = lines.values_list("bot_id", "account_id").annotate(
            in_day=Sum(worth, filter=Q(at__gte=self.day), default=ZERO), in_week=Sum(worth, default=ZERO)
        )
        return [Lost(*row) for row in sums]

    @cached_property
    def equities(self) -> dict[int, Decimal]:
        return latest_equities(self.accounts) | self._fresh

    @cached_property
    def _zone(self) -> ZoneInfo:
        names = User.objects.values_list("time_zone", flat=True)
        return ZoneInfo(self._zone_name or names.get(pk=self.wish.owner_id))

    def _by_hand(self) -> list[Exposed]:
        """What orders by hand have built up, at its entry prices."""
        traded = Fill.objects.filter(account__in=self.accounts, order__bot=None).order_by()
        accounts = ExchangeAccount.objects.only("pk").in_bulk(self.accounts) if traded.exists() else {}
        markets = traded.values_list("account_id", "symbol").distinct() if accounts else ()
        return [Exposed(None, pk, _held_by_hand(accounts[pk], symbol)) for pk, symbol in markets]

    def _on_its_way(self) -> list[Exposed]:
        """What has no price of its own counts at that of its trigger or its decision.

        An inverse contract is worth what it says.
        """
        orders = Order.objects.filter(account__in=self.accounts, status__in=UNSETTLED, reduce_only=False)
        rows = orders.order_by().values_list(
            "bot_id", "account_id", "symbol", "side", "leg", F("amount") - F("filled_amount"),
            Coalesce("price", "trigger_price"), "trade__price1", "trade__price2",
        )  # fmt: skip
        found = []
        for bot_id, account_id, symbol, side, leg, left, price, price1, price2 in rows:
            value = left if is_inverse(symbol) else left * (price or (price1 if leg == 1 else price2) or ZERO)
            found.append(Exposed(bot_id, account_id, value if side == "buy" else -value))
        return found

    def _is_of(self, each: Exposed | Lost, target: Target) -> bool:
        return each.account_id in target.accounts and target.bot_id in (None, each.bot_id)

    def _pairs(self, exposed: Sequence[Exposed]) -> set[int]:
        """Bots that hold or order something, the wish's own among them."""
        pairs = {each.bot_id for each in exposed if each.bot_id is not None}
        if self.wish.bot is not None and self.wish.orders:
            pairs.add(self.wish.bot.pk)
        return pairs

    def _pair(self, exposed: Sequence[Exposed], target: Target) -> tuple[Decimal, frozenset[int]]:
        """Value and accounts of the wish's pair; without one, of the largest."""
        if self.wish.bot is not None:
            mine = [each for each in exposed if each.bot_id == self.wish.bot.pk]
            return sum((abs(each.value) for each in mine), ZERO), self.wish.account_ids & target.accounts
        if self.wish.orders:
            return ZERO, self.wish.account_ids & target.accounts
        pairs: dict[int, list[Exposed]] = defaultdict(list)
        for each in exposed:
            if each.bot_id is not None:
                pairs[each.bot_id].append(each)
        largest = max(pairs.values(), key=lambda legs: sum(abs(leg.value) for leg in legs), default=[])
        accounts = frozenset(leg.account_id for leg in largest) or target.accounts
        return sum((abs(leg.value) for leg in largest), ZERO), accounts

    def _equity(self, accounts: frozenset[int]) -> Decimal | None:
        """None where one of them is not known."""
        if not accounts or any(account_id not in self.equities for account_id in accounts):
            return None
        return sum((self.equities[account_id] for account_id in accounts), ZERO)

    def _losses(self, target: Target, exposed: Sequence[Exposed]) -> tuple[Decimal, Decimal]:
        """What was booked, and what the open legs stand at now."""
        mine = [each for each in self.lost if self._is_of(each, target)]
        unrealised = sum((each.unrealised for each in exposed), ZERO)
        day, week = (sum((getattr(each, span) for each in mine), ZERO) + unrealised for span in ("day", "week"))
        return max(-day, ZERO), max(-week, ZERO)

    def _fall(self, held: Held, target: Target, exposed: Sequence[Exposed]) -> tuple[Decimal | None, Decimal | None]:
        """(money lost, what it is a share of)."""
        since, which = held.row.drawdown_since, DrawdownFrom(held.row.drawdown_from)
        if target.bot_id is not None:
            return self._bots_fall(held, exposed, since, which)
        known = [account_id for account_id in target.accounts if account_id in self.equities]
        if not known:
            return None, None
        equity = sum((self.equities[account_id] for account_id in known), ZERO)
        base = base_equity(known, since, which, now=self.now)
        base = equity if base is None else max(base, equity) if which == DrawdownFrom.PEAK else base
        return base - equity, base

    def _bots_fall(
        self, held: Held, exposed: Sequence[Exposed], since: datetime, which: DrawdownFrom
    ) -> tuple[Decimal, Decimal]:
        """A bot has no equity of its own: its results since then, as a share of the largest position it may hold."""
        bot = held.row.bot or self.wish.bot
        assert bot is not None
        booked, peak = _results(bot.pk, since)
        now = booked + sum((each.unrealised for each in exposed), ZERO)
        return (peak if which == DrawdownFrom.PEAK else ZERO) - now, bot.max_position_value

    def _ordered(self, target: Target, most: int) -> int:
        """Orders within the last minute, counted up to `most`."""
        if not most:
            return 0
        orders = Order.objects.filter(account__in=target.accounts).exclude(status=OrderStatus.DENIED)
        if target.bot_id is not None:
            orders = orders.filter(bot=target.bot_id)
        times = orders.order_by("-id").values_list("market_time", flat=True)[:most]
        return sum(abs(self.now - at) < MINUTE for at in times)

    def _losing(self, target: Target, most: int) -> tuple[int, datetime | None]:
        """Losing cycles in a row up to `most`, and when the last of them was closed."""
        closes = Trade.objects.filter(action=Purpose.CLOSE, status=TradeStatus.SETTLED)
        if target.bot_id is not None:
            closes = closes.filter(bot=target.bot_id)
        else:
            closes = closes.filter(bot__owner=self.wish.owner_id, bot__exchange_account__in=target.accounts)
        rows = list(closes.order_by("-id").values_list("pnl", "filled_at", "decided_at")[:most])
        count = next((n for n, (pnl, _, _) in enumerate(rows) if (pnl or ZERO) >= 0), len(rows))
        return count, (rows[0][1] or rows[0][2]) if count else None

    def _closed(self, target: Target, minutes: int) -> tuple[datetime, ...]:
        """Of the wish's bot; without one, of the bot that closed most."""
        cycles = Cycle.objects.filter(closed_at__range=(self.now - timedelta(minutes=minutes), self.now))
        bot_id = self.wish.bot.pk if self.wish.bot else target.bot_id
        if bot_id is not None:
            cycles = cycles.filter(bot=bot_id)
        else:
            cycles = cycles.filter(bot__owner=self.wish.owner_id, bot__exchange_account__in=target.accounts)
        by_bot: dict[int, list[datetime]] = defaultdict(list)
        for cycle in cycles.only("bot", "closed_at"):
            if cycle.closed_at is not None:
                by_bot[cycle.bot_id].append(cycle.closed_at)
        most: list[datetime] = max(by_bot.values(), key=len, default=[])
        return tuple(most)


def _held_by_hand(account: ExchangeAccount, symbol: str) -> Decimal:
    held = position_by_hand(account, symbol)
    return held.amount if is_inverse(symbol) else held.cost


def _results(bot_id: int, since: datetime) -> tuple[Decimal, Decimal]:
    """(all that the bot booked since then, the highest that sum has been after a cycle, at least 0)."""
    with connection.cursor() as cursor:
        cursor.execute(
            "SELECT sum(money), max(reached) FROM ("
            " SELECT money, sum(money) OVER (ORDER BY cycle_number) AS reached FROM ("
            "  SELECT cycle_number, sum(amount) AS money FROM ledger_lines"
            "  WHERE bot_id = %s AND at >= %s AND kind <> %s AND symbol LIKE '%%:' || currency"
            "  GROUP BY cycle_number) AS cycles) AS run",
            [bot_id, since, LineKind.TRANSFER],
        )
        booked, peak = cursor.fetchone()
    return booked or ZERO, max(peak or ZERO, ZERO)
