"""The first run: four steps to a bot that trades on paper, without scripts and in a browser."""

import time
from typing import Any

import pytest
from django.conf import settings as project_settings
from django.utils import timezone

from accounts.models import User
from bots.models import Bot, BotStatus
from bots.pages.welcome_view import MOODS, PairStory, pair_stories, welcome_account
from bots.tests.factories import make_user
from bots.tests.live_pages import CHROMIUM, opened_on_both, served, until
from bots.tests.page_client import client_of, complaints
from exchanges.models import ExchangeAccount
from exchanges.tests.series import candle_dir, simulated_account  # noqa: F401
from trading.engine import run_tick
from trading.models import Trade

pytestmark = [
    pytest.mark.django_db(transaction=True, databases=["default", "paper"]),
    pytest.mark.usefixtures("candle_dir"),
]

WAIT_MS = 20_000
IN_TIME_S = 120.0


def sent(client: Any, **fields: str) -> str:
    """The page after a button was pressed, sound by `complaints`."""
    response = client.post("/welcome", fields, follow=True)
    assert response.status_code == 200
    html = str(response.content.decode())
    assert not complaints(html)
    return html


def story_of(user: User, key: str = "games") -> PairStory:
    account = welcome_account(user)
    assert account is not None
    return next(story for story in pair_stories(account) if story.key == key)


def test_four_steps_lead_to_a_bot_that_trades_at_its_first_look() -> None:
    user = make_user()
    client = client_of(user)
    assert "Make the paper account" in client.get("/welcome").content.decode()
    assert "Choose a pair" in sent(client, do="account")
    assert "Choose how it trades" in sent(client, do="pair", choice="worlds")
    assert "a few seconds after you press" in sent(client, do="mood", choice="lively")
    assert "SAND/MANA Lively is running." in sent(client, do="start")
    bot = Bot.objects.get(owner=user)
    assert (bot.status, bot.is_paper) == (BotStatus.RUNNING, True)
    run_tick(bot.pk, timezone.now())
    bot.refresh_from_db()
    assert bot.level == 1
    assert Trade.objects.get(bot=bot).status == "settled"


@pytest.mark.parametrize("mood", MOODS, ids=lambda mood: str(mood.key))
@pytest.mark.parametrize("key", ["games", "worlds", "forks"])
def test_a_start_is_found_at_which_the_bot_opens_at_once(key: str, mood: Any) -> None:
    """Whatever the market does at the hour of the test."""
    user = make_user()
    client_of(user).post("/welcome", {"do": "account"})
    story = story_of(user, key)
    moved = abs(story.spreads(story.start_for(mood))[-1])
    assert moved > mood.thresholds[0]


def test_one_press_makes_one_account() -> None:
    user = make_user()
    client = client_of(user)
    for _ in range(3):
        sent(client, do="account")
    account = ExchangeAccount.objects.get(owner=user)
    assert (account.label, account.paper_source) == ("Simulated market", "simulated")


def test_a_label_that_is_taken_gives_another() -> None:
    user = make_user()
    old = simulated_account(user, label="Simulated market")
    ExchangeAccount.objects.filter(pk=old.pk).update(is_active=False)
    sent(client_of(user), do="account")
    assert welcome_account(user).label == "Simulated market 2"  # type: ignore[union-attr]


def test_it_is_taken_up_where_it_was_left_and_steps_can_be_gone_back() -> None:
    user = make_user()
    client = client_of(user)
    sent(client, do="account")
    sent(client, do="pair", choice="forks")
    assert "Choose how it trades" in client.get("/welcome").content.decode()
    assert "Choose a pair" in client.get("/welcome?step=2").content.decode()
    assert "Choose how it trades" in client.get("/welcome?step=4").content.decode()
    other = client_of(user)
    assert "Choose a pair" in other.get("/welcome").content.decode()


@pytest.mark.parametrize("fields", [{"do": "start"}, {"do": "pair", "choice": "nothing"}, {"do": "mood"}, {}])
def test_what_was_not_chosen_starts_nothing(fields: dict[str, str]) -> None:
    user = make_user()
    client = client_of(user)
    sent(client, do="account")
    assert "Choose a pair" in sent(client, **fields)
    assert not Bot.objects.exists()


def test_pairs_that_are_traded_already_are_not_suggested_again() -> None:
    user = make_user()
    client = client_of(user)
    for key in ("games", "worlds", "forks"):
        sent(client, do="account")
        sent(client, do="pair", choice=key)
        sent(client, do="mood", choice="calm")
        sent(client, do="start")
    assert Bot.objects.filter(owner=user, status=BotStatus.RUNNING).count() == 3
    assert "Your bots trade all suggested pairs already." in client.get("/welcome").content.decode()


def test_who_may_only_look_is_led_to_the_dashboard() -> None:
    client = client_of(make_user(role="viewer"))
    assert client.get("/welcome").headers["Location"] == "/"
    assert client.post("/welcome", {"do": "account"}).headers["Location"] == "/"
    assert not ExchangeAccount.objects.exists()


def test_it_is_offered_after_registration_and_can_be_skipped() -> None:
    client = client_of()
    fields = {"username": "newcomer", "email": "n@example.org", "password": "correct-horse-9", "time_zone": "UTC"}
    assert client.post("/register", fields).headers["Location"] == "/welcome"
    assert 'href="/"' in client.get("/welcome").content.decode()
    assert 'href="/welcome"' in client.get("/").content.decode()


@pytest.mark.browser
@pytest.mark.slow
@pytest.mark.xdist_group("browser")
@pytest.mark.skipif(not CHROMIUM.exists(), reason="Chromium is not installed")
@pytest.mark.skipif(
    not (project_settings.BASE_DIR / "node_modules").is_dir(), reason="front-end files are not installed"
)
def test_a_newcomer_trades_on_paper_within_two_minutes(monkeypatch: Any) -> None:
    """From the empty form of registration to the filled orders on the bot's page; the market goes at its usual pace."""
    pytest.importorskip("playwright.sync_api")
    monkeypatch.setenv("DJANGO_ALLOW_ASYNC_UNSAFE", "1")
    with served() as address, opened_on_both(address, make_user()) as pages:
        for page, name in zip(pages, ("newcomer", "newcomer2"), strict=True):
            page.context.clear_cookies()
            began = time.monotonic()
            _register_and_start(page, address, name)
            bot = Bot.objects.get(owner__username=name)
            page.wait_for_selector("html[data-feed=live]", timeout=WAIT_MS)
            run_tick(bot.pk, timezone.now())  # what the workers do within a second
            until(page, "document.querySelectorAll('.leg-head .chip-long').length > 0", timeout=WAIT_MS)
            assert Trade.objects.get(bot=bot).status == "settled"
            assert time.monotonic() - began < IN_TIME_S


def _register_and_start(page: Any, address: str, name: str) -> None:
    page.goto(f"{address}/register")
    page.fill("[name=username]", name)
    page.fill("[name=email]", f"{name}@example.org")
    page.fill("[name=password]", "correct-horse-9")
    page.click("main button.btn-main")
    for button in ("value=account", "value=games", "value=normal", "value=start"):
        page.click(f"button[{button}]", timeout=WAIT_MS)
    page.wait_for_selector(".bot-head[data-status=running]", timeout=WAIT_MS)
