from typing import Any

from django.contrib import admin
from django.db import transaction
from django.db.models import QuerySet
from django.db.models.functions import Now
from django.http import HttpRequest
from django.utils.translation import gettext_lazy as _
from unfold.admin import ModelAdmin

from accounts.admin_parts import LookOnly, figure, moment, text
from accounts.audit import record
from accounts.models import User
from exchanges.models import CandleDownload, CandleSet, ExchangeAccount, FundingSet


@admin.register(ExchangeAccount)
class ExchangeAccountAdmin(ModelAdmin):
    """No secret is ever shown or set here: keys belong to their owner."""

    list_display = [
        text("label", _("Account")),
        text("exchange", _("Exchange")),
        text("owner", _("Owner")),
        "is_testnet",
        "is_active",
        moment("last_checked_at", _("Last check")),
        "last_check_ok",
    ]
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

    @admin.action(description=_("Activate"))
    def activate(self, request: HttpRequest, queryset: QuerySet[ExchangeAccount]) -> None:
        self._switch(request, queryset, True)

    @admin.action(description=_("Deactivate: its bots can open nothing"))
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


class HistoryAdmin(LookOnly):
    """What the store holds and what was asked for: to look at."""

    list_filter = ["exchange"]
    search_fields = ["symbol"]


BARS = figure("rows", _("Rows"), places=0)
FIRST, LAST = moment("first_at", _("First")), moment("last_at", _("Last"))
EXCHANGE, SYMBOL, LENGTH = text("exchange", _("Exchange")), text("symbol", _("Symbol")), text("timeframe", _("Candle"))


@admin.register(CandleSet)
class CandleSetAdmin(HistoryAdmin):
    list_display = [SYMBOL, EXCHANGE, LENGTH, BARS, FIRST, LAST, moment("updated_at", _("Changed"))]
    list_filter = ["exchange", "timeframe"]


@admin.register(FundingSet)
class FundingSetAdmin(HistoryAdmin):
    list_display = [SYMBOL, EXCHANGE, BARS, FIRST, LAST, moment("updated_at", _("Changed"))]


@admin.register(CandleDownload)
class CandleDownloadAdmin(HistoryAdmin):
    list_display = [
        SYMBOL,
        EXCHANGE,
        text("kind", _("Kind")),
        LENGTH,
        text("owner", _("Owner")),
        text("status", _("Status")),
        BARS,
        moment("since", _("From")),
        moment("until", _("To")),
        moment("created_at", _("Asked for")),
    ]
    list_filter = ["exchange", "kind", "status"]
    search_fields = ["symbol", "owner__username"]
    list_select_related = ["owner"]
