"""Log in, register, log out, and the two switches in the top bar."""

import time
from urllib.parse import urlencode

from django.conf import settings
from django.contrib.auth import login, logout
from django.contrib.auth.decorators import login_not_required
from django.http import HttpRequest, HttpResponse, HttpResponseBase
from django.shortcuts import redirect, render
from django.urls import reverse
from django.utils.crypto import constant_time_compare
from django.utils.http import url_has_allowed_host_and_scheme
from django.utils.translation import check_for_language
from django.views.decorators.cache import never_cache
from django.views.decorators.debug import sensitive_post_parameters
from django.views.decorators.http import require_POST

from accounts import browser_logins, mails, second_factor, services
from accounts.login import LoginRefused, second_factor_check
from accounts.models import Theme, User
from accounts.pages.forms import CodeForm, LoginForm, RegisterForm

COOKIE_AGE_S = 365 * 24 * 3600
PASSWORD_BACKEND = settings.AUTHENTICATION_BACKENDS[-1]
WAITING = "login_waiting"
CODE_LIFE_S = 300  # between password and code


def next_page(request: HttpRequest, default: str) -> str:
    """Where the visitor wanted to go, if that is on this site."""
    wished = request.POST.get("next") or request.GET.get("next", "")
    is_ours = url_has_allowed_host_and_scheme(wished, {request.get_host()}, require_https=request.is_secure())
    return wished if is_ours else default


@login_not_required
@never_cache
@sensitive_post_parameters("password")
def login_page(request: HttpRequest) -> HttpResponseBase:
    if request.user.is_authenticated:
        return redirect(next_page(request, settings.LOGIN_REDIRECT_URL))
    form = LoginForm(request, request.POST or None)
    if form.is_valid() and form.user:
        if second_factor.is_on(form.user):
            return _ask_for_code(request, form.user)
        login(request, form.user, backend=PASSWORD_BACKEND)
        return redirect(next_page(request, settings.LOGIN_REDIRECT_URL))
    status = 400 if form.is_bound else 200
    return render(request, "accounts/login.html", {"form": form, "next": next_page(request, "")}, status=status)


def _ask_for_code(request: HttpRequest, user: User) -> HttpResponse:
    """The password was right: for five minutes this browser may show a code."""
    request.session.cycle_key()
    request.session[WAITING] = {"user": user.pk, "auth": user.get_session_auth_hash(), "at": time.time()}
    return redirect(f"{reverse('login-code')}?{urlencode({'next': next_page(request, '')})}")


@login_not_required
@never_cache
@sensitive_post_parameters("code")
def login_code_page(request: HttpRequest) -> HttpResponseBase:
    """The second step of logging in."""
    user = _waiting_user(request)
    if user is None:
        return redirect("login")
    form = CodeForm(request.POST or None)
    if form.is_valid() and _code_opens(request, user, form):
        request.session.pop(WAITING)
        request.session[browser_logins.GIVEN_AT] = True
        login(request, user, backend=PASSWORD_BACKEND)
        return redirect(next_page(request, settings.LOGIN_REDIRECT_URL))
    context = {"form": form, "next": next_page(request, "")}
    return render(request, "accounts/login_code.html", context, status=400 if form.is_bound else 200)


def _waiting_user(request: HttpRequest) -> User | None:
    waiting = request.session.get(WAITING)
    if not waiting or time.time() - waiting["at"] > CODE_LIFE_S:
        return None
    user = User.objects.filter(pk=waiting["user"], is_active=True).first()
    return user if user and constant_time_compare(user.get_session_auth_hash(), waiting["auth"]) else None


def _code_opens(request: HttpRequest, user: User, form: CodeForm) -> bool:
    try:
        return second_factor_check(request, user, form.cleaned_data["code"])
    except LoginRefused as refusal:
        form.add_error("code", refusal.message)
        return False


@login_not_required
@never_cache
@sensitive_post_parameters("password")
def register_page(request: HttpRequest) -> HttpResponseBase:
    if request.user.is_authenticated:
        return redirect(settings.LOGIN_REDIRECT_URL)
    form = RegisterForm(request, request.POST or None)
    if form.is_valid() and (user := form.save()):
        mails.mail_on_commit(mails.CONFIRM, user, mails.site_address(request))
        login(request, user, backend=PASSWORD_BACKEND)
        return redirect("welcome")
    return render(request, "accounts/register.html", {"form": form}, status=400 if form.is_bound else 200)


@require_POST
def logout_page(request: HttpRequest) -> HttpResponse:
    logout(request)
    return redirect(settings.LOGOUT_REDIRECT_URL)


@login_not_required
@require_POST
def theme_switch(request: HttpRequest) -> HttpResponse:
    """Keeps the choice with the user, or in a cookie before log-in."""
    theme = request.POST.get("theme", "")
    response = redirect(next_page(request, "/"))
    if theme not in Theme.values:
        return response
    if request.user.is_authenticated:
        User.objects.filter(pk=request.user.pk).update(theme=theme)
        return response
    response.set_cookie("theme", theme, max_age=COOKIE_AGE_S, secure=settings.SESSION_COOKIE_SECURE, samesite="Lax")
    return response


@login_not_required
@require_POST
def language_switch(request: HttpRequest) -> HttpResponse:
    language = request.POST.get("language", "")
    response = redirect(next_page(request, "/"))
    if not check_for_language(language) or language not in dict(settings.LANGUAGES):
        return response
    if request.user.is_authenticated:
        services.user_update(user=User.objects.get(pk=request.user.pk), changes={"language": language})
    response.set_cookie(
        settings.LANGUAGE_COOKIE_NAME,
        language,
        max_age=COOKIE_AGE_S,
        secure=settings.SESSION_COOKIE_SECURE,
        samesite="Lax",
    )
    return response
