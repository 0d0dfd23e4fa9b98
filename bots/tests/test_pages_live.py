"""The bot's page and form in Chromium: they move and answer by themselves."""

import re
import time
from decimal import Decimal

import pytest
from django.conf import settings as project_settings
from django.utils import timezone

from bots.journal.lines import write
from bots.models import Bot, BotStatus
from bots.tests.factories import make_user
from bots.tests.live_pages import CHROMIUM, DESKTOP, PHONE, opened, opened_on_both, served, until
from exchanges.tests.series import START, candle_dir, replay_account, stored_pair  # noqa: F401
from trading.models import LogType, Trade
from trading.tests.replays import started_bot
from trading.ticks import step_tape

pytestmark = [
    pytest.mark.browser,
    pytest.mark.slow,
    pytest.mark.xdist_group("browser"),
    pytest.mark.skipif(not CHROMIUM.exists(), reason="Chromium is not installed"),
    pytest.mark.skipif(
        not (project_settings.BASE_DIR / "node_modules").is_dir(), reason="front-end files are not installed"
    ),
    pytest.mark.django_db(transaction=True, databases=["default", "paper"]),
]

WAIT_MS = 20_000


@pytest.fixture(autouse=True)
def browser_thread(monkeypatch):
    """Playwright's own loop runs in the thread of the test, which uses the database as well."""
    pytest.importorskip("playwright.sync_api")
    monkeypatch.setenv("DJANGO_ALLOW_ASYNC_UNSAFE", "1")


def spread_on(page):
    return page.inner_text("#bot-figures [data-live=spread]")


def play_until(account, page, condition):
    """Steps the tape until something is seen on the page."""
    deadline = time.monotonic() + WAIT_MS / 1000
    while not page.evaluate(condition):
        step_tape(account, deadline=time.monotonic() + 0.2, now=timezone.now)
        assert time.monotonic() < deadline, f"never seen: {condition}"


def test_the_page_moves_while_the_replay_runs(stored_pair):  # noqa: F811
    user = make_user()
    account = replay_account(user, lot_rounding=False)
    bot = started_bot(user, account)
    with served() as address, opened_on_both(address, user) as pages:
        for page in pages:
            page.goto(f"{address}/bots/{bot.pk}/")
            page.wait_for_selector("html[data-feed=live]", timeout=WAIT_MS)
            moved = f"document.querySelector('#bot-figures [data-live=spread]').innerText !== {spread_on(page)!r}"
            play_until(account, page, moved)
        for page in pages:
            play_until(account, page, "document.querySelectorAll('#tab-content [data-key^=cycle]').length > 1")
            play_until(
                account, page, "document.querySelector('#spread-chart').getAttribute('aria-label').includes('Trades')"
            )
            assert page.locator(".toasts .notice-success").count() <= 3
            assert re.search(r"Orders\s*[1-9]", page.text_content(".tabs"))
            assert Trade.objects.filter(bot=bot).exists()
            page.click("[data-tab=journal]")
            page.wait_for_selector(".journal-trade", timeout=WAIT_MS)
            assert "tab=journal" in page.url


def test_what_trades_asks_first_tells_what_came_of_it_and_says_when_the_feed_is_lost(stored_pair):  # noqa: F811
    user = make_user()
    account = replay_account(user, lot_rounding=False)
    bot = started_bot(user, account)
    with served() as address, opened(address, user, DESKTOP) as page:
        page.goto(f"{address}/bots/{bot.pk}/")
        page.wait_for_selector("html[data-feed=live]", timeout=WAIT_MS)
        play_until(account, page, "document.querySelectorAll('.leg-head .chip-long').length > 0")
        page.evaluate(KEEP_TOASTS)
        write(bot, "opened", log_type=LogType.TRADE, side=1, notional=Decimal(170), spread=1.5)
        until(page, "told.some((text) => text.includes('Opened long the spread: 170.00'))", timeout=WAIT_MS)
        assert "sent together" in asked(page, "close")
        assert page.locator("dialog[open] .grid-table tbody tr").count() == 2
        page.keyboard.press("Escape")
        asked(page, "pause")
        assert Bot.objects.get(pk=bot.pk).status == BotStatus.RUNNING
        told(page, "Pause", "paused")
        assert Bot.objects.get(pk=bot.pk).status == BotStatus.PAUSED
        assert "Start" in asked(page, "start")
        told(page, "Start on paper", "running")
        page.click(".toasts .notice-close")
        page.wait_for_selector(".toasts .notice", state="detached", timeout=WAIT_MS)
        lose_feed(page)
        page.click("#feed-lost:has-text('No connection since') [data-retry]", timeout=WAIT_MS)
        page.wait_for_selector("#feed-lost", state="hidden", timeout=WAIT_MS)
        page.wait_for_selector("html[data-feed=live]", timeout=WAIT_MS)


