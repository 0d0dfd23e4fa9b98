"""What the risk page shows, computed on first use."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from decimal import Decimal
from functools import cached_property
from typing import Any

from django.utils.html import format_html_join
from django.utils.safestring import SafeString
from django.utils.translation import gettext as _

from accounts.models import User
from bots.models import Bot
from bots.pages.scope import Scope as Shown
from bots.selectors import bots_of
from exchanges.models import Exchange, ExchangeAccount
from exchanges.symbols import short
from trading.core.risk import Facts, Limits, Rule
from trading.kill_switch.actions import Target, bots_at_risk
from trading.models import RiskLimits, Scope, TradingState
from trading.risk.facts import Picture
from trading.risk.limits import Held, limits_of_user, tightest
from trading.risk.rule_words import RULES, RuleWords
from trading.risk.stress import MOVE_PCT, Shock, stress, totals
from trading.risk.usage import StateOf, Usage, nearest, states, usages
from trading.risk.wishes import Kind, kind_of, wish_of_nothing

SELECTED = SafeString(" selected")

CURRENCY = "USDT"
CHOICES_MOST = 500
SHOCKS_MOST = 50


@dataclass(frozen=True, slots=True)
class LimitLine:
    usage: Usage
    words: RuleWords
    whose: str
    allowed: str

    @property
    def gauge(self) -> dict[str, Any]:
        usage = self.usage
        tone = "fill-neg" if usage.verdict.blocks else "fill-warn" if usage.is_near else "fill"
        return {"parts": [{"tone": tone, "x": Decimal(0), "width": usage.percent}], "mark": None}


@dataclass(frozen=True, slots=True)
class StateLine:
    """`key` as the forms send it; `at_risk`: bots that hold something."""

    found: StateOf
    key: str
    name: str
    at_risk: int

    @property
    def moves(self) -> list[tuple[TradingState, str]]:
        """The states it may be switched to."""
        words = {
            TradingState.ACTIVE: _("Trade again"),
            TradingState.REDUCING: _("Only close"),
            TradingState.HALTED: _("Halt"),
        }
        return [(state, word) for state, word in words.items() if state != self.found.state]


@dataclass
class RiskView:
    """`mine`: all accounts of the user."""

    user: User
    shown: Shown
    now: datetime
    mine: Sequence[ExchangeAccount]

    @property
    def kind(self) -> Kind:
        if self.shown.is_paper:
            return "paper"
        account = self.shown.account
        return "testnet" if account is not None and account.is_testnet else "live"

    @property
    def currency(self) -> str:
        return CURRENCY

    @cached_property
    def lines(self) -> list[LimitLine]:
        return [_line(usage) for usage in nearest(usages(self.user, self.kind, self.now, self.limits, self._picture))]

    @cached_property
    def limits(self) -> tuple[Held, ...]:
        """All that hold for the user anywhere."""
        return limits_of_user(self.user)

    @cached_property
    def _picture(self) -> Picture:
        accounts = [account.pk for account in self._of_kind]
        wish = wish_of_nothing(self.user.pk, self.kind)
        return Picture(wish, self.now, zone=self.user.time_zone, accounts=accounts)

    @cached_property
    def _of_kind(self) -> list[ExchangeAccount]:
        return [account for account in self.mine if kind_of(account) == self.kind]

    @cached_property
    def facts(self) -> Facts:
        """The user's figures, whether or not they are limited."""
        asks = Limits(max_loss_day=Decimal(1), max_loss_week=Decimal(1))
        return self._picture.facts(Held(RiskLimits(scope=Scope.USER, owner=self.user), asks))

    @cached_property
    def tightest(self) -> dict[str, Decimal | None]:
        """The user's limits beside those figures, by rule."""
        held = [each for each in self.limits if each.scope in (Scope.INSTALLATION, Scope.USER)]
        return {rule.value: tightest(held, rule) for rule in (Rule.GROSS, Rule.NET, Rule.PAIRS, *LOSSES)}

    @cached_property
    def states(self) -> list[StateLine]:
        found = states(self.user, self.kind, self._of_kind)
        held = bots_at_risk(Scope.USER, self.user).filter(owner=self.user)
        accounts = list(held.values_list("exchange_account", "exchange_account2"))
        return [
            StateLine(each, target_key(each.scope, each.target), _name(each), _at_risk(accounts, each))
            for each in found
        ]

    @cached_property
    def shocks(self) -> list[Shock]:
        return stress(self.user, self.kind, self._of_kind)

    @property
    def shocks_shown(self) -> list[Shock]:
        """The worst."""
        return self.shocks[:SHOCKS_MOST]

    @property
    def totals(self) -> list[Shock]:
        return totals(self.shocks)

    @property
    def assumed(self) -> list[str]:
        """Coins whose part in a move of BTC is not known."""
        return sorted({short(symbol) for shock in self.shocks for symbol in shock.assumed})

    @property
    def move_pct(self) -> Decimal:
        return MOVE_PCT

    @cached_property
    def bots(self) -> Sequence[Bot]:
        """By name and number alone."""
        chosen = bots_of(self.user).filter(exchange_account__in=self.shown.account_ids).select_related(None)
        return list(chosen.only("bot_name")[:CHOICES_MOST])

    def row_of(self, scope: Scope, target: Target, *, is_admin: bool = False) -> RiskLimits | None:
        """What is set for one target; None where nothing is."""
        key = None if target is None else target.pk
        rows = (held.row for held in self.limits if held.scope == scope and held.target_id == key)
        return next((row for row in rows if row.is_admin == is_admin), None)

    @cached_property
    def bot_options(self) -> SafeString:
        """Written here: templates are slow at hundreds of lines."""
        return self.bot_options_with("")

    def bot_options_with(self, chosen: str) -> SafeString:
        """`chosen`: a `target_key`."""
        keys = ((f"bot-{bot.pk}", bot.bot_name) for bot in self.bots)
        rows = ((key, SELECTED if key == chosen else "", name) for key, name in keys)
        return format_html_join("", '<option value="{}"{}>{}</option>', rows)

    @property
    def accounts(self) -> Sequence[ExchangeAccount]:
        return self.shown.accounts

    @property
    def has_limits(self) -> bool:
        return any(each.limits != Limits() for each in self.limits)


