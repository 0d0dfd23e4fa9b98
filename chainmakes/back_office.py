"""The way into the back office: it has no log-in of its own, the ordinary one counts attempts and asks for the code."""

from urllib.parse import urlencode

from django.conf import settings
from django.contrib import admin, messages
from django.contrib.auth.models import Group
from django.contrib.auth.views import redirect_to_login
from django.core.exceptions import PermissionDenied
from django.http import HttpRequest, HttpResponseRedirect
from django.shortcuts import redirect
from django.urls import reverse
from django.utils.translation import gettext as _
from django_celery_beat.models import ClockedSchedule, CrontabSchedule, IntervalSchedule, SolarSchedule
from rest_framework_simplejwt.token_blacklist.models import BlacklistedToken, OutstandingToken

from accounts import second_factor
from accounts.models import User


def guard() -> None:
    """Staff enter with a second factor only, where the installation asks for one (`ADMIN_SECOND_FACTOR`)."""
    is_staff = admin.site.has_permission

    def may_enter(request: HttpRequest) -> bool:
        return is_staff(request) and has_second_factor(request)

    admin.site.has_permission = may_enter  # type: ignore[method-assign]


def tidy() -> None:
    """What libraries registered for themselves: tables that nobody looks after here."""
    schedules = ClockedSchedule, CrontabSchedule, IntervalSchedule, SolarSchedule
    for model in (Group, OutstandingToken, BlacklistedToken, *schedules):
        if admin.site.is_registered(model):
            admin.site.unregister(model)


def has_second_factor(request: HttpRequest) -> bool:
    """Whether a code was given in this log-in."""
    if not settings.ADMIN_SECOND_FACTOR:
        return True
    login = request.user.login_session if isinstance(request.user, User) else None
    return login is not None and login.second_factor_at is not None and second_factor.is_on(login.owner)


def admin_login(request: HttpRequest) -> HttpResponseRedirect:
    """Raises PermissionDenied for those who are logged in already and have no business there."""
    wished = request.GET.get("next") or f"/{settings.ADMIN_URL}"
    if admin.site.has_permission(request):
        return redirect("admin:index")
    if not isinstance(request.user, User):
        return redirect_to_login(wished)
    if not (request.user.is_active and request.user.is_staff):
        raise PermissionDenied
    if second_factor.is_on(request.user):
        return redirect(f"{reverse('settings-confirm')}?{urlencode({'next': wished})}")
    messages.warning(request, _("The back office needs a second factor. Set it up first."))
    return redirect("settings-second-factor")
