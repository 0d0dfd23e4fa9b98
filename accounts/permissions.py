"""Who may use the API at all."""

from typing import TYPE_CHECKING

from django.utils.translation import gettext_lazy as _
from rest_framework.permissions import SAFE_METHODS, BasePermission
from rest_framework.request import Request

from accounts.models import User

if TYPE_CHECKING:  # the view module loads the default permissions, this one among them
    from rest_framework.views import APIView


class UserRequest(Request):
    """A request that `CanUse` let in."""

    user: User


class CanUse(BasePermission):
    """Logged in and active. A viewer reads only, except where the view says `viewers_may_write` (own settings)."""

    message = _("Viewers can look but not change anything.")

    def has_permission(self, request: Request, view: "APIView") -> bool:
        user = request.user
        if not (user and user.is_authenticated and user.is_active):
            return False
        return request.method in SAFE_METHODS or user.can_trade or getattr(view, "viewers_may_write", False)
