"""The environment of processes that a test starts: its own database, candle store and short waits."""

import os
from typing import Any

from django.conf import settings
from django.db import connection


def environment_of_processes(**more: str) -> dict[str, str]:
    database: dict[str, Any] = settings.DATABASES["default"]
    server = f"postgres://{database['USER']}:{database['PASSWORD']}@{database['HOST']}:{database['PORT']}"
    return os.environ | {
        "DATABASE_URL": f"{server}/{connection.settings_dict['NAME']}",
        "CANDLE_DIR": str(settings.CANDLE_DIR),
        "BOT_LEASE_S": "1.5",
        "ORDER_SEND_BY_S": "0.5",
        "ORDER_PROOF_S": "0.1",
        **more,
    }
