"""The back office: users, their log-ins and tokens, and the audit log, which nobody changes."""

from django.contrib import admin, messages
from django.db.models import QuerySet
from django.http import HttpRequest
from django.utils.translation import gettext_lazy as _
from django.utils.translation import pgettext_lazy
from unfold.admin import ModelAdmin

from accounts import services
from accounts.admin_parts import LookOnly, chosen_by, moment, text
from accounts.audit_words import SOURCES, WORDS, sentence
from accounts.models import ApiToken, AuditEntry, LoginSession, Role, User


@admin.register(AuditEntry)
class AuditEntryAdmin(LookOnly):
    list_display = [
        moment("at", _("Time")),
        text("actor_name", _("Who")),
        "deed",
        text("object_label", _("Object")),
        text("source", _("By way of"), SOURCES),
        text("ip", _("Address")),
    ]
    list_filter = [chosen_by("source", _("By way of"), SOURCES), chosen_by("action", _("What"), WORDS)]
    words = {"source": SOURCES, "action": WORDS}
    search_fields = ["actor_name", "object_label", "action", "ip"]
    ordering = ["-at", "-id"]

    @admin.display(description=_("What"), ordering="action")
    def deed(self, entry: AuditEntry) -> str:
        return sentence(entry)


@admin.register(LoginSession)
class LoginSessionAdmin(LookOnly):
    list_display = [
        text("owner", _("User")),
        text("kind", _("Kind")),
        text("ip", _("Address")),
        text("user_agent", _("Device")),
        moment("created_at", _("Since")),
        moment("last_seen_at", _("Last seen")),
        moment("ended_at", _("Ended")),
    ]
    list_filter = ["kind"]
    search_fields = ["owner__username", "ip"]
    list_select_related = ["owner"]
    exclude = ["key"]


@admin.register(ApiToken)
class ApiTokenAdmin(LookOnly):
    list_display = [
        text("name", _("Name")),
        text("owner", _("User")),
        text("scope", pgettext_lazy("what a token may do", "May")),
        moment("created_at", _("Made")),
        moment("last_used_at", _("Last used")),
        moment("expires_at", _("Runs out")),
        moment("revoked_at", _("Revoked")),
    ]
    list_filter = ["scope"]
    search_fields = ["owner__username", "name"]
    list_select_related = ["owner"]
    exclude = ["digest"]


@admin.register(User)
class UserAdmin(ModelAdmin):
    """Roles and access are changed by the verbs that write them to the audit log, not in a form."""

    list_display = [
        "username",
        "email",
        "role",
        "is_active",
        "is_staff",
        moment("email_confirmed_at", _("E-mail confirmed")),
        moment("last_login", _("Last log-in")),
    ]
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
