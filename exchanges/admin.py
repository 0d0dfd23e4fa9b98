from django.contrib import admin
from django.db.models import Model, QuerySet
from django.db.models.functions import Now
from django.http import HttpRequest
from unfold.admin import ModelAdmin

from exchanges.models import CandleDownload, CandleSet, ExchangeAccount, FundingSet


@admin.register(ExchangeAccount)
class ExchangeAccountAdmin(ModelAdmin):
    """No secret is ever shown or set here: keys belong to their owner."""

    list_display = ["label", "exchange", "owner", "is_testnet", "is_active", "last_checked_at", "last_check_ok"]
    list_filter = ["exchange", "is_active", "is_testnet", "last_check_ok"]
    search_fields = ["label", "owner__username", "owner__email"]
    list_select_related = ["owner"]
    fields = [
        "owner",
        "exchange",
        "label",
        "is_testnet",
        "is_active",
        "paper_venue",
        "paper_source",
        "last_checked_at",
        "last_check_ok",
        "last_check_message",
        "created_at",
    ]
    readonly_fields = [name for name in fields if name != "is_active"]
    actions = ["activate", "deactivate"]

    def has_add_permission(self, request: HttpRequest) -> bool:
        return False

    def has_delete_permission(self, request: HttpRequest, obj: ExchangeAccount | None = None) -> bool:
        return False

    @admin.action(description="Activate")
    def activate(self, request: HttpRequest, queryset: QuerySet[ExchangeAccount]) -> None:
        queryset.update(is_active=True, updated_at=Now())

    @admin.action(description="Deactivate: its bots can open nothing")
    def deactivate(self, request: HttpRequest, queryset: QuerySet[ExchangeAccount]) -> None:
        queryset.update(is_active=False, updated_at=Now())


class HistoryAdmin(ModelAdmin):
    """What the store holds and what was asked for: to look at."""

    list_filter = ["exchange"]
    search_fields = ["symbol"]

    def has_add_permission(self, request: HttpRequest) -> bool:
        return False

    def has_change_permission(self, request: HttpRequest, obj: Model | None = None) -> bool:
        return False


@admin.register(CandleSet)
class CandleSetAdmin(HistoryAdmin):
    list_display = ["exchange", "symbol", "timeframe", "rows", "first_at", "last_at", "flat_bars", "updated_at"]
    list_filter = ["exchange", "timeframe"]


@admin.register(FundingSet)
class FundingSetAdmin(HistoryAdmin):
    list_display = ["exchange", "symbol", "rows", "first_at", "last_at", "updated_at"]


@admin.register(CandleDownload)
class CandleDownloadAdmin(HistoryAdmin):
    list_display = [
        "exchange",
        "symbol",
        "kind",
        "timeframe",
        "owner",
        "status",
        "rows",
        "since",
        "until",
        "created_at",
    ]
    list_filter = ["exchange", "kind", "status"]
    search_fields = ["symbol", "owner__username"]
    list_select_related = ["owner"]

    def has_delete_permission(self, request: HttpRequest, obj: Model | None = None) -> bool:
        return False
