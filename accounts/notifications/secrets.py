"""Secrets of a channel, bound to it: a ciphertext that was copied to another row does not open there."""

import json

from accounts.models import Channel


class SecretMismatch(Exception):
    """The stored secret belongs to another channel or owner, or is no sealed secret at all."""


def seal(channel: Channel, text: str) -> str:
    """What an encrypted column is given."""
    return json.dumps({"owner": channel.owner_id, "channel": str(channel.uid), "secret": text})


def unseal(channel: Channel, text: str | None) -> str:
    """Raises SecretMismatch."""
    try:
        sealed = json.loads(text or "")
        bound, secret = (sealed["owner"], sealed["channel"]), sealed["secret"]
    except (ValueError, KeyError, TypeError):
        raise SecretMismatch("not a sealed secret") from None
    if bound != (channel.owner_id, str(channel.uid)) or not isinstance(secret, str):
        raise SecretMismatch("sealed for another channel")
    return secret
