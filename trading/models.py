"""Orders, fills, positions and money of the bots. `trading.ledger` is the only writer."""

from decimal import Decimal

from django.conf import settings
from django.contrib.postgres.indexes import BrinIndex
from django.db import models
from django.utils.translation import gettext_lazy as _

from bots.models import UNITS, Bot
from exchanges.models import ExchangeAccount
from trading.backtest_models import Backtest, BacktestSeries, Search, Trial
from trading.core.order_state import OrderStatus
from trading.guardian_models import AlertKind, GuardianMark, LastLook, SafetyAlert
from trading.manual_models import ManualOrderKey
from trading.reconciliation_models import AccountBooks, Installation
from trading.rehearsal_models import Rehearsal
from trading.safety_models import (
    Difference,
    DifferenceKind,
    DifferenceStatus,
    DrawdownFrom,
    EquitySnapshot,
    Reconciliation,
    RiskLimits,
    Scope,
    TradingState,
    TradingSwitch,
)
from trading.scan_models import PairScan, ScannedPair
from trading.spread_models import SpreadHour

__all__ = [
    "AccountBooks",
    "AlertKind",
    "Backtest",
    "BacktestSeries",
    "CloseReason",
    "Cycle",
    "Difference",
    "DifferenceKind",
    "DifferenceStatus",
    "DrawdownFrom",
    "EquitySnapshot",
    "Fill",
    "GuardianMark",
    "Installation",
    "LastLook",
    "LedgerLine",
    "LineKind",
    "LogType",
    "ManualOrderKey",
    "Order",
    "OrderStatus",
    "PairScan",
    "Position",
    "Purpose",
    "Reconciliation",
    "Rehearsal",
    "RiskLimits",
    "SafetyAlert",
    "ScannedPair",
    "Scope",
    "Search",
    "SpreadHistory",
    "SpreadHour",
    "SpreadKind",
    "Trade",
    "TradeLog",
    "TradeStatus",
    "TradingState",
    "TradingSwitch",
    "Trial",
]


class Purpose(models.TextChoices):
    OPEN = "open", _("Open")
    ADD = "add", _("Add")
    CLOSE = "close", _("Close")
    UNWIND = "unwind", _("Unwind")
    MANUAL = "manual", _("By hand")
    PROTECT = "protect", _("Protective stop")


class CloseReason(models.TextChoices):
    TAKE_PROFIT = "take_profit", _("Take profit")
    STOP_LOSS = "stop_loss", _("Stop loss")
    MANUAL = "manual", _("By hand")
    UNWIND = "unwind", _("A leg was left alone")
    SIGNAL = "signal", _("Signal of the strategy")
    TIME_STOP = "time_stop", _("Held too long")
    PAIR_BREAK = "pair_break", _("The pair broke apart")
    PROTECTION = "protection", _("Protective stop")
    KILL_SWITCH = "kill_switch", _("Kill switch")
    LIQUIDATION = "liquidation", _("Liquidated by the venue")
    OUTSIDE = "outside", _("Closed at the venue")


class TradeStatus(models.TextChoices):
    WORKING = "working", _("Working")
    SETTLED = "settled", _("Settled")
    FAILED = "failed", _("Failed")


class Cycle(models.Model):
    """From the opening trade of a bot to its close. Figures in the settle currency."""

    bot = models.ForeignKey(Bot, models.CASCADE, related_name="cycles")
    number = models.PositiveIntegerField()
    side = models.SmallIntegerField()
    levels = models.PositiveSmallIntegerField(default=0)
    invested = models.DecimalField(**UNITS, default=Decimal(0))
    opened_at = models.DateTimeField()  # market time
    closed_at = models.DateTimeField(null=True, blank=True)
    open_spread = models.FloatField()
    close_spread = models.FloatField(null=True, blank=True)
    reason = models.CharField(max_length=12, choices=CloseReason, blank=True)
    realised_pnl = models.DecimalField(**UNITS, default=Decimal(0))  # sum of the cycle's ledger lines
    fees = models.DecimalField(**UNITS, default=Decimal(0))  # paid, positive
    funding = models.DecimalField(**UNITS, default=Decimal(0))  # received positive
    lowest_pnl = models.FloatField(default=0.0)

    class Meta:
        db_table = "cycles"
        verbose_name = _("cycle")
        verbose_name_plural = _("Cycles")
        ordering = ["-number"]
        constraints = [models.UniqueConstraint(fields=["bot", "number"], name="cycles_number_unique")]

    def __str__(self) -> str:
        return f"cycle {self.number}"


