"""Limits as people set them: checked, written and recorded."""

from collections.abc import Iterable, Mapping
from datetime import datetime
from decimal import Decimal, InvalidOperation
from typing import Any, Final

from django.core.exceptions import PermissionDenied, ValidationError
from django.db import transaction
from django.utils.translation import gettext as _
from django.utils.translation import gettext_noop

from accounts import audit
from accounts.models import Role, User
from bots.amounts import decimal_text
from bots.models import Bot
from exchanges.models import Exchange, ExchangeAccount
from exchanges.symbols import canonical
from trading.kill_switch.actions import Target, named
from trading.models import DrawdownFrom, RiskLimits, Scope

MONEY: Final = (
    "max_gross_exposure",
    "max_net_exposure",
    "max_order_value",
    "max_loss_day",
    "max_loss_week",
)
PERCENT: Final = ("max_equity_share", "max_drawdown")
COUNTS: Final = {
    "max_open_pairs": 30_000,
    "max_orders_per_minute": 30_000,
    "cooldown_losses": 100,
    "churn_cycles": 100,
    "max_leverage": 125,
    "warn_margin": 90,
}
SPANS: Final = {"cooldown_minutes": 60 * 24 * 30, "churn_minutes": 60 * 24 * 30}
LISTS: Final = ("allowed_symbols", "allowed_exchanges")
FIELDS: Final = (*MONEY, *PERCENT, *COUNTS, *SPANS, *LISTS, "drawdown_from", "warn_at")
EXCHANGES: Final = (Exchange.OKX, Exchange.BINANCE, Exchange.BYBIT)

MOST_MONEY: Final = Decimal(10) ** 11
MOST_PERCENT: Final = Decimal(10_000)
SYMBOLS_MOST: Final = 200


def limits_row(scope: Scope, target: Target, *, is_admin: bool = False) -> RiskLimits:
    """The row, or an empty one that is not saved. Raises ValueError where the target does not fit the scope."""
    of_target = named(scope, target)
    found = RiskLimits.objects.filter(scope=scope, is_admin=is_admin, **of_target).first()
    return found or RiskLimits(scope=scope, is_admin=is_admin, **of_target)


def clean_limits(data: Any) -> dict[str, Any]:
    """What is named in `data`, as columns; None or "" takes a limit away. Raises ValidationError by field."""
    if not isinstance(data, Mapping):
        raise ValidationError(_("Send the limits as an object."))
    found: dict[str, Any] = {}
    errors: dict[str, ValidationError] = {}
    for name in FIELDS:
        if name in data:
            try:
                found[name] = _clean(name, data[name])
            except ValidationError as error:
                errors[name] = error
    if errors:
        raise ValidationError(errors)
    return found


def is_loosened(row: RiskLimits, values: Mapping[str, Any]) -> bool:
    """Whether these values would let through what the row now stops."""
    return any(_is_looser(name, getattr(row, name), value) for name, value in values.items())


def limits_save(
    *,
    actor: User,
    scope: Scope,
    target: Target,
    values: Mapping[str, Any],
    now: datetime,
    is_admin: bool = False,
    measure_anew: bool = False,
) -> RiskLimits:
    """`values`: of `clean_limits`; what is not named stays. `measure_anew`: peak and start count from now on.

    Raises PermissionDenied for somebody else's target, and for an administrator's limits unless he is one.
    """
    _check_actor(actor, scope, target, is_admin)
    with transaction.atomic():
        row, is_new = RiskLimits.objects.select_for_update().get_or_create(
            scope=scope, is_admin=is_admin, **named(scope, target)
        )
        changes = {name: (getattr(row, name), value) for name, value in values.items() if getattr(row, name) != value}
        if measure_anew or is_new:
            changes["drawdown_since"] = (row.drawdown_since, now)
        for name, (_before, after) in changes.items():
            setattr(row, name, after)
        row.updated_by = actor
        row.save()
        if changes:
            _record(actor, row, target, changes)
    return row


def administers(user: User) -> bool:
    return user.is_active and (user.is_superuser or user.role == Role.ADMIN)


def _check_actor(actor: User, scope: Scope, target: Target, is_admin: bool) -> None:
    if administers(actor):
        return
    owner_id = target.pk if isinstance(target, User) else target.owner_id if target is not None else None
    if is_admin or scope == Scope.INSTALLATION or owner_id != actor.pk or not actor.can_trade:
        raise PermissionDenied


