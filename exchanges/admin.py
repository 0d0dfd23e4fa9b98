from typing import Any

from django.contrib import admin
from django.db import transaction
from django.db.models import Model, QuerySet
from django.db.models.functions import Now
from django.http import HttpRequest
from unfold.admin import ModelAdmin

from accounts.audit import record
from accounts.models import User
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
        self._switch(request, queryset, True)

    @admin.action(description="Deactivate: its bots can open nothing")
    def deactivate(self, request: HttpRequest, queryset: QuerySet[ExchangeAccount]) -> None:
        self._switch(request, queryset, False)

    def save_model(self, request: HttpRequest, obj: ExchangeAccount, form: Any, change: bool) -> None:
        super().save_model(request, obj, form, change)
        if "is_active" in form.changed_data:
            _record_switch(request, obj)

    def _switch(self, request: HttpRequest, accounts: QuerySet[ExchangeAccount], is_active: bool) -> None:
        with transaction.atomic():
            for account in accounts.exclude(is_active=is_active).select_for_update(of=("self",)):
                ExchangeAccount.objects.filter(pk=account.pk).update(is_active=is_active, updated_at=Now())
                account.is_active = is_active
                _record_switch(request, account)


def _record_switch(request: HttpRequest, account: ExchangeAccount) -> None:
    assert isinstance(request.user, User)
    action = "account.enable" if account.is_active else "account.disable"
    record(actor=request.user, action=action, target=account)


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
