"""Pages on a real server in a real browser, for the tests that watch them move."""

import json
import os
import socket
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any
from urllib.error import URLError
from urllib.parse import urlsplit
from urllib.request import urlopen

from django.conf import settings
from django.db import connection, connections
from django.test import Client, override_settings

from accounts.models import User
from chainmakes.tests.launched import eventually

CHROMIUM = Path("/usr/bin/chromium")
START_LIMIT_S = 60.0
NAVIGATION_MS = 90_000  # of a machine that has much else to do
PHONE = {"viewport": {"width": 390, "height": 844}, "device_scale_factor": 2, "is_mobile": True, "has_touch": True}
DESKTOP = {"viewport": {"width": 1600, "height": 1000}}


@contextmanager
def served() -> Iterator[str]:
    """Daphne with the pages and sockets on the test's own database; gives its address."""
    with socket.create_server(("127.0.0.1", 0)) as free:
        port = free.getsockname()[1]
    command = [sys.executable, "-m", "daphne", "-b", "127.0.0.1", "-p", str(port), "chainmakes.asgi:application"]
    process = subprocess.Popen(
        command, cwd=settings.BASE_DIR, env=environment(), stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL
    )
    try:
        address = f"http://127.0.0.1:{port}"
        _wait_for(f"{address}/login", process)
        with override_settings(CHANNEL_LAYERS=_layers_of_server()):
            yield address
    finally:
        process.terminate()
        process.wait(START_LIMIT_S)


def _prefix() -> str:
    """The test's own in Redis. The server counts the feed's events with it: under another it would drop the test's."""
    return str(settings.CACHES["default"]["KEY_PREFIX"])


def _layers_of_server() -> dict[str, Any]:
    layer: dict[str, Any] = settings.CHANNEL_LAYERS["default"]
    return {"default": layer | {"CONFIG": layer["CONFIG"] | {"prefix": _prefix()}}}


def environment() -> dict[str, str]:
    """Of the server, and of whatever works beside it. `DEBUG` lets it find static files where they are written."""
    database = urlsplit(os.environ["DATABASE_URL"])._replace(path=f"/{connection.settings_dict['NAME']}").geturl()
    changes = {"DATABASE_URL": database, "CANDLE_DIR": str(settings.CANDLE_DIR), "DEBUG": "1", "SECURE": "0"}
    changes["EXCHANGE_BASE_URLS"] = json.dumps(settings.EXCHANGE_BASE_URLS)
    redis = {"REDIS_PREFIX": _prefix(), "PYTEST_XDIST_WORKER": ""}  # the settings put the two together
    return {**os.environ, **changes, **redis, "ALLOWED_HOSTS": "127.0.0.1", "LOG_LEVEL": "ERROR"}


def _wait_for(url: str, process: "subprocess.Popen[bytes]") -> None:
    def answers() -> bool:
        assert process.poll() is None, "the server did not start"
        try:
            with urlopen(url, timeout=START_LIMIT_S):
                return True
        except URLError:
            return False

    assert eventually(answers, limit_s=START_LIMIT_S), "the server does not answer"


@contextmanager
def launched_browser() -> Iterator[Any]:
    from playwright.sync_api import sync_playwright  # optional: the tests are skipped without it

    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=str(CHROMIUM), args=["--no-sandbox", "--disable-gpu"])
        try:
            yield browser
        finally:
            browser.close()
            connections.close_all()  # those opened under the browser's loop are others than the test's own


def page_of_user(browser: Any, address: str, user: User | None, device: dict[str, Any]) -> tuple[Any, list[str]]:
    """A page that is logged in, and what its scripts and its policy complain of meanwhile."""
    context = browser.new_context(**device)
    if user is not None:
        client, name = Client(), settings.SESSION_COOKIE_NAME
        client.force_login(user)
        context.add_cookies([{"name": name, "value": client.cookies[name].value, "url": address}])
    page = context.new_page()
    page.set_default_navigation_timeout(NAVIGATION_MS)
    failures: list[str] = []
    page.on("pageerror", lambda error: failures.append(str(error)))
    page.on("console", lambda said: failures.append(_complaint(said)) if said.type == "error" else None)
    return page, failures


def _complaint(said: Any) -> str:
    return f"{said.text} {said.location['url']}"


@contextmanager
def opened(address: str, user: User, device: dict[str, Any]) -> Iterator[Any]:
    """A browser's page that is logged in; it fails the test when a script of the page fails."""
    with launched_browser() as browser:
        page, failures = page_of_user(browser, address, user, device)
        yield page
    assert not failures


@contextmanager
def opened_on_both(address: str, user: User) -> Iterator[list[Any]]:
    """The same on a desk and on a phone at once, in one browser."""
    with launched_browser() as browser:
        seen = [page_of_user(browser, address, user, device) for device in (DESKTOP, PHONE)]
        yield [page for page, _failures in seen]
    assert not [failure for _page, failures in seen for failure in failures]


def until(page: Any, condition: str, *, timeout: float = 30_000) -> None:
    """Waits (milliseconds) for what a script says of the page; Playwright's own way evaluates it within the page, where
    our policy forbids that."""
    deadline = time.monotonic() + timeout / 1000
    while not page.evaluate(condition):
        assert time.monotonic() < deadline, condition
        page.wait_for_timeout(50)
