"""Every page in Chromium, on a desk and on a phone, dark and light: nothing that axe calls serious, no script fails."""

from collections.abc import Iterator
from itertools import cycle
from typing import Any, Final

import pytest
from django.conf import settings as project_settings

from accounts.models import Role, User
from bots.tests.factories import make_user
from bots.tests.live_pages import CHROMIUM, DESKTOP, NAVIGATION_MS, PHONE, launched_browser, page_of_user, served
from chainmakes.tests.access_rules import PAGES
from chainmakes.tests.address_book import World, addresses, world
from exchanges.tests.series import candle_dir, simulated_account, stored_pair  # noqa: F401
from trading.models import PairScan
from trading.tests.scans.made import TIED, created, follower, run, store, walk

AXE: Final = project_settings.NODE_MODULES / "axe-core" / "axe.min.js"
LOOKS: Final = (
    DESKTOP | {"color_scheme": "dark"},
    PHONE | {"color_scheme": "light"},
    DESKTOP | {"color_scheme": "light"},
    PHONE | {"color_scheme": "dark"},
)
GRAVE: Final = ("serious", "critical")
FINDINGS: Final = """(parts) => axe.run(
  parts ? { include: parts.map((part) => document.querySelector(part)) } : document,
  { preload: false, resultTypes: ["violations"] },
).then((found) => found.violations)"""
PARTS: Final = (
    *("bots:chart", "bots:chart-lines", "bots:figures", "bots:markets", "markets-prices", "backtest-chart"),
    *("data-series", "notifications-unread", "bot-parity", "search-map", "search-parallel", "pairs-map"),
)
FILES: Final = ("orders-export", "settings-audit-export", "backtest-report", "schema", "metrics", "healthz", "readyz")
DOCUMENTS: Final = {"docs": ".opblock", "redoc": "[data-section-id]"}
"""The API's, drawn by scripts of others, and what has to be there once they have: the first stands for hundreds."""
HEAD: Final = ".api-head"
THEIRS: Final = "nested-interactive"  # buttons within buttons
BACK_OFFICE: Final = (
    *("", "health/", "accounts/user/", "accounts/auditentry/", "exchanges/exchangeaccount/", "bots/bot/"),
    *("trading/order/", "trading/risklimits/add/", "bots/bot/{bot}/change/"),
)

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
        rule = None if address.name in PARTS + FILES + tuple(DOCUMENTS) else PAGES.get(address.name)
        if rule and "GET" in rule.methods and rule.public is public and not (rule.empty or rule.asks):
            yield here.path(address)
    if not public:
        yield from (f"/bots/{here.bot.pk}/?tab={tab}" for tab in ("orders", "journal", "statistics", "settings"))
        yield "/markets/paper/GALA-USDT/"
        yield f"/pairs/{scan_of(here.owner).pk}/0/"


def scan_of(owner: User) -> PairScan:
    """Done, over two markets of the exchange's own."""
    lead = walk(1)
    store(TIED[1], lead)
    store(TIED[0], follower(lead, 2))
    return run(created(owner))


def graves_of(browser: Any, address: str, user: User | None, paths: list[str]) -> list[str]:
    """What is wrong with these pages, each seen in one of the looks after the other."""
    pages = [page_of_user(browser, address, user, look) for look in LOOKS]
    for page, _failures in pages:
        page.context.add_init_script(path=AXE)
    found: list[str] = []
    has_lost: set[str] = set()  # ends of addresses that answered 404
    for path, (page, _failures) in zip(paths, cycle(pages), strict=False):
        answer = page.goto(address + path)
        if drawn := DOCUMENTS.get(path.strip("/")):
            page.wait_for_selector(drawn, timeout=NAVIGATION_MS)
        if answer.status == 404:  # names nothing; the browser complains of it, and Django's own page has no icon
            has_lost.add("/favicon.ico")
            has_lost.add(path)
            continue
        for finding in page.evaluate(FINDINGS, [HEAD, drawn] if drawn else None):
            places = [f"{node['target'][0]}: {node['failureSummary']}" for node in finding["nodes"]]
            if finding["impact"] in GRAVE and not (drawn and finding["id"] == THEIRS):
                found.append(f"{path}: {finding['id']}: {places[:3]}")
    complaints = (failure for _page, failures in pages for failure in failures)
    return found + [complaint for complaint in complaints if not complaint.endswith(tuple(has_lost))]


def test_no_page_shuts_anybody_out(stored_pair: Any) -> None:  # noqa: F811
    here = world()
    simulated_account(here.owner)
    admin = make_user(role=Role.ADMIN, is_staff=True, is_superuser=True)
    office = [f"/{project_settings.ADMIN_URL}{path.format(bot=here.bot.pk)}" for path in BACK_OFFICE]
    public = [*pages_of(here, public=True), *(f"/{name}" for name in DOCUMENTS), f"/{project_settings.ADMIN_URL}login/"]
    with served() as address, launched_browser() as browser:
        found = graves_of(browser, address, here.owner, list(pages_of(here, public=False)))
        found += graves_of(browser, address, None, public)
        found += graves_of(browser, address, admin, office)
    assert not found, "\n".join(found)
