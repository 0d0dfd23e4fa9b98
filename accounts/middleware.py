"""Where a request came from, whether its log-in still holds, and the language and time zone of whoever asks."""

import zoneinfo
from collections.abc import Callable
from urllib.parse import urlencode, urlsplit

from django.contrib import messages
from django.contrib.auth.models import AnonymousUser
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect
from django.urls import reverse
from django.utils import timezone, translation
from django.utils.cache import patch_vary_headers

from accounts import browser_logins
from accounts.addresses import address_of
from accounts.allowed_addresses import may_come_from
from accounts.models import User
from accounts.request_facts import AGENT_LENGTH, API, PAGE, RequestFacts, facts_kept
from accounts.step_up import SecondFactorNeeded, SecondFactorWrong

Handler = Callable[[HttpRequest], HttpResponse]


class PreferencesMiddleware:
    """A logged-in user's own language and time zone; before that the language cookie or the browser's wish.

    Stands after authentication. A request with a bearer token counts as "before": its `Accept-Language` decides.
    """

    def __init__(self, get_response: Handler) -> None:
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponse:
        user = request.user
        language = user.language if user.is_authenticated else translation.get_language_from_request(request)
        zone = zoneinfo.ZoneInfo(user.time_zone) if user.is_authenticated else None
        with translation.override(language), timezone.override(zone):
            request.LANGUAGE_CODE = translation.get_language()
            response = self.get_response(request)
        response.headers.setdefault("Content-Language", language)
        patch_vary_headers(response, ("Accept-Language", "Cookie"))
        return response


class RequestFactsMiddleware:
    """Lets everything that the request does know where it came from (the audit log writes it down)."""

    def __init__(self, get_response: Handler) -> None:
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponse:
        source = API if request.path.startswith("/api/") else PAGE
        agent = request.headers.get("User-Agent", "").replace("\0", "")[:AGENT_LENGTH]
        with facts_kept(RequestFacts(source, address_of(request), agent)):
            return self.get_response(request)


class LoginMiddleware:
    """A browser whose log-in was ended elsewhere, or that is where its user may not come from, is nobody.

    Stands after authentication. Pages that ask for a fresh second factor are led to where it is given.
    """

    def __init__(self, get_response: Handler) -> None:
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponse:
        user = request.user
        if isinstance(user, User) and not self._may_stay(request, user):
            request.user = AnonymousUser()
        return self.get_response(request)

    def process_exception(self, request: HttpRequest, exception: Exception) -> HttpResponse | None:
        if not isinstance(exception, SecondFactorNeeded):
            return None
        if isinstance(exception, SecondFactorWrong):
            messages.error(request, str(exception.detail))
        return redirect_to_confirmation(request)

    def _may_stay(self, request: HttpRequest, user: User) -> bool:
        login = browser_logins.login_of_request(request, user)
        if login is None:
            request.session.flush()
            return False
        user.login_session = login
        return may_come_from(user, address_of(request))


def redirect_to_confirmation(request: HttpRequest) -> HttpResponse:
    """Back to the page itself afterwards; a form that was sent is to be sent again from where it stood."""
    back = request.get_full_path() if request.method == "GET" else _referring_path(request)
    return redirect(f"{reverse('settings-confirm')}?{urlencode({'next': back})}")


def _referring_path(request: HttpRequest) -> str:
    parts = urlsplit(request.headers.get("Referer", ""))
    if parts.netloc != request.get_host():
        return request.POST.get("next", "")
    return f"{parts.path}?{parts.query}" if parts.query else parts.path
