"""Back office: bots with their owners' own verbs, what users asked of them, and the schedules of the installation."""

from typing import Any

from django.contrib import admin, messages
from django.core.exceptions import ValidationError
from django.db.models import QuerySet
from django.http import HttpRequest
from django.utils import timezone
from django.utils.translation import gettext
from django.utils.translation import gettext_lazy as _
from django_celery_beat.models import IntervalSchedule, PeriodicTask

from accounts.admin_parts import NOTHING, LookOnly, figure, moment, text
from bots import schedules, services
from bots.journal.lines import reason_text
from bots.models import Bot, BotStatus, Intent, SymbolClaim
from exchanges.errors import DomainError

UNITS_OF_TIME = ((86_400, _("d")), (3600, _("h")), (60, _("min")), (1, _("s")))


@admin.register(Bot)
class BotAdmin(LookOnly):
    """Looks, and the same verbs that owners have. Settings are changed by the owner on the bot's page."""

    list_display = [
        text("bot_name", _("Name")),
        text("owner", _("Owner")),
        text("exchange_account", _("Account")),
        "pair",
        text("status", _("Status")),
        "level_of",
        text("current_cycle", _("Cycle")),
        figure("total_profit", _("P&L"), places=2, signed=True),
        moment("last_tick_at", _("Last look")),
    ]
    list_filter = ["status", "exchange_account__exchange", "strategy"]
    search_fields = ["bot_name", "owner__username", "market1_symbol", "market2_symbol"]
    list_select_related = ["owner", "exchange_account"]
    exclude = ["lease_token", "lease_holder", "lease_until", "status_reason"]
    actions = ["pause", "stop"]

    def has_change_permission(self, request: HttpRequest, obj: Bot | None = None) -> bool:
        """Nothing of a bot is edited here; the actions need the right to change bots."""
        return obj is None and admin.ModelAdmin.has_change_permission(self, request, obj)

    def get_fields(self, request: HttpRequest, obj: Any = None) -> list[Any]:
        return ["reason", *super().get_fields(request, obj)]

    @admin.display(description=_("Reason"))
    def reason(self, bot: Bot) -> str:
        return reason_text(bot.status_reason) or NOTHING

    @admin.display(description=_("Pair"), ordering="market1_symbol")
    def pair(self, bot: Bot) -> str:
        return " / ".join(bot.symbol_of(leg).partition(":")[0] for leg in bot.legs)

    @admin.display(description=_("Level"), ordering="level")
    def level_of(self, bot: Bot) -> str:
        return f"{bot.level}/{bot.max_dca_times}"

    @admin.action(description=_("Pause: exits stay armed"), permissions=["change"])
    def pause(self, request: HttpRequest, queryset: QuerySet[Bot]) -> None:
        self._each(request, queryset.filter(status=BotStatus.RUNNING), services.bot_pause)

    @admin.action(description=_("Stop: positions stay with their owner"), permissions=["change"])
    def stop(self, request: HttpRequest, queryset: QuerySet[Bot]) -> None:
        self._each(request, queryset.exclude(status=BotStatus.STOPPED), services.bot_stop)

    def _each(self, request: HttpRequest, bots: QuerySet[Bot], verb: Any) -> None:
        done = 0
        for bot in bots:
            try:
                verb(actor=request.user, bot=bot, now=timezone.now(), reason="by_admin")
                done += 1
            except (DomainError, ValidationError) as error:
                self.message_user(request, f"{bot}: {error}", messages.ERROR)
        self.message_user(request, _("%(count)d done.") % {"count": done}, messages.SUCCESS)


@admin.register(Intent)
class IntentAdmin(LookOnly):
    list_display = [
        text("id", _("Number")),
        text("bot", _("Bot")),
        text("kind", _("Wish")),
        text("user", _("Who")),
        text("status", _("Status")),
        text("result", _("Result")),
        moment("created_at", _("Time")),
        moment("settled_at", _("Settled")),
    ]
    list_filter = ["kind", "status"]
    search_fields = ["bot__bot_name", "user__username"]
    list_select_related = ["bot", "user"]


