"""What a first visit of the dashboard costs on the line: everything but ECharts, as its files are sent."""

import gzip
import re
from pathlib import Path
from typing import Final
from urllib.parse import urljoin

import pytest
from django.conf import settings
from django.contrib.staticfiles import finders

from bots.tests.factories import make_user
from bots.tests.page_client import client_of

MOST: Final = 300_000
CHARTS: Final = "vendor/echarts/"
LOADED: Final = re.compile(r'(?:href|src)="(/static/[^"]+\.(?:css|js|svg))"')
IMPORTED: Final = re.compile(r'(?:import|from)\s*"(\.[^"]+\.js)"')
FONT: Final = "vendor/inter/files/inter-latin-wght-normal.woff2"

pytestmark = pytest.mark.skipif(not settings.NODE_MODULES.is_dir(), reason="front-end files are not installed")


def sent(name: str) -> int:
    """Bytes; what is compressed already is sent as it is."""
    found = finders.find(name)
    assert found, name
    content = Path(str(found)).read_bytes()
    return len(content) if name.endswith(".woff2") else len(gzip.compress(content, 6))


def with_imports(name: str, known: set[str]) -> set[str]:
    """The module and all that it imports."""
    if name in known or CHARTS in name:
        return known
    known.add(name)
    if name.endswith(".js"):
        for other in IMPORTED.findall(Path(str(finders.find(name))).read_text()):
            with_imports(urljoin(name, other), known)
    return known


@pytest.mark.django_db
def test_the_first_load_without_charts_stays_small() -> None:
    page = client_of(make_user()).get("/")
    files = {FONT}
    for name in LOADED.findall(page.content.decode()):
        with_imports(name.removeprefix("/static/"), files)
    sizes = {name: sent(name) for name in files} | {"the page": len(gzip.compress(page.content, 6))}
    assert len(files) > 15
    assert sum(sizes.values()) < MOST, sorted(sizes.items(), key=lambda item: -item[1])[:5]
