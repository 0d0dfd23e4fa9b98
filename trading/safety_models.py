"""Who may trade how much, what is halted, and where our books and a venue's differ."""

from typing import Any

from django.conf import settings
from django.core.validators import MaxValueValidator, MinValueValidator
from django.db import models
from django.utils import timezone
from django.utils.translation import gettext_lazy as _
from django.utils.translation import pgettext_lazy

from bots.models import MONEY, RATIO, UNITS, Bot
from exchanges.models import ExchangeAccount

_LIMIT: dict[str, Any] = {"null": True, "blank": True}


class Scope(models.TextChoices):
    INSTALLATION = "installation", _("Everybody")
    USER = "user", _("One user")
    ACCOUNT = "account", _("One account")
    BOT = "bot", _("One bot")


class TradingState(models.TextChoices):
    ACTIVE = "active", _("Active")
    REDUCING = "reducing", _("Closing only")
    HALTED = "halted", _("Halted")


def _one_target() -> models.Q:
    """The column that belongs to the scope is set, the others are not."""
    empty = {f"{name}__isnull": True for name in ("owner", "account", "bot")}
    found = models.Q(scope=Scope.INSTALLATION, **empty)
    for scope, column in ((Scope.USER, "owner"), (Scope.ACCOUNT, "account"), (Scope.BOT, "bot")):
        found |= models.Q(scope=scope, **(empty | {f"{column}__isnull": False}))
    return found


def _once_per_target(table: str, extra: tuple[str, ...] = ()) -> list[models.UniqueConstraint]:
    return [
        models.UniqueConstraint(
            fields=["scope", "owner", "account", "bot", *extra], nulls_distinct=False, name=f"{table}_once_per_target"
        ),
    ]


class Scoped(models.Model):
    """Says for whom: everybody, one user, one account or one bot."""

    scope = models.CharField(max_length=12, choices=Scope)
    owner = models.ForeignKey(settings.AUTH_USER_MODEL, models.CASCADE, related_name="+", null=True, blank=True)
    account = models.ForeignKey(ExchangeAccount, models.CASCADE, related_name="+", null=True, blank=True)
    bot = models.ForeignKey(Bot, models.CASCADE, related_name="+", null=True, blank=True)

    class Meta:
        abstract = True


class TradingSwitch(Scoped):
    """Kill switch; no row: active. Read in the transaction that marks an order `submitted`, without Redis or P&L.

    `reducing` lets through what reduces a position, `halted` only what closes it when a person or the flattening asks.
    """

    state = models.CharField(max_length=8, choices=TradingState, default=TradingState.ACTIVE)
    reason = models.CharField(max_length=300, blank=True)
    changed_by = models.ForeignKey(settings.AUTH_USER_MODEL, models.SET_NULL, related_name="+", null=True, blank=True)
    changed_at = models.DateTimeField(default=timezone.now)

    class Meta:
        db_table = "trading_switches"
        verbose_name = _("kill switch")
        verbose_name_plural = _("Kill switches")
        constraints = [
            *_once_per_target("trading_switches"),
            models.CheckConstraint(condition=_one_target(), name="trading_switches_target_of_scope"),
        ]

    def __str__(self) -> str:
        return f"{self.scope} {self.state}"


class DrawdownFrom(models.TextChoices):
    PEAK = "peak", _("The highest equity")
    START = "start", _("The equity at the start")


class RiskLimits(Scoped):
    """Every limit is optional; the tightest of all that apply counts. Money in the settle currency (USD at par).

    `is_admin`: set by an administrator over what the user set; users see it and cannot change it.
    """

    is_admin = models.BooleanField(default=False)
    max_gross_exposure = models.DecimalField(**MONEY, **_LIMIT)
    max_net_exposure = models.DecimalField(**MONEY, **_LIMIT)
    max_open_pairs = models.PositiveSmallIntegerField(**_LIMIT)
    max_order_value = models.DecimalField(**MONEY, **_LIMIT)
    max_equity_share = models.DecimalField(**RATIO, **_LIMIT)  # per pair, per cent of the account's equity
    max_loss_day = models.DecimalField(**MONEY, **_LIMIT)  # since midnight in the user's zone, positive
    max_loss_week = models.DecimalField(**MONEY, **_LIMIT)
    max_drawdown = models.DecimalField(**RATIO, **_LIMIT)  # per cent
    drawdown_from = models.CharField(max_length=5, choices=DrawdownFrom, default=DrawdownFrom.PEAK)
    max_orders_per_minute = models.PositiveSmallIntegerField(**_LIMIT)
    cooldown_losses = models.PositiveSmallIntegerField(**_LIMIT)  # losing cycles in a row
    cooldown_minutes = models.PositiveIntegerField(default=60)
    churn_cycles = models.PositiveSmallIntegerField(**_LIMIT)  # cycles of one bot within churn_minutes
    churn_minutes = models.PositiveIntegerField(default=60)
    max_leverage = models.PositiveSmallIntegerField(**_LIMIT, validators=[MinValueValidator(1), MaxValueValidator(125)])
    allowed_symbols = models.JSONField(default=list, blank=True)  # empty: all
    allowed_exchanges = models.JSONField(default=list, blank=True)  # empty: all
    warn_margin = models.PositiveSmallIntegerField(**_LIMIT, validators=[MinValueValidator(1), MaxValueValidator(90)])
    """Per cent of an account's equity: less free margin is told."""
    warn_at = models.PositiveSmallIntegerField(default=80, validators=[MaxValueValidator(100)])  # per cent of a limit
    drawdown_since = models.DateTimeField(default=timezone.now)  # peak and start are looked for from here on
    updated_by = models.ForeignKey(settings.AUTH_USER_MODEL, models.SET_NULL, related_name="+", null=True, blank=True)
    updated_at = models.DateTimeField(auto_now=True)

    class Meta:
        db_table = "risk_limits"
        verbose_name = _("limits of a target")
        verbose_name_plural = _("Limits")
        constraints = [
            *_once_per_target("risk_limits", ("is_admin",)),
            models.CheckConstraint(condition=_one_target(), name="risk_limits_target_of_scope"),
        ]

    def __str__(self) -> str:
        return f"limits of {self.scope}"


