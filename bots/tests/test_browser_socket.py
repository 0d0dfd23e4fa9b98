"""The live feed's client (static/js/socket.js) in a browser whose network and clock the test moves."""

import json
from pathlib import Path

import pytest
from django.conf import settings

CHROMIUM = Path("/usr/bin/chromium")
WORDS = {"live": "Live feed", "connecting": "Connecting", "lost": "No connection"}

pytestmark = [
    pytest.mark.browser,
    pytest.mark.skipif(not CHROMIUM.exists(), reason="Chromium is not installed"),
]

FAKE = """
window.sockets = [];
window.heard = [];
window.states = [];
window.WebSocket = class {
  static OPEN = 1;
  constructor(url) { this.url = String(url); this.readyState = 1; this.sent = []; sockets.push(this); }
  send(text) { this.sent.push(JSON.parse(text)); }
  close() { this.readyState = 3; }
};
document.addEventListener("feed:state", ({ detail }) => states.push(detail.state));
"""
OPEN = """async () => {
  const { Feed } = await import("/static/js/socket.js");
  window.feed = new Feed("/api/v1/ws/bot/7", {
    onSnapshot: (data) => heard.push(["snapshot", data]),
    onFrame: (frame) => heard.push([frame.type, frame.sequence]),
  });
}"""


@pytest.fixture
def page():
    sync_playwright = pytest.importorskip("playwright.sync_api").sync_playwright
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=str(CHROMIUM), args=["--no-sandbox", "--disable-gpu"])
        page = browser.new_page()
        page.route("**/*", _answer)
        page.add_init_script(FAKE)
        page.clock.install()
        page.goto("http://feed.test/")
        page.evaluate(OPEN)
        yield page
        browser.close()


def _answer(route):
    path = route.request.url.removeprefix("http://feed.test")
    if path.endswith(".js"):
        route.fulfill(body=(settings.BASE_DIR / path[1:]).read_text(), content_type="text/javascript")
        return
    words = f'<script type="application/json" id="words">{json.dumps(WORDS)}</script>'
    route.fulfill(body=f'<!doctype html><html lang="en">{words}', content_type="text/html")


def receive(page, kind, sequence=None, first=None, data=None):
    frame = {"type": kind, "data": data}
    if sequence is not None:
        frame |= {"sequence": sequence, "first_sequence": first if first is not None else sequence}
    page.evaluate("(frame) => sockets.at(-1).onmessage({ data: JSON.stringify(frame) })", frame)


def drop(page, code=1006):
    page.evaluate("(code) => sockets.at(-1).onclose({ code })", code)


def test_frames_arrive_in_order_after_the_snapshot(page):
    receive(page, "snapshot", 10, data="all")
    receive(page, "spread_update", 12, first=11)
    receive(page, "spread_update", 12, first=11)
    receive(page, "log", 13)
    assert page.evaluate("heard") == [["snapshot", "all"], ["spread_update", 12], ["log", 13]]
    assert page.evaluate("sockets[0].url") == "ws://feed.test/api/v1/ws/bot/7"
    assert page.evaluate("states") == ["connecting", "live"]


def test_a_gap_asks_for_everything_anew_and_skips_until_it_comes(page):
    receive(page, "snapshot", 10)
    receive(page, "log", 13)
    receive(page, "log", 14)
    assert page.evaluate("sockets.at(-1).sent") == [{"type": "snapshot"}]
    receive(page, "snapshot", 14)
    receive(page, "log", 15)
    assert page.evaluate("heard.map(([type, n]) => type)") == ["snapshot", "snapshot", "log"]


def test_a_lost_socket_comes_back_ever_more_patiently(page):
    waits = []
    for _ in range(7):
        count = page.evaluate("sockets.length")
        drop(page)
        waited = 0
        while page.evaluate("sockets.length") == count:
            page.clock.run_for(250)
            waited += 250
            assert waited <= 15_250
        waits.append(waited)
    assert waits[0] <= 750
    assert max(waits) > 4000
    assert page.evaluate("states.at(-1)") == "lost"
    receive(page, "snapshot", 1)
    assert page.evaluate("states.at(-1)") == "live"


def test_a_silent_socket_is_replaced_and_a_ping_keeps_it(page):
    receive(page, "snapshot", 1)
    page.clock.run_for(40_000)
    receive(page, "ping")
    page.clock.run_for(40_000)
    assert page.evaluate("sockets.length") == 1
    page.clock.run_for(10_000)
    assert page.evaluate("sockets.length") == 2
    assert page.evaluate("sockets[0].readyState") == 3


def test_a_bot_that_is_gone_is_not_asked_for_again(page):
    receive(page, "snapshot", 1)
    drop(page, 4404)
    page.clock.run_for(60_000)
    assert page.evaluate("sockets.length") == 1


def test_words_of_an_old_socket_are_not_heard(page):
    receive(page, "snapshot", 1)
    page.evaluate("window.old = sockets.at(-1)")
    drop(page)
    page.clock.run_for(1000)
    page.evaluate("old.onmessage({ data: JSON.stringify({ type: 'log', sequence: 2, data: null }) })")
    assert page.evaluate("heard.length") == 1
