"""Exchange accounts in the browser: added, looked at, changed, tested, switched off, deleted."""

import pytest

from bots.models import BotStatus
from bots.tests.factories import make_bot, make_paper_account, make_user, make_viewer
from bots.tests.page_client import client_of, page_of
from exchanges.models import ExchangeAccount
from exchanges.tests.series import store_pair
from exchanges.tests.wire.accounts import SERVERS, serving

pytestmark = pytest.mark.django_db(databases=["default", "paper"])

SIMULATED = {
    "label": "Play",
    "source": "simulated",
    "initial_balance": "5000",
    "venue": "okx",
    "mood": "2",
    "simulation_speed": "60",
    "seed": "7",
    "replay_speed": "0",
    "taker_fee": "0.04",
    "slippage_bps": "2",
}
REAL = {"exchange": "okx", "label": "main", "api_key": "key-1", "api_secret": "secret-1", "passphrase": "phrase-1"}


def test_without_an_account_one_is_offered():
    html = page_of(make_user(), "/exchanges/")
    assert "No account yet" in html
    assert 'href="/exchanges/new"' in html


@pytest.mark.parametrize("kind", ["paper", "real"])
def test_the_forms_are_sound_pages(kind):
    page_of(make_user(), f"/exchanges/new?kind={kind}")


def test_a_simulated_account_is_added_and_tested():
    user = make_user()
    response = client_of(user).post("/exchanges/new", SIMULATED)
    account = ExchangeAccount.objects.get(owner=user)
    assert response.headers["Location"] == f"/exchanges/{account.pk}/"
    assert (account.paper_source, account.paper_venue, account.last_check_ok) == ("simulated", "okx", True)
    wanted = {"initial_balance": "5000", "speed": "60", "volatility": "2", "seed": 7, "slippage_bps": "2"}
    assert {name: account.paper_config[name] for name in wanted} == wanted
    assert float(account.paper_config["taker_fee"]) == 0.0004
    assert "5,000.00" in page_of(user, f"/exchanges/{account.pk}/")


def test_a_replay_takes_the_recording_that_was_chosen(candle_dir):
    store_pair(timeframe="15m", exchange="bybit")
    user = make_user()
    html = page_of(user, "/exchanges/new")
    assert "Bybit 15m: CHZ, GALA" in html
    data = SIMULATED | {"source": "replay", "recording": "bybit 15m", "replay_speed": "0"}
    client_of(user).post("/exchanges/new", data)
    account = ExchangeAccount.objects.get(owner=user)
    assert (account.paper_source, account.paper_venue) == ("replay", "bybit")
    assert (account.paper_config["timeframe"], account.paper_config["speed"]) == ("15m", "0")


def test_a_replay_without_recordings_says_what_is_missing(candle_dir):
    user = make_user()
    response = client_of(user).post("/exchanges/new", SIMULATED | {"source": "replay"})
    assert response.status_code == 400
    assert "Nothing is recorded yet" in response.content.decode()
    assert not ExchangeAccount.objects.filter(owner=user).exists()


@pytest.mark.parametrize(
    ("field", "value"),
    [
        ("label", ""),
        ("label", "x" * 61),
        ("initial_balance", "-5"),
        ("initial_balance", "1e99"),
        ("taker_fee", "50"),
        ("seed", "-1"),
    ],
)
def test_wrong_values_are_said_beside_their_fields(field, value):
    user = make_user()
    response = client_of(user).post("/exchanges/new", SIMULATED | {field: value})
    assert response.status_code == 400
    assert "field-error" in response.content.decode()
    assert not ExchangeAccount.objects.filter(owner=user).exists()


def test_a_label_is_used_once():
    user = make_user()
    client = client_of(user)
    client.post("/exchanges/new", SIMULATED)
    response = client.post("/exchanges/new", SIMULATED)
    assert "You already have an account with this label" in response.content.decode()


def test_keys_go_in_and_never_come_out():
    user = make_user()
    client = client_of(user)
    client.post("/exchanges/new?kind=real", REAL)
    account = ExchangeAccount.objects.get(owner=user)
    for path in ("/exchanges/", f"/exchanges/{account.pk}/", f"/exchanges/{account.pk}/edit"):
        html = client.get(path).content.decode()
        assert not any(secret in html for secret in ("key-1", "secret-1", "phrase-1"))


def test_a_refused_form_does_not_send_secrets_back():
    response = client_of(make_user()).post("/exchanges/new?kind=real", REAL | {"label": ""})
    html = response.content.decode()
    assert response.status_code == 400
    assert "secret-1" not in html
    assert "phrase-1" not in html


