"""How log lines are written: as text or JSON, with the bot and order at hand, and without any secret.

Secrets are blotted out of the finished line, so that tracebacks and arguments are covered as well.
"""

import logging
import re
from collections.abc import Mapping
from datetime import UTC, datetime
from functools import cache
from typing import Any
from urllib.parse import unquote, urlsplit

from django.conf import settings
from pythonjsonlogger.json import JsonFormatter

from exchanges.known_secrets import BLOT, blotted, remember
from exchanges.log_context import log_ids

_NAMES = (
    r"api[_-]?key|api[_-]?secret|secret[_-]?key|secret|pass(?:word|phrase)|signature|(?:access|refresh)[_-]?token|"
    r"otp|sessionid|csrf(?:token|middlewaretoken)|fernet[_-]?keys|"
    r"ok-access-(?:key|sign|passphrase)|x-bapi-(?:api-key|sign)|x-mbx-apikey"
)
PATTERNS = (
    # a name and its value, as in JSON, a query, a header or Python: "apiKey": "…", signature=…, OK-ACCESS-SIGN: …
    (re.compile(rf"(?i)\b((?:{_NAMES})\\?[\"']?\s*[:=]\s*\\?[\"']?)([^\s\"'&,;}})\\]{{4,}})"), rf"\1{BLOT}"),
    (re.compile(r"(?i)\b((?:bearer|token|basic)\s+)[\w.~+/=-]{12,}"), rf"\1{BLOT}"),
    (re.compile(r"\bcm_[\w-]{20,}"), BLOT),
    (re.compile(r"\beyJ[\w-]{8,}\.[\w-]{8,}\.[\w-]*"), BLOT),
    (re.compile(r"(://[^\s:/@]*:)[^\s@/]+@"), rf"\1{BLOT}@"),
)


def scrubbed(text: str) -> str:
    """The text without the secrets that are known here, and without what stands beside a secret's name."""
    _know_settings()
    text = blotted(text)
    for pattern, put in PATTERNS:
        text = pattern.sub(put, text)
    return text


@cache
def _know_settings() -> None:
    database = settings.DATABASES["default"]
    addresses = (settings.REDIS_URL, settings.CELERY_BROKER_URL)
    passwords = (unquote(urlsplit(address).password or "") for address in addresses)
    mail = getattr(settings, "EMAIL_HOST_PASSWORD", "")
    own = (settings.SECRET_KEY, *settings.FERNET_KEYS, settings.METRICS_TOKEN, mail, database.get("PASSWORD"))
    remember((*own, *passwords))


class TextFormatter(logging.Formatter):
    """`time LEVEL logger message bot=5 order=cm…`."""

    def format(self, record: logging.LogRecord) -> str:
        text = super().format(record)
        ids = " ".join(f"{name}={value}" for name, value in log_ids().items())
        first, newline, rest = text.partition("\n")
        return scrubbed(f"{first} [{ids}]{newline}{rest}" if ids else text)


class JsonLines(JsonFormatter):
    """One object a line: time (UTC), level, logger, message, process, the ids at hand, and a traceback if there is."""

    def __init__(self) -> None:
        super().__init__(json_ensure_ascii=False)

    def add_fields(self, log_data: dict[str, Any], record: logging.LogRecord, message_dict: Mapping[str, Any]) -> None:
        log_data["time"] = datetime.fromtimestamp(record.created, UTC).isoformat(timespec="milliseconds")
        log_data |= {"level": record.levelname, "logger": record.name, "process": settings.PROCESS_NAME or "command"}
        super().add_fields(log_data, record, dict(message_dict))
        log_data.update(log_ids())

    def process_log_record(self, log_data: dict[str, Any]) -> dict[str, Any]:
        """Before it is written as JSON, so that what is blotted out breaks no quotes."""
        return {name: _clean(name, value) for name, value in log_data.items()}


def _clean(name: str, value: Any) -> Any:
    if isinstance(value, (int, float)) or value is None:
        return value
    text = scrubbed(value if isinstance(value, str) else repr(value))
    return BLOT if re.fullmatch(_NAMES, name, re.IGNORECASE) else text
