"""Where an account's books and its exchange differ, and what its owner decides about it."""

from django.contrib import messages
from django.contrib.auth.decorators import login_required
from django.core.exceptions import PermissionDenied, ValidationError
from django.http import Http404, HttpResponse
from django.shortcuts import redirect, render
from django.utils import timezone
from django.utils.translation import gettext as _
from django.views.decorators.http import require_GET, require_POST

from accounts.page_request import PageRequest
from exchanges.errors import DomainError, ExchangeError
from exchanges.models import ExchangeAccount
from exchanges.pages.differences_view import page_of
from exchanges.selectors import account_of
from trading.models import Difference, Order
from trading.reconciliation.choices import NOTE_LENGTH, Choice, difference_settle
from trading.reconciliation.rounds import account_reconcile
from trading.settlement import order_declare


@login_required
@require_GET
def differences_page(request: PageRequest, account_id: int) -> HttpResponse:
    account = _account_or_404(request, account_id)
    page = page_of(account, timezone.now())
    context = {"account": account, "page_account": account, "page": page, "note_length": NOTE_LENGTH}
    return render(request, "trading/differences.html", context)


@login_required
@require_POST
def reconcile_post(request: PageRequest, account_id: int) -> HttpResponse:
    _refuse_viewers(request)
    account = _account_or_404(request, account_id)
    outcome = account_reconcile(account, timezone.now(), thorough=True)
    if outcome is None:
        messages.info(request, _("This account is being compared already."))
    elif outcome.is_ok is None:
        messages.error(request, _("Nothing is known: %(error)s") % {"error": outcome.message})
    elif outcome.is_ok and not outcome.suspects:
        messages.success(request, _("The exchange and the books agree."))
    elif outcome.is_ok:
        messages.info(request, _("Something was seen once. It counts when it is seen again: compare once more."))
    else:
        messages.warning(request, _("The exchange and the books differ."))
    return redirect("exchanges:differences", account.pk)


@login_required
@require_POST
def settle_post(request: PageRequest, account_id: int, difference_id: int) -> HttpResponse:
    _refuse_viewers(request)
    account = _account_or_404(request, account_id)
    rows = Difference.objects.select_related("bot", "account").filter(account=account, pk=difference_id)
    difference, wanted = rows.first(), request.POST.get("choice", "")
    if difference is None or wanted not in Choice.values:
        raise Http404
    note = request.POST.get("note", "")
    try:
        difference_settle(
            actor=request.user, difference=difference, choice=Choice(wanted), note=note, now=timezone.now()
        )
    except ValidationError as error:
        messages.error(request, " ".join(error.messages))
    except (DomainError, ExchangeError) as error:
        messages.error(request, error.message)
    else:
        messages.success(request, _("Noted. What has to be booked or closed is done at the bot's next look."))
    return redirect("exchanges:differences", account.pk)


@login_required
@require_POST
def declare_post(request: PageRequest, account_id: int, order_id: int) -> HttpResponse:
    """A person's word on an order that the exchange cannot remember."""
    _refuse_viewers(request)
    account = _account_or_404(request, account_id)
    order = Order.objects.select_related("bot").filter(account=account, pk=order_id).first()
    if order is None:
        raise Http404
    try:
        order_declare(actor=request.user, order=order)
    except DomainError as error:
        messages.error(request, error.message)
    else:
        messages.success(request, _("The order is settled: it is not at the exchange."))
    return redirect("exchanges:differences", account.pk)


def _account_or_404(request: PageRequest, account_id: int) -> ExchangeAccount:
    try:
        return account_of(request.user, account_id)
    except ExchangeAccount.DoesNotExist:
        raise Http404 from None


def _refuse_viewers(request: PageRequest) -> None:
    if not request.user.can_trade:
        raise PermissionDenied
