"""Orders that a person places by hand: through the same books and the same sender as those of bots.

The row is committed `pending`, marked `submitted` in the transaction that asks the kill switch and the claims of bots,
sent once, and its outcome booked. What stays unknown is asked for by `trading.by_hand.settlement`.
"""

import hashlib
from collections.abc import Callable
from dataclasses import dataclass, replace
from datetime import datetime
from decimal import Decimal

from django.core.exceptions import PermissionDenied, ValidationError
from django.db import IntegrityError, transaction
from django.utils.translation import gettext as _
from django.utils.translation import gettext_noop

from accounts import audit
from accounts.models import User
from bots.claims import claim_on
from bots.models import SymbolClaim
from exchanges import margin
from exchanges.account_locks import accounts_lock
from exchanges.adapters.base import MarginMode, OrderReport, OrderRequest, Venue
from exchanges.errors import DomainError, OrderNotFound
from exchanges.models import ExchangeAccount
from exchanges.registry import venue_for
from exchanges.symbols import short
from trading import ledger, sending
from trading.by_hand.account_orders import OrderLine, foreign_line_of, line_of
from trading.by_hand.checks import Wish, checked
from trading.core.order_state import UNSETTLED, OrderStatus
from trading.kill_switch.switches import forbids
from trading.ledger_spot import is_spot
from trading.models import ManualOrderKey, Order, Purpose
from trading.order_lookup import order_find
from trading.risk.checks import LimitReached, order_gate

KEY_MAX = 64


@dataclass(frozen=True, slots=True)
class _Place:
    """Where an order goes: read from the venue before anything is written."""

    account: ExchangeAccount
    venue: Venue
    market_time: datetime
    margin_mode: MarginMode
    gate: Callable[[], None]


def manual_order_create(
    *,
    actor: User,
    account: ExchangeAccount,
    symbol: str,
    side: str,
    type: str,
    amount: Decimal,
    price: Decimal | None = None,
    trigger_price: Decimal | None = None,
    post_only: bool = False,
    reduce_only: bool = False,
    idempotency_key: str,
    now: datetime,
) -> Order:
    """The order as it is after the venue's first answer; the same key again gives the same order and sends nothing.

    Raises ValidationError by field, DomainError for what is not allowed now, PermissionDenied, ExchangeError where the
    venue could not be asked before anything was written. A refusal of the venue is the order's own status.
    """
    _check_actor(actor, account)
    reduces = reduce_only or (is_spot(symbol) and side == "sell")
    wish = Wish(symbol, side, type, amount, price, trigger_price, post_only, reduces)
    known = order_of_key(account, idempotency_key, wish)
    if known is not None:
        return known
    _refuse_claimed(account, wish.symbol)
    _refuse_switched_off(account, wish)
    place = _place_of(account, checked(account, wish), wish)
    order, is_new = _written(actor, place, wish, idempotency_key)
    return _sent(place, order) if is_new else order


def manual_order_cancel(*, actor: User, order: Order, now: datetime) -> Order:
    """The order after the venue's answer; one that is over stays as it is.

    Raises DomainError for an order of a bot, ExchangeError where the venue does not answer: then ask again.
    """
    _check_actor(actor, order.account)
    if order.bot is not None:
        words = {"bot": order.bot.bot_name}
        raise DomainError(
            _("This order belongs to the bot %(bot)s: stop or change the bot instead.") % words, "bot_order"
        )
    if order.status == OrderStatus.PENDING:
        order = ledger.order_mark_if(order, OrderStatus.PENDING, OrderStatus.DENIED, "canceled before it was sent")
    if order.status not in UNSETTLED:
        return order
    venue = venue_for(order.account, order.symbol)
    try:
        report = venue.cancel_order(
            order.symbol,
            client_order_id=order.client_order_id,
            exchange_order_id=order.exchange_order_id,
            is_stop=order.order_type == "stop",
        )
    except OrderNotFound:
        order_find(venue, order)
        order.refresh_from_db()
    else:
        order = ledger.report_apply(order, report)
    _record(actor, order, "order.cancel", gettext_noop("Order by hand canceled: %(side)s %(amount)s %(symbol)s."))
    return order


def order_cancel_by_number(
    *,
    actor: User,
    account: ExchangeAccount,
    symbol: str,
    exchange_order_id: str,
    is_stop: bool,
    now: datetime,
) -> OrderLine:
    """By the venue's number: as ours where our books have it. Raises what the two ways of canceling do."""
    ours = Order.objects.filter(account=account, symbol=symbol, exchange_order_id=exchange_order_id)
    order = ours.select_related("bot", "account").first()
    if order is not None:
        return line_of(manual_order_cancel(actor=actor, order=order, now=now))
    report = foreign_order_cancel(
        actor=actor, account=account, symbol=symbol, exchange_order_id=exchange_order_id, is_stop=is_stop
    )
    return foreign_line_of(account, report)


