"""The pages of back-tests and searches in Chromium: they count, follow, and draw by themselves."""

from collections.abc import Callable
from datetime import timedelta
from threading import Thread
from typing import Any

import pytest
from django.conf import settings as project_settings
from django.db import connections
from django.utils import timezone

from bots.tests.factories import make_user
from bots.tests.live_pages import CHROMIUM, DESKTOP, opened, opened_on_both, served, until
from exchanges.models import JobStatus
from exchanges.tests.series import START, candle_dir, replay_account, stored_pair  # noqa: F401
from trading.backtests import running
from trading.models import Backtest
from trading.searches.chunks import Next, chunk_run
from trading.tests.replays import play, started_bot
from trading.tests.test_search_pages import search_of

pytestmark = [
    pytest.mark.browser,
    pytest.mark.slow,
    pytest.mark.xdist_group("browser"),
    pytest.mark.skipif(not CHROMIUM.exists(), reason="Chromium is not installed"),
    pytest.mark.skipif(
        not (project_settings.BASE_DIR / "node_modules").is_dir(), reason="front-end files are not installed"
    ),
    pytest.mark.django_db(transaction=True, databases=["default", "paper"]),
    pytest.mark.usefixtures("stored_pair"),
]

WAIT_MS = 20_000


@pytest.fixture(autouse=True)
def browser_thread(monkeypatch: pytest.MonkeyPatch) -> None:
    """Playwright's own loop runs in the thread of the test, which uses the database as well."""
    pytest.importorskip("playwright.sync_api")
    monkeypatch.setenv("DJANGO_ALLOW_ASYNC_UNSAFE", "1")


def work(search: Backtest) -> None:
    """What a worker does with it; the clock of its chunks stands still, so that one chunk takes them all."""

    def run() -> None:
        while chunk_run(search.pk, 0, now=timezone.now, timer=lambda: 0.0) is not Next.END:
            pass

    in_thread(run)


def in_thread(job: Callable[[], object]) -> None:
    def run() -> None:
        job()
        connections.close_all()

    thread = Thread(target=run)
    thread.start()
    thread.join()


def no_wider_than_the_screen(page: Any) -> bool:
    return bool(page.evaluate("document.documentElement.scrollWidth <= window.innerWidth"))


def test_the_form_counts_while_one_types() -> None:
    with served() as address, opened_on_both(address, make_user()) as pages:
        for page in pages:
            page.goto(f"{address}/backtests/search/new")
            assert page.inner_text(".sets-figure b") == "112"
            page.fill('[name="step:dca_config.spread_factor"]', "0.5")
            until(page, "document.querySelector('.sets-figure b').innerText === '28'", timeout=WAIT_MS)
            page.select_option('[name="how:stop_loss_ratio"]', "values")
            assert page.input_value('[name="values:stop_loss_ratio"]') == "5 10 20"
            until(page, "document.querySelector('.sets-figure b').innerText === '84'", timeout=WAIT_MS)
            page.fill('[name="low:profit_ratio"]', "9")
            page.wait_for_selector('[data-part="problems-profit_ratio"] .field-error', timeout=WAIT_MS)
            assert no_wider_than_the_screen(page)


def test_the_page_follows_a_search_to_its_drawings() -> None:
    user = make_user()
    search = search_of(user, run=False)
    with served() as address, opened_on_both(address, user) as pages:
        for page in pages:
            page.goto(f"{address}/backtests/{search.pk}/")
            page.wait_for_selector("html[data-feed=live]", timeout=WAIT_MS)
        work(search)
        for page in pages:
            page.wait_for_selector("#figures", timeout=WAIT_MS)
            page.wait_for_selector("#heat-map canvas", timeout=WAIT_MS)
            page.wait_for_selector("#map-table td", state="attached", timeout=WAIT_MS)
            assert page.locator("#map-table td").count() == 12
            assert "Take profit" in page.get_attribute("#heat-map", "aria-label")
            until(page, "document.getElementById('parallel-count').innerText.endsWith('sets')", timeout=WAIT_MS)
            page.click('.map-tools [data-of="oos_score"]')
            page.wait_for_selector('[data-of="oos_score"][aria-pressed="true"]', timeout=WAIT_MS)
            assert page.locator("#walk-chart canvas").count() == 1
            assert no_wider_than_the_screen(page)


def test_the_parity_tab_fetches_its_report() -> None:
    user = make_user()
    account = replay_account(user, lot_rounding=False, start=START + timedelta(hours=40))
    bot = started_bot(user, account, start_time=START + timedelta(hours=40))
    play(account)
    with served() as address, opened_on_both(address, user) as pages:
        for page in pages:
            page.goto(f"{address}/bots/{bot.pk}/")
            page.click('#bot-tabs a[data-tab="parity"]')
            page.wait_for_selector(".parity-verdict.is-exact", timeout=3 * WAIT_MS)
            assert "decisions are the back-test's" in page.inner_text(".parity-verdict")
            assert no_wider_than_the_screen(page)


def test_a_back_test_is_run_followed_and_canceled_from_the_form() -> None:
    user = make_user()
    with served() as address, opened(address, user, DESKTOP) as page:

        def asked_for() -> Backtest:
            page.goto(f"{address}/backtests/new")
            page.wait_for_selector("#ladder-chart canvas", timeout=WAIT_MS)
            page.click("button[value=run]")
            page.wait_for_selector("#progress [role=progressbar]", timeout=WAIT_MS)
            page.wait_for_selector("html[data-feed=live]", timeout=WAIT_MS)
            return Backtest.objects.latest("pk")

        run = asked_for()
        assert run.status == JobStatus.QUEUED
        in_thread(lambda: running.backtest_run(run.pk, timezone.now))
        page.wait_for_selector("#figures", timeout=WAIT_MS)
        page.wait_for_selector("#run-chart canvas", timeout=WAIT_MS)
        other = asked_for()
        page.click("#progress button:has-text('Cancel')")
        page.wait_for_selector(".toasts .notice:has-text('canceled')", timeout=WAIT_MS)
        other.refresh_from_db()
        assert other.status == JobStatus.CANCELED