@admin.register(SymbolClaim)
class SymbolClaimAdmin(LookOnly):
    list_display = [
        text("symbol", _("Symbol")),
        text("venue_account", _("Account at the exchange")),
        text("bot", _("Bot")),
        moment("created_at", _("Since")),
    ]
    search_fields = ["symbol", "bot__bot_name"]
    list_select_related = ["bot"]


def interval_text(interval: IntervalSchedule | None) -> str:
    if interval is None:
        return "–"
    seconds = interval.schedule.run_every.total_seconds()
    length, unit = next((length, unit) for length, unit in UNITS_OF_TIME if seconds >= length or length == 1)
    return f"{seconds / length:g} {unit}"


class OwnSchedules(admin.SimpleListFilter):
    title = _("kind")
    parameter_name = "of"

    def lookups(self, request: HttpRequest, model_admin: Any) -> list[tuple[str, Any]]:
        return [("bots", _("Of bots")), ("house", _("Of the installation"))]

    def queryset(self, request: HttpRequest, queryset: QuerySet[PeriodicTask]) -> QuerySet[PeriodicTask]:
        if self.value() is None:
            return queryset
        return queryset.filter(bot_schedule__isnull=self.value() == "house")


admin.site.unregister(PeriodicTask)  # the library's lets everybody write what runs


@admin.register(PeriodicTask)
class ScheduleAdmin(LookOnly):
    """A bot's schedule goes with the bot; the installation's own can be switched off and on."""

    list_display = ["title", "bot", "every", "is_on", moment("last_run_at", _("Last run")), "runs", "task"]
    list_filter = [OwnSchedules, "enabled", "queue"]
    search_fields = ["name", "task", "bot_schedule__bot__bot_name"]
    list_select_related = ["interval", "bot_schedule__bot"]
    ordering = ["name"]
    actions = ["switch_on", "switch_off"]

    def has_change_permission(self, request: HttpRequest, obj: PeriodicTask | None = None) -> bool:
        return obj is None and admin.ModelAdmin.has_change_permission(self, request, obj)

    @admin.display(description=_("Name"), ordering="name")
    def title(self, task: PeriodicTask) -> str:
        return gettext(task.name)

    @admin.display(description=_("Bot"), ordering="bot_schedule__bot__bot_name")
    def bot(self, task: PeriodicTask) -> str:
        schedule = getattr(task, "bot_schedule", None)
        return str(schedule.bot) if schedule else "–"

    @admin.display(description=_("Every"), ordering="interval__every")
    def every(self, task: PeriodicTask) -> str:
        return interval_text(task.interval)

    @admin.display(description=_("On"), ordering="enabled", boolean=True)
    def is_on(self, task: PeriodicTask) -> bool:
        return bool(task.enabled)

    @admin.display(description=_("Runs"), ordering="total_run_count")
    def runs(self, task: PeriodicTask) -> str:
        return f"{task.total_run_count:,}"

    @admin.action(description=_("Switch on"), permissions=["change"])
    def switch_on(self, request: HttpRequest, queryset: QuerySet[PeriodicTask]) -> None:
        self._switch(request, queryset, is_on=True)

    @admin.action(description=_("Switch off"), permissions=["change"])
    def switch_off(self, request: HttpRequest, queryset: QuerySet[PeriodicTask]) -> None:
        self._switch(request, queryset, is_on=False)

    def _switch(self, request: HttpRequest, tasks: QuerySet[PeriodicTask], *, is_on: bool) -> None:
        names = list(tasks.filter(bot_schedule=None).values_list("name", flat=True))
        if len(names) < tasks.count():
            self.message_user(request, _("Schedules of bots go with their bots: pause or start those."), messages.ERROR)
        done = schedules.housekeeping_switch(actor=request.user, names=names, is_on=is_on)  # type: ignore[arg-type]
        self.message_user(request, _("%(count)d done.") % {"count": done}, messages.SUCCESS)
