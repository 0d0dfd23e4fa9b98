"""Texts that this process must never write down: keys as they are handed to a venue's client, secrets of the settings.

Kept in memory only, for whatever writes logs to blot them out.
"""

import re
import threading
from collections import OrderedDict
from collections.abc import Iterable

BLOT = "[secret]"
SHORTEST = 6  # shorter ones would blot out ordinary words
MOST = 2000  # the oldest are forgotten: patterns still know them by their names

_lock = threading.Lock()
_known: "OrderedDict[str, None]" = OrderedDict()
_pattern: "re.Pattern[str] | None" = None


def remember(secrets: Iterable[str | None]) -> None:
    global _pattern
    new = [secret for secret in secrets if secret and len(secret) >= SHORTEST and secret not in _known]
    if not new:
        return
    with _lock:
        _known.update(dict.fromkeys(new))
        while len(_known) > MOST:
            _known.popitem(last=False)
        longest_first = sorted(_known, key=len, reverse=True)
        _pattern = re.compile("|".join(map(re.escape, longest_first)))


def blotted(text: str) -> str:
    return _pattern.sub(BLOT, text) if _pattern else text
