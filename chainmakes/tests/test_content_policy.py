"""What a browser may run and load, page by page."""

import pytest
from django.test import Client

pytestmark = pytest.mark.django_db


def directives(path: str) -> dict[str, set[str]]:
    header = Client().get(path)["Content-Security-Policy"]
    return {name: set(sources) for name, *sources in (part.split() for part in header.split(";"))}


@pytest.mark.parametrize("path", ["/login", "/register", "/no-such-page"])
def test_our_pages_run_our_own_files_only(path: str) -> None:
    found = directives(path)
    assert found["default-src"] == found["frame-ancestors"] == found["base-uri"] == {"'none'"}
    assert found["script-src"] == found["style-src"] == found["connect-src"] == {"'self'"}


@pytest.mark.parametrize("path", ["/docs", "/redoc/"])
def test_the_documents_of_the_api_may_style_inline_and_nothing_more(path: str) -> None:
    found = directives(path)
    assert found["script-src"] == found["connect-src"] == {"'self'"}
    assert "'unsafe-inline'" in found["style-src"]


def test_only_the_back_office_may_evaluate(settings: object) -> None:
    assert "'unsafe-eval'" in directives("/admin/login/")["script-src"]


@pytest.mark.parametrize("path", ["/docs", "/redoc"])
def test_the_documents_ask_no_other_host(path: str) -> None:
    page = Client().get(path).content.decode()
    assert "https://" not in page
    assert "<script>" not in page
