"""Where a venue's client sends its requests when the operator names another address."""

from typing import Any
from urllib.parse import urlsplit


def rewritten(urls: Any, base: str, hostname: str) -> Any:
    """ccxt's table of URLs (nested dictionaries) with the scheme and host of `base`; every path is kept.

    A path of `base` itself goes before it. `{hostname}` inside is filled first.
    """
    if isinstance(urls, dict):
        return {name: rewritten(inner, base, hostname) for name, inner in urls.items()}
    if not isinstance(urls, str):
        return urls
    return base.rstrip("/") + urlsplit(urls.replace("{hostname}", hostname)).path.rstrip("/")
