"""The OpenAPI document: served to everybody, sound, and of one error shape."""

import json
import re

import pytest
from django.core.management import call_command

from accounts.tests.clients import anonymous
from chainmakes.schema import strict_bounds

ERROR = "#/components/schemas/Error"


@pytest.fixture(scope="module")
def document():
    return anonymous().get("/api/schema?format=json").json()


def operations(document):
    return {
        (method, path): operation
        for path, item in document["paths"].items()
        for method, operation in item.items()
        if method != "parameters"
    }


def test_is_valid_and_made_without_a_warning(tmp_path):
    call_command("spectacular", "--validate", "--fail-on-warn", "--file", str(tmp_path / "schema.yaml"))


@pytest.mark.parametrize(
    ("path", "kind"),
    [
        ("/api/schema", "application/vnd.oai.openapi"),
        ("/api/schema?format=json", "application/vnd.oai.openapi+json"),
        ("/docs", "text/html"),
        ("/redoc", "text/html"),
    ],
)
def test_is_open_to_everybody(path, kind, settings):
    backend = "django.contrib.staticfiles.storage.StaticFilesStorage"  # a test has no collected files
    settings.STORAGES = settings.STORAGES | {"staticfiles": {"BACKEND": backend}}
    answer = anonymous().get(path)
    assert answer.status_code == 200
    assert answer["Content-Type"].startswith(kind)


def test_every_error_has_the_one_shape(document):
    for key, operation in operations(document).items():
        for status, answer in operation["responses"].items():
            if int(status) >= 400:
                assert answer["content"]["application/json"]["schema"] == {"$ref": ERROR}, (key, status)


def test_what_changes_something_says_who_may(document):
    for (method, path), operation in operations(document).items():
        if method != "get" and "/auth/" not in path:
            assert {"401", "403"} <= set(operation["responses"]), (method, path)


def test_secrets_are_in_no_answer(document):
    parts = document["components"]["schemas"].items()
    fields = {field for name, part in parts if not name.endswith("Request") for field in part.get("properties", {})}
    assert "has_credentials" in fields
    assert not fields & {"api_key", "api_secret", "passphrase", "password"}


def test_strict_bounds_are_told_as_openapi_has_them():
    told = strict_bounds(
        {"a": [{"type": "number", "exclusiveMinimum": 0}], "b": {"exclusiveMaximum": True, "maximum": 3}}
    )
    assert told == {
        "a": [{"type": "number", "exclusiveMinimum": True, "minimum": 0}],
        "b": {"exclusiveMaximum": True, "maximum": 3},
    }


def test_no_strict_bound_is_a_number(document):
    flags = re.findall(r'"exclusiveM(?:in|ax)imum": ([^,}]+)', json.dumps(document))
    assert flags
    assert set(flags) == {"true"}
