"""How figures are written, by the server and by scripts alike."""

import json
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from pathlib import Path

import pytest
from django.conf import settings
from django.template import Context, Template
from django.utils import timezone, translation

from bots.templatetags import figures
from bots.templatetags.icons import icon

MINUS, THIN = "\u2212", "\u2009"
NUMBERS = [None, "", 0, "0", 0.004, -0.004, 0.005, "12.38", -13.71, "1157.325", 22015, -1234567.891, 0.0237412, "1e-9"]
SECONDS = [0, 6.84, 59.94, 60, 245.5, 3599, 3600, 54000, 86399, 86400, 208800]


@pytest.mark.parametrize(
    ("kind", "value", "text"),
    [
        ("money", "1157.325", "1,157.33"),
        ("money", -5, f"{MINUS}5.00"),
        ("money", None, "–"),
        ("money", "nonsense", "–"),
        ("money", float("nan"), "–"),
        ("signed", "12.384", "+12.38"),
        ("signed", "-0.001", "+0.00"),
        ("signed_cell", "0.001", "–"),
        ("signed_cell", "-13.71", f"{MINUS}13.71"),
        ("whole_signed", -330.4, f"{MINUS}330"),
        ("pp", 5.9182, "+5.92 pp"),
        ("distance", -1.4651, "1.47 pp"),
        ("pct", 2.4118, f"2.41{THIN}%"),
        ("pct_signed", -2.4118, f"{MINUS}2.41{THIN}%"),
        ("pct_abs", -2.4118, f"2.41{THIN}%"),
        ("funding", "-0.0038", f"{MINUS}0.0038{THIN}%"),
        ("amount", "24492.000000", "24,492"),
        ("amount", "0.320500", "0.3205"),
        ("amount", "0.000000001", "0"),
        ("duration", 6.84, "6.8 s"),
        ("duration", timedelta(hours=15), "15 h 00 m"),
        ("duration", 245, "4 m 05 s"),
        ("duration", timedelta(days=2, hours=10), "2 d 10 h"),
        ("tone", -0.004, ""),
        ("tone", "-0.01", "neg"),
        ("arrow", 3, "pos up"),
    ],
)
def test_a_figure_is_written_as_a_trader_reads_it(kind, value, text):
    assert getattr(figures, kind)(value) == text


@pytest.mark.parametrize(
    ("value", "digits", "text"),
    [
        ("0.02388", Decimal("0.00001"), "0.02388"),
        ("0.02388", 7, "0.0238800"),
        ("96500.5", Decimal("0.1"), "96,500.5"),
        ("96500", Decimal("1"), "96,500"),
        ("100", Decimal("1E+1"), "100"),
        ("0.02388", None, "0.023880"),
        ("1.5", None, "1.5000"),
        ("96500.5", None, "96,500.50"),
        ("0", None, "0.00"),
    ],
)
def test_prices_follow_the_tick(value, digits, text):
    assert figures.price(value, digits) == text


def test_times_are_the_users_and_name_the_year_only_when_it_is_another():
    with timezone.override("Asia/Shanghai"):
        assert figures.when(datetime(2025, 2, 4, 18, 40, tzinfo=UTC)) == "5 Feb 2025 02:40"
        this_year = timezone.localtime().year
        assert figures.when(datetime(this_year, 2, 4, 18, 40, tzinfo=UTC)) == "5 Feb 02:40"
        assert figures.exact(datetime(2025, 2, 4, 18, 40, 5, tzinfo=UTC)) == "2025-02-05 02:40:05 CST"


def test_chinese_writes_its_own_units():
    with translation.override("zh-hans"):
        assert figures.pp(5.92) == "+5.92 百分点"
        assert figures.duration(54000) == "15 小时 00 分"
        assert figures.when(datetime(2025, 2, 5, 2, 40, tzinfo=UTC)) == "2025年2月5日 02:40"


def test_a_figure_carries_its_unit_and_what_keeps_it_fresh():
    template = Template('{% load figures %}{% num x "signed" "USDT" toned=True live="pnl" %}')
    assert template.render(Context({"x": "-13.711"})) == (
        '<span class="num neg" data-live="pnl" data-kind="signed" data-toned>'
        f'<span class="v">{MINUS}13.71</span><span class="unit"> USDT</span></span>'
    )


def test_nothing_has_no_unit():
    template = Template('{% load figures %}{% num x "spread" %}')
    assert template.render(Context({"x": None})) == '<span class="num"><span class="v">–</span></span>'


@pytest.mark.skipif(not settings.TABLER_ICONS_DIR.is_dir(), reason="front-end files are not installed")
def test_an_icon_is_decoration_and_a_wrong_name_a_defect():
    assert 'aria-hidden="true"' in icon("robot")
    with pytest.raises(FileNotFoundError):
        icon("no-such-icon")


CHROMIUM = Path("/usr/bin/chromium")
KINDS = sorted(figures.KINDS.keys() - {"duration"})


@pytest.mark.browser
@pytest.mark.skipif(not CHROMIUM.exists(), reason="Chromium is not installed")
def test_scripts_write_the_same_figures():
    """static/js/format.js against the filters, figure by figure."""
    sync_playwright = pytest.importorskip("playwright.sync_api").sync_playwright
    words = {"pp": "pp", "s": "%(s)s s", "ms": "%(m)s m %(s)s s", "hm": "%(h)s h %(m)s m", "dh": "%(d)s d %(h)s h"}
    files = {
        "/": f'<!doctype html><html lang="en"><script type="application/json" id="words">{json.dumps(words)}</script>',
        "/format.js": (settings.BASE_DIR / "static/js/format.js").read_text(),
    }
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=str(CHROMIUM), args=["--no-sandbox", "--disable-gpu"])
        page = browser.new_page()
        page.route("**/*", lambda route: _answer(route, files))
        page.goto("http://figures.test/")
        written = page.evaluate(
            "async ([names, numbers, seconds]) => { const { kinds } = await import('/format.js');"
            "return [...names.map((name) => numbers.map((x) => kinds[name](x))),"
            "  seconds.map((s) => kinds.duration(s))]; }",
            [KINDS, NUMBERS, SECONDS],
        )
        browser.close()
    expected = [[figures.KINDS[name](value) for value in NUMBERS] for name in KINDS]
    assert written == [*expected, [figures.duration(value) for value in SECONDS]]


def _answer(route, files):
    path = route.request.url.removeprefix("http://figures.test")
    kind = "text/javascript" if path.endswith(".js") else "text/html"
    route.fulfill(body=files.get(path, ""), content_type=kind)
