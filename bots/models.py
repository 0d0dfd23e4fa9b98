"""Bots: settings, strategy state, lease; what users asked of them; which bot owns a symbol at a venue."""

import uuid
from decimal import Decimal
from typing import Any

from django.conf import settings
from django.core.validators import MaxValueValidator, MinValueValidator
from django.db import models
from django.utils import timezone
from django.utils.translation import gettext_lazy as _

from exchanges.models import ExchangeAccount

MONEY: dict[str, Any] = {"max_digits": 20, "decimal_places": 8}
UNITS: dict[str, Any] = {"max_digits": 32, "decimal_places": 12}
RATIO: dict[str, Any] = {"max_digits": 12, "decimal_places": 4}


class BotStatus(models.TextChoices):
    RUNNING = "running", _("Running")
    PAUSED = "paused", _("Paused")
    STOPPED = "stopped", _("Stopped")
    ERROR = "error", _("Error")


class MarginMode(models.TextChoices):
    CROSS = "cross", _("Cross")
    ISOLATED = "isolated", _("Isolated")


class OrderKind(models.TextChoices):
    MARKET = "market", _("Market")
    LIMIT = "limit", _("Limit")


class ProfitMode(models.TextChoices):
    REGRESSION = "regression", _("Regression")
    POSITION = "position", _("Position")


class Opening(models.TextChoices):
    REVERSION = "reversion", _("Reversion")
    MOMENTUM = "momentum", _("Momentum")


class AllowedSide(models.TextChoices):
    BOTH = "both", _("Both sides")
    LONG_SPREAD = "long_spread", _("Long the spread only")
    SHORT_SPREAD = "short_spread", _("Short the spread only")


class PnlBasis(models.TextChoices):
    NET = "net", _("Net of fees and funding")
    GROSS = "gross", _("Gross")


class DecideOn(models.TextChoices):
    TICK = "tick", _("Every quote")
    CANDLE_CLOSE = "candle_close", _("Close of a candle")


class PairBreakPolicy(models.TextChoices):
    NOTHING = "nothing", _("Nothing")
    ALERT = "alert", _("Alert")
    PAUSE = "pause", _("Pause the bot")
    CLOSE = "close", _("Close both legs and pause")


class LoneLegPolicy(models.TextChoices):
    COMPLETE = "complete", _("Complete the missing leg")
    UNWIND = "unwind", _("Close the filled leg")


LEVERAGES = [1, 2, 3, 5, 10, 20]
TIMEFRAMES = ["1m", "5m", "15m", "1h", "4h", "1d"]


