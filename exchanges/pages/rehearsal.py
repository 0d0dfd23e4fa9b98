"""A rehearsal begun and ended from a paper account's page."""

from django.contrib import messages
from django.contrib.auth.decorators import login_required
from django.core.exceptions import PermissionDenied, ValidationError
from django.http import Http404, HttpResponse
from django.shortcuts import redirect, render
from django.urls import reverse
from django.utils import timezone
from django.utils.translation import gettext as _
from django.views.decorators.http import require_POST

from accounts.page_request import PageRequest
from exchanges.errors import DomainError, ExchangeError
from exchanges.models import ExchangeAccount
from exchanges.pages.accounts import account_or_404, detail_context
from exchanges.pages.forms_rehearsal import RehearsalForm
from exchanges.pages.rehearsal_view import form_of, panel_of
from trading.rehearsal import rehearsal_begin, rehearsal_end


@login_required
@require_POST
def begin_post(request: PageRequest, account_id: int) -> HttpResponse:
    """The page again with the complaints beside their fields, or the panel with what goes wrong from now on."""
    account = _trader_s(request, account_id)
    try:
        form = form_of(account, request.POST)
    except ExchangeError as error:
        messages.error(request, error.message)
        return _panel(account)
    if not _begun(request, account, form):
        context = detail_context(account, "swap") | {"rehearsal": panel_of(account, form)}
        return render(request, "exchanges/detail.html", context, status=400)
    messages.success(request, _("From now on this account misbehaves as you asked."))
    return _panel(account)


@login_required
@require_POST
def end_post(request: PageRequest, account_id: int) -> HttpResponse:
    account = _trader_s(request, account_id)
    try:
        rehearsal_end(actor=request.user, account=account, now=timezone.now())
    except (DomainError, ExchangeError) as error:
        messages.error(request, error.message)
    else:
        messages.success(request, _("The account behaves again."))
    return _panel(account)


def _begun(request: PageRequest, account: ExchangeAccount, form: RehearsalForm) -> bool:
    if not form.is_valid():
        return False
    try:
        rehearsal_begin(actor=request.user, account=account, wish=form.wish(), now=timezone.now())
    except ValidationError as error:
        form.show_errors(error.message_dict)
        return False
    except (DomainError, ExchangeError) as error:
        form.add_error(None, error.message)
        return False
    return True


def _panel(account: ExchangeAccount) -> HttpResponse:
    return redirect(f"{reverse('exchanges:detail', args=[account.pk])}#rehearsal")


def _trader_s(request: PageRequest, account_id: int) -> ExchangeAccount:
    if not request.user.can_trade:
        raise PermissionDenied
    account = account_or_404(request, account_id)
    if not account.is_paper:
        raise Http404
    return account
