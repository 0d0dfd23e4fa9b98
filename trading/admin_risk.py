"""Back office: limits over those of users, and the kill switch. What is saved goes through the services."""

from collections.abc import Sequence
from typing import Any

from django import forms
from django.contrib import admin, messages
from django.core.exceptions import ValidationError
from django.db.models import QuerySet
from django.http import HttpRequest
from django.utils import timezone
from django.utils.translation import gettext_lazy as _
from unfold.admin import ModelAdmin

from accounts.admin_parts import LookOnly, figure, moment, text
from exchanges.errors import DomainError
from trading.kill_switch.actions import Target, kill_switch, named
from trading.models import EquitySnapshot, RiskLimits, Scope, TradingState, TradingSwitch
from trading.risk import services

TARGET = ("scope", "owner", "account", "bot")


def target_of_row(row: RiskLimits | TradingSwitch) -> Target:
    return row.bot or row.account or row.owner


class TargetForm(forms.ModelForm):
    """A scope with the one target that belongs to it."""

    def clean(self) -> dict[str, Any]:
        data = super().clean() or self.cleaned_data
        if self.instance.pk is None and "scope" in data:
            targets = [data[name] for name in TARGET[1:] if data.get(name)]
            if not _fits(Scope(data["scope"]), targets):
                raise ValidationError(_("Choose the one user, account or bot that belongs to the scope."))
        return data


def _fits(scope: Scope, targets: Sequence[Any]) -> bool:
    try:
        named(scope, targets[0] if targets else None)
    except ValueError:
        return False
    return len(targets) <= 1


class RiskLimitsForm(TargetForm):
    class Meta:
        model = RiskLimits
        fields = [*TARGET, *services.FIELDS]

    def clean(self) -> dict[str, Any]:
        data = super().clean()
        sent = {name: data[name] for name in services.FIELDS if name in data}
        try:
            return data | services.clean_limits(sent)
        except ValidationError as error:
            for name, texts in error.message_dict.items():
                self.add_error(name if name in self.fields else None, texts)
        return data


@admin.register(RiskLimits)
class RiskLimitsAdmin(ModelAdmin):
    """Limits made here are the administrator's: they stand over the user's own, which are only looked at."""

    form = RiskLimitsForm
    list_display = [
        text("scope", _("Scope")),
        "is_admin",
        text("owner", _("User")),
        text("account", _("Account")),
        text("bot", _("Bot")),
        figure("max_gross_exposure", _("Gross exposure")),
        figure("max_loss_day", _("Loss in a day")),
        moment("updated_at", _("Changed")),
    ]
    list_filter = ["scope", "is_admin"]
    search_fields = ["owner__username", "account__label", "bot__bot_name"]
    list_select_related = ["owner", "account", "bot"]
    raw_id_fields = ["owner", "account", "bot"]

    def get_readonly_fields(self, request: HttpRequest, obj: RiskLimits | None = None) -> list[str]:
        return list(TARGET) if obj else []

    def has_change_permission(self, request: HttpRequest, obj: RiskLimits | None = None) -> bool:
        return (obj is None or obj.is_admin) and super().has_change_permission(request, obj)

    def has_delete_permission(self, request: HttpRequest, obj: RiskLimits | None = None) -> bool:
        """Limits are emptied, which is recorded."""
        return False

    def save_model(self, request: HttpRequest, obj: RiskLimits, form: Any, change: bool) -> None:
        values = {name: form.cleaned_data[name] for name in services.FIELDS}
        saved = services.limits_save(
            actor=request.user,  # type: ignore[arg-type]
            scope=Scope(obj.scope),
            target=target_of_row(obj),
            values=values,
            now=timezone.now(),
            is_admin=True,
        )
        obj.pk, obj.is_admin = saved.pk, True


class TradingSwitchForm(TargetForm):
    class Meta:
        model = TradingSwitch
        fields = [*TARGET, "state", "reason"]


@admin.register(TradingSwitch)
class TradingSwitchAdmin(ModelAdmin):
    form = TradingSwitchForm
    list_display = [
        text("scope", _("Scope")),
        text("owner", _("User")),
        text("account", _("Account")),
        text("bot", _("Bot")),
        text("state", _("State")),
        text("reason", _("Reason")),
        text("changed_by", _("By")),
        moment("changed_at", _("Changed")),
    ]
    list_filter = ["state", "scope"]
    search_fields = ["owner__username", "account__label", "bot__bot_name", "reason"]
    list_select_related = ["owner", "account", "bot", "changed_by"]
    raw_id_fields = ["owner", "account", "bot"]
    actions = ["activate", "halt", "flatten"]

    def get_readonly_fields(self, request: HttpRequest, obj: TradingSwitch | None = None) -> list[str]:
        return list(TARGET) if obj else []

    def has_delete_permission(self, request: HttpRequest, obj: TradingSwitch | None = None) -> bool:
        return False

    def save_model(self, request: HttpRequest, obj: TradingSwitch, form: Any, change: bool) -> None:
        saved = self._switch(request, obj, TradingState(form.cleaned_data["state"]), form.cleaned_data["reason"])
        obj.pk = saved.pk

    @admin.action(description=_("Trade again"), permissions=["change"])
    def activate(self, request: HttpRequest, switches: QuerySet[TradingSwitch]) -> None:
        self._each(request, switches, TradingState.ACTIVE)

    @admin.action(description=_("Halt"), permissions=["change"])
    def halt(self, request: HttpRequest, switches: QuerySet[TradingSwitch]) -> None:
        self._each(request, switches, TradingState.HALTED)

    @admin.action(description=_("Halt and close everything"), permissions=["change"])
    def flatten(self, request: HttpRequest, switches: QuerySet[TradingSwitch]) -> None:
        self._each(request, switches, TradingState.HALTED, flatten=True)

    def _each(
        self, request: HttpRequest, switches: QuerySet[TradingSwitch], state: TradingState, *, flatten: bool = False
    ) -> None:
        for switch in switches:
            try:
                self._switch(request, switch, state, switch.reason, flatten=flatten)
            except DomainError as error:
                self.message_user(request, f"{switch}: {error.message}", messages.ERROR)

    def _switch(
        self, request: HttpRequest, row: TradingSwitch, state: TradingState, reason: str, *, flatten: bool = False
    ) -> TradingSwitch:
        return kill_switch(
            actor=request.user,  # type: ignore[arg-type]
            scope=Scope(row.scope),
            target=target_of_row(row),
            state=state,
            flatten=flatten,
            now=timezone.now(),
            reason=reason,
        ).switch


@admin.register(EquitySnapshot)
class EquitySnapshotAdmin(LookOnly):
    list_display = [
        moment("at", _("Time")),
        text("account", _("Account")),
        figure("equity", _("Equity"), places=2),
        figure("balance", _("Balance"), places=2),
        text("currency", _("Currency")),
        figure("gross_exposure", _("Gross exposure"), places=2),
        figure("net_exposure", _("Net exposure"), places=2, signed=True),
    ]
    list_select_related = ["account"]
    search_fields = ["account__label", "account__owner__username"]