class EquitySnapshot(models.Model):
    """What a venue account was worth. Every minute for two days, then one an hour for ever."""

    account = models.ForeignKey(ExchangeAccount, models.CASCADE, related_name="equity_snapshots")
    at = models.DateTimeField()
    currency = models.CharField(max_length=12)
    equity = models.DecimalField(**UNITS)  # wallet and unrealised P&L
    balance = models.DecimalField(**UNITS)
    gross_exposure = models.DecimalField(**UNITS, default=0)
    net_exposure = models.DecimalField(**UNITS, default=0)

    class Meta:
        db_table = "equity_snapshots"
        verbose_name = _("equity")
        verbose_name_plural = _("Equity")
        constraints = [models.UniqueConstraint(fields=["account", "currency", "at"], name="equity_snapshots_once")]
        indexes = [models.Index(fields=["account", "-at"], name="equity_snapshots_newest")]

    def __str__(self) -> str:
        return f"{self.equity} {self.currency}"


class Reconciliation(models.Model):
    """The last comparison of an account's books with the venue's."""

    account = models.OneToOneField(ExchangeAccount, models.CASCADE, primary_key=True, related_name="reconciliation")
    started_at = models.DateTimeField()
    alive_at = models.DateTimeField(default=timezone.now)  # last sign of the round that runs (PostgreSQL's clock)
    finished_at = models.DateTimeField(null=True, blank=True)
    is_ok = models.BooleanField(null=True, blank=True)  # None: the venue did not answer, nothing is known
    message = models.CharField(max_length=300, blank=True)

    class Meta:
        db_table = "reconciliations"

    def __str__(self) -> str:
        return f"reconciliation of account {self.account_id}"


class DifferenceKind(models.TextChoices):
    POSITION = "position", pgettext_lazy("what is held", "Position")
    ORDER = "order", _("Order")
    FILL = "fill", _("Fill")
    BALANCE = "balance", _("Balance")
    LEVERAGE = "leverage", _("Leverage")
    MARGIN_MODE = "margin_mode", _("Margin mode")
    POSITION_MODE = "position_mode", _("Position mode")


class DifferenceStatus(models.TextChoices):
    SUSPECT = "suspect", _("Seen once")  # answers may lag behind: it counts when it is seen again
    OPEN = "open", _("Open")
    ADOPTED = "adopted", _("Adopted")
    CLOSED = "closed", _("Closed")
    IGNORED = "ignored", _("Ignored")
    GONE = "gone", _("Gone by itself")


class Difference(models.Model):
    """What a venue says and our books do not, until a named person has decided what is to be done, or it went away."""

    account = models.ForeignKey(ExchangeAccount, models.CASCADE, related_name="differences")
    bot = models.ForeignKey(Bot, models.SET_NULL, related_name="differences", null=True, blank=True)
    kind = models.CharField(max_length=13, choices=DifferenceKind)
    symbol = models.CharField(max_length=40, blank=True)
    reference = models.CharField(max_length=64, blank=True)  # the venue's id of an order or fill
    ours = models.CharField(max_length=60)
    theirs = models.CharField(max_length=60)
    delta = models.DecimalField(**UNITS, null=True, blank=True)  # theirs - ours
    details = models.JSONField(default=dict, blank=True)
    status = models.CharField(max_length=7, choices=DifferenceStatus, default=DifferenceStatus.OPEN)
    found_at = models.DateTimeField(default=timezone.now)
    seen_at = models.DateTimeField(default=timezone.now)
    settled_at = models.DateTimeField(null=True, blank=True)
    settled_by = models.ForeignKey(settings.AUTH_USER_MODEL, models.SET_NULL, related_name="+", null=True, blank=True)
    note = models.CharField(max_length=300, blank=True)

    class Meta:
        db_table = "differences"
        verbose_name = _("difference")
        verbose_name_plural = _("Differences")
        ordering = ["-id"]
        indexes = [models.Index(fields=["account", "status"], name="differences_by_account")]
        constraints = [
            models.UniqueConstraint(
                fields=["account", "kind", "symbol", "reference"],
                condition=models.Q(status="open"),
                name="differences_open_once",
            ),
        ]

    def __str__(self) -> str:
        return f"{self.kind} {self.symbol} {self.ours} / {self.theirs}"