KEEP_TOASTS = """() => {
  window.told = [];
  const keep = ({ addedNodes }) => addedNodes.forEach((card) => window.told.push(card.textContent));
  const watcher = new MutationObserver((records) => records.forEach(keep));
  watcher.observe(document.getElementById("toasts"), { childList: true });
}"""


def asked(page, action):
    """The question that a control of the page opens, once whatever was exchanged before has settled."""
    until(page, "!document.querySelector('.htmx-swapping, .htmx-added, .htmx-settling, dialog[open]')", timeout=WAIT_MS)
    page.click(f".bot-actions a[href*='/confirm/{action}']")
    page.wait_for_selector("dialog[open] #confirm-title", timeout=WAIT_MS)
    return page.inner_text("dialog[open]")


def told(page, answer, status):
    page.click(f"dialog[open] button:has-text('{answer}')")
    page.wait_for_selector(f".bot-head[data-status={status}]", timeout=WAIT_MS)
    page.wait_for_selector(".toasts .notice-success", timeout=WAIT_MS)


def lose_feed(page):
    """Closes its socket, which otherwise would say that it lives, and tells the page."""
    page.evaluate("window.dispatchEvent(new Event('pagehide'))")
    page.evaluate("document.dispatchEvent(new CustomEvent('feed:state', { detail: { state: 'lost' } }))")


def test_the_form_answers_while_one_types(stored_pair):  # noqa: F811
    user = make_user()
    replay_account(user, start=START.replace(day=2))
    with served() as address, opened(address, user, DESKTOP) as page:
        page.goto(f"{address}/bots/new")
        page.wait_for_selector("#ladder-chart canvas", timeout=WAIT_MS)
        page.fill("#id_investment_per_order", "-5")
        page.wait_for_selector("#problems-investment_per_order .field-error", timeout=WAIT_MS)
        page.fill("#id_investment_per_order", "100")
        page.fill("#id_max_position_value", "2000")
        page.click("#problems-max_position_value button")
        until(page, "document.querySelector('#id_max_position_value').value === '2,040.00'", timeout=WAIT_MS)
        page.click("button[value=add]")
        page.wait_for_selector("tr[data-row='7']", timeout=WAIT_MS)
        page.click("[data-market='1'] .market-open")
        page.click("#markets-1 [data-name='CHZ/USDT']", timeout=WAIT_MS)
        page.wait_for_selector("#problems-market2_symbol .field-error", timeout=WAIT_MS)
        page.fill("#id_market1_symbol", "gal")
        only = "[...document.querySelectorAll('#markets-1 [data-name]')].map((found) => found.dataset.name).join()"
        until(page, f"{only} === 'GALA/USDT'", timeout=WAIT_MS)
        page.keyboard.press("ArrowDown")
        page.keyboard.press("Enter")
        page.wait_for_selector("#problems-market2_symbol .field-error", state="detached", timeout=WAIT_MS)
        page.select_option("#preset", index=2)
        until(page, "document.querySelectorAll('tr[data-row]').length !== 7", timeout=WAIT_MS)
        rows = page.locator("tr[data-row]").count()
        page.click("button[value=save]")
        page.wait_for_selector(".bot-head[data-status=stopped]", timeout=WAIT_MS)
        page.goto(f"{address}/bots/new?copy={Bot.objects.get().pk}")
        assert page.input_value("#id_investment_per_order") == "100.00"
        assert page.locator("tr[data-row]").count() == rows


def drag(page, begin, end, y=120):
    box = page.locator("#spread-chart").bounding_box()
    page.mouse.move(box["x"] + begin, box["y"] + y)
    page.mouse.down()
    page.mouse.move(box["x"] + end, box["y"] + y, steps=4)
    page.mouse.up()


