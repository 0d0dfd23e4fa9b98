from typing import Any

from django.contrib import admin, messages
from django.core.exceptions import ValidationError
from django.db.models import QuerySet
from django.http import HttpRequest
from django.utils import timezone
from unfold.admin import ModelAdmin

from bots import services
from bots.models import Bot, BotSchedule, BotStatus, Intent, SymbolClaim
from exchanges.errors import DomainError


@admin.register(Bot)
class BotAdmin(ModelAdmin):
    """Looks, and the same verbs that owners have. Settings are changed by the owner on the bot's page."""

    list_display = [
        "bot_name",
        "owner",
        "exchange_account",
        "market1_symbol",
        "market2_symbol",
        "status",
        "level",
        "current_cycle",
        "total_profit",
    ]
    list_filter = ["status", "exchange_account__exchange", "strategy"]
    search_fields = ["bot_name", "owner__username", "market1_symbol", "market2_symbol"]
    list_select_related = ["owner", "exchange_account"]
    actions = ["pause", "stop"]

    def has_add_permission(self, request: HttpRequest) -> bool:
        return False

    def has_change_permission(self, request: HttpRequest, obj: Bot | None = None) -> bool:
        """Nothing of a bot is edited here; the actions need the right to change bots."""
        return obj is None and super().has_change_permission(request, obj)

    def has_delete_permission(self, request: HttpRequest, obj: Bot | None = None) -> bool:
        return False

    @admin.action(description="Pause: exits stay armed", permissions=["change"])
    def pause(self, request: HttpRequest, queryset: QuerySet[Bot]) -> None:
        self._each(request, queryset.filter(status=BotStatus.RUNNING), services.bot_pause)

    @admin.action(description="Stop: positions stay with their owner", permissions=["change"])
    def stop(self, request: HttpRequest, queryset: QuerySet[Bot]) -> None:
        self._each(request, queryset.exclude(status=BotStatus.STOPPED), services.bot_stop)

    def _each(self, request: HttpRequest, bots: QuerySet[Bot], verb: Any) -> None:
        for bot in bots:
            try:
                verb(actor=request.user, bot=bot, now=timezone.now(), reason="by_admin")
            except (DomainError, ValidationError) as error:
                self.message_user(request, f"{bot}: {error}", messages.ERROR)


class Readable(ModelAdmin):
    def has_add_permission(self, request: HttpRequest) -> bool:
        return False

    def has_change_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        return False

    def has_delete_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        return False


@admin.register(Intent)
class IntentAdmin(Readable):
    list_display = ["id", "bot", "kind", "user", "status", "result", "created_at", "settled_at"]
    list_filter = ["kind", "status"]
    list_select_related = ["bot", "user"]


@admin.register(SymbolClaim)
class SymbolClaimAdmin(Readable):
    list_display = ["symbol", "venue_account", "bot", "created_at"]
    search_fields = ["symbol", "bot__bot_name"]
    list_select_related = ["bot"]


@admin.register(BotSchedule)
class BotScheduleAdmin(Readable):
    list_display = ["bot", "periodic_task"]
    list_select_related = ["bot", "periodic_task"]
