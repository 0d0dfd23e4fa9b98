"""Settings of a bot on their way to its row: what could be read, and what is wrong."""

from collections.abc import Callable
from typing import Any

from django.core.exceptions import ValidationError

from bots.models import Bot
from bots.settings.pair_rules import Errors, Pair


class Draft:
    """What could be read of the settings (`values`, whole settings) and everything that is wrong (`errors`)."""

    def __init__(self, bot: Bot | None) -> None:
        self.bot = bot
        self.values: dict[str, Any] = {}
        self.errors: dict[str, list[ValidationError]] = {}
        self.pair: Pair | None = None

    def refuse(self, field: str, error: ValidationError) -> None:
        self.errors.setdefault(field, []).extend(error.error_list)

    def refuse_all(self, errors: Errors) -> bool:
        for field, error in errors:
            self.refuse(field, error)
        return bool(errors)

    def has(self, *fields: str) -> bool:
        """All of them are known and none is refused."""
        return all(field in self.values and field not in self.errors for field in fields)

    def read(self, field: str, reader: Callable[[], Any]) -> None:
        try:
            self.values[field] = reader()
        except ValidationError as error:
            self.refuse(field, error)

    @property
    def changes(self) -> dict[str, Any]:
        """What differs from the bot's row; without a bot everything."""
        if self.bot is None:
            return dict(self.values)
        return {name: value for name, value in self.values.items() if getattr(self.bot, name) != value}

    def is_changed(self, *fields: str) -> bool:
        return any(field in self.changes for field in fields)
