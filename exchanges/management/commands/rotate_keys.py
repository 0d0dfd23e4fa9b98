"""`manage.py rotate_keys`: encrypts every stored secret anew with the first of FERNET_KEYS."""

from typing import Any

from django.apps import apps
from django.core.management.base import BaseCommand
from django.db import models, transaction
from fernet_fields import EncryptedTextField


class Command(BaseCommand):
    help = "Encrypts every stored secret anew with the first of FERNET_KEYS. Afterwards the old keys can be removed."

    def handle(self, *args: Any, **options: Any) -> None:
        for model in apps.get_models():
            names = [field.name for field in model._meta.concrete_fields if isinstance(field, EncryptedTextField)]
            if names:
                count = self._rotate(model, names)
                self.stdout.write(f"{model._meta.verbose_name_plural}: {count} rows encrypted anew")

    def _rotate(self, model: type[models.Model], names: list[str]) -> int:
        """Row by row: a row that changes meanwhile is not overwritten with what it was."""
        keys = list(model._default_manager.order_by("pk").values_list("pk", flat=True))
        count = 0
        for key in keys:
            with transaction.atomic():
                row = model._default_manager.select_for_update(no_key=True).only("pk", *names).filter(pk=key).first()
                if row is not None:
                    row.save(update_fields=names)
                    count += 1
        return count