def foreign_order_cancel(
    *, actor: User, account: ExchangeAccount, symbol: str, exchange_order_id: str, is_stop: bool = False
) -> OrderReport:
    """One that the venue has and our books do not. Raises DomainError for a market of a bot, ExchangeError."""
    _check_actor(actor, account)
    ours = Order.objects.filter(account=account, symbol=symbol, exchange_order_id=exchange_order_id)
    if ours.exists():
        raise ValueError("an order of ours is canceled as such")
    _refuse_claimed(account, symbol)
    report = venue_for(account, symbol).cancel_order(symbol, exchange_order_id=exchange_order_id, is_stop=is_stop)
    audit.record(
        actor=actor,
        action="order.cancel",
        target=account,
        summary=gettext_noop("Order at the exchange canceled: %(symbol)s, %(number)s."),
        details={"symbol": symbol, "number": exchange_order_id, "status": str(report.status)},
    )
    return report


def order_of_key(account: ExchangeAccount, idempotency_key: str, wish: Wish) -> Order | None:
    """The order that the key stands for. Raises DomainError where it was used for something else."""
    key = idempotency_key.strip()
    if not 0 < len(key) <= KEY_MAX or not key.isprintable():
        sentence = _("The idempotency key must have 1 to %(most)d characters.") % {"most": KEY_MAX}
        raise ValidationError({"idempotency_key": [sentence]})
    known = ManualOrderKey.objects.select_related("order__account").filter(account=account, idempotency_key=key).first()
    if known is None:
        return None
    if known.fingerprint != _fingerprint(wish):
        raise DomainError(_("This idempotency key was used for another order."), "key_reused")
    return known.order


def claim_words(account: ExchangeAccount, claim: SymbolClaim) -> str:
    bot = claim.bot.bot_name if claim.bot.owner_id == account.owner_id else _("of another user")
    words = {"symbol": short(claim.symbol), "bot": bot}
    return _("%(symbol)s on this account belongs to the bot %(bot)s.") % words


def _check_actor(actor: User, account: ExchangeAccount) -> None:
    if account.owner_id != actor.pk or not actor.can_trade:
        raise PermissionDenied


def _refuse_claimed(account: ExchangeAccount, symbol: str) -> None:
    claim = claim_on(account, symbol)
    if claim is not None:
        raise DomainError(claim_words(account, claim), "claimed")


def _refuse_switched_off(account: ExchangeAccount, wish: Wish) -> None:
    if not (account.is_active or wish.reduce_only):
        raise DomainError(_("This account is switched off: it opens nothing."), "switched_off")
    if forbids(account, reduce_only=wish.reduce_only) is not None:
        raise DomainError(_("Trading is halted. Orders that only reduce a position still go out."), "halted")


def _place_of(account: ExchangeAccount, notional: Decimal, wish: Wish) -> _Place:
    venue = venue_for(account, wish.symbol)
    held = next((held for held in venue.positions() if held.symbol == wish.symbol), None)
    now = venue.clock()
    gate = order_gate(account, wish.symbol, wish.side, notional, wish.reduce_only, now)
    return _Place(account, venue, now, held.margin_mode if held else "cross", gate)


def _written(actor: User, place: _Place, wish: Wish, key: str) -> tuple[Order, bool]:
    """The row and whether it is new: of two requests with one key the second finds the first one's order."""
    order = Order(
        account=place.account,
        purpose=Purpose.MANUAL,
        placed_by=actor,
        symbol=wish.symbol,
        side=wish.side,
        order_type=wish.type,
        price=wish.price,
        trigger_price=wish.trigger_price,
        amount=wish.amount,
        post_only=wish.post_only,
        reduce_only=wish.reduce_only,
        market_time=place.market_time,
    )
    try:
        with transaction.atomic():
            place.gate()
            ledger.order_write_alone(order)
            ManualOrderKey.objects.create(
                account=place.account, idempotency_key=key.strip(), fingerprint=_fingerprint(wish), order=order
            )
            _record(actor, order, "order.place", gettext_noop("Order by hand: %(side)s %(amount)s %(symbol)s."))
    except IntegrityError:
        known = order_of_key(place.account, key, wish)
        if known is None:
            raise
        return known, False
    except LimitReached as reached:
        raise DomainError(reached.refusal.text, reached.refusal.code) from None
    return order, True


def _sent(place: _Place, order: Order) -> Order:
    try:
        with transaction.atomic():
            accounts_lock([place.account.pk])
            _refuse_claimed(place.account, order.symbol)
            _refuse_switched_off(place.account, wish_of(order))
            is_ours = ledger.order_submit_alone(order)
    except DomainError as refusal:
        ledger.order_mark_if(order, OrderStatus.PENDING, OrderStatus.DENIED, refusal.message)
        raise
    if is_ours:
        answer = sending.send_alone(place.venue, _request(place, order))
        margin.orders_sent(place.account.pk)
        sending.result_book(order, answer)
    order.refresh_from_db()
    return order


def _request(place: _Place, order: Order) -> OrderRequest:
    return replace(sending.request_of(order), margin_mode=place.margin_mode)


def wish_of(order: Order) -> Wish:
    return Wish(
        order.symbol,
        order.side,
        order.order_type,
        order.amount,
        order.price,
        order.trigger_price,
        order.post_only,
        order.reduce_only,
    )


def _fingerprint(wish: Wish) -> str:
    return hashlib.sha256(wish.text.encode()).hexdigest()


def _record(actor: User, order: Order, action: str, summary: str) -> None:
    audit.record(
        actor=actor,
        action=action,
        target=order.account,
        summary=summary,
        details={
            "order": order.pk,
            "symbol": order.symbol,
            "side": order.side,
            "type": order.order_type,
            "amount": f"{order.amount:f}",
            "status": order.status,
        },
    )