def test_blank_keys_stay_as_they_are():
    user = make_user()
    client = client_of(user)
    client.post("/exchanges/new?kind=real", REAL)
    before = ExchangeAccount.objects.get(owner=user)
    client.post(f"/exchanges/{before.pk}/edit", {"label": "renamed"})
    after = ExchangeAccount.objects.get(owner=user)
    assert (after.label, after.api_key, after.api_secret) == ("renamed", before.api_key, before.api_secret)


def test_costs_of_a_paper_account_change():
    account = make_paper_account()
    page_of(account.owner, f"/exchanges/{account.pk}/edit")
    data = {"label": "Other", "taker_fee": "0.1", "slippage_bps": "3"}
    assert client_of(account.owner).post(f"/exchanges/{account.pk}/edit", data).status_code == 302
    account.refresh_from_db()
    assert account.label == "Other"
    assert float(account.paper_config["taker_fee"]) == 0.001


def test_an_account_that_does_not_answer_is_shown_as_failed():
    user = make_user()
    client = client_of(user)
    client.post("/exchanges/new?kind=real", REAL)
    account = ExchangeAccount.objects.get(owner=user)
    html = client.get(f"/exchanges/{account.pk}/").content.decode()
    assert "The exchange does not answer as it should:" in html
    client.post(f"/exchanges/{account.pk}/test")
    account.refresh_from_db()
    assert account.last_check_ok is False
    assert "failed" in page_of(user, "/exchanges/")


def test_an_account_in_use_is_neither_switched_off_nor_deleted():
    bot = make_bot(status=BotStatus.RUNNING)
    client = client_of(bot.owner)
    client.post(f"/exchanges/{bot.exchange_account_id}/switch")
    client.post(f"/exchanges/{bot.exchange_account_id}/delete")
    bot.exchange_account.refresh_from_db()
    assert bot.exchange_account.is_active


def test_an_unused_account_is_deleted():
    account = make_paper_account()
    response = client_of(account.owner).post(f"/exchanges/{account.pk}/delete")
    assert response.headers["Location"] == "/exchanges/"
    assert not ExchangeAccount.objects.filter(pk=account.pk).exists()


@pytest.mark.parametrize("action", ["test", "switch", "delete", "edit", ""])
def test_somebody_elses_account_is_not_there(action):
    account = make_paper_account()
    stranger = client_of(make_user())
    path = f"/exchanges/{account.pk}/{action}"
    answers = {stranger.get(path).status_code, stranger.post(path, {"label": "mine"}).status_code}
    assert answers <= {404, 405}
    account.refresh_from_db()
    assert account.label != "mine"
    assert account.is_active


@pytest.mark.parametrize("action", ["test", "switch", "delete", "edit"])
def test_viewers_change_nothing(action):
    viewer = make_viewer()
    account = make_paper_account(viewer)
    assert client_of(viewer).post(f"/exchanges/{account.pk}/{action}", {"label": "mine"}).status_code == 403
    assert client_of(viewer).get("/exchanges/new").status_code == 403


def test_balances_stand_in_the_list_paper_apart():
    user = make_user()
    client_of(user).post("/exchanges/new", SIMULATED)
    client_of(user).post("/exchanges/new?kind=real", REAL)
    html = page_of(user, "/exchanges/")
    assert "5,000.00" in html
    assert "play money, in no total" in html


@pytest.mark.parametrize("venue", sorted(SERVERS))
def test_an_account_on_live_quotes_is_added_and_tested(venue, settings):
    user = make_user()
    with serving(venue, settings):
        response = client_of(user).post("/exchanges/new", SIMULATED | {"source": "live", "live_venue": venue})
        account = ExchangeAccount.objects.get(owner=user)
        assert response.headers["Location"] == f"/exchanges/{account.pk}/"
        assert (account.paper_source, account.paper_venue, account.last_check_ok) == ("live", venue, True)
        assert (account.paper_config["initial_balance"], account.paper_config["speed"]) == ("5000", "1")
        html = page_of(user, f"/exchanges/{account.pk}/")
    assert "5,000.00" in html
    assert "Live quotes" in html


def test_a_silent_venue_is_said_when_an_account_on_its_quotes_is_added():
    user = make_user()
    client_of(user).post("/exchanges/new", SIMULATED | {"source": "live", "live_venue": "okx"})
    account = ExchangeAccount.objects.get(owner=user)
    assert (account.last_check_ok, "OKX cannot be reached" in account.last_check_message) == (False, True)
    assert "The exchange does not answer as it should" in page_of(user, f"/exchanges/{account.pk}/")
