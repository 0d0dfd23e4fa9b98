"""What a benchmark hands back, as text for a terminal and as Markdown for the documentation."""

from collections.abc import Sequence
from dataclasses import dataclass


@dataclass(frozen=True)
class Table:
    title: str
    note: str
    headers: Sequence[str]
    rows: Sequence[Sequence[str]]

    def text(self) -> str:
        widths = [max(map(len, column)) for column in zip(self.headers, *self.rows, strict=True)]
        lines = ["  ".join(cell.ljust(width) for cell, width in zip(row, widths, strict=True)) for row in self._all()]
        return "\n".join([self.title, *lines, self.note])

    def markdown(self) -> str:
        head, *body = ["| " + " | ".join(row) + " |" for row in self._all()]
        rule = "|" + " --- |" * len(self.headers)
        return "\n".join([f"## {self.title}", "", self.note, "", head, rule, *body, ""])

    def _all(self) -> list[Sequence[str]]:
        return [self.headers, *self.rows]
