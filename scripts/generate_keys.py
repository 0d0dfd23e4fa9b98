"""Prints new secrets as lines for `.env`: `python3 scripts/generate_keys.py >> .env`. Standard library only."""

import secrets

KEYS = {
    "SECRET_KEY": lambda: secrets.token_urlsafe(64),
    "FERNET_KEYS": lambda: secrets.token_urlsafe(48),
    "POSTGRES_PASSWORD": lambda: secrets.token_hex(24),
    "REDIS_PASSWORD": lambda: secrets.token_hex(24),
}

if __name__ == "__main__":
    for name, generate in KEYS.items():
        print(f"{name}={generate()}")
