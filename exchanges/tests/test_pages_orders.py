"""Orders by hand from an account's page: the question with figures, the order, the cancel, and who may."""

import re
from collections.abc import Iterator
from decimal import Decimal
from typing import Any

import pytest

from bots.claims import claims_take
from bots.tests.factories import CHZ, GALA, make_bot, make_paper_account, make_user, make_viewer
from bots.tests.page_client import client_of, complaints, page_of
from exchanges.models import ExchangeAccount
from exchanges.registry import venue_of
from exchanges.symbols import canonical
from exchanges.tests.wire.accounts import live_account, serving
from exchanges.tests.wire.okx_kinds import EXPIRY
from trading.models import Order

pytestmark = pytest.mark.django_db(transaction=True, databases=["default", "paper"])


@pytest.fixture
def account() -> ExchangeAccount:
    return make_paper_account()


@pytest.fixture
def live(settings: Any) -> Iterator[ExchangeAccount]:
    with serving("okx", settings, "inverse") as server:
        server.spot.market.coins["GALA"] = Decimal(1_000_000)  # type: ignore[attr-defined]
        yield live_account(make_user(), "okx")


def page(account: ExchangeAccount) -> str:
    return page_of(account.owner, f"/exchanges/{account.pk}/")


def wanted(**fields: Any) -> dict[str, Any]:
    return {"symbol": "GALA/USDT", "side": "buy", "type": "market", "amount": "1000"} | fields


def post(account: ExchangeAccount, what: str, data: dict[str, Any], status: int, user: Any = None) -> str:
    answer = client_of(user or account.owner).post(f"/exchanges/{account.pk}/orders/{what}", data, follow=False)
    assert answer.status_code == status, answer.content[:500]
    html = str(answer.content.decode())
    assert status == 302 or not complaints(html)
    return html


def hidden(html: str) -> dict[str, str]:
    return dict(re.findall(r'type="hidden" name="(\w+)" value="([^"]*)"', html))


def placed(account: ExchangeAccount, **fields: Any) -> Order:
    """By the question's own hidden fields."""
    post(account, "place", hidden(post(account, "check", wanted(**fields), 200)), 302)
    return Order.objects.latest("id")


def test_the_question_shows_figures_and_sends_nothing(account: ExchangeAccount) -> None:
    html = post(account, "check", wanted(), 200)
    assert "Buy 1,000 GALA" in html
    assert "Held when all of it is filled" in html
    assert not Order.objects.exists()


def test_an_order_is_placed_once_however_often_the_question_is_sent(account: ExchangeAccount) -> None:
    answers = hidden(post(account, "check", wanted(), 200))
    for _ in range(2):
        post(account, "place", answers, 302)
    assert Order.objects.get().status == "closed"
    assert venue_of(account).positions()[0].amount == Decimal(1000)
    html = page(account)
    assert "By hand" in html
    assert "No order is open." in html


def test_prices_of_other_kinds_of_orders_are_left_out(account: ExchangeAccount) -> None:
    assert placed(account, price="17", trigger_price="19").status == "closed"


@pytest.mark.parametrize(
    ("fields", "words"),
    [
        ({"symbol": "***"}, "Enter a market"),
        ({"amount": "0.5"}, "multiples of"),
        ({"type": "limit"}, "This order needs a price."),
        ({"type": "stop"}, "This order needs a price."),
        ({"side": "long"}, "long"),
    ],
)
def test_complaints_stand_on_the_page(account: ExchangeAccount, fields: dict[str, Any], words: str) -> None:
    html = post(account, "check", wanted(**fields), 400)
    assert words in html
    assert 'class="field-error"' in html


def test_a_market_of_a_bot_is_refused_with_its_name(account: ExchangeAccount) -> None:
    claims_take(make_bot(account=account, bot_name="Night watch"))
    assert "Night watch" in post(account, "check", wanted(symbol=CHZ), 400)
    assert "Night watch" in post(account, "place", wanted(symbol=CHZ, key="k"), 400)
    assert not Order.objects.exists()


@pytest.mark.parametrize("kind", ["paper", "live"])
def test_a_resting_order_is_shown_and_canceled(kind: str, request: Any, account: ExchangeAccount) -> None:
    where = account if kind == "paper" else request.getfixturevalue("live")
    venue = venue_of(where)
    tick = venue.markets()[GALA].price_tick
    price = venue.quotes([GALA])[GALA].mid / 2 // tick * tick
    order = placed(where, type="limit", price=f"{price:f}")
    assert "Cancel the order" in page(where)
    post(where, "cancel", {"order": order.pk}, 302)
    order.refresh_from_db()
    assert order.status == "canceled"
    assert "No order is open." in page(where)


@pytest.mark.parametrize(
    ("kind", "symbol", "words"),
    [
        ("spot", "GALA/USDT", "Buy 1,000 GALA"),
        ("future", f"GALA/USDT:USDT-{EXPIRY}", "Buy 1,000 GALA"),
        ("future", f"GALA-USDT-{EXPIRY}", "Buy 1,000 GALA"),
        ("swap", "GALA/USD", "Buy 1,000 USD"),
    ],
)
def test_other_kinds_of_markets_are_traded_on_the_page(
    live: ExchangeAccount, kind: str, symbol: str, words: str
) -> None:
    html = post(live, "check", wanted(symbol=symbol, kind=kind), 200)
    assert words in html
    post(live, "place", hidden(html), 302)
    order = Order.objects.get()
    assert (order.status, order.symbol, order.amount) == ("closed", canonical(symbol, kind), 1000)
    shown = page_of(live.owner, f"/exchanges/{live.pk}/?type={kind}")
    assert 'aria-current="true">' in shown
    assert ("Coins" in shown) == (kind == "spot")
    resting = placed(live, symbol=symbol, kind=kind, type="limit", price="0.01")
    assert "Cancel the order" in page_of(live.owner, f"/exchanges/{live.pk}/?type={kind}")
    post(live, "cancel", {"order": resting.pk, "kind": kind}, 302)
    resting.refresh_from_db()
    assert resting.status == "canceled"


def test_an_order_placed_elsewhere_is_canceled_by_the_venue_s_number(live: ExchangeAccount) -> None:
    order = placed(live, type="limit", price="0.01")
    number = order.exchange_order_id
    order.manual_key.delete()
    order.delete()
    assert "Elsewhere" in page(live)
    post(live, "cancel", {"number": number, "symbol": GALA, "stop": ""}, 302)
    assert not venue_of(live).open_orders()


def test_the_page_says_which_bot_holds_what(account: ExchangeAccount) -> None:
    placed(account)
    claims_take(make_bot(account=account, bot_name="Night watch"))
    assert page(account).count("Night watch") == 2


def test_others_and_viewers(account: ExchangeAccount) -> None:
    for what in ("check", "place", "cancel"):
        answer = client_of(make_user()).post(f"/exchanges/{account.pk}/orders/{what}", wanted())
        assert answer.status_code == 404
    viewer = make_viewer()
    theirs = make_paper_account(viewer)
    for what in ("check", "place", "cancel"):
        answer = client_of(viewer).post(f"/exchanges/{theirs.pk}/orders/{what}", wanted())
        assert answer.status_code == 403
    assert "Check the order" not in page(theirs)
    assert not Order.objects.exists()


def test_an_order_of_somebody_else_is_not_found(account: ExchangeAccount) -> None:
    order = placed(account)
    other = make_paper_account()
    assert client_of(other.owner).post(f"/exchanges/{other.pk}/orders/cancel", {"order": order.pk}).status_code == 404
