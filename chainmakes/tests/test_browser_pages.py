"""Every page in Chromium, on a desk and on a phone, dark and light: nothing that axe calls serious, no script fails."""

from collections.abc import Iterator
from itertools import cycle
from typing import Any, Final

import pytest
from django.conf import settings as project_settings

from accounts.models import User
from bots.tests.live_pages import CHROMIUM, DESKTOP, PHONE, launched_browser, page_of_user, served
from chainmakes.tests.access_rules import PAGES
from chainmakes.tests.address_book import World, addresses, world
from exchanges.tests.series import candle_dir, stored_pair  # noqa: F401

AXE: Final = project_settings.NODE_MODULES / "axe-core" / "axe.min.js"
LOOKS: Final = (
    DESKTOP | {"color_scheme": "dark"},
    PHONE | {"color_scheme": "light"},
    DESKTOP | {"color_scheme": "light"},
    PHONE | {"color_scheme": "dark"},
)
GRAVE: Final = ("serious", "critical")
FINDINGS: Final = "axe.run(document, {preload: false, resultTypes: ['violations']}).then((found) => found.violations)"
PARTS: Final = (
    *("bots:chart", "bots:chart-lines", "bots:figures", "bots:markets", "markets-prices", "backtest-chart"),
    *("data-series", "notifications-unread", "bot-parity", "search-map", "search-parallel", "pairs-map"),
)
FILES: Final = ("orders-export", "settings-audit-export", "backtest-report", "schema", "metrics", "healthz", "readyz")
NOT_OURS: Final = ("docs", "redoc")

pytestmark = [
    pytest.mark.browser,
    pytest.mark.slow,
    pytest.mark.xdist_group("browser"),
    pytest.mark.skipif(not CHROMIUM.exists(), reason="Chromium is not installed"),
    pytest.mark.skipif(not AXE.exists(), reason="front-end files are not installed"),
    pytest.mark.django_db(transaction=True, databases=["default", "paper"]),
]


@pytest.fixture(autouse=True)
def _browser_thread(monkeypatch: pytest.MonkeyPatch) -> None:
    """Playwright's own loop runs in the thread of the test, which uses the database as well."""
    pytest.importorskip("playwright.sync_api")
    monkeypatch.setenv("DJANGO_ALLOW_ASYNC_UNSAFE", "1")


def pages_of(here: World, *, public: bool) -> Iterator[str]:
    for address in addresses():
        rule = None if address.name in PARTS + FILES + NOT_OURS else PAGES.get(address.name)
        if rule and "GET" in rule.methods and rule.public is public and not (rule.empty or rule.asks):
            yield here.path(address)
    if not public:
        yield from (f"/bots/{here.bot.pk}/?tab={tab}" for tab in ("orders", "journal", "statistics", "settings"))


def graves_of(browser: Any, address: str, user: User | None, paths: list[str]) -> list[str]:
    """What is wrong with these pages, each seen in one of the looks after the other."""
    pages = [page_of_user(browser, address, user, look) for look in LOOKS]
    for page, _failures in pages:
        page.context.add_init_script(path=AXE)
    found = []
    for path, (page, failures) in zip(paths, cycle(pages), strict=False):
        answer = page.goto(address + path)
        if answer.status == 404:  # names nothing; the browser complains of it, and Django's own page has no icon
            failures[:] = [failure for failure in failures if not failure.endswith((path, "/favicon.ico"))]
            continue
        for finding in page.evaluate(FINDINGS):
            places = [f"{node['target'][0]}: {node['failureSummary']}" for node in finding["nodes"]]
            if finding["impact"] in GRAVE:
                found.append(f"{path}: {finding['id']}: {places[:3]}")
    return found + [failure for _page, failures in pages for failure in failures]


def test_no_page_shuts_anybody_out(stored_pair: Any) -> None:  # noqa: F811
    here = world()
    with served() as address, launched_browser() as browser:
        found = graves_of(browser, address, here.owner, list(pages_of(here, public=False)))
        found += graves_of(browser, address, None, list(pages_of(here, public=True)))
    assert not found, "\n".join(found)