class Trade(models.Model):
    """One decision of a bot, as one position change with two legs: the orders of both belong to it."""

    bot = models.ForeignKey(Bot, models.CASCADE, related_name="trades")
    cycle_number = models.PositiveIntegerField()
    level = models.PositiveSmallIntegerField()  # reached by an entry, held before a close
    action = models.CharField(max_length=7, choices=Purpose)  # open, add, close
    reason = models.CharField(max_length=12, choices=CloseReason, blank=True)
    side = models.SmallIntegerField()
    status = models.CharField(max_length=8, choices=TradeStatus, default=TradeStatus.WORKING)
    spread = models.FloatField()
    price1 = models.DecimalField(**UNITS)  # the decision's prices
    price2 = models.DecimalField(**UNITS)
    notional = models.DecimalField(**UNITS)  # one leg, quote currency
    planned1 = models.DecimalField(**UNITS, default=Decimal(0))  # base units that this level wanted, before rounding
    planned2 = models.DecimalField(**UNITS, default=Decimal(0))
    target1 = models.DecimalField(**UNITS)  # base units to fill, absolute
    target2 = models.DecimalField(**UNITS)
    filled_share = models.FloatField(null=True, blank=True)
    pnl = models.DecimalField(**UNITS, null=True, blank=True)  # closes: the cycle's result
    decided_at = models.DateTimeField()  # market time
    filled_at = models.DateTimeField(null=True, blank=True)  # market time of the last fill
    sent_at = models.DateTimeField(null=True, blank=True)  # real time of the first order
    settled_at = models.DateTimeField(null=True, blank=True)  # real time
    naked_ms = models.PositiveIntegerField(default=0)  # time between the first fill of one leg and balance
    naked_value = models.DecimalField(**UNITS, default=Decimal(0))  # largest difference of the legs' filled notionals

    class Meta:
        db_table = "trades"
        verbose_name = _("pair trade")
        verbose_name_plural = _("Pair trades")
        ordering = ["-id"]
        indexes = [models.Index(fields=["bot", "-id"], name="trades_by_bot")]
        constraints = [
            models.UniqueConstraint(
                fields=["bot"], condition=models.Q(status="working"), name="trades_one_working_per_bot"
            ),
        ]

    def __str__(self) -> str:
        return f"{self.action} {self.level} {self.status}"


class Order(models.Model):
    """One order of one leg. The row is committed before anything is sent (reliability.md, 1)."""

    account = models.ForeignKey(ExchangeAccount, models.PROTECT, related_name="orders")
    bot = models.ForeignKey(Bot, models.CASCADE, related_name="orders", null=True, blank=True)
    trade = models.ForeignKey(Trade, models.CASCADE, related_name="orders", null=True, blank=True)
    cycle_number = models.PositiveIntegerField(default=0)
    dca_level = models.PositiveSmallIntegerField(default=0)
    leg = models.PositiveSmallIntegerField(default=1)
    purpose = models.CharField(max_length=7, choices=Purpose)
    attempt = models.PositiveSmallIntegerField(default=1)
    client_order_id = models.CharField(max_length=32, unique=True)
    exchange_order_id = models.CharField(max_length=64, blank=True)
    symbol = models.CharField(max_length=40)
    side = models.CharField(max_length=4, choices=[("buy", _("Buy")), ("sell", _("Sell"))])
    order_type = models.CharField(
        max_length=8,
        choices=[
            ("market", _("Market")),
            ("ioc", _("Market, capped")),
            ("limit", _("Limit")),
            ("stop", _("Stop, market")),
        ],
    )
    trigger_price = models.DecimalField(**UNITS, null=True, blank=True)  # of a stop order
    post_only = models.BooleanField(default=False)
    placed_by = models.ForeignKey(  # by hand
        settings.AUTH_USER_MODEL, models.SET_NULL, related_name="+", null=True, blank=True
    )
    price = models.DecimalField(**UNITS, null=True, blank=True)
    amount = models.DecimalField(**UNITS)
    reduce_only = models.BooleanField(default=False)
    filled_amount = models.DecimalField(**UNITS, default=Decimal(0))
    average_price = models.DecimalField(**UNITS, null=True, blank=True)
    cost = models.DecimalField(**UNITS, default=Decimal(0))
    fee = models.DecimalField(**UNITS, default=Decimal(0))
    fee_currency = models.CharField(max_length=12, blank=True)
    status = models.CharField(
        max_length=16, choices=[(s.value, s.value) for s in OrderStatus], default=OrderStatus.PENDING
    )
    reason = models.CharField(max_length=300, blank=True)
    send_by = models.DateTimeField(null=True, blank=True)
    market_time = models.DateTimeField()  # the venue's time at which it was written; a replay's tape time
    submitted_at = models.DateTimeField(null=True, blank=True)
    filled_at = models.DateTimeField(null=True, blank=True)  # venue time of the last fill
    created_at = models.DateTimeField(auto_now_add=True)
    updated_at = models.DateTimeField(auto_now=True)

    class Meta:
        db_table = "orders"
        verbose_name = _("order")
        verbose_name_plural = _("orders")
        ordering = ["-id"]
        indexes = [
            models.Index(fields=["bot", "cycle_number"], name="orders_by_cycle"),
            models.Index(fields=["bot", "-id"], name="orders_by_bot"),
            models.Index(fields=["account", "-id"], name="orders_by_account"),
            models.Index(fields=["-created_at", "-id"], name="orders_by_time"),
            models.Index(fields=["exchange_order_id"], name="orders_by_exchange_id"),
            models.Index(
                fields=["bot"],
                condition=models.Q(status__in=["pending", "submitted", "open", "partially_filled", "unknown"]),
                name="orders_unsettled",
            ),
        ]
        constraints = [
            models.CheckConstraint(
                condition=models.Q(status__in=[s.value for s in OrderStatus]), name="orders_status_known"
            ),
            models.CheckConstraint(condition=models.Q(amount__gt=0), name="orders_amount_positive"),
            models.CheckConstraint(
                condition=models.Q(filled_amount__gte=0, filled_amount__lte=models.F("amount")),
                name="orders_filled_within_amount",
            ),
            models.CheckConstraint(condition=models.Q(leg__in=[1, 2]), name="orders_leg_known"),
        ]

    def __str__(self) -> str:
        return f"{self.side} {self.amount} {self.symbol}"


