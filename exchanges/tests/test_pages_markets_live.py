"""The pages of markets in Chromium: prices, candles, book and trades come and move without a fault of any script."""

import json
from typing import Any

import pytest
from django.conf import settings as project_settings

from bots.tests.factories import make_user
from bots.tests.live_pages import CHROMIUM, DESKTOP, opened, opened_on_both, served, until
from exchanges.tests.series import candle_dir, simulated_account  # noqa: F401
from exchanges.tests.wire.accounts import serving

pytestmark = [
    pytest.mark.browser,
    pytest.mark.slow,
    pytest.mark.xdist_group("browser"),
    pytest.mark.skipif(not CHROMIUM.exists(), reason="Chromium is not installed"),
    pytest.mark.skipif(
        not (project_settings.BASE_DIR / "node_modules").is_dir(), reason="front-end files are not installed"
    ),
    pytest.mark.django_db(transaction=True, databases=["default", "paper"]),
    pytest.mark.usefixtures("candle_dir"),
]

WAIT_MS = 20_000


@pytest.fixture(autouse=True)
def browser_thread(monkeypatch: Any) -> None:
    """Playwright's own loop runs in the thread of the test, which uses the database as well."""
    pytest.importorskip("playwright.sync_api")
    monkeypatch.setenv("DJANGO_ALLOW_ASYNC_UNSAFE", "1")


def complaints_of(page: Any) -> list[str]:
    """What the browser says against the page from now on."""
    heard: list[str] = []
    page.on("console", lambda message: heard.append(message.text) if message.type == "error" else None)
    return heard


def test_a_simulated_market_is_found_and_moves() -> None:
    user = make_user()
    simulated_account(user, volatility="20")
    with served() as address, opened_on_both(address, user) as pages:
        for page in pages:
            _finds_and_follows(page, address)


def _finds_and_follows(page: Any, address: str) -> None:
    """By the socket in the list, by sockets and candles on the market's own page."""
    page.goto(f"{address}/markets/")
    page.wait_for_selector("html[data-feed=live]", timeout=WAIT_MS)
    page.fill("#q", "gala")
    until(page, "document.querySelectorAll('tr[data-symbol]').length === 1", timeout=WAIT_MS)
    assert "q=gala" in page.url
    until(page, _other_than_now(page, "tr[data-symbol] [data-live=price]"), timeout=WAIT_MS)
    page.click(".market-line")
    page.wait_for_selector("#candle-chart canvas", timeout=WAIT_MS)
    until(page, _other_than_now(page, "#market-figures [data-live=mid]"), timeout=WAIT_MS)
    page.click("[data-timeframe='1h']")
    until(page, "document.querySelector('#candle-chart').getAttribute('aria-label').includes('1h')", timeout=WAIT_MS)
    page.focus("#candle-chart")
    newest = page.inner_text("#candle-readout")
    page.keyboard.press("ArrowLeft")
    assert page.inner_text("#candle-readout") != newest
    assert page.evaluate("document.documentElement.scrollWidth") == page.viewport_size["width"]


def _other_than_now(page: Any, selector: str) -> str:
    return f"document.querySelector({selector!r}).innerText !== {page.inner_text(selector)!r}"


def test_an_exchange_s_book_and_trades_are_drawn(settings: Any, monkeypatch: Any) -> None:
    """The server is another process: it is told by its environment where the exchange is."""
    with serving("bybit", settings) as server:
        urls = json.dumps(settings.EXCHANGE_BASE_URLS)
        monkeypatch.setenv("EXCHANGE_BASE_URLS", urls)
        with served() as address, opened(address, make_user(), DESKTOP) as page:
            heard = complaints_of(page)
            page.goto(f"{address}/markets/bybit/GALA-USDT/")
            page.wait_for_selector("#book-bids tr.bid .book-depth rect", timeout=WAIT_MS)
            assert page.locator("#book-asks tr").count() == 10
            until(page, "document.querySelectorAll('#market-trades time').length === 1", timeout=WAIT_MS)
            assert "0.02000" in page.inner_text("#market-trades")
            contract = server.market.contracts["GALA"]
            server.market.move("GALA", contract.price * 105 / 100)
            until(
                page,
                "document.querySelector('#market-figures [data-live=mid]').innerText.startsWith('0.021')",
                timeout=WAIT_MS,
            )
            assert heard == []
