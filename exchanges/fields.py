"""Encrypted columns."""

from typing import Any

from django.core.exceptions import FieldError
from fernet_fields import EncryptedTextField


class SecretField(EncryptedTextField):
    """Fernet-encrypted text (NULL stays NULL). Plain values only.

    Saving a query expression is refused: the base class would encrypt the expression's own text, which is how
    `bulk_update` silently destroys a secret.
    """

    def get_db_prep_save(self, value: Any, connection: Any) -> Any:
        if hasattr(value, "resolve_expression"):
            raise FieldError(
                f"{self.name} takes plain text only; save row by row instead of an expression or bulk_update"
            )
        return super().get_db_prep_save(value, connection)
