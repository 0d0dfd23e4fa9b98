"""A back-test in Chromium: from the form over its progress to the report, without a reload."""

import subprocess
import sys
from contextlib import contextmanager

import pytest
from django.conf import settings
from django.utils import timezone

from bots.tests.factories import make_user
from bots.tests.live_pages import CHROMIUM, DESKTOP, PHONE, environment, opened, served, until
from exchanges.tests.series import candle_dir, stored_pair  # noqa: F401
from trading.backtests import running
from trading.models import Backtest
from trading.tests.backtests.made import done

pytestmark = [
    pytest.mark.browser,
    pytest.mark.slow,
    pytest.mark.xdist_group("browser"),
    pytest.mark.skipif(not CHROMIUM.exists(), reason="Chromium is not installed"),
    pytest.mark.skipif(not (settings.BASE_DIR / "node_modules").is_dir(), reason="front-end files are not installed"),
    pytest.mark.django_db(transaction=True, databases=["default", "paper"]),
]

WAIT_MS = 20_000
RUNS = "import sys, django; django.setup(); from django.utils import timezone; from trading.backtests import running; "


@pytest.fixture(autouse=True)
def browser_thread(monkeypatch):
    """Playwright's own loop runs in the thread of the test, which uses the database as well."""
    pytest.importorskip("playwright.sync_api")
    monkeypatch.setenv("DJANGO_ALLOW_ASYNC_UNSAFE", "1")


@contextmanager
def run_elsewhere(backtest_id):
    """As a worker would: in a process of its own, so that the page hears of it through the feed alone."""
    command = f"{RUNS}running.backtest_run({backtest_id}, timezone.now)"
    process = subprocess.Popen([sys.executable, "-c", command], cwd=settings.BASE_DIR, env=environment())
    yield process
    assert process.wait(60) == 0


@pytest.mark.parametrize("device", [DESKTOP, PHONE], ids=["desktop", "phone"])
def test_from_the_form_to_the_report_without_a_reload(stored_pair, device):  # noqa: F811
    user = make_user()
    with served() as address, opened(address, user, device) as page:
        page.goto(f"{address}/backtests/new")
        page.fill("[name=investment_per_order]", "-5")
        page.wait_for_selector("#problems-investment_per_order .field-error", timeout=WAIT_MS)
        page.fill("[name=investment_per_order]", "100")
        page.wait_for_selector("#problems-investment_per_order:not(:has(.field-error))", state="attached")
        until(page, "document.querySelector('[data-part=past]').innerText.includes('cycle')")
        page.click("button[value=run]")
        page.wait_for_selector("#progress", timeout=WAIT_MS)
        page.wait_for_selector("html[data-feed=live]", timeout=WAIT_MS)
        page.evaluate("window.isTheSame = true")
        with run_elsewhere(Backtest.objects.get().pk):
            page.wait_for_selector("#backtest[data-ready]", timeout=60_000)
        assert page.evaluate("window.isTheSame")
        assert "USDT" in page.inner_text("#figures")
        assert page.locator("#run-chart canvas").count() == 1
        assert page.locator("#distribution canvas").count() == 1
        page.focus("#run-chart")
        page.keyboard.press("+")
        until(page, "document.getElementById('window-shown').innerText !== ''")
        page.keyboard.press("Shift+ArrowRight")
        page.wait_for_selector(".chart-readout:not([hidden])")
        page.keyboard.press("0")
        until(page, "document.getElementById('window-shown').innerText === ''")
        page.click("a[data-unfold] >> nth=0")
        page.wait_for_selector(".trades-row:not([hidden])")
        page.click("[data-tab=statistics]")
        page.wait_for_selector("#tab-content[data-tab=statistics]")
        assert page.evaluate("document.documentElement.scrollWidth <= window.innerWidth")


def test_runs_are_chosen_and_compared(stored_pair):  # noqa: F811
    user = make_user()
    with served() as address, opened(address, user, DESKTOP) as page:
        for _ in range(2):
            page.goto(f"{address}/backtests/new")
            page.click("button[value=run]")
            page.wait_for_selector("#progress", timeout=WAIT_MS)
            running.backtest_run(Backtest.objects.latest("id").pk, timezone.now)
        page.goto(f"{address}/backtests/")
        assert page.is_disabled("[data-compare]")
        for box in page.locator("input[name=ids]").all():
            box.check()
        page.click("[data-compare]")
        page.wait_for_selector("#compare-chart canvas", timeout=WAIT_MS)
        assert page.locator(".compare-table thead th").count() == 6


def test_another_strategy_brings_its_fields_and_a_sizing_its_own(stored_pair):  # noqa: F811
    user = make_user()
    with served() as address, opened(address, user, DESKTOP) as page:
        page.goto(f"{address}/backtests/new")
        page.fill("[name=investment_per_order]", "70")
        with page.expect_navigation():
            page.select_option("[name=strategy]", "rsi")
        page.wait_for_selector("[name='strategy_params.window']", timeout=WAIT_MS)
        assert page.is_hidden("[data-market='2']")
        assert page.input_value("[name=investment_per_order]").startswith("70")
        with page.expect_navigation():
            page.select_option("[name='sizing.mode']", "kelly")
        page.wait_for_selector("[name='sizing.kelly']", timeout=WAIT_MS)
        assert page.input_value("[name=strategy]") == "rsi"
        page.fill("[name='sizing.kelly']", "0")
        page.wait_for_selector("[id='problems-sizing.kelly'] .field-error", timeout=WAIT_MS)


@pytest.mark.parametrize("strategy", ["z_score", "bollinger"])
def test_lines_of_a_strategy_are_drawn_and_can_be_hidden(stored_pair, strategy):  # noqa: F811
    user = make_user()
    with served() as address, opened(address, user, DESKTOP) as page:
        run = done(user)
        changes = {"strategy": strategy, "parameters": run.parameters | {"strategy_params": {"window": 40}}}
        changes |= {} if strategy == "z_score" else {"market2_symbol": ""}
        Backtest.objects.filter(pk=run.pk).update(**changes)
        page.goto(f"{address}/backtests/{run.pk}/")
        page.wait_for_selector("#backtest[data-ready]", timeout=60_000)
        page.hover("#run-chart", position={"x": 700, "y": 200})
        first = page.locator("#chart-overlays button").first
        name = first.inner_text()
        page.wait_for_selector(f".chart-readout:not([hidden]) >> text={name}")
        first.click()
        assert first.get_attribute("aria-pressed") == "false"
        page.hover("#run-chart", position={"x": 720, "y": 200})
        page.wait_for_selector(f".chart-readout:not([hidden]) >> text={name}", state="detached")
