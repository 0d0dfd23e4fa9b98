"""Pages that a mail leads to: a new password, a confirmed address."""

from django.contrib import messages
from django.contrib.auth.decorators import login_not_required
from django.core.exceptions import ValidationError
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.utils.translation import gettext as _
from django.views.decorators.cache import never_cache
from django.views.decorators.debug import sensitive_post_parameters

from accounts import links, mails, password_mails, services
from accounts.login import LoginRefused, refuse_haste
from accounts.pages.forms import ForgottenForm, NewPasswordForm


@login_not_required
@never_cache
def forgotten_page(request: HttpRequest) -> HttpResponse:
    """Says the same whether or not the address is a user's."""
    form = ForgottenForm(request.POST or None)
    if form.is_valid():
        email = form.cleaned_data["email"]
        try:
            refuse_haste(request, "mail", email)
        except LoginRefused as refusal:
            form.add_error(None, refusal.message)
        else:
            password_mails.ask_for_link(email, mails.site_address(request))
            return render(request, "accounts/forgotten_sent.html", {"email": email})
    return render(request, "accounts/forgotten.html", {"form": form}, status=400 if form.is_bound else 200)


@login_not_required
@never_cache
@sensitive_post_parameters("new_password")
def reset_page(request: HttpRequest, uid: str, token: str) -> HttpResponse:
    user = links.user_of_password_link(uid, token)
    if user is None:
        return render(request, "accounts/link_dead.html", {"kind": "password"}, status=404)
    form = NewPasswordForm(user, request.POST or None)
    if form.is_valid() and form.save():
        messages.success(request, _("The password is set. Log in with it."))
        return redirect("login")
    return render(request, "accounts/new_password.html", {"form": form}, status=400 if form.is_bound else 200)


@login_not_required
@never_cache
def email_confirm_page(request: HttpRequest, token: str) -> HttpResponse:
    """Asks before it confirms: programs that look at mails open links too."""
    wish = links.wish_of_email_token(token)
    if wish is None:
        return render(request, "accounts/link_dead.html", {"kind": "email"}, status=404)
    if request.method != "POST":
        return render(request, "accounts/email_confirm.html", {"wish": wish})
    try:
        services.email_confirm(user=wish.user, email=wish.email)
    except ValidationError as error:
        return render(request, "accounts/email_confirm.html", {"wish": wish, "errors": error.messages}, status=400)
    messages.success(request, _("%(email)s is confirmed.") % {"email": wish.email})
    return redirect("settings" if request.user.is_authenticated else "login")
