"""The parity report over REST and on the bot's page."""

from typing import Any

import pytest
from rest_framework.test import APIClient

from bots.tests.factories import make_bot, make_user
from bots.tests.page_client import client_of, complaints, page_of
from exchanges.tests.series import candle_dir, replay_account, store_pair  # noqa: F401
from trading.tests.replays import play, started_bot

pytestmark = pytest.mark.django_db(transaction=True, databases=["default", "paper"])


@pytest.fixture
def lived(candle_dir: Any) -> Any:  # noqa: F811
    store_pair(160, seed=5)
    account = replay_account(make_user(), lot_rounding=False)
    bot = started_bot(account.owner, account)
    play(account)
    bot.refresh_from_db()
    return bot


def api_of(user: Any) -> APIClient:
    api = APIClient()
    api.force_authenticate(user)
    return api


def test_every_decision_with_both_sides(lived: Any) -> None:
    found = api_of(lived.owner).get(f"/api/v1/bots/{lived.pk}/parity").json()
    count = found["counts"]["same"]
    assert count > 1
    assert found["verdict"] == f"{count} of {count} decisions are the back-test's."
    assert found["decisions_found"] == len(found["decisions"]) == count
    first = found["decisions"][0]
    assert first["outcome"] == "same"
    assert first["reasons"] == first["differs"] == []
    assert first["lived"]["at"] == first["replayed"]["at"]
    assert first["lived"]["spread"] == first["replayed"]["spread"]
    assert float(found["money"]["lived"]) == pytest.approx(float(found["money"]["replayed"]), abs=1e-6)
    assert {*found["money"]["parts"]} == {"slippage", "timing", "quantities", "fees", "funding", "decisions"}


def test_pages_and_outcomes(lived: Any) -> None:
    api, path = api_of(lived.owner), f"/api/v1/bots/{lived.pk}/parity"
    assert len(api.get(path, {"limit": 1, "offset": 1}).json()["decisions"]) == 1
    assert api.get(path, {"outcome": "different"}).json()["decisions_found"] == 0
    for query in ({"outcome": "x"}, {"limit": 0}, {"limit": 1001}, {"offset": -1}):
        assert api.get(path, query).status_code == 400


def test_a_bot_that_never_ran_has_nothing_to_compare() -> None:
    bot = make_bot()
    found = api_of(bot.owner).get(f"/api/v1/bots/{bot.pk}/parity").json()
    assert (found["problem"], found["since"], found["decisions"]) == ("not_lived", None, [])
    assert "has not run yet" in found["verdict"]
    page = client_of(bot.owner).get(f"/bots/{bot.pk}/parity")
    assert "has not run yet" in page.content.decode()


def test_the_tab_and_what_it_fetches(lived: Any) -> None:
    html = page_of(lived.owner, f"/bots/{lived.pk}/?tab=parity")
    assert f'hx-get="/bots/{lived.pk}/parity"' in html
    part = client_of(lived.owner).get(f"/bots/{lived.pk}/parity").content.decode()
    assert "decisions are the back-test&#x27;s." in part
    assert "Take profit" in part
    assert "Cycle by cycle" in part
    assert complaints(part) == ["no language", "0 main headings"]  # both are the page's


def test_somebody_else_s_bot_is_not_found(lived: Any) -> None:
    outsider = make_user()
    assert api_of(outsider).get(f"/api/v1/bots/{lived.pk}/parity").status_code == 404
    assert client_of(outsider).get(f"/bots/{lived.pk}/parity").status_code == 404
    assert client_of().get(f"/bots/{lived.pk}/parity").status_code == 302
    assert APIClient().get(f"/api/v1/bots/{lived.pk}/parity").status_code == 401