class Fill(models.Model):
    """One execution as the venue reported it; never changed, never booked twice."""

    order = models.ForeignKey(Order, models.PROTECT, related_name="fills")
    account = models.ForeignKey(ExchangeAccount, models.PROTECT, related_name="+")
    symbol = models.CharField(max_length=40)
    trade_id = models.CharField(max_length=64)
    side = models.CharField(max_length=4)
    price = models.DecimalField(**UNITS)
    amount = models.DecimalField(**UNITS)
    fee = models.DecimalField(**UNITS)
    fee_currency = models.CharField(max_length=12)
    realised_pnl = models.DecimalField(**UNITS, default=Decimal(0))  # without the fee
    at = models.DateTimeField()  # venue time
    booked_at = models.DateTimeField(auto_now_add=True)

    class Meta:
        db_table = "fills"
        verbose_name = _("fill")
        verbose_name_plural = _("Fills")
        indexes = [models.Index(fields=["trade_id"], name="fills_by_trade_id")]
        constraints = [
            models.UniqueConstraint(fields=["account", "symbol", "trade_id"], name="fills_unique"),
            models.CheckConstraint(condition=models.Q(amount__gt=0, price__gt=0), name="fills_positive"),
        ]

    def __str__(self) -> str:
        return f"{self.side} {self.amount} {self.symbol} at {self.price}"


class Position(models.Model):
    """One leg of one cycle. `amount` is what is held now (absolute), `cost` its signed entry cost."""

    bot = models.ForeignKey(Bot, models.CASCADE, related_name="positions")
    account = models.ForeignKey(ExchangeAccount, models.PROTECT, related_name="positions")
    cycle_number = models.PositiveIntegerField()
    leg = models.PositiveSmallIntegerField()
    symbol = models.CharField(max_length=40)
    side = models.CharField(max_length=5, choices=[("long", _("Long")), ("short", _("Short"))])
    amount = models.DecimalField(**UNITS)
    cost = models.DecimalField(**UNITS)
    entry_price = models.DecimalField(**UNITS)
    current_price = models.DecimalField(**UNITS, null=True, blank=True)
    unrealized_pnl = models.DecimalField(**UNITS, default=Decimal(0))
    realized_pnl = models.DecimalField(**UNITS, default=Decimal(0))  # without fees and funding
    fees = models.DecimalField(**UNITS, default=Decimal(0))  # paid, positive
    funding = models.DecimalField(**UNITS, default=Decimal(0))  # received positive
    is_open = models.BooleanField(default=True)
    opened_at = models.DateTimeField()  # market time
    closed_at = models.DateTimeField(null=True, blank=True)
    updated_at = models.DateTimeField(auto_now=True)

    class Meta:
        db_table = "positions"
        verbose_name = _("position")
        verbose_name_plural = _("Positions")
        ordering = ["-id"]
        indexes = [models.Index(fields=["bot", "is_open"], name="positions_open_by_bot")]
        constraints = [
            models.UniqueConstraint(fields=["bot", "cycle_number", "leg"], name="positions_leg_unique"),
            models.CheckConstraint(condition=models.Q(amount__gte=0), name="positions_amount_not_negative"),
            models.CheckConstraint(
                condition=models.Q(is_open=True) | models.Q(amount=0), name="positions_closed_are_empty"
            ),
        ]

    def __str__(self) -> str:
        return f"{self.side} {self.amount} {self.symbol}"

    @property
    def signed_amount(self) -> Decimal:
        return self.amount if self.side == "long" else -self.amount