def test_the_chart_is_looked_at_closer_saved_and_fills_the_screen(stored_pair):  # noqa: F811
    user = make_user()
    bot = started_bot(user, replay_account(user, lot_rounding=False, start=START.replace(day=2)))
    shown = "document.getElementById('window-shown').innerText"
    with served() as address, opened(address, user, DESKTOP) as page:
        page.goto(f"{address}/bots/{bot.pk}/")
        until(page, "document.getElementById('spread-chart').getAttribute('aria-label').includes('between')")
        assert page.is_hidden("#chart-whole")
        drag(page, 300, 700)
        until(page, f"{shown} !== ''")
        closer = page.evaluate(shown)
        drag(page, 300, 700)
        until(page, f"{shown} !== '{closer}'")
        page.focus("#spread-chart")
        page.keyboard.press("0")
        until(page, f"{shown} === '' && document.getElementById('chart-whole').hidden")
        page.keyboard.press("+")
        page.keyboard.press("ArrowLeft")
        assert "GALA" in page.inner_text(".chart-readout")
        with page.expect_download() as saved:
            page.click("#chart-save")
        assert saved.value.suggested_filename == "gala-chz-start.png"
        page.click("#chart-full")
        until(page, "document.fullscreenElement?.id === 'chart-card'")
        until(page, "document.querySelector('#spread-chart canvas').clientHeight > 800")


@pytest.mark.parametrize("strategy", ["z_score", "bollinger"])
def test_the_lines_of_a_strategy_are_on_its_bots_chart_and_can_be_hidden(stored_pair, strategy):  # noqa: F811
    user = make_user()
    account = replay_account(user, lot_rounding=False, start=START.replace(day=2))
    alone = {} if strategy == "z_score" else {"market2_symbol": ""}
    bot = started_bot(user, account, strategy=strategy, strategy_params={"window": 40}, **alone)
    with served() as address, opened(address, user, PHONE) as page:
        page.goto(f"{address}/bots/{bot.pk}/")
        page.wait_for_selector("#chart-overlays button", timeout=WAIT_MS)
        page.focus("#spread-chart")
        page.keyboard.press("End")
        first = page.locator("#chart-overlays button").first
        assert first.inner_text() in page.inner_text(".chart-readout")
        first.click()
        assert first.get_attribute("aria-pressed") == "false"
        page.focus("#spread-chart")
        page.keyboard.press("End")
        assert first.inner_text() not in page.inner_text(".chart-readout")
        assert ("Price" in page.inner_text("#chart-title")) == bool(alone)


def test_bots_are_paused_together_by_keys_alone_and_a_fault_is_rehearsed(stored_pair):  # noqa: F811
    user = make_user()
    bot = started_bot(user)
    with served() as address, opened(address, user, DESKTOP) as page:
        page.goto(f"{address}/bots/")
        page.focus(f"input[name=bot][value='{bot.pk}']")
        page.keyboard.press("Space")
        page.focus("#bulk button[value=pause]")
        page.keyboard.press("Enter")
        page.wait_for_selector("dialog[open] #confirm-title", timeout=WAIT_MS)
        page.keyboard.press("Escape")
        page.wait_for_selector("dialog[open]", state="detached", timeout=WAIT_MS)
        assert page.evaluate("document.activeElement.value") == "pause"
        page.keyboard.press("Enter")
        page.wait_for_selector("dialog[open] button:has-text('Pause them'):focus", timeout=WAIT_MS)
        with page.expect_navigation():
            page.keyboard.press("Enter")
        assert Bot.objects.get(pk=bot.pk).status == BotStatus.PAUSED
        page.goto(f"{address}/bots/")
        page.focus("a.segment[href*='status=running']")
        with page.expect_navigation():
            page.keyboard.press("Enter")
        assert "No bot fits this filter." in page.inner_text("#bots-found")
        page.goto(f"{address}/exchanges/{bot.exchange_account_id}/")
        page.check(".rehearsal-kinds input[value=reject]")
        page.click("text=Let it go wrong")
        page.wait_for_selector("#rehearsal .chip:has-text('going on')", timeout=WAIT_MS)
        page.click("text=End the rehearsal")
        page.wait_for_selector("#rehearsal .chip:has-text('ended')", timeout=WAIT_MS)
