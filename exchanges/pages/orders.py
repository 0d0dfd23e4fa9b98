"""Orders by hand from an account's page: asked about with figures, placed, canceled."""

from typing import Any

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
from bots.amounts import grouped_exact
from exchanges.errors import DomainError, ExchangeError
from exchanges.models import ExchangeAccount
from exchanges.pages.accounts import account_or_404, detail_context
from exchanges.pages.forms_orders import OrderForm
from exchanges.symbols import amount_currency, canonical, kind_of
from trading.by_hand.orders import foreign_order_cancel, manual_order_cancel, manual_order_create
from trading.by_hand.question import OrderQuestion, order_question
from trading.core.order_state import OrderStatus
from trading.models import Order


@login_required
@require_POST
def check_post(request: PageRequest, account_id: int) -> HttpResponse:
    """The question before the order, or the page again with what is wrong."""
    account, form = _trader_s(request, account_id), OrderForm(request.POST)
    question = _question(account, form)
    if question is None:
        return render(request, "exchanges/detail.html", detail_context(account, form.markets, form), status=400)
    context = {"account": account, "page_account": account, "question": question, "sent": form.with_key()}
    return render(request, "exchanges/order_confirm.html", context)


@login_required
@require_POST
def place_post(request: PageRequest, account_id: int) -> HttpResponse:
    account, form = _trader_s(request, account_id), OrderForm(request.POST)
    order = _placed(request, account, form)
    if order is None:
        return render(request, "exchanges/detail.html", detail_context(account, form.markets, form), status=400)
    _say_outcome(request, order)
    return _back_to(account, form.markets)


@login_required
@require_POST
def cancel_post(request: PageRequest, account_id: int) -> HttpResponse:
    """An order of ours by its number here (`order`), another one by the venue's (`number`, `symbol`, `stop`)."""
    account = _trader_s(request, account_id)
    try:
        _cancel(request, account)
    except (DomainError, ExchangeError) as error:
        messages.error(request, error.message)
    else:
        messages.success(request, _("The order is canceled."))
    return _back_to(account, request.POST.get("kind", ""))


def _question(account: ExchangeAccount, form: OrderForm) -> OrderQuestion | None:
    """None: the complaints stand in the form."""
    if not form.is_valid():
        return None
    try:
        return order_question(account, form.wish())
    except ValidationError as error:
        form.show_errors(error.message_dict)
    except (DomainError, ExchangeError) as error:
        form.add_error(None, error.message)
    return None


def _placed(request: PageRequest, account: ExchangeAccount, form: OrderForm) -> Order | None:
    if not form.is_valid():
        return None
    wish = form.wish()
    try:
        return manual_order_create(
            actor=request.user,
            account=account,
            symbol=wish.symbol,
            side=wish.side,
            type=wish.type,
            amount=wish.amount,
            price=wish.price,
            trigger_price=wish.trigger_price,
            post_only=wish.post_only,
            reduce_only=wish.reduce_only,
            idempotency_key=form.cleaned_data["key"],
            now=timezone.now(),
        )
    except ValidationError as error:
        form.show_errors(error.message_dict)
    except (DomainError, ExchangeError) as error:
        form.add_error(None, error.message)
    return None


def _say_outcome(request: PageRequest, order: Order) -> None:
    words: dict[str, Any] = {
        "amount": grouped_exact(order.amount),
        "filled": grouped_exact(order.filled_amount),
        "coin": amount_currency(order.symbol),
        "reason": order.reason,
    }
    if order.status == OrderStatus.UNKNOWN:
        messages.warning(request, _("The exchange did not answer: whether it took the order is being asked."))
    elif order.status in (OrderStatus.REJECTED, OrderStatus.DENIED):
        messages.error(request, _("The exchange did not take the order: %(reason)s") % words)
    elif order.filled_amount:
        messages.success(request, _("Filled: %(filled)s of %(amount)s %(coin)s.") % words)
    elif order.status == OrderStatus.CANCELED:
        messages.warning(request, _("Nothing was filled: %(reason)s") % words)
    else:
        messages.success(request, _("The order is at the exchange: %(amount)s %(coin)s.") % words)


def _cancel(request: PageRequest, account: ExchangeAccount) -> None:
    number = request.POST.get("order", "")
    if number.isascii() and number.isdigit() and len(number) < 19:
        order = Order.objects.select_related("bot", "account").filter(account=account, pk=int(number)).first()
        if order is None:
            raise Http404
        manual_order_cancel(actor=request.user, order=order, now=timezone.now())
        return
    try:
        name = request.POST.get("symbol", "")
        symbol = canonical(name, kind_of(name))
    except ValueError:
        raise Http404 from None
    foreign_order_cancel(
        actor=request.user,
        account=account,
        symbol=symbol,
        exchange_order_id=request.POST.get("number", "")[:64],
        is_stop=request.POST.get("stop") == "yes",
    )


def _back_to(account: ExchangeAccount, kind: str) -> HttpResponse:
    """To the markets of the kind that one came from."""
    address = reverse("exchanges:detail", args=[account.pk])
    return redirect(f"{address}?type={kind}" if kind in ("spot", "future") else address)


def _trader_s(request: PageRequest, account_id: int) -> ExchangeAccount:
    if not request.user.can_trade:
        raise PermissionDenied
    return account_or_404(request, account_id)
