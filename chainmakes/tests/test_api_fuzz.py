"""A property-based fuzzer over the whole API: no 5xx, and no answer that the OpenAPI document does not allow."""

import json

import pytest
import schemathesis
from django.core.signals import request_finished, request_started
from django.db import close_old_connections
from django.utils import timezone
from drf_spectacular.generators import SchemaGenerator
from drf_spectacular.renderers import OpenApiJsonRenderer
from hypothesis import HealthCheck, settings
from schemathesis.checks import not_a_server_error
from schemathesis.specs.openapi.checks import (
    content_type_conformance,
    response_headers_conformance,
    response_schema_conformance,
    status_code_conformance,
)

from accounts.tokens import session_open
from bots import services
from bots.models import Bot
from bots.tests.factories import make_paper_account, make_user
from bots.tests.test_api import wish
from chainmakes.wsgi import application
from exchanges.tests.series import candle_dir, stored_pair  # noqa: F401
from trading.models import Backtest
from trading.tests.backtests.made import done
from trading.tests.test_api import add_log, add_order, add_point, add_position

pytestmark = [pytest.mark.slow, pytest.mark.django_db(databases=["default", "paper"])]

CHECKS = [
    not_a_server_error,
    status_code_conformance,
    content_type_conformance,
    response_headers_conformance,
    response_schema_conformance,
]


@pytest.fixture
def bot() -> Bot:
    """A trader's one bot, with a row of everything."""
    user = make_user()
    bot = services.bot_create(actor=user, data=wish(make_paper_account(user)), now=timezone.now())
    add_order(bot)
    add_position(bot, 1, 1)
    add_log(bot)
    add_point(bot, 0)
    return bot


@pytest.fixture
def backtest(bot, stored_pair) -> Backtest:  # noqa: F811
    """A finished one of the same trader."""
    return done(bot.owner)


@pytest.fixture
def headers(bot, settings) -> dict[str, str]:
    """As many attempts as a fuzzer makes."""
    rates = dict.fromkeys(settings.REST_FRAMEWORK["DEFAULT_THROTTLE_RATES"], "100000/min")
    settings.REST_FRAMEWORK = settings.REST_FRAMEWORK | {"DEFAULT_THROTTLE_RATES": rates}
    return {"Authorization": f"Bearer {session_open(bot.owner).access_token}"}


@pytest.fixture(autouse=True)
def one_connection():
    """Requests are served in this thread; as with Django's own test client they do not close the test's connection."""
    ends = (request_started, request_finished)
    for signal in ends:
        signal.disconnect(close_old_connections)
    yield
    for signal in ends:
        signal.connect(close_old_connections)


def document():
    found = SchemaGenerator().get_schema(public=True)
    served = schemathesis.openapi.from_dict(json.loads(OpenApiJsonRenderer().render(found)))
    served.app = application
    return served


@document().parametrize()
@settings(max_examples=4, deadline=None, derandomize=True, suppress_health_check=list(HealthCheck))
def test_no_answer_outside_of_the_document(case, bot, backtest, headers):
    own = {
        "bot_id": bot.pk,
        "account_id": bot.exchange_account_id,
        "exchange": "paper",
        "backtest_id": backtest.pk,
    }
    case.path_parameters |= {name: value for name, value in own.items() if name in case.path_parameters}
    case.call_and_validate(headers=headers, checks=CHECKS)