class LineKind(models.TextChoices):
    REALISED = "realised", _("Realised")
    FEE = "fee", _("Fee")
    FUNDING = "funding", _("Funding")
    CONVERSION = "conversion", _("Conversion")
    TRANSFER = "transfer", _("Transfer")
    ADJUSTMENT = "adjustment", _("Adjustment")


class LedgerLine(models.Model):
    """Money that came (positive) or went, once and for ever. A bot's profit is the sum of its lines."""

    account = models.ForeignKey(ExchangeAccount, models.PROTECT, related_name="+")
    bot = models.ForeignKey(Bot, models.CASCADE, related_name="ledger_lines", null=True, blank=True)
    cycle_number = models.PositiveIntegerField(default=0)
    symbol = models.CharField(max_length=40)
    kind = models.CharField(max_length=10, choices=LineKind)
    amount = models.DecimalField(**UNITS)
    currency = models.CharField(max_length=12)
    fill = models.ForeignKey(Fill, models.PROTECT, related_name="lines", null=True, blank=True)
    external_id = models.CharField(max_length=80, blank=True)
    at = models.DateTimeField()  # venue time
    created_at = models.DateTimeField(auto_now_add=True)

    class Meta:
        db_table = "ledger_lines"
        verbose_name = _("ledger line")
        verbose_name_plural = _("Ledger")
        indexes = [
            models.Index(fields=["bot", "-at"], name="ledger_by_bot"),
            BrinIndex(fields=["created_at"], name="ledger_by_booking", autosummarize=True),
        ]
        constraints = [
            models.UniqueConstraint(
                fields=["fill", "kind"], condition=models.Q(fill__isnull=False), name="ledger_fill_once"
            ),
            models.UniqueConstraint(
                fields=["account", "kind", "external_id"],
                condition=~models.Q(external_id=""),
                name="ledger_external_once",
            ),
        ]

    def __str__(self) -> str:
        return f"{self.kind} {self.amount} {self.currency}"


class LogType(models.TextChoices):
    INFO = "info", _("Info")
    WARNING = "warning", _("Warning")
    ERROR = "error", _("Error")
    TRADE = "trade", _("Trade")


class TradeLog(models.Model):
    """A line of a bot's journal. `details["code"]` names the sentence (`trading.journal`), the rest are its figures."""

    bot = models.ForeignKey(Bot, models.CASCADE, related_name="logs")
    log_type = models.CharField(max_length=8, choices=LogType)
    message = models.CharField(max_length=500)
    details = models.JSONField(default=dict, blank=True)
    market_time = models.DateTimeField(null=True, blank=True)
    created_at = models.DateTimeField(auto_now_add=True)

    class Meta:
        db_table = "trade_logs"
        verbose_name = _("line of a journal")
        verbose_name_plural = _("Lines of the journals")
        ordering = ["-id"]
        indexes = [models.Index(fields=["bot", "-id"], name="trade_logs_by_bot")]

    def __str__(self) -> str:
        return self.message


class SpreadKind(models.TextChoices):
    MINUTE = "minute", _("Minute")
    TRADE = "trade", _("Trade")


class SpreadHistory(models.Model):
    """One row a minute (spread open, high, low, close) and one per trade.

    `recorded_at` is market time (a replay's tape time). The table is partitioned by `stored_on`, the real day of
    writing, and old partitions are dropped: see the migration.
    """

    bot = models.ForeignKey(Bot, models.DO_NOTHING, related_name="spread_history", db_constraint=False)
    kind = models.CharField(max_length=6, choices=SpreadKind, default=SpreadKind.MINUTE)
    market1_price = models.DecimalField(**UNITS)
    market2_price = models.DecimalField(**UNITS)
    spread_percentage = models.FloatField()
    spread_open = models.FloatField()
    spread_high = models.FloatField()
    spread_low = models.FloatField()
    recorded_at = models.DateTimeField()
    stored_on = models.DateField()

    class Meta:
        db_table = "spread_history"
        ordering = ["-recorded_at"]
        constraints = [
            models.UniqueConstraint(
                fields=["bot", "kind", "recorded_at", "stored_on"], name="spread_history_point_unique"
            ),
        ]

    def __str__(self) -> str:
        return f"{self.spread_percentage} at {self.recorded_at}"