class Bot(models.Model):
    """One pair, one strategy, one writer at a time.

    `status` is written by `bots.services` only; state and figures by `trading.ledger`; the lease by `bots.leases`.
    """

    owner = models.ForeignKey(settings.AUTH_USER_MODEL, models.CASCADE, related_name="bots")
    exchange_account = models.ForeignKey(ExchangeAccount, models.PROTECT, related_name="bots")
    exchange_account2 = models.ForeignKey(ExchangeAccount, models.PROTECT, related_name="+", null=True, blank=True)
    bot_name = models.CharField(_("name"), max_length=80)
    strategy = models.CharField(_("strategy"), max_length=40, default="spread")
    strategy_params = models.JSONField(default=dict, blank=True)

    # The pair
    market1_symbol = models.CharField(_("market 1"), max_length=40)
    market2_symbol = models.CharField(_("market 2"), max_length=40)
    start_time = models.DateTimeField(_("start time"))
    market1_start_price = models.DecimalField(**UNITS)
    market2_start_price = models.DecimalField(**UNITS)

    # Orders
    leverage = models.PositiveSmallIntegerField(
        _("leverage"), default=10, validators=[MinValueValidator(1), MaxValueValidator(125)]
    )
    margin_mode = models.CharField(_("margin mode"), max_length=8, choices=MarginMode, default=MarginMode.CROSS)
    order_type_open = models.CharField(_("orders that open"), max_length=6, choices=OrderKind, default=OrderKind.MARKET)
    order_type_close = models.CharField(
        _("orders that close"), max_length=6, choices=OrderKind, default=OrderKind.MARKET
    )
    investment_per_order = models.DecimalField(_("investment per order"), **MONEY)
    max_position_value = models.DecimalField(_("maximum position"), **MONEY)
    max_dca_times = models.PositiveSmallIntegerField(_("levels"), default=6)
    dca_config = models.JSONField(_("ladder"))  # [{"times": 1, "spread": 1.0, "multiplier": 1.0}, …]

    # Strategy
    opening = models.CharField(_("opens on"), max_length=9, choices=Opening, default=Opening.REVERSION)
    allowed_side = models.CharField(
        _("side of the spread"), max_length=12, choices=AllowedSide, default=AllowedSide.BOTH
    )
    profit_mode = models.CharField(_("takes profit on"), max_length=10, choices=ProfitMode, default=ProfitMode.POSITION)
    profit_ratio = models.DecimalField(_("take profit"), **RATIO, default=Decimal("1.0"))
    stop_loss_ratio = models.DecimalField(_("stop loss"), **RATIO, default=Decimal("10.0"))
    pause_after_close = models.BooleanField(_("pause after a close"), default=True)
    restart_after_stop_loss = models.BooleanField(_("go on after a stop loss"), default=False)
    pnl_basis = models.CharField(_("P&L"), max_length=5, choices=PnlBasis, default=PnlBasis.NET)
    decide_on = models.CharField(_("decides on"), max_length=12, choices=DecideOn, default=DecideOn.TICK)
    timeframe = models.CharField(_("candle"), max_length=4, choices=[(t, t) for t in TIMEFRAMES], default="5m")
    tick_interval = models.PositiveSmallIntegerField(_("seconds between looks"), default=5)

    # Safety, percent unless named
    max_slippage = models.DecimalField(_("maximum slippage"), **RATIO, default=Decimal("0.5"))
    max_book_spread = models.DecimalField(_("widest book"), **RATIO, default=Decimal("0.2"))
    max_imbalance = models.DecimalField(_("maximum imbalance"), **RATIO, default=Decimal("5"))
    max_quote_age = models.PositiveSmallIntegerField(_("oldest quote, seconds"), default=10)
    lone_leg_policy = models.CharField(
        _("a leg alone"), max_length=8, choices=LoneLegPolicy, default=LoneLegPolicy.COMPLETE
    )
    freeze_exits = models.BooleanField(_("freeze while paused"), default=False)
    protective_stop = models.DecimalField(  # adverse move of one leg from its entry at which the venue itself closes it
        _("protective stop at the exchange"), **RATIO, null=True, blank=True
    )
    max_hours_in_position = models.DecimalField(_("longest time in position, hours"), **RATIO, null=True, blank=True)
    pair_break_policy = models.CharField(
        _("when the pair breaks apart"), max_length=7, choices=PairBreakPolicy, default=PairBreakPolicy.ALERT
    )
    sizing = models.JSONField(_("position sizing"), default=dict, blank=True)  # {}: investment_per_order as it stands

    # State of the strategy (strategy.md, Terms)
    status = models.CharField(_("status"), max_length=8, choices=BotStatus, default=BotStatus.STOPPED)
    status_reason = models.CharField(max_length=300, blank=True)
    status_changed_at = models.DateTimeField(default=timezone.now)
    current_cycle = models.PositiveIntegerField(_("cycle"), default=1)
    level = models.PositiveSmallIntegerField(_("level"), default=0)
    side = models.SmallIntegerField(_("side"), default=0)  # +1 long the spread, -1 short, 0 flat
    reference_spread = models.FloatField(default=0.0)
    first_spread = models.FloatField(default=0.0)
    last_spread = models.FloatField(default=0.0)
    invested = models.DecimalField(**UNITS, default=Decimal(0))  # I: one leg's notional over the filled levels
    planned1 = models.DecimalField(**UNITS, default=Decimal(0))  # base units wanted so far, before rounding
    planned2 = models.DecimalField(**UNITS, default=Decimal(0))
    entry_failures = models.PositiveSmallIntegerField(default=0)
    entries_wait_until = models.DateTimeField(null=True, blank=True)  # market time
    last_candle_at = models.DateTimeField(null=True, blank=True)  # opening time of the last candle decided on
    funding_read_at = models.DateTimeField(null=True, blank=True)  # market time up to which payments were asked for
    total_profit = models.DecimalField(**UNITS, default=Decimal(0))  # sum of the bot's ledger lines
    total_trades = models.PositiveIntegerField(default=0)  # filled pair trades

    # Lease (PostgreSQL's clock)
    lease_token = models.BigIntegerField(default=0)
    lease_holder = models.CharField(max_length=80, blank=True)
    lease_until = models.DateTimeField(null=True, blank=True)
    last_tick_at = models.DateTimeField(null=True, blank=True)

    created_at = models.DateTimeField(auto_now_add=True)
    updated_at = models.DateTimeField(auto_now=True)
    deleted_at = models.DateTimeField(null=True, blank=True)  # hidden from its owner; orders and money stay on record

    class Meta:
        db_table = "bot_instances"
        verbose_name = _("bot")
        verbose_name_plural = _("bots")
        ordering = ["-id"]
        indexes = [
            models.Index(fields=["owner", "status"], name="bots_by_owner_status"),
            models.Index(fields=["status"], name="bots_by_status"),
        ]
        constraints = [
            models.CheckConstraint(condition=models.Q(status__in=BotStatus.values), name="bots_status_known"),
            models.CheckConstraint(condition=models.Q(side__in=[-1, 0, 1]), name="bots_side_known"),
            models.CheckConstraint(
                condition=models.Q(level=0, side=0) | (models.Q(level__gt=0) & ~models.Q(side=0)),
                name="bots_level_and_side_agree",
            ),
            models.CheckConstraint(condition=models.Q(investment_per_order__gt=0), name="bots_investment_positive"),
            models.CheckConstraint(condition=models.Q(max_position_value__gt=0), name="bots_cap_positive"),
            models.CheckConstraint(
                condition=models.Q(max_dca_times__gte=1, max_dca_times__lte=20), name="bots_levels_1_to_20"
            ),
            models.CheckConstraint(
                condition=models.Q(market1_start_price__gt=0, market2_start_price__gt=0),
                name="bots_start_prices_positive",
            ),
            models.CheckConstraint(condition=models.Q(tick_interval__gte=1), name="bots_tick_interval_positive"),
            models.CheckConstraint(
                condition=~models.Q(market1_symbol=models.F("market2_symbol"))
                | (
                    models.Q(exchange_account2__isnull=False)
                    & ~models.Q(exchange_account2=models.F("exchange_account"))
                ),
                name="bots_two_markets",
            ),
        ]

    def __str__(self) -> str:
        return self.bot_name

    @property
    def is_flat(self) -> bool:
        return self.level == 0

    @property
    def is_paper(self) -> bool:
        return self.exchange_account.is_paper

    @property
    def legs(self) -> tuple[int, ...]:
        """(1,) for a strategy of one market: market 2 is then empty."""
        return (1, 2) if self.market2_symbol else (1,)

    def account_of(self, leg: int) -> ExchangeAccount:
        return self.exchange_account2 or self.exchange_account if leg == 2 else self.exchange_account

    def account_id_of(self, leg: int) -> int:
        return self.exchange_account2_id or self.exchange_account_id if leg == 2 else self.exchange_account_id

    def symbol_of(self, leg: int) -> str:
        return self.market2_symbol if leg == 2 else self.market1_symbol


