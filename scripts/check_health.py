"""Asks the pages' /healthz for one part (`web`, `beat`, `worker`); exit status 0 when it is alive.

usage: check_health.py http://web:8000 PART          Standard library only.
"""

import http.client
import json
import os
import sys
from urllib.parse import urlsplit

OF_THE_PAGES = ("database", "redis")


def is_alive(url: str, part: str) -> bool:
    host = os.environ.get("ALLOWED_HOSTS", "localhost").split(",")[0].lstrip(".")
    connection = http.client.HTTPConnection(urlsplit(url).netloc, timeout=5)
    try:
        connection.request("GET", "/healthz", headers={"Host": host})
        parts = json.loads(connection.getresponse().read())["parts"]
    except (OSError, http.client.HTTPException, ValueError, KeyError):
        return False
    finally:
        connection.close()
    return all(parts.get(name) for name in (OF_THE_PAGES if part == "web" else (part,)))


if __name__ == "__main__":
    sys.exit(not is_alive(*sys.argv[1:]))
