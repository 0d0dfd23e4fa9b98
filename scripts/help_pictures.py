"""Pictures of the guide, taken from a running demonstration: `python scripts/help_pictures.py [--home FOLDER]`.

Writes `static/img/help/LANGUAGE/*.webp`: light, of one width, in each language of the guide. Needs Playwright and
Chromium.
"""

import argparse
import base64
import json
import os
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from playwright.sync_api import Page, ViewportSize, sync_playwright

ROOT = Path(__file__).resolve().parent.parent
TARGET = ROOT / "static" / "img" / "help"
CHROMIUM = Path("/usr/bin/chromium")
VIEW = ViewportSize(width=1280, height=800)
QUALITY = 72
LARGEST = 120_000
DRAWN = "main canvas"
BACKTESTS = "main a[href^='/backtests/'][href$='/']:not([href='/backtests/'])"  # the newest, a search, comes first
LANGUAGES = ("en", "zh-hans")  # the links are looked up in the first
PATIENCE_MS = 120_000  # a demonstration that has just begun computes much
DRAWN_MS = 2_500  # charts and the live feed


@dataclass(frozen=True)
class Picture:
    """`link` is a selector of what to follow from `path`; `ready` has to be there."""

    name: str
    path: str
    link: str = ""
    ready: str = "main h1"


PICTURES = (
    Picture("dashboard", "/"),
    Picture("new-bot", "/bots/new?copy=1", ready=DRAWN),
    Picture("bot", "/bots/", "main tr:has-text('waits to add') a[href^='/bots/']", DRAWN),
    Picture("backtest", "/backtests/", f"{BACKTESTS} >> nth=-1", DRAWN),
    Picture("search", "/backtests/", f"{BACKTESTS} >> nth=0", DRAWN),
    Picture("pairs", "/pairs/", "main a[href^='/pairs/'][href$='/']:not([href='/pairs/'])"),
    Picture("risk", "/risk/"),
)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--home", type=Path, default=Path(os.environ.get("CHAINMAKES_HOME", ROOT / ".local")))
    parser.add_argument("names", nargs="*", help="only these")
    options = parser.parse_args()
    demo = json.loads((options.home / "demo.json").read_text(encoding="utf-8"))
    wanted = [picture for picture in PICTURES if not options.names or picture.name in options.names]
    address = demo["url"].rstrip("/")
    with _logged_in(demo) as page:
        _speak(page, address, LANGUAGES[0])
        places = {picture.name: _address_of(page, address, picture) for picture in wanted}
        for language in reversed(LANGUAGES):
            _speak(page, address, language)
            (TARGET / language).mkdir(parents=True, exist_ok=True)
            for picture in wanted:
                _take(page, places[picture.name], picture, TARGET / language / f"{picture.name}.webp")


@contextmanager
def _logged_in(demo: dict[str, str]) -> Iterator[Page]:
    with sync_playwright() as playwright:
        path = str(CHROMIUM) if CHROMIUM.exists() else None
        browser = playwright.chromium.launch(executable_path=path, args=["--no-sandbox", "--disable-gpu"])
        page = browser.new_context(viewport=VIEW, color_scheme="light", locale="en-US").new_page()
        page.set_default_timeout(PATIENCE_MS)
        page.goto(f"{demo['url'].rstrip('/')}/login")
        page.fill("[name=username]", demo["username"])
        page.fill("[name=password]", demo["password"])
        page.press("[name=password]", "Enter")
        page.wait_for_url(lambda url: "/login" not in url)
        yield page
        browser.close()


def _speak(page: Page, address: str, language: str) -> None:
    """The user's language from now on."""
    token = next(cookie["value"] for cookie in page.context.cookies() if "csrf" in cookie["name"])
    form: dict[str, str | float | bool] = {"language": language, "next": "/", "csrfmiddlewaretoken": token}
    page.request.post(f"{address}/settings/language", form=form, headers={"Referer": f"{address}/"})


def _address_of(page: Page, address: str, picture: Picture) -> str:
    if not picture.link:
        return address + picture.path
    page.goto(address + picture.path)
    return address + (page.get_attribute(picture.link, "href") or "")


def _take(page: Page, address: str, picture: Picture, target: Path) -> None:
    """Raises SystemExit for a picture that is too large for a page of help."""
    page.goto(address)
    page.wait_for_selector(picture.ready)
    page.wait_for_timeout(DRAWN_MS)
    wish = {"format": "webp", "quality": QUALITY}
    answer = page.context.new_cdp_session(page).send("Page.captureScreenshot", wish)
    data = base64.b64decode(answer["data"])
    if len(data) > LARGEST:
        raise SystemExit(f"{target.name}: {len(data)} bytes, {LARGEST} allowed")
    target.write_bytes(data)


if __name__ == "__main__":
    main()
