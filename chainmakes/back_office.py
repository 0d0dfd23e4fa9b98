"""The way into the back office: it has no log-in of its own, the ordinary one counts attempts."""

from django.conf import settings
from django.contrib import admin
from django.contrib.auth.views import redirect_to_login
from django.core.exceptions import PermissionDenied
from django.http import HttpRequest, HttpResponseRedirect
from django.shortcuts import redirect


def admin_login(request: HttpRequest) -> HttpResponseRedirect:
    """Raises PermissionDenied for those who are logged in already and have no business there."""
    if admin.site.has_permission(request):
        return redirect("admin:index")
    if request.user.is_authenticated:
        raise PermissionDenied
    return redirect_to_login(request.GET.get("next") or f"/{settings.ADMIN_URL}")
