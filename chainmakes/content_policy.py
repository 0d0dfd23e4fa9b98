"""What libraries' pages need beyond `settings.CONTENT_SECURITY_POLICY`, each under its own address only.

The documents of the API style their parts inline and search in a worker, the back office evaluates the expressions of
its widgets.
"""

from csp.constants import SELF, UNSAFE_EVAL, UNSAFE_INLINE
from csp.middleware import CSPMiddleware, PolicyParts
from django.conf import settings
from django.http import HttpRequest, HttpResponseBase

DOCUMENTS = {"style-src": [SELF, UNSAFE_INLINE], "worker-src": ["blob:"], "img-src": [SELF, "data:", "blob:"]}
BACK_OFFICE = {"script-src": [SELF, UNSAFE_INLINE, UNSAFE_EVAL], "style-src": [SELF, UNSAFE_INLINE]}


class ContentPolicyMiddleware(CSPMiddleware):
    def get_policy_parts(
        self, request: HttpRequest, response: HttpResponseBase, report_only: bool = False
    ) -> PolicyParts:
        parts = super().get_policy_parts(request, response, report_only)
        if not report_only:
            parts.replace = _of_libraries(request.path.lstrip("/"))
        return parts


def _of_libraries(path: str) -> dict[str, list[str]] | None:
    if path.startswith(settings.ADMIN_URL):
        return BACK_OFFICE
    return DOCUMENTS if path.rstrip("/") in ("docs", "redoc") else None
