"""The few front-end files that pages load, out of the packages that `npm ci` put into `node_modules`."""

from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import Any

from django.conf import settings
from django.contrib.staticfiles.finders import BaseFinder
from django.core.files.storage import FileSystemStorage

PACKAGES = {
    "tabler": ("@tabler/core/dist", ("css/tabler.min.css", "css/tabler.min.css.map")),
    "echarts": ("echarts/dist", ("echarts.esm.min.js",)),
    "inter": ("@fontsource-variable/inter", ("index.css", "files/*-wght-normal.woff2")),
}


class VendorFinder(BaseFinder):
    """Serves `vendor/<name>/<file>`; other files of the packages are not collected."""

    def __init__(self, app_names: Any = None, *args: Any, **kwargs: Any) -> None:
        self._storages = {name: self._storage(name, folder) for name, (folder, _) in PACKAGES.items()}

    def check(self, **kwargs: Any) -> list[Any]:
        return []

    def find(self, path: str, find_all: bool = False, **kwargs: Any) -> Any:
        found = [storage.path(name) for name, storage in self.list(()) if f"{storage.prefix}/{name}" == path]
        return found if find_all else (found[0] if found else [])

    def list(self, ignore_patterns: Iterable[str] | None) -> Iterator[tuple[str, Any]]:
        for name, (_, patterns) in PACKAGES.items():
            storage = self._storages[name]
            root = Path(storage.location)
            for pattern in patterns:
                for file in sorted(root.glob(pattern)):
                    yield file.relative_to(root).as_posix(), storage

    def _storage(self, name: str, folder: str) -> FileSystemStorage:
        storage = FileSystemStorage(location=settings.NODE_MODULES / folder)
        storage.prefix = f"vendor/{name}"  # type: ignore[attr-defined]
        return storage
