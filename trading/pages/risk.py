"""The risk page: what is switched off, how near each limit is, the limits' form, and what shocks would do."""

from typing import Any

from django.contrib import messages
from django.contrib.auth.decorators import login_required
from django.core.exceptions import ObjectDoesNotExist, PermissionDenied, ValidationError
from django.http import Http404, HttpResponse
from django.shortcuts import redirect, render
from django.urls import reverse
from django.utils import timezone
from django.utils.translation import gettext as _
from django.views.decorators.http import require_GET, require_http_methods, require_POST

from accounts.models import User
from accounts.page_request import PageRequest
from accounts.step_up import is_asked, require_fresh_second_factor
from bots.pages.shell import shell_of
from exchanges.errors import DomainError
from trading.api.risk import is_switched_looser
from trading.kill_switch.actions import Target, kill_switch, named
from trading.models import RiskLimits, Scope, TradingState
from trading.pages.forms_risk import LimitsForm
from trading.pages.risk_view import RiskView, target_key
from trading.risk import services

OF_TARGET = (Scope.USER, Scope.ACCOUNT, Scope.BOT)


@login_required
@require_GET
def risk_page(request: PageRequest) -> HttpResponse:
    return _page(request, *_chosen(request.user, request.GET.get("of", "")))


@login_required
@require_http_methods(["GET", "POST"])
def limits_post(request: PageRequest) -> HttpResponse:
    """A form that came back with errors stands at this address: fetched anew, it is the page."""
    if request.method == "GET":
        return risk_page(request)
    if not request.user.can_trade:
        raise PermissionDenied
    scope, target = _chosen(request.user, request.POST.get("of", ""))
    form = LimitsForm(request.POST, admin=_admin_row(scope, target))
    if not form.is_valid():
        return _page(request, scope, target, form, status=400)
    measure_anew = form.cleaned_data["measure_anew"]
    try:
        values = services.clean_limits(form.data_sent())
        if measure_anew or services.is_loosened(services.limits_row(scope, target), values):
            require_fresh_second_factor(request)
        services.limits_save(
            actor=request.user,
            scope=scope,
            target=target,
            values=values,
            now=timezone.now(),
            measure_anew=measure_anew,
        )
    except ValidationError as error:
        form.show_errors(error.message_dict)
        return _page(request, scope, target, form, status=400)
    messages.success(request, _("The limits are saved and hold from the next order on."))
    return redirect(f"{reverse('risk')}?of={target_key(scope, target)}")


@login_required
@require_POST
def switch_post(request: PageRequest) -> HttpResponse:
    scope, target = _switched(request)
    wished = request.POST.get("state", "")
    if wished not in TradingState.values:
        raise Http404
    state = TradingState(wished)
    if is_switched_looser(scope, target, state):
        require_fresh_second_factor(request)
    try:
        found = kill_switch(
            actor=request.user,
            scope=scope,
            target=target,
            state=state,
            flatten=request.POST.get("flatten") == "yes",
            now=timezone.now(),
            reason=request.POST.get("reason", "").replace("\0", "")[:300],
        )
    except DomainError as error:
        messages.error(request, error.message)
    else:
        _say(request, state, len(found.bots))
    return redirect("risk")


def _page(
    request: PageRequest, scope: Scope, target: Target, form: LimitsForm | None = None, *, status: int = 200
) -> HttpResponse:
    shell = shell_of(request)
    view = RiskView(request.user, shell.scope, timezone.now(), shell.accounts)
    row = view.row_of(scope, target) or RiskLimits(scope=scope)
    context = {
        "view": view,
        "form": form or LimitsForm.of(row, view.row_of(scope, target, is_admin=True)),
        "of": target_key(scope, target),
        "bot_options": view.bot_options_with(target_key(scope, target)),
        "scope": scope,
        "target": target,
        "asks_code": is_asked(request),
        "administers": services.administers(request.user),
    }
    return render(request, "trading/risk.html", context, status=status)


def _chosen(user: User, key: str) -> tuple[Scope, Target]:
    """`user`, `account-3`, `bot-5`; the user where nothing is chosen."""
    name, _dash, number = key.partition("-")
    if name not in OF_TARGET or name == Scope.USER:
        return Scope.USER, user
    try:
        return Scope(name), services.target_of(user, Scope(name), _whole(number))
    except ObjectDoesNotExist:
        raise Http404 from None


def _switched(request: PageRequest) -> tuple[Scope, Target]:
    if request.POST.get("of") == Scope.INSTALLATION:
        if not services.administers(request.user):
            raise PermissionDenied
        return Scope.INSTALLATION, None
    return _chosen(request.user, request.POST.get("of", ""))


def _whole(text: str) -> int:
    return int(text) if text.isascii() and text.isdecimal() and len(text) < 19 else 0


def _admin_row(scope: Scope, target: Target) -> RiskLimits | None:
    return RiskLimits.objects.filter(scope=scope, is_admin=True, **named(scope, target)).first()


def _say(request: PageRequest, state: TradingState, closing: int) -> None:
    words: dict[TradingState, Any] = {
        TradingState.ACTIVE: _("Trading is on again."),
        TradingState.REDUCING: _("From now on positions are only closed."),
        TradingState.HALTED: _("Trading is halted."),
    }
    text = str(words[state])
    if closing:
        asked = _("Bots asked to close both legs: %(n)s.") % {"n": closing}
        text = f"{text} {asked}"
    (messages.success if state == TradingState.ACTIVE else messages.warning)(request, text)
