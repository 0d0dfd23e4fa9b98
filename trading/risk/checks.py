"""The one place where an order that opens or adds is held against every limit. Closing is never asked.

What has to be read from a venue is read first; the figures are read and judged under a lock of the user, together with
the writing of the orders, so that two bots at once cannot both take the last room.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from decimal import Decimal
from typing import Any

from django.db import connection, transaction

from bots.journal import lines as journal
from bots.models import Bot
from exchanges.models import ExchangeAccount
from exchanges.registry import venue_of
from exchanges.symbols import quote_of, settle_of
from trading.core.risk import Facts, Rule, Verdict, first_block, verdicts
from trading.models import LogType, Scope
from trading.risk.facts import Picture
from trading.risk.limits import Held, limits_of, limits_of_account
from trading.risk.wishes import Wish, kind_of, wish_by_hand, wish_of_nothing, wish_of_plan
from trading.tick import QUIET, Tick
from trading.trades import TradePlan

LOCK_SPACE = 71_001
"""First half of the advisory locks' keys; the second is the user's id."""


@dataclass(frozen=True, slots=True)
class Refusal:
    """The first limit that an order would break, and whose limit that is."""

    verdict: Verdict
    scope: Scope
    is_admin: bool
    currency: str

    @property
    def code(self) -> str:
        """Of the journal's reasons."""
        return "risk_unknown" if self.verdict.value is None else f"risk_{self.verdict.rule}"

    @property
    def figures(self) -> dict[str, Any]:
        whose = "admin" if self.is_admin else str(self.scope)
        verdict = self.verdict
        until = verdict.until.isoformat() if verdict.until else None
        return {"value": verdict.value, "limit": verdict.limit, "whose": whose, "until": until}

    @property
    def text(self) -> str:
        """In the language that is active now."""
        figures = self.figures | {"currency": self.currency}
        return journal.reason_text(self.code, figures)


class LimitReached(Exception):
    def __init__(self, refusal: Refusal) -> None:
        super().__init__(refusal.code)
        self.refusal = refusal


@dataclass(frozen=True, slots=True)
class Gate:
    """What is to be asked in the transaction that writes the orders."""

    wish: Wish
    held: tuple[Held, ...]
    equities: Mapping[int, Decimal]
    now: datetime
    currency: str

    def __call__(self) -> None:
        """Raises LimitReached."""
        refusal = self.refusal()
        if refusal is not None:
            raise LimitReached(refusal)

    def refusal(self) -> Refusal | None:
        if not self.held or self.wish.reduces:
            return None
        with transaction.atomic():
            _lock(self.wish.owner_id)
            picture = Picture(self.wish, self.now, self.equities)
            for held in self.held:
                intended = self.wish.intended(picture.target(held).accounts)
                found = first_block(verdicts(held.limits, picture.facts(held), intended))
                if found is not None:
                    return Refusal(found, held.scope, held.row.is_admin, self.currency)
        return None


def entry_gate(tick: Tick, plan: TradePlan) -> Gate:
    """For a level of a bot. Reads equity from the venues where a limit is a share of it. Raises ExchangeError."""
    wish = wish_of_plan(tick.bot, plan)
    held = limits_of(tick.bot)
    equities = {}
    if not wish.reduces and _need_equity(held):
        equities = {
            account_id: venue.balance().equity
            for account_id, venue in {tick.bot.account_of(leg).pk: tick.venue(leg) for leg in (1, 2)}.items()
        }
    return Gate(wish, held, equities, tick.market_time, settle_of(tick.bot.market1_symbol))


def check(tick: Tick, plan: TradePlan) -> Refusal | None:
    """What forbids these orders now; None where nothing does. Raises ExchangeError."""
    return entry_gate(tick, plan).refusal()


def check_order(
    account: ExchangeAccount, symbol: str, side: str, notional: Decimal, reduce_only: bool, now: datetime
) -> Refusal | None:
    """The same for one order by hand. `now`: the venue's time. Raises ExchangeError."""
    return order_gate(account, symbol, side, notional, reduce_only, now).refusal()


def order_gate(
    account: ExchangeAccount, symbol: str, side: str, notional: Decimal, reduce_only: bool, now: datetime
) -> Gate:
    """To be called in the transaction that writes an order by hand. Raises ExchangeError."""
    wish = wish_by_hand(account, symbol, side, notional, reduce_only=reduce_only)
    held = () if reduce_only else limits_of_account(account)
    equities = {account.pk: venue_of(account).balance().equity} if _need_equity(held) else {}
    return Gate(wish, held, equities, now, quote_of(symbol))


def facts_of(bot: Bot, plan: TradePlan | None, now: datetime) -> dict[int, Facts]:
    """By id of each row of limits that holds for the bot: the figures that it is held against."""
    wish = wish_of_plan(bot, plan) if plan else wish_of_nothing(bot.owner_id, kind_of(bot.exchange_account), bot)
    picture = Picture(wish, now)
    return {held.row.pk: picture.facts(held) for held in limits_of(bot)}


def say_refused(tick: Tick, plan: TradePlan, refusal: Refusal) -> None:
    """One line in the bot's journal, seldom."""
    journal.write_seldom(
        tick.bot,
        "risk_refused",
        log_type=LogType.WARNING,
        market_time=tick.market_time,
        quiet=QUIET,
        level=plan.level,
        reason=refusal.code,
        **refusal.figures,
    )


def _need_equity(held: Sequence[Held]) -> bool:
    return any(each.has(Rule.SHARE, Rule.DRAWDOWN) for each in held)


def _lock(owner_id: int) -> None:
    """Until the end of the transaction. Nobody waits for it while a venue is asked."""
    with connection.cursor() as cursor:
        cursor.execute("SELECT pg_advisory_xact_lock(%s, %s)", [LOCK_SPACE, owner_id])
