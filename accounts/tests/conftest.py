import pytest


@pytest.fixture
def plain_static(settings):
    """A test has no collected files whose names could be looked up."""
    backend = "django.contrib.staticfiles.storage.StaticFilesStorage"
    settings.STORAGES = settings.STORAGES | {"staticfiles": {"BACKEND": backend}}
