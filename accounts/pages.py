"""Log in, register, settings: the pages of an account, and the two switches in the top bar."""

from django.conf import settings
from django.contrib import messages
from django.contrib.auth import login, logout, update_session_auth_hash
from django.contrib.auth.decorators import login_not_required, login_required
from django.http import HttpRequest, HttpResponse, HttpResponseBase
from django.shortcuts import redirect, render
from django.utils.http import url_has_allowed_host_and_scheme
from django.utils.translation import check_for_language, override
from django.utils.translation import gettext as _
from django.views.decorators.cache import never_cache
from django.views.decorators.debug import sensitive_post_parameters
from django.views.decorators.http import require_POST

from accounts import services
from accounts.forms import LoginForm, PasswordForm, RegisterForm, SettingsForm
from accounts.models import Theme, User
from accounts.page_request import PageRequest

COOKIE_AGE_S = 365 * 24 * 3600
PASSWORD_BACKEND = settings.AUTHENTICATION_BACKENDS[0]


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
        login(request, form.user)
        return redirect(next_page(request, settings.LOGIN_REDIRECT_URL))
    status = 400 if form.is_bound else 200
    return render(request, "accounts/login.html", {"form": form, "next": next_page(request, "")}, status=status)


@login_not_required
@never_cache
@sensitive_post_parameters("password")
def register_page(request: HttpRequest) -> HttpResponseBase:
    if request.user.is_authenticated:
        return redirect(settings.LOGIN_REDIRECT_URL)
    form = RegisterForm(request, request.POST or None)
    if form.is_valid() and (user := form.save()):
        login(request, user, backend=PASSWORD_BACKEND)
        return redirect(settings.LOGIN_REDIRECT_URL)
    return render(request, "accounts/register.html", {"form": form}, status=400 if form.is_bound else 200)


@require_POST
def logout_page(request: HttpRequest) -> HttpResponse:
    logout(request)
    return redirect(settings.LOGOUT_REDIRECT_URL)


@login_required
def settings_page(request: PageRequest) -> HttpResponse:
    user = User.objects.get(pk=request.user.pk)
    form = SettingsForm(request.POST or None, instance=user)
    if form.is_valid():
        form.save()
        with override(user.language):
            messages.success(request, _("Saved."))
        return redirect("settings")
    return _settings(request, form, PasswordForm(user))


@login_required
@require_POST
@sensitive_post_parameters()
def password_page(request: PageRequest) -> HttpResponse:
    user = User.objects.get(pk=request.user.pk)
    form = PasswordForm(user, request.POST)
    if form.is_valid() and form.save():
        update_session_auth_hash(request, user)
        messages.success(request, _("The password is changed. Other browsers are logged out."))
        return redirect("settings")
    return _settings(request, SettingsForm(instance=user), form)


def _settings(request: PageRequest, form: SettingsForm, password_form: PasswordForm) -> HttpResponse:
    is_wrong = form.is_bound or password_form.is_bound
    context = {"form": form, "password_form": password_form}
    return render(request, "accounts/settings.html", context, status=400 if is_wrong else 200)


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
