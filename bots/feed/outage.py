"""Redis away: said once when it begins and once when it is over, however many notice."""

import logging

log = logging.getLogger(__name__)


class Outage:
    def __init__(self, costs: str) -> None:
        """`costs`: what does not work meanwhile."""
        self._costs = costs
        self.is_on = False

    def begin(self, error: Exception) -> None:
        if not self.is_on:
            log.error("Redis does not answer (%s): %s", error, self._costs)
        self.is_on = True

    def end(self) -> None:
        if self.is_on:
            log.warning("Redis answers again")
        self.is_on = False
