"""Secrets bound to their row: a ciphertext that was copied to another account does not open there.

The encrypted column holds `{"owner": id, "account": uid, "secret": text}`; both numbers are checked when it is opened.
"""

import json

from exchanges.models import ExchangeAccount


class SecretMismatch(Exception):
    """The stored secret belongs to another account or owner, or is no sealed secret at all."""


def seal(account: ExchangeAccount, text: str | None) -> str | None:
    """What the encrypted column is given; None stays None."""
    if text is None:
        return None
    return json.dumps({"owner": account.owner_id, "account": str(account.uid), "secret": text})


def unseal(account: ExchangeAccount, text: str | None) -> str | None:
    """Raises SecretMismatch."""
    if text is None:
        return None
    try:
        sealed = json.loads(text)
        bound, secret = (sealed["owner"], sealed["account"]), sealed["secret"]
    except (ValueError, KeyError, TypeError):
        raise SecretMismatch("not a sealed secret") from None
    if bound != (account.owner_id, str(account.uid)) or not isinstance(secret, str):
        raise SecretMismatch("sealed for another account")
    return secret
