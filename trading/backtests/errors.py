"""Why a back-test does not start."""

from collections.abc import Sequence


class BacktestRefused(Exception):
    """`problems` holds one line of text for each thing that is wrong, what it is about named first."""

    def __init__(self, problems: Sequence[str]) -> None:
        super().__init__("; ".join(problems))
        self.problems = tuple(problems)
