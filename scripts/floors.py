"""The contract of the house's five floors, checked by import-linter (`pyproject.toml` names who lives where)."""

from collections.abc import Iterator
from fnmatch import fnmatch
from typing import Any

import grimp
from importlinter import Contract, ContractCheck, fields, output

PURE, ROWS, VERBS, DOORS, WIRING = range(5)
NAMES = ("pure", "rows and ports", "verbs", "doors", "wiring")
UNCHECKED = {"tests", "migrations", "conftest"}

Violation = tuple[str, str, str]


class FloorContract(Contract):
    """A module imports lower floors of any app; on its own floor, its own app and those named before it in `apps`.

    Patterns match `app.module`; what is below it is on the same floor. What no pattern names is a verb. Doors may
    call any verb, and `wiring` packages anything.
    """

    type_name = "floors"

    apps: Any = fields.ListField(subfield=fields.StringField())
    wiring: Any = fields.ListField(subfield=fields.StringField())
    doors: Any = fields.ListField(subfield=fields.StringField())
    rows: Any = fields.ListField(subfield=fields.StringField())
    pure: Any = fields.ListField(subfield=fields.StringField())

    def check(self, graph: grimp.ImportGraph, verbose: bool) -> ContractCheck:
        violations = list(self._violations(graph))
        return ContractCheck(kept=not violations, metadata={"violations": violations})

    def _violations(self, graph: grimp.ImportGraph) -> Iterator[Violation]:
        for importer in sorted(graph.modules):
            floor = self._floor(importer)
            for imported in sorted(graph.find_modules_directly_imported_by(importer) if floor is not None else ()):
                if reason := self._forbidden(importer, imported):
                    yield importer, imported, reason

    def _forbidden(self, importer: str, imported: str) -> str | None:
        """Why the import is not allowed; None when it is."""
        above, below = self._floor(importer), self._floor(imported)
        if above is None or below is None or above > below:
            return None
        if above < below:
            return f"{NAMES[above]} may not import {NAMES[below]}"
        app, other = importer.split(".")[0], imported.split(".")[0]
        if above == WIRING or self.apps.index(other) <= self.apps.index(app):
            return None
        return f"among {NAMES[above]}, {app} may not import {other}"

    def _floor(self, module: str) -> int | None:
        """None for what is not ours, for tests and for migrations."""
        app, *rest = module.split(".")
        if UNCHECKED & set(rest):
            return None
        if app in self.wiring:
            return WIRING
        if app not in self.apps or not rest:
            return None
        name = f"{app}.{rest[0]}"
        floors = ((PURE, self.pure), (ROWS, self.rows), (DOORS, self.doors))
        return next((floor for floor, patterns in floors if any(fnmatch(name, it) for it in patterns)), VERBS)

    def render_broken_contract(self, check: ContractCheck) -> None:
        for importer, imported, reason in check.metadata["violations"]:
            output.print_error(f"{importer} imports {imported}: {reason}.")
