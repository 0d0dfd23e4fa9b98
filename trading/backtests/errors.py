"""Why a back-test does not start."""

from collections.abc import Sequence


class BacktestRefused(Exception):
    """`problems` holds one line of text for each thing that is wrong, what it is about named first: "name: text".

    Names are those of `P.json`; texts are in the language of the moment at which they were made.
    """

    def __init__(self, problems: Sequence[str]) -> None:
        super().__init__("; ".join(problems))
        self.problems = tuple(problems)

    @property
    def named(self) -> tuple[tuple[str, str], ...]:
        """(name, text) of each, so that a form can put it beside its field; no name for what is about none."""
        parts = (problem.partition(": ") for problem in self.problems)
        return tuple((name, text) if found else ("", name) for name, found, text in parts)