class IntentKind(models.TextChoices):
    CLOSE = "close", _("Close both legs")
    CLOSE_AND_STOP = "close_and_stop", _("Close both legs and stop")
    FLATTEN = "flatten", _("Kill switch: close both legs and stop")
    ADOPT = "adopt", _("Book what the exchange holds")
    CLOSE_REST = "close_rest", _("Close what is left of the pair")


class IntentStatus(models.TextChoices):
    WAITING = "waiting", _("Waiting")
    DONE = "done", _("Done")
    REFUSED = "refused", _("Refused")


class Intent(models.Model):
    """What a user asked a bot to do; the engine does it under the lease before it decides. One key, one intent."""

    bot = models.ForeignKey(Bot, models.CASCADE, related_name="intents")
    user = models.ForeignKey(settings.AUTH_USER_MODEL, models.SET_NULL, null=True, related_name="+")
    kind = models.CharField(max_length=16, choices=IntentKind)
    idempotency_key = models.CharField(max_length=64, default=uuid.uuid4)
    status = models.CharField(max_length=8, choices=IntentStatus, default=IntentStatus.WAITING)
    details = models.JSONField(default=dict, blank=True)
    result = models.CharField(max_length=300, blank=True)
    created_at = models.DateTimeField(auto_now_add=True)
    settled_at = models.DateTimeField(null=True, blank=True)

    class Meta:
        db_table = "bot_intents"
        verbose_name = _("wish of a user")
        verbose_name_plural = _("Wishes of users")
        constraints = [models.UniqueConstraint(fields=["bot", "idempotency_key"], name="bot_intents_key_unique")]
        indexes = [
            models.Index(fields=["bot"], condition=models.Q(status="waiting"), name="bot_intents_waiting"),
        ]

    def __str__(self) -> str:
        return f"{self.kind} {self.status}"


class SymbolClaim(models.Model):
    """One bot per symbol of a venue account, from start until flat, settled and stopped: positions there are netted."""

    venue_account = models.CharField(max_length=80)  # exchange and venue uid, or the account row while that is unknown
    symbol = models.CharField(max_length=40)
    bot = models.ForeignKey(Bot, models.CASCADE, related_name="claims")
    created_at = models.DateTimeField(auto_now_add=True)

    class Meta:
        db_table = "symbol_claims"
        verbose_name = _("claimed market")
        verbose_name_plural = _("Claimed markets")
        constraints = [models.UniqueConstraint(fields=["venue_account", "symbol"], name="symbol_claims_unique")]

    def __str__(self) -> str:
        return f"{self.symbol} {self.venue_account}"


class BotSchedule(models.Model):
    """The bot's own PeriodicTask; `bots.schedules` creates, changes and removes it with the bot's life."""

    bot = models.OneToOneField(Bot, models.CASCADE, primary_key=True, related_name="schedule")
    periodic_task = models.OneToOneField("django_celery_beat.PeriodicTask", models.CASCADE, related_name="bot_schedule")

    class Meta:
        db_table = "bot_schedules"

    def __str__(self) -> str:
        return f"schedule of bot {self.bot_id}"
