"""Model rows as JSON carries them, in the live feed as in the REST API: money as text, times in ISO 8601 UTC."""

from collections.abc import Collection, Iterable
from datetime import UTC, date, datetime
from decimal import Decimal
from typing import Any

from django.db.models import Model

from bots.amounts import decimal_text
from bots.models import Bot

Row = dict[str, Any]


def shown_fields(model: type[Model], *, hidden: Collection[str]) -> list[str]:
    return [field.name for field in model._meta.concrete_fields if field.name not in hidden]


_BOT = shown_fields(Bot, hidden=("lease_token", "lease_holder", "lease_until", "planned1", "planned2"))


def bot_row(bot: Bot) -> Row:
    return fields_of(bot, _BOT)


def fields_of(row: Model, names: Iterable[str]) -> Row:
    """Foreign keys as ids."""
    columns = {field.name: field.attname for field in row._meta.concrete_fields}
    return {name: plain(getattr(row, columns[name])) for name in names}


def plain(value: Any) -> Any:
    if isinstance(value, Decimal):
        return decimal_text(value)
    if isinstance(value, datetime):
        return value.astimezone(UTC).isoformat().replace("+00:00", "Z")
    if isinstance(value, date):
        return value.isoformat()
    if isinstance(value, str):
        return str(value)
    return value
