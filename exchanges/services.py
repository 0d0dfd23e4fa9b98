"""What users do with their venue accounts."""

from datetime import datetime
from typing import Any

from django.db import IntegrityError, transaction
from django.db.models import ProtectedError, Q
from django.utils.translation import gettext as _

from accounts.audit import changed, record
from accounts.models import User
from bots.models import Bot, BotStatus
from exchanges import account_check, registry
from exchanges.account_fields import LABEL_MAX, SECRETS, Sent, paper_read, secrets_read, settings_changed
from exchanges.adapters import paper_chaos, paper_rows
from exchanges.adapters.paper import PaperVenue
from exchanges.errors import DomainError, ExchangeError
from exchanges.models import Exchange, ExchangeAccount
from exchanges.secrets import seal
from trading.core.order_state import UNSETTLED
from trading.models import Order

RECORDED = ("label", "is_testnet", "is_active", "paper_config")
"""Changes of these are written to the audit log with their values; of keys, that they changed."""


def account_create(*, owner: User, data: Any, actor: User | None = None) -> ExchangeAccount:
    """`data` holds the model's field names, secrets in clear. Raises ValidationError with every complaint."""
    sent = Sent(data)
    account = ExchangeAccount(owner=owner, exchange=sent.choice("exchange", tuple(Exchange.values)))
    _label_read(sent, account)
    account.is_active = sent.flag("is_active", True)
    secrets = secrets_read(sent, account.exchange, required=True) if account.exchange else {}
    if account.exchange == Exchange.PAPER:
        paper_read(sent, account)
    else:
        account.is_testnet = sent.flag("is_testnet", False)
    sent.raise_errors()
    _seal_all(account, secrets)
    with transaction.atomic():
        _save(sent, account)
        record(actor=actor, action="account.create", target=account, details=_recorded(account))
    return account


def account_update(*, account: ExchangeAccount, data: Any, actor: User | None = None) -> ExchangeAccount:
    """Fields that are not sent stay; a blank secret too. Raises ValidationError, DomainError."""
    sent = Sent(data)
    before = _recorded(account)
    if "exchange" in sent and sent.text("exchange", LABEL_MAX) != account.exchange:
        sent.refuse("exchange", _("The exchange of an account cannot be changed. Add another account instead."))
    if "label" in sent:
        _label_read(sent, account)
    secrets = secrets_read(sent, account.exchange, required=False)
    if account.is_paper:
        _paper_update(sent, account)
    testnet, active = sent.flag("is_testnet", account.is_testnet), sent.flag("is_active", account.is_active)
    sent.raise_errors()
    if testnet != account.is_testnet:
        _testnet_update(account, testnet)
    if account.is_active and not active:
        _refuse_running(account)
        if not account.is_paper:  # without its keys a stop loss would be blind
            _refuse_holding(account)
            _refuse_unsettled(account)
    account.is_active = active
    if secrets:
        uid = account.venue_uid if _in_trade(account) else ""
        if uid:
            _refuse_other_login(account, secrets)
        _seal_all(account, secrets)
        _forget_check(account)
        account.venue_uid = uid
    with transaction.atomic():
        _save(sent, account)
        _record_changes(actor, account, before, has_new_keys=bool(secrets))
    return account


def account_delete(*, account: ExchangeAccount, actor: User | None = None) -> None:
    """Raises DomainError while a bot uses the account or an order of it is not settled."""
    account_id = account.pk
    with transaction.atomic():
        ExchangeAccount.objects.select_for_update().get(pk=account_id)
        _refuse_in_use(account)
        record(actor=actor, action="account.delete", target=account)
        try:
            account.delete()
        except ProtectedError:
            raise DomainError(
                _("This account has orders in its history. Switch it off instead."), "account_in_use"
            ) from None
        transaction.on_commit(lambda: _forget(account_id))


def account_test(*, account: ExchangeAccount, now: datetime, actor: User | None = None) -> ExchangeAccount:
    """Asks the venue what the key may do and what it holds, and notes what came of it on the account."""
    check = account_check.checked(account)
    ours = ExchangeAccount.objects.filter(exchange=account.exchange, is_testnet=account.is_testnet)
    if check.uid and ours.filter(venue_uid=check.uid).exclude(pk=account.pk).exists():
        check = account_check.Check(False, _("Another account here has the same login at the exchange already."))
    account.last_check_ok, account.last_check_message = check.ok, check.message[:300]
    account.last_checked_at = now
    account.venue_uid = check.uid or account.venue_uid
    with transaction.atomic():
        account.save(update_fields=["last_checked_at", "last_check_ok", "last_check_message", "venue_uid"])
        record(actor=actor, action="account.test", target=account, details={"ok": check.ok})
    return account


def rehearsal_start(*, account: ExchangeAccount, faults: dict[str, Any]) -> None:
    """Makes a paper account misbehave from now on (`exchanges.adapters.paper_chaos`); an empty one ends it.

    Raises ValueError for what is no rehearsal, TypeError for an account that is not paper.
    """
    venue = registry.venue_of(account)
    if not isinstance(venue, PaperVenue):
        raise TypeError("only paper accounts rehearse faults")
    venue.rehearse(paper_chaos.parse(faults))


