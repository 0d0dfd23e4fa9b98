"""Orders by hand over REST: whose they are, what they answer, what is refused."""

from decimal import Decimal
from typing import Any

import pytest

from accounts.tests.clients import anonymous, bearer
from bots.claims import claims_take
from bots.tests.factories import CHZ, GALA, make_bot, make_paper_account, make_user, make_viewer
from exchanges.models import ExchangeAccount
from exchanges.registry import venue_of
from trading.models import Order

pytestmark = pytest.mark.django_db(transaction=True, databases=["default", "paper"])


@pytest.fixture
def account() -> ExchangeAccount:
    return make_paper_account()


@pytest.fixture
def api(account: ExchangeAccount) -> Any:
    return bearer(account.owner)


def orders(account: ExchangeAccount, tail: str = "") -> str:
    return f"/api/v1/account/{account.pk}/orders{tail}"


def wanted(**fields: Any) -> dict[str, Any]:
    return {"symbol": "GALA-USDT", "side": "buy", "order_type": "market", "amount": "1000"} | fields


def far(account: ExchangeAccount, factor: str = "0.5") -> str:
    venue = venue_of(account)
    tick = venue.markets()[GALA].price_tick
    return f"{venue.quotes([GALA])[GALA].mid * Decimal(factor) // tick * tick:f}"


def test_placed_shown_listed_and_canceled(api: Any, account: ExchangeAccount) -> None:
    filled = api.post(orders(account), wanted(), format="json")
    assert filled.status_code == 201
    shown = filled.json()["data"]
    expected = {"status": "closed", "purpose": "manual", "symbol": GALA, "filled_amount": "1000", "bot": None}
    assert shown | expected == shown
    assert api.get(orders(account, f"/{shown['id']}/")).json()["data"] == shown

    resting = api.post(
        orders(account), wanted(order_type="limit", price=far(account), post_only=True), format="json"
    ).json()["data"]
    (row,) = api.get(orders(account, "/open")).json()["data"]
    assert (row["id"], row["status"], row["order_type"], row["post_only"]) == (resting["id"], "open", "limit", True)
    assert api.get(orders(account, "/open?symbol=CHZ-USDT")).json()["data"] == []

    canceled = api.delete(orders(account, f"/{resting['id']}"))
    assert (canceled.status_code, canceled.json()["data"]["status"]) == (200, "canceled")
    assert api.get(orders(account, "/open")).json()["data"] == []
    closed = api.get(orders(account, "/closed")).json()["data"]
    assert [(row["id"], row["status"]) for row in closed] == [(resting["id"], "canceled"), (shown["id"], "closed")]
    assert [row["id"] for row in api.get(orders(account)).json()["data"]] == [resting["id"], shown["id"]]


def test_stops(api: Any, account: ExchangeAccount) -> None:
    api.post(orders(account), wanted(), format="json")
    wish = wanted(side="sell", order_type="stop", trigger_price=far(account, "0.8"), reduce_only=True)
    stop = api.post(orders(account), wish, format="json").json()["data"]
    assert (stop["status"], stop["reduce_only"]) == ("open", True)
    (row,) = api.get(orders(account, "/open")).json()["data"]
    assert (row["order_type"], row["trigger_price"]) == ("stop", stop["trigger_price"])
    assert api.delete(orders(account, f"/{stop['id']}")).json()["data"]["status"] == "canceled"


def test_the_key_may_stand_in_the_header_or_in_the_body(api: Any, account: ExchangeAccount) -> None:
    first = api.post(orders(account), wanted(), format="json", HTTP_IDEMPOTENCY_KEY="abc").json()["data"]
    again = api.post(orders(account), wanted(idempotency_key="abc"), format="json")
    assert (again.status_code, again.json()["data"]) == (201, first)
    other = api.post(orders(account), wanted(amount="2000"), format="json", HTTP_IDEMPOTENCY_KEY="abc")
    assert (other.status_code, other.json()["code"]) == (409, "key_reused")
    assert Order.objects.count() == 1


@pytest.mark.parametrize(
    ("fields", "named"),
    [
        ({"amount": "0.5"}, {"amount"}),
        ({"amount": "many"}, {"amount"}),
        ({"side": "long"}, {"side"}),
        ({"order_type": "limit"}, {"price"}),
        ({"order_type": "stop"}, {"trigger_price"}),
        ({"price": "1"}, {"price"}),
        ({"symbol": "***"}, {"symbol"}),
        ({"symbol": "NOSUCH/USDT"}, {"symbol"}),
        ({"idempotency_key": "x" * 65}, {"idempotency_key"}),
        ({"post_only": True}, {"post_only"}),
    ],
)
def test_complaints_stand_by_their_fields(
    api: Any, account: ExchangeAccount, fields: dict[str, Any], named: set[str]
) -> None:
    answer = api.post(orders(account), wanted(**fields), format="json")
    assert answer.status_code == 400
    assert set(answer.json()["errors"]) == named
    assert not Order.objects.exists()


def test_a_market_of_a_bot(api: Any, account: ExchangeAccount) -> None:
    claims_take(make_bot(account=account, bot_name="Night watch"))
    answer = api.post(orders(account), wanted(symbol=CHZ), format="json")
    assert (answer.status_code, answer.json()["code"]) == (409, "claimed")
    assert "Night watch" in answer.json()["detail"]


def test_others_do_not_find_it_and_viewers_only_look(api: Any, account: ExchangeAccount) -> None:
    placed = api.post(orders(account), wanted(order_type="limit", price=far(account)), format="json").json()["data"]
    one = orders(account, f"/{placed['id']}")
    stranger = bearer(make_user())
    for answer in (
        stranger.post(orders(account), wanted(), format="json"),
        stranger.get(orders(account, "/open")),
        stranger.get(orders(account, "/closed")),
        stranger.get(one),
        stranger.delete(one),
    ):
        assert (answer.status_code, answer.json()["code"]) == (404, "not_found")
    own = make_paper_account(stranger_user := make_user())
    assert bearer(stranger_user).delete(orders(own, f"/{placed['id']}")).status_code == 404
    assert anonymous().post(orders(account), wanted(), format="json").status_code == 401
    viewer = make_viewer()
    theirs = make_paper_account(viewer)
    assert bearer(viewer).get(orders(theirs, "/open")).status_code == 200
    assert bearer(viewer).post(orders(theirs), wanted(), format="json").status_code == 403
    assert Order.objects.count() == 1
    assert api.get(one).json()["data"]["status"] == "open"


def test_a_limit_on_haste_spares_what_reduces(api: Any, account: ExchangeAccount, settings: Any) -> None:
    rates = settings.REST_FRAMEWORK["DEFAULT_THROTTLE_RATES"] | {"orders": "1/hour"}
    settings.REST_FRAMEWORK = settings.REST_FRAMEWORK | {"DEFAULT_THROTTLE_RATES": rates}
    assert api.post(orders(account), wanted(), format="json").status_code == 201
    assert api.post(orders(account), wanted(), format="json").status_code == 429
    assert api.post(orders(account), wanted(side="sell", reduce_only=True), format="json").status_code == 201
