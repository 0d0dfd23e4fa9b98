"""Bodies that are larger than anything the program asks for, and files, which nothing asks for."""

import pytest
from django.core.files.uploadedfile import SimpleUploadedFile

from bots.tests.page_client import client_of

FORM = b'name="password"'  # of the log-in page, shown again

pytestmark = pytest.mark.django_db


def test_a_file_is_refused() -> None:
    answer = client_of().post("/login", {"username": "x", "password": SimpleUploadedFile("a.bin", b"x" * 4096)})
    assert (answer.status_code, FORM in answer.content) == (400, False)


def test_a_form_without_files_is_read() -> None:
    assert FORM in client_of().post("/login", {"username": "x", "password": "y"}).content


@pytest.mark.parametrize("path", ["/login", "/api/v1/auth/login"])
def test_a_body_beyond_the_bound_is_refused(path: str, settings: object) -> None:
    settings.DATA_UPLOAD_MAX_MEMORY_SIZE = 1000  # type: ignore[attr-defined]
    kind = "application/json" if "/api/" in path else "application/x-www-form-urlencoded"
    client = client_of()
    client.raise_request_exception = False
    assert client.post(path, "x" * 2000, content_type=kind).status_code in (400, 413)
