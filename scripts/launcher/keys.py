"""Secrets of an installation that was given none: made once, kept in the data folder."""

import os
import secrets

from launcher.home import Home, read_json, write_private_json

GIVEN_BY_ENVIRONMENT = ("SECRET_KEY", "FERNET_KEYS")


def installation_keys(home: Home) -> dict[str, str]:
    """SECRET_KEY and FERNET_KEYS (the environment's, else the data folder's own) and the servers' passwords."""
    kept = {name: str(value) for name, value in read_json(home.keys).items()}
    keys = {
        "SECRET_KEY": secrets.token_urlsafe(64),
        "FERNET_KEYS": secrets.token_urlsafe(48),
        "POSTGRES_PASSWORD": secrets.token_hex(24),
        "REDIS_PASSWORD": secrets.token_hex(24),
    } | kept
    if keys != kept:
        write_private_json(home.keys, keys)
    return keys | {name: os.environ[name] for name in GIVEN_BY_ENVIRONMENT if os.environ.get(name)}
