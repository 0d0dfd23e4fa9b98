"""History is read here, never written: the ledger is its only writer."""

from typing import Any

from django.contrib import admin, messages
from django.db.models import QuerySet
from django.http import HttpRequest
from django.utils import timezone
from django.utils.translation import gettext_lazy as _
from unfold.admin import ModelAdmin

from exchanges.errors import DomainError
from trading import admin_risk as admin_risk
from trading.backtests import services
from trading.models import Backtest, Cycle, Fill, LedgerLine, Order, Position, Trade, TradeLog


class History(ModelAdmin):
    list_per_page = 50
    show_full_result_count = False

    def has_add_permission(self, request: HttpRequest) -> bool:
        return False

    def has_change_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        return False

    def has_delete_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        return False


@admin.register(Order)
class OrderAdmin(History):
    list_display = [
        "id",
        "bot",
        "symbol",
        "side",
        "purpose",
        "amount",
        "filled_amount",
        "average_price",
        "status",
        "created_at",
    ]
    list_filter = ["status", "purpose", "side", "account__exchange"]
    search_fields = ["client_order_id", "exchange_order_id", "symbol", "bot__bot_name"]
    list_select_related = ["bot"]


@admin.register(Fill)
class FillAdmin(History):
    list_display = ["id", "symbol", "side", "amount", "price", "fee", "fee_currency", "realised_pnl", "at"]
    search_fields = ["trade_id", "symbol"]


@admin.register(Position)
class PositionAdmin(History):
    list_display = ["id", "bot", "cycle_number", "symbol", "side", "amount", "entry_price", "realized_pnl", "is_open"]
    list_filter = ["is_open", "side"]
    search_fields = ["symbol", "bot__bot_name"]
    list_select_related = ["bot"]


@admin.register(Trade)
class TradeAdmin(History):
    list_display = [
        "id",
        "bot",
        "cycle_number",
        "level",
        "action",
        "reason",
        "spread",
        "status",
        "naked_ms",
        "decided_at",
    ]
    list_filter = ["action", "status", "reason"]
    search_fields = ["bot__bot_name"]
    list_select_related = ["bot"]


@admin.register(Cycle)
class CycleAdmin(History):
    list_display = ["id", "bot", "number", "levels", "opened_at", "closed_at", "reason", "realised_pnl", "fees"]
    list_filter = ["reason"]
    search_fields = ["bot__bot_name"]
    list_select_related = ["bot"]


@admin.register(LedgerLine)
class LedgerLineAdmin(History):
    list_display = ["id", "account", "bot", "kind", "amount", "currency", "symbol", "at"]
    list_filter = ["kind", "currency"]
    search_fields = ["symbol", "bot__bot_name"]
    list_select_related = ["account", "bot"]


@admin.register(TradeLog)
class TradeLogAdmin(History):
    list_display = ["id", "bot", "log_type", "message", "created_at"]
    list_filter = ["log_type"]
    search_fields = ["message", "bot__bot_name"]
    list_select_related = ["bot"]


@admin.register(Backtest)
class BacktestAdmin(History):
    """What runs is ended, and what takes room is deleted, by the same rules as its owner's own."""

    list_display = [
        "id",
        "owner",
        "kind",
        "name",
        "market1_symbol",
        "market2_symbol",
        "timeframe",
        "status",
        "done",
        "total",
        "created_at",
        "finished_at",
    ]
    list_filter = ["status", "kind", "strategy", "exchange"]
    search_fields = ["name", "owner__username", "market1_symbol", "market2_symbol"]
    list_select_related = ["owner"]
    actions = ["cancel", "delete"]

    def has_change_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        """Nothing is edited here; the actions need the right to change back-tests."""
        return obj is None and ModelAdmin.has_change_permission(self, request, obj)

    @admin.action(description=_("Cancel the selected ones"), permissions=["change"])
    def cancel(self, request: HttpRequest, backtests: QuerySet[Backtest]) -> None:
        for backtest in backtests:
            try:
                services.backtest_cancel(actor=None, backtest=backtest, now=timezone.now())
            except DomainError as error:
                self.message_user(request, f"{backtest}: {error.message}", messages.WARNING)

    @admin.action(description=_("Delete the selected ones with their results"), permissions=["change"])
    def delete(self, request: HttpRequest, backtests: QuerySet[Backtest]) -> None:
        for backtest in backtests:
            try:
                services.backtest_delete(actor=None, backtest=backtest)
            except DomainError as error:
                self.message_user(request, f"{backtest}: {error.message}", messages.WARNING)
