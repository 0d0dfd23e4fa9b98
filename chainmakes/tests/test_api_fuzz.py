"""A property-based fuzzer over the whole API: no 5xx, and no answer that the OpenAPI document does not allow."""

import json

import pytest
import schemathesis
from django.core.signals import request_finished, request_started
from django.db import close_old_connections
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
from chainmakes.tests.access_rules import API
from chainmakes.tests.address_book import World, addresses, world
from chainmakes.wsgi import application
from exchanges.tests.series import candle_dir, stored_pair  # noqa: F401
from trading.tests.test_api import add_log, add_point, add_position

pytestmark = [pytest.mark.slow, pytest.mark.django_db(databases=["default", "paper"])]

OPEN_TO_ALL = {f"/{one.route}" for one in addresses() if one.is_api and one.name in API and API[one.name].public}

CHECKS = [
    not_a_server_error,
    status_code_conformance,
    content_type_conformance,
    response_headers_conformance,
    response_schema_conformance,
]


@pytest.fixture
def here(stored_pair) -> World:  # noqa: F811
    """A trader with a row of everything, and something in every list."""
    found = world()
    add_position(found.bot, 1, 1)
    add_log(found.bot)
    add_point(found.bot, 0)
    return found


@pytest.fixture
def headers(here, settings) -> dict[str, str]:
    """As many attempts as a fuzzer makes."""
    rates = dict.fromkeys(settings.REST_FRAMEWORK["DEFAULT_THROTTLE_RATES"], "100000/min")
    settings.REST_FRAMEWORK = settings.REST_FRAMEWORK | {"DEFAULT_THROTTLE_RATES": rates}
    return {"Authorization": f"Bearer {session_open(here.owner).access_token}"}


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
def test_no_answer_outside_of_the_document(case, here, headers):
    """Asked by a trader whose rows the address names, and by nobody."""
    own = here.values_of(case.operation.path)
    case.path_parameters |= {name: value for name, value in own.items() if name in case.path_parameters}
    case.call_and_validate(headers=headers, checks=CHECKS)
    answer = case.call_and_validate(checks=CHECKS)
    if case.operation.path not in OPEN_TO_ALL:
        assert answer.status_code in (401, 405, 406), case.operation.path