def _clean(name: str, value: Any) -> Any:
    if name in LISTS:
        return _symbols(value) if name == "allowed_symbols" else _exchanges(value)
    if name == "drawdown_from":
        return _choice(value)
    is_needed = name in SPANS or name == "warn_at"
    if value is None or value == "":
        if is_needed:
            raise ValidationError(_("Enter a number."), code="required")
        return None
    if name in MONEY:
        return _number(value, MOST_MONEY, places=8)
    if name in PERCENT:
        return _number(value, MOST_PERCENT, places=4)
    return _whole(value, 100 if name == "warn_at" else (COUNTS | SPANS)[name])


def _number(value: Any, most: Decimal, *, places: int) -> Decimal:
    try:
        number = Decimal(str(value).strip().replace(",", "")) if not isinstance(value, bool) else Decimal("nan")
    except InvalidOperation:
        number = Decimal("nan")
    if not number.is_finite():
        raise ValidationError(_("Enter a number."), code="invalid")
    if number <= 0:
        raise ValidationError(_("Enter a number above 0, or leave it empty for no limit."), code="min_value")
    if number > most:
        raise ValidationError(_("At most %(most)s.") % {"most": f"{most:,f}"}, code="max_value")
    rounded = round(number, places)
    if rounded != number:
        raise ValidationError(_("At most %(places)s decimals.") % {"places": places}, code="max_decimal_places")
    return rounded


def _whole(value: Any, most: int) -> int:
    number = _number(value, Decimal(most), places=0) if not isinstance(value, float) or value.is_integer() else None
    if number is None:
        raise ValidationError(_("Enter a whole number."), code="invalid")
    return int(number)


def _choice(value: Any) -> str:
    if value not in DrawdownFrom.values:
        raise ValidationError(_("Choose the peak or the start."), code="invalid_choice")
    return str(value)


def _symbols(value: Any) -> list[str]:
    names = _texts(value)
    if len(names) > SYMBOLS_MOST:
        raise ValidationError(_("At most %(most)s.") % {"most": SYMBOLS_MOST}, code="max_length")
    found = []
    for name in names:
        try:
            found.append(canonical(name))
        except ValueError:
            sentence = _("%(name)s is not a market. Write it like GALA/USDT.") % {"name": name[:40]}
            raise ValidationError(sentence, code="invalid") from None
    return list(dict.fromkeys(found))


def _exchanges(value: Any) -> list[str]:
    found = [name.lower() for name in _texts(value)]
    if strange := [name for name in found if name not in EXCHANGES]:
        raise ValidationError(_("%(name)s is not an exchange here.") % {"name": strange[0][:40]}, code="invalid_choice")
    return list(dict.fromkeys(found))


def _texts(value: Any) -> list[str]:
    """A list of texts, or one text with the names between commas, spaces or lines."""
    if value is None:
        return []
    parts: Iterable[Any] = value.replace(",", " ").split() if isinstance(value, str) else value
    if not isinstance(parts, list) or not all(isinstance(part, str) for part in parts):
        raise ValidationError(_("Enter a list of names."), code="invalid")
    return [part.strip() for part in parts if part.strip()]


def _is_looser(name: str, before: Any, after: Any) -> bool:
    if name in LISTS:
        return bool(before) and not (after and set(after) <= set(before))
    if name in SPANS:
        return bool(after < before)
    if name == "warn_margin":
        return before is not None and (after is None or after < before)
    if name in (*MONEY, *PERCENT, *COUNTS):
        return before is not None and (after is None or after > before)
    return name == "drawdown_from" and before != after


def _record(actor: User, row: RiskLimits, target: Target, changes: Mapping[str, tuple[Any, Any]]) -> None:
    audit.record(
        actor=actor,
        action="risk_limits.set",
        target=target,
        summary=gettext_noop("Risk limits (%(scope)s) changed: %(fields)s."),
        details={
            "scope": row.scope,
            "is_admin": row.is_admin,
            "fields": ", ".join(changes),
            "before": {name: _plain(before) for name, (before, _after) in changes.items()},
            "after": {name: _plain(after) for name, (_before, after) in changes.items()},
        },
    )


def _plain(value: Any) -> Any:
    if isinstance(value, Decimal):
        return decimal_text(value)
    return value.isoformat() if isinstance(value, datetime) else value


def target_of(user: User, scope: Scope, target_id: int) -> Target:
    """The user's own user, account or bot. Raises what says "not found" for anybody else's."""
    match scope:
        case Scope.ACCOUNT:
            return ExchangeAccount.objects.get(owner=user, pk=target_id)
        case Scope.BOT:
            return Bot.objects.select_related("exchange_account").get(owner=user, deleted_at=None, pk=target_id)
        case Scope.USER if target_id == user.pk:
            return user
    raise User.DoesNotExist
