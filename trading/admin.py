"""History is read here, never written: the ledger is its only writer."""

from typing import Any

from django.contrib import admin
from django.http import HttpRequest
from unfold.admin import ModelAdmin

from trading.models import Cycle, Fill, LedgerLine, Order, Position, Trade, TradeLog


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
