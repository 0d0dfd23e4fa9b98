"""Settings: profile, password, e-mail, open log-ins, second factor, API tokens, addresses, audit."""

from django.contrib import messages
from django.contrib.auth import update_session_auth_hash
from django.contrib.auth.decorators import login_required
from django.core.exceptions import ValidationError
from django.http import Http404, HttpResponse
from django.shortcuts import redirect, render
from django.utils.translation import gettext as _
from django.utils.translation import override
from django.views.decorators.cache import never_cache
from django.views.decorators.debug import sensitive_post_parameters
from django.views.decorators.http import require_POST

from accounts import allowed_addresses, logins, mails, second_factor
from accounts.addresses import address_of
from accounts.api import token_book as api_token_book
from accounts.login import LoginRefused, refuse_haste
from accounts.models import User
from accounts.page_request import PageRequest
from accounts.pages.forms import AddressesForm, EmailForm, PasswordForm, SettingsForm, TokenForm
from accounts.places import device_words
from accounts.step_up import is_asked, require_fresh_second_factor


def _user(request: PageRequest) -> User:
    """The row anew: a form that does not save leaves the request's user as he is."""
    user = User.objects.get(pk=request.user.pk)
    user.login_session = request.user.login_session
    return user


@login_required
def settings_page(request: PageRequest) -> HttpResponse:
    user = _user(request)
    form = SettingsForm(request.POST or None, instance=user)
    if form.is_valid():
        form.save()
        with override(user.language):
            messages.success(request, _("Saved."))
        return redirect("settings")
    return _settings(request, user, form=form)


@login_required
@require_POST
@sensitive_post_parameters()
def password_page(request: PageRequest) -> HttpResponse:
    user = _user(request)
    form = PasswordForm(user, request.POST)
    if form.is_valid() and _in_time(request, form) and form.save():
        update_session_auth_hash(request, user)
        mails.mail_on_commit(mails.CHANGED, user, mails.site_address(request))
        messages.success(request, _("The password is changed. Other browsers are logged out."))
        return redirect("settings")
    return _settings(request, user, password_form=form)


@login_required
@require_POST
@sensitive_post_parameters("current_password")
def email_page(request: PageRequest) -> HttpResponse:
    user = _user(request)
    form = EmailForm(user, request.POST)
    if form.is_valid() and _in_time(request, form) and (holds := form.save()) is not None:
        email = form.cleaned_data["email"]
        mails.mail_on_commit(mails.CONFIRM, user, mails.site_address(request), email)
        saved = _("Saved. Open the link that was sent to %(email)s to confirm it.")
        waits = _("Open the link that was sent to %(email)s; until then the old address stays.")
        messages.success(request, (saved if holds else waits) % {"email": email})
        return redirect("settings")
    return _settings(request, user, email_form=form)


@login_required
@require_POST
def email_send_post(request: PageRequest) -> HttpResponse:
    try:
        refuse_haste(request, "mail", request.user.username)
    except LoginRefused as refusal:
        messages.error(request, refusal.message)
    else:
        mails.mail_on_commit(mails.CONFIRM, request.user, mails.site_address(request))
        messages.success(request, _("A link was sent to %(email)s.") % {"email": request.user.email})
    return redirect("settings")


@login_required
@require_POST
def session_end_post(request: PageRequest, session_id: int) -> HttpResponse:
    login = logins.logins_of(request.user).filter(pk=session_id).select_related("owner").first()
    if login is None:
        raise Http404
    logins.login_end(actor=request.user, login=login)
    messages.success(request, _("That log-in has ended."))
    return redirect("settings")


@login_required
@require_POST
def sessions_end_post(request: PageRequest) -> HttpResponse:
    logins.logins_end_others(actor=request.user, user=request.user, keep=request.user.login_session)
    messages.success(request, _("Every other log-in has ended."))
    return redirect("settings")


@login_required
@never_cache
def tokens_page(request: PageRequest) -> HttpResponse:
    form = TokenForm(request.POST or None)
    made = None
    if form.is_valid():
        require_fresh_second_factor(request)
        made = _token_made(request, form)
    if made:
        form = TokenForm()
    context = {
        "form": form,
        "made": made,
        "tokens": api_token_book.tokens_of(request.user),
        "tab": "tokens",
        "asks_code": is_asked(request),
    }
    return render(request, "accounts/settings_tokens.html", context, status=400 if form.is_bound else 200)


def _token_made(request: PageRequest, form: TokenForm) -> str:
    """The token, to be shown this once; empty: see the form's errors."""
    data = form.cleaned_data
    try:
        return api_token_book.token_make(
            user=request.user,
            name=data["name"],
            scope=data["scope"],
            expires_at=form.expires_at(),
            second_factor=second_factor.is_on(request.user),
        )[1]
    except ValidationError as error:
        form.add_error(None, error)
        return ""


@login_required
@require_POST
def token_revoke_post(request: PageRequest, token_id: int) -> HttpResponse:
    token = api_token_book.tokens_of(request.user).filter(pk=token_id).first()
    if token is None:
        raise Http404
    api_token_book.token_revoke(actor=request.user, token=token)
    messages.success(request, _("%(token)s is revoked.") % {"token": token.name})
    return redirect("settings-tokens")


@login_required
def addresses_page(request: PageRequest) -> HttpResponse:
    here = address_of(request)
    form = AddressesForm(request.POST or None, initial={"networks": "\n".join(request.user.allowed_networks)})
    if form.is_valid():
        require_fresh_second_factor(request)
        if _addresses_changed(request, form, here):
            messages.success(request, _("Saved."))
            return redirect("settings-addresses")
    context = {"form": form, "here": here, "tab": "addresses", "asks_code": is_asked(request)}
    return render(request, "accounts/settings_addresses.html", context, status=400 if form.is_bound else 200)


def _addresses_changed(request: PageRequest, form: AddressesForm, here: str | None) -> bool:
    user = _user(request)
    try:
        allowed_addresses.allowed_change(actor=request.user, user=user, networks=form.lines(), ip=here)
    except ValidationError as error:
        form.add_error(None, error)
        return False
    return True


def _in_time(request: PageRequest, form: PasswordForm | EmailForm) -> bool:
    """Guessing the current password is counted as logging in."""
    try:
        refuse_haste(request, "login", request.user.username)
    except LoginRefused as refusal:
        form.add_error(None, refusal.message)
        return False
    return True


def _settings(request: PageRequest, user: User, **bound: SettingsForm | PasswordForm | EmailForm) -> HttpResponse:
    forms = {
        "form": SettingsForm(instance=user),
        "password_form": PasswordForm(user),
        "email_form": EmailForm(user),
    } | bound
    current = request.user.login_session
    rows = [
        (login, device_words(login.user_agent), login.pk == (current and current.pk))
        for login in logins.logins_of(request.user)
    ]
    context = {**forms, "logins": rows, "tab": "profile"}
    is_wrong = any(form.is_bound for form in bound.values())
    return render(request, "accounts/settings.html", context, status=400 if is_wrong else 200)
