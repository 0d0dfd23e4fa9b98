"""How many queries each page takes: the same however many rows there are, and no more than the table says.

A list may take 12 (performance.md); what has more is no list. A page that has become cheaper gets its new number.
"""

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext

from accounts.models import Role
from bots.tests.factories import make_bot, make_user
from bots.tests.page_client import client_of
from bots.tests.page_rows import held_bot
from trading.tests.test_api import add_order

LIST_MOST = 12
PAGES = {
    "/": 12,
    "/bots/": 8,
    "/bots/{bot}/": 12,
    "/orders/": 8,
    "/orders/?show=fills": 8,
    "/exchanges/": 6,
    "/exchanges/{account}/": 12,
    "/exchanges/{account}/differences": 11,
    "/markets/": 6,
    "/backtests/": 7,
    "/pairs/": 9,
    "/notifications/": 8,
    "/settings/audit": 7,
    "/api/v1/bots/": 5,
    "/api/v1/orders/": 6,
    "/api/v1/bots/{bot}/orders": 6,
    "/api/v1/bots/{bot}/logs": 6,
    "/api/v1/account/{account}/orders": 5,
    "/api/v1/notifications/": 5,
    "/admin/bots/bot/": 7,
    "/admin/bots/bot/{bot}/change/": 7,
    "/admin/trading/order/": 7,
    "/admin/trading/order/?q=GALA": 7,
    "/admin/trading/fill/": 7,
    "/admin/trading/position/": 6,
    "/admin/trading/tradelog/": 7,
}
NO_LISTS = {"/risk/": 16, "/admin/": 18}

pytestmark = pytest.mark.django_db(databases=["default", "paper"])


def queries(client, path: str) -> int:
    """Of a warm request; where a transaction is nested, as all are in a test, is none of its own."""
    assert client.get(path).status_code == 200, path
    with CaptureQueriesContext(connection) as found:
        client.get(path)
    return sum(not query["sql"].startswith(("SAVEPOINT", "RELEASE")) for query in found)


def test_no_page_takes_more_queries_than_the_table_says(settings):
    settings.ADMIN_SECOND_FACTOR = False
    owner = make_user(is_staff=True, is_superuser=True, role=Role.ADMIN)
    first = held_bot(owner)
    add_order(first)
    client = client_of(owner)
    places = {"bot": first.pk, "account": first.exchange_account_id}
    pages = {path.format(**places): most for path, most in (PAGES | NO_LISTS).items()}
    assert max(PAGES.values()) <= LIST_MOST
    few = {path: queries(client, path) for path in pages}
    for number in range(6):
        add_order(held_bot(owner, first.exchange_account), client_order_id=f"more{number}")
        make_bot(owner, first.exchange_account)
    many = {path: queries(client, path) for path in pages}
    assert {path: count for path, count in many.items() if count > max(few[path], 1) or count > pages[path]} == {}