LOSSES = (Rule.LOSS_DAY, Rule.LOSS_WEEK)


def target_key(scope: Scope, target: Target) -> str:
    return str(scope) if target is None or scope == Scope.USER else f"{scope}-{target.pk}"


def _line(usage: Usage) -> LimitLine:
    rule = usage.verdict.rule
    whose = _("Everybody") if usage.held.scope == Scope.INSTALLATION else _target_name(usage.target)
    names = getattr(usage.held.limits, rule) if RULES[rule].kind == "list" else ()
    words = [Exchange(name).label if rule == Rule.EXCHANGES else short(name) for name in sorted(names)]
    return LimitLine(usage, RULES[rule], whose, ", ".join(str(word) for word in words))


def _target_name(target: Target) -> str:
    match target:
        case ExchangeAccount():
            return target.name
        case Bot():
            return target.bot_name
    return _("All your accounts")


def _name(found: StateOf) -> str:
    """A user's switch knows no kind of account."""
    if found.scope == Scope.USER:
        return _("All your accounts, live and paper")
    return _("Everybody") if found.scope == Scope.INSTALLATION else _target_name(found.target)


def _at_risk(accounts: Sequence[tuple[int, int | None]], found: StateOf) -> int:
    """`accounts`: of each of the user's bots that hold something."""
    match found.target:
        case None:
            return 0
        case ExchangeAccount():
            return sum(found.target.pk in pair for pair in accounts)
        case Bot():
            return int(bots_at_risk(found.scope, found.target).exists())
    return len(accounts)