def _recorded(account: ExchangeAccount) -> dict[str, Any]:
    return {name: getattr(account, name) for name in RECORDED}


def _record_changes(
    actor: User | None, account: ExchangeAccount, before: dict[str, Any], *, has_new_keys: bool
) -> None:
    found = changed(before, _recorded(account))
    if has_new_keys:
        record(actor=actor, action="account.keys", target=account)
    if switched := found.pop("is_active", None):
        action = "account.enable" if switched["now"] else "account.disable"
        record(actor=actor, action=action, target=account)
    if found:
        record(actor=actor, action="account.change", target=account, details=found)


def _label_read(sent: Sent, account: ExchangeAccount) -> None:
    account.label = sent.text("label", LABEL_MAX)
    if not account.label and "label" not in sent.errors:
        sent.refuse("label", _("This field is required."))
    same = ExchangeAccount.objects.filter(owner=account.owner, exchange=account.exchange, label=account.label)
    if same.exclude(pk=account.pk).exists():
        _refuse_label(sent)


def _refuse_label(sent: Sent) -> None:
    sent.refuse("label", _("You already have an account with this label at this exchange."))


def _paper_update(sent: Sent, account: ExchangeAccount) -> None:
    for name in ("paper_venue", "paper_source"):
        if name in sent and sent.text(name, LABEL_MAX) not in ("", getattr(account, name)):
            sent.refuse(name, _("This cannot be changed. Add another account instead."))
    if "paper_config" in sent:
        settings_changed(sent, account)


def _testnet_update(account: ExchangeAccount, testnet: bool) -> None:
    if account.is_paper:
        return
    if _bots_of(account).exists():
        raise DomainError(_("Bots use this account: it cannot move between live and testnet."), "account_in_use")
    account.is_testnet = testnet
    _forget_check(account)


def _seal_all(account: ExchangeAccount, secrets: dict[str, str]) -> None:
    for name in SECRETS:
        if name in secrets:
            setattr(account, name, seal(account, secrets[name]))


def _forget_check(account: ExchangeAccount) -> None:
    account.venue_uid = ""
    account.last_checked_at = account.last_check_ok = None
    account.last_check_message = ""


def _save(sent: Sent, account: ExchangeAccount) -> None:
    """Secrets that were not loaded are not written."""
    loaded = [f.name for f in account._meta.concrete_fields if f.attname not in account.get_deferred_fields()]
    fields = None if account._state.adding else [name for name in loaded if name != "id"]
    try:
        with transaction.atomic():
            account.save(update_fields=fields)
    except IntegrityError as error:
        if "exchange_accounts_label_unique" not in str(error):
            raise
        _refuse_label(sent)
        sent.raise_errors()


def _bots_of(account: ExchangeAccount) -> Any:
    return Bot.objects.filter(Q(exchange_account=account) | Q(exchange_account2=account))


def _refuse_running(account: ExchangeAccount) -> None:
    if _bots_of(account).filter(status=BotStatus.RUNNING).exists():
        raise DomainError(_("A bot is running on this account. Stop it first."), "account_in_use")


def _refuse_holding(account: ExchangeAccount) -> None:
    if _bots_of(account).filter(level__gt=0).exists():
        raise DomainError(_("A bot on this account holds a position. Close it first."), "account_in_use")


def _refuse_unsettled(account: ExchangeAccount) -> None:
    if Order.objects.filter(account=account, status__in=UNSETTLED).exists():
        raise DomainError(_("An order on this account is not settled yet."), "account_in_use")


def _in_trade(account: ExchangeAccount) -> bool:
    unsettled = Order.objects.filter(account=account, status__in=UNSETTLED)
    return unsettled.exists() or _bots_of(account).filter(Q(level__gt=0) | Q(status=BotStatus.RUNNING)).exists()


def _refuse_other_login(account: ExchangeAccount, secrets: dict[str, str]) -> None:
    """Asked elsewhere, the venue would not know the position and orders that bots have on this one."""
    try:
        uid = registry.examined(account, secrets).uid
    except ExchangeError as error:
        sentence = _("Bots trade on this account, and the new keys could not be tested: %(error)s")
        raise DomainError(sentence % {"error": error.message}, "account_in_use") from None
    if uid and uid != account.venue_uid:
        raise DomainError(_("Bots trade on this account: the new keys belong to another login."), "account_in_use")


def _refuse_in_use(account: ExchangeAccount) -> None:
    _refuse_running(account)
    _refuse_holding(account)
    _refuse_unsettled(account)
    bots = _bots_of(account)
    if bots.exists():
        raise DomainError(_("Bots use this account. Delete them first."), "account_in_use")


def _forget(account_id: int) -> None:
    registry.forget(account_id)
    paper_rows.erase(account_id)
