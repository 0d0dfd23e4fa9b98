"""Where the paper venue's rows live."""

from typing import Any

from django.db import models


class PaperRouter:
    """The paper venue's own tables (`exchanges.Paper…`) are reached through the `paper` connection only.

    Both names lead to one database, so migrations run once, on `default`.
    """

    def _is_venue(self, model: type[models.Model]) -> bool:
        return model._meta.app_label == "exchanges" and model.__name__.startswith("Paper")

    def db_for_read(self, model: type[models.Model], **hints: Any) -> str | None:
        return "paper" if self._is_venue(model) else None

    db_for_write = db_for_read

    def allow_relation(self, obj1: models.Model, obj2: models.Model, **hints: Any) -> bool | None:
        return None

    def allow_migrate(self, db: str, app_label: str, **hints: Any) -> bool:
        return db == "default"
