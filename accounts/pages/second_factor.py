"""The second factor's pages: what it is, its picture, confirming it, switching it off; and giving a code in between."""

from io import BytesIO

import segno
from django.conf import settings
from django.contrib import messages
from django.contrib.auth.decorators import login_required
from django.core.exceptions import ValidationError
from django.http import Http404, HttpResponse
from django.shortcuts import redirect, render
from django.utils.translation import gettext as _
from django.views.decorators.cache import never_cache
from django.views.decorators.debug import sensitive_post_parameters
from django.views.decorators.http import require_GET, require_POST

from accounts import second_factor
from accounts.audit import record
from accounts.login import LoginRefused, refuse_haste
from accounts.models import AuthenticatorApp
from accounts.page_request import PageRequest
from accounts.pages.entry import next_page
from accounts.pages.forms import CodeForm, SwitchOffForm
from accounts.second_factor import WrongCode
from accounts.step_up import mark_fresh, require_fresh_second_factor


@login_required
@never_cache
@require_GET
def second_factor_page(request: PageRequest) -> HttpResponse:
    return _page(request)


@login_required
@never_cache
@sensitive_post_parameters("code")
def set_up_page(request: PageRequest) -> HttpResponse:
    """GET: the picture and the secret; POST: the app's first code, answered by the recovery codes."""
    if second_factor.is_on(request.user):
        return redirect("settings-second-factor")
    app = second_factor.set_up(request.user)
    form = CodeForm(request.POST or None)
    if form.is_valid():
        try:
            codes = second_factor.switch_on(user=request.user, code=form.cleaned_data["code"])
        except WrongCode as error:
            form.add_error("code", error.messages[0])
        else:
            mark_fresh(request.user.login_session)
            return _codes(request, codes)
    secret = " ".join(app.secret[start : start + 4] for start in range(0, len(app.secret), 4))
    context = {"form": form, "secret": secret, "tab": "second-factor"}
    return render(request, "accounts/second_factor_set_up.html", context, status=400 if form.is_bound else 200)


@login_required
@never_cache
@require_GET
def picture(request: PageRequest) -> HttpResponse:
    """The QR code of an app that is not confirmed yet, as SVG; gone once it is."""
    app = AuthenticatorApp.objects.select_related("user").filter(user=request.user, confirmed=False).first()
    if app is None:
        raise Http404
    code = segno.make(second_factor.address_of_app(app), error="m", micro=False)
    drawing = BytesIO()
    code.save(drawing, kind="svg", scale=4, border=4, light="#fff", xmldecl=False, svgclass=None, lineclass=None)
    return HttpResponse(drawing.getvalue(), content_type="image/svg+xml")


@login_required
@require_POST
@sensitive_post_parameters("password", "code")
def switch_off_post(request: PageRequest) -> HttpResponse:
    form = SwitchOffForm(request.POST)
    if form.is_valid() and _switched_off(request, form):
        messages.success(request, _("The second factor is off."))
        return redirect("settings-second-factor")
    return _page(request, form)


def _switched_off(request: PageRequest, form: SwitchOffForm) -> bool:
    data = form.cleaned_data
    try:
        refuse_haste(request, "login", request.user.username)
        second_factor.switch_off(user=request.user, password=data["password"], code=data["code"])
    except LoginRefused as refusal:
        form.add_error(None, refusal.message)
    except ValidationError as error:
        form.add_error(None, error)
    else:
        return True
    return False


@login_required
@never_cache
@require_POST
def codes_post(request: PageRequest) -> HttpResponse:
    if not second_factor.is_on(request.user):
        raise Http404
    require_fresh_second_factor(request)
    return _codes(request, second_factor.codes_renew(user=request.user))


@login_required
@never_cache
@sensitive_post_parameters("code")
def confirm_page(request: PageRequest) -> HttpResponse:
    """A code now, then on to where it was asked for."""
    onward = next_page(request, settings.LOGIN_REDIRECT_URL)
    if not second_factor.is_on(request.user):
        return redirect(onward)
    form = CodeForm(request.POST or None)
    if form.is_valid():
        try:
            second_factor.check(request.user, form.cleaned_data["code"])
        except WrongCode as error:
            form.add_error("code", error.messages[0])
        else:
            mark_fresh(request.user.login_session)
            record(actor=request.user, action="second_factor.confirmed", target=request.user)
            return redirect(onward)
    context = {"form": form, "next": onward}
    return render(request, "accounts/confirm_code.html", context, status=400 if form.is_bound else 200)


def _page(request: PageRequest, form: SwitchOffForm | None = None) -> HttpResponse:
    context = {
        "is_on": second_factor.is_on(request.user),
        "codes_left": second_factor.codes_left(request.user),
        "form": form or SwitchOffForm(),
        "tab": "second-factor",
    }
    return render(request, "accounts/settings_second_factor.html", context, status=400 if form else 200)


def _codes(request: PageRequest, codes: list[str]) -> HttpResponse:
    return render(request, "accounts/recovery_codes.html", {"codes": codes, "tab": "second-factor"})
