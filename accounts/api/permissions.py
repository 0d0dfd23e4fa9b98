"""Who may use the API at all."""

from typing import TYPE_CHECKING

from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy
from rest_framework.exceptions import PermissionDenied
from rest_framework.permissions import SAFE_METHODS, BasePermission
from rest_framework.request import Request

from accounts.api.token_book import covers
from accounts.models import ApiScope, ApiToken, User

if TYPE_CHECKING:  # the view module loads the default permissions, this one among them
    from rest_framework.views import APIView


class UserRequest(Request):
    """A request that `CanUse` let in."""

    user: User


class CanUse(BasePermission):
    """Logged in and active. A viewer reads only, except where the view says `viewers_may_write` (own settings).

    An API token needs the view's `read_scope` (default: read) or `write_scope` (default: trade); a view with
    `login_only` takes none at all: what guards the account is changed by its owner.
    """

    message = gettext_lazy("Viewers can look but not change anything.")

    def has_permission(self, request: Request, view: "APIView") -> bool:
        user = request.user
        if not (user and user.is_authenticated and user.is_active):
            return False
        if isinstance(request.auth, ApiToken):
            _refuse_scope(request.auth, needed_scope(request, view))
        return request.method in SAFE_METHODS or user.can_trade or getattr(view, "viewers_may_write", False)


def needed_scope(request: Request, view: "APIView") -> str | None:
    """None: no token will do."""
    if getattr(view, "login_only", False):
        return None
    if request.method in SAFE_METHODS:
        return getattr(view, "read_scope", ApiScope.READ)
    return getattr(view, "write_scope", ApiScope.TRADE)


def _refuse_scope(token: ApiToken, needed: str | None) -> None:
    if needed is None:
        raise PermissionDenied(_("This cannot be done with an API token. Log in instead."), code="login_needed")
    if not covers(token.scope, needed):
        words = {"scope": token.get_scope_display(), "needed": ApiScope(needed).label}
        sentence = _("This token may: %(scope)s. This needs: %(needed)s.")
        raise PermissionDenied(sentence % words, code="scope_needed")
