"""Exchange accounts: the list with balances, one account with its positions, adding, changing, testing, deleting."""

from typing import Any

from django.contrib import messages
from django.contrib.auth.decorators import login_required
from django.core.exceptions import PermissionDenied, ValidationError
from django.http import Http404, HttpResponse
from django.shortcuts import redirect, render
from django.utils import timezone
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy
from django.views.decorators.debug import sensitive_post_parameters
from django.views.decorators.http import require_GET, require_POST

from accounts.page_request import PageRequest
from accounts.step_up import is_asked, require_fresh_second_factor
from exchanges import paper_config, services
from exchanges.balances import balances_of
from exchanges.errors import DomainError, ExchangeError
from exchanges.models import ExchangeAccount
from exchanges.pages.forms import AccountForm, PaperAccountForm, PaperCostsForm, RealAccountEditForm, RealAccountForm
from exchanges.pages.forms_orders import OrderForm
from exchanges.pages.rehearsal_view import panel_of
from exchanges.registry import kinds_of, trades_inverse
from exchanges.selectors import account_of, accounts_of
from trading.by_hand.account_now import account_now
from trading.models import DifferenceStatus

KIND_WORDS = {"swap": gettext_lazy("Perpetual"), "spot": gettext_lazy("Spot"), "future": gettext_lazy("Dated")}
BOTS_SHOWN = 20
KINDS = {"paper": PaperAccountForm, "real": RealAccountForm}


@login_required
@require_GET
def list_page(request: PageRequest) -> HttpResponse:
    accounts = list(accounts_of(request.user).order_by("exchange", "label"))
    balances = balances_of(account for account in accounts if account.is_active)
    rows = [(account, balances.get(account.pk)) for account in accounts]
    context = {
        "live_rows": [row for row in rows if not row[0].is_paper],
        "paper_rows": [row for row in rows if row[0].is_paper],
    }
    return render(request, "exchanges/list.html", context)


@login_required
@sensitive_post_parameters("api_key", "api_secret", "passphrase")
def new_page(request: PageRequest) -> HttpResponse:
    _refuse_viewers(request)
    kind = request.GET.get("kind", "paper")
    if kind not in KINDS:
        raise Http404
    form = KINDS[kind](request.POST or None)
    if form.is_bound and kind == "real":
        require_fresh_second_factor(request)
    if form.is_valid() and (account := _created(request, form)):
        messages.success(request, _("%(account)s is added.") % {"account": account})
        return redirect("exchanges:detail", account.pk)
    context = {"form": form, "kind": kind, "asks_code": kind == "real" and is_asked(request)}
    return render(request, f"exchanges/new_{kind}.html", context, status=400 if form.is_bound else 200)


def _created(request: PageRequest, form: AccountForm) -> ExchangeAccount | None:
    """None: the complaints stand beside their fields. A new account is tested at once."""
    try:
        account = services.account_create(owner=request.user, data=form.data_sent(), actor=request.user)
    except ValidationError as error:
        form.show_errors(error.message_dict)
        return None
    return services.account_test(account=account, now=timezone.now(), actor=request.user)


@login_required
@require_GET
def detail_page(request: PageRequest, account_id: int) -> HttpResponse:
    kind = request.GET.get("type", "")
    return render(request, "exchanges/detail.html", detail_context(account_or_404(request, account_id), kind))


def detail_context(account: ExchangeAccount, wished: str, form: OrderForm | None = None) -> dict[str, Any]:
    """`wished`: the kind of markets; swaps where that is not traded there. `form`: an order by hand with its
    complaints."""
    kinds = kinds_of(account)
    kind = next((each for each in kinds if each == wished), kinds[0])
    shown = "pk", "bot_name", "status", "market1_symbol", "market2_symbol"
    bots = list(account.bots.filter(deleted_at=None).order_by("bot_name").values(*shown))
    context: dict[str, Any] = {
        "account": account,
        "page_account": account,
        "kind": kind,
        "kinds": [(each, KIND_WORDS[each]) for each in kinds] if len(kinds) > 1 else [],
        "inverse": trades_inverse(account, kind),
        "bots": bots[:BOTS_SHOWN],
        "bots_left_out": max(0, len(bots) - BOTS_SHOWN),
        "differences": account.differences.filter(status=DifferenceStatus.OPEN).count(),
        "form": form or OrderForm(initial={"kind": kind}),
    }
    if account.is_paper:
        used = {bot[name] for bot in bots for name in ("market1_symbol", "market2_symbol")}
        context |= {"config": paper_config.parse(account.paper_config), "rehearsal": panel_of(account, used=used)}
    try:
        context["now"] = account_now(account, kind)
    except ExchangeError as error:
        context["failure"] = error.message
    return context


@login_required
@sensitive_post_parameters("api_key", "api_secret", "passphrase")
def edit_page(request: PageRequest, account_id: int) -> HttpResponse:
    _refuse_viewers(request)
    account = account_or_404(request, account_id)
    kind = PaperCostsForm if account.is_paper else RealAccountEditForm
    form = kind(request.POST) if request.method == "POST" else kind.of(account)
    if form.is_bound and not account.is_paper:
        require_fresh_second_factor(request)
    if form.is_bound and form.is_valid() and _updated(request, account, form):
        messages.success(request, _("Saved."))
        return redirect("exchanges:detail", account.pk)
    asks_code = not account.is_paper and is_asked(request)
    context = {"form": form, "account": account, "page_account": account, "asks_code": asks_code}
    return render(request, "exchanges/edit.html", context, status=400 if form.is_bound else 200)


def _updated(request: PageRequest, account: ExchangeAccount, form: AccountForm) -> bool:
    try:
        services.account_update(account=account, data=form.data_sent(), actor=request.user)
    except ValidationError as error:
        form.show_errors(error.message_dict)
    except DomainError as error:
        form.add_error(None, error.message)
    else:
        return True
    return False


@login_required
@require_POST
def test_post(request: PageRequest, account_id: int) -> HttpResponse:
    _refuse_viewers(request)
    account = account_or_404(request, account_id)
    account = services.account_test(account=account, now=timezone.now(), actor=request.user)
    if account.last_check_ok:
        messages.success(request, account.last_check_message)
    else:
        messages.error(request, account.last_check_message)
    return redirect("exchanges:detail", account.pk)


@login_required
@require_POST
def switch_post(request: PageRequest, account_id: int) -> HttpResponse:
    """On or off: an account that is off opens nothing."""
    _refuse_viewers(request)
    account = account_or_404(request, account_id)
    try:
        services.account_update(account=account, data={"is_active": not account.is_active}, actor=request.user)
    except DomainError as error:
        messages.error(request, error.message)
    return redirect("exchanges:detail", account.pk)


@login_required
@require_POST
def delete_post(request: PageRequest, account_id: int) -> HttpResponse:
    _refuse_viewers(request)
    account = account_or_404(request, account_id)
    if not account.is_paper:
        require_fresh_second_factor(request)
    name = str(account)
    try:
        services.account_delete(account=account, actor=request.user)
    except DomainError as error:
        messages.error(request, error.message)
        return redirect("exchanges:detail", account_id)
    messages.success(request, _("%(account)s is deleted.") % {"account": name})
    return redirect("exchanges:list")


def account_or_404(request: PageRequest, account_id: int) -> ExchangeAccount:
    try:
        return account_of(request.user, account_id)
    except ExchangeAccount.DoesNotExist:
        raise Http404 from None


def _refuse_viewers(request: PageRequest) -> None:
    if not request.user.can_trade:
        raise PermissionDenied
