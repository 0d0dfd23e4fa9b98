"""The back office: users, their log-ins and tokens, and the audit log, which nobody changes."""

from typing import Any

from django.contrib import admin, messages
from django.db.models import QuerySet
from django.http import HttpRequest
from django.utils.translation import gettext_lazy as _
from unfold.admin import ModelAdmin

from accounts import services
from accounts.models import ApiToken, AuditEntry, LoginSession, Role, User


class Readable(ModelAdmin):
    """To look at."""

    def has_add_permission(self, request: HttpRequest) -> bool:
        return False

    def has_change_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        return False

    def has_delete_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        return False


@admin.register(AuditEntry)
class AuditEntryAdmin(Readable):
    list_display = ["at", "actor_name", "action", "object_type", "object_label", "source", "ip"]
    list_filter = ["source", "action"]
    search_fields = ["actor_name", "object_label", "action", "ip"]
    date_hierarchy = "at"
    show_full_result_count = False


@admin.register(LoginSession)
class LoginSessionAdmin(Readable):
    list_display = ["owner", "kind", "ip", "user_agent", "created_at", "last_seen_at", "ended_at"]
    list_filter = ["kind"]
    search_fields = ["owner__username", "ip"]
    list_select_related = ["owner"]
    exclude = ["key"]


@admin.register(ApiToken)
class ApiTokenAdmin(Readable):
    list_display = ["owner", "name", "scope", "created_at", "expires_at", "last_used_at", "revoked_at"]
    list_filter = ["scope"]
    search_fields = ["owner__username", "name"]
    list_select_related = ["owner"]
    exclude = ["digest"]


@admin.register(User)
class UserAdmin(ModelAdmin):
    """Roles and access are changed by the verbs that write them to the audit log, not in a form."""

    list_display = ["username", "email", "role", "is_active", "is_staff", "email_confirmed_at", "last_login"]
    list_filter = ["role", "is_active", "is_staff"]
    search_fields = ["username", "email"]
    fields = [
        "username",
        "email",
        "email_confirmed_at",
        "role",
        "is_active",
        "is_staff",
        "time_zone",
        "language",
        "last_login",
        "date_joined",
    ]
    readonly_fields = fields
    actions = ["enable", "disable", "make_trader", "make_viewer"]

    def has_add_permission(self, request: HttpRequest) -> bool:
        return False

    def has_delete_permission(self, request: HttpRequest, obj: User | None = None) -> bool:
        return False

    @admin.action(description=_("Enable"), permissions=["change"])
    def enable(self, request: HttpRequest, queryset: QuerySet[User]) -> None:
        for user in queryset.filter(is_active=False):
            services.user_switch(actor=_actor(request), user=user, is_active=True)

    @admin.action(description=_("Disable: every log-in ends, bots go on"), permissions=["change"])
    def disable(self, request: HttpRequest, queryset: QuerySet[User]) -> None:
        for user in queryset.filter(is_active=True):
            if user == request.user:
                self.message_user(request, _("You cannot disable yourself."), messages.ERROR)
                continue
            services.user_switch(actor=_actor(request), user=user, is_active=False)

    @admin.action(description=_("Make them traders"), permissions=["change"])
    def make_trader(self, request: HttpRequest, queryset: QuerySet[User]) -> None:
        self._set_role(request, queryset, Role.TRADER)

    @admin.action(description=_("Make them viewers"), permissions=["change"])
    def make_viewer(self, request: HttpRequest, queryset: QuerySet[User]) -> None:
        self._set_role(request, queryset, Role.VIEWER)

    def _set_role(self, request: HttpRequest, users: QuerySet[User], role: Role) -> None:
        for user in users.exclude(role=role):
            services.user_set_role(actor=_actor(request), user=user, role=role)


def _actor(request: HttpRequest) -> User:
    assert isinstance(request.user, User)
    return request.user
