"""How a venue is reached, with which keys, how patiently, and within which budget."""

from dataclasses import dataclass
from typing import Protocol

from exchanges.adapters.venues import Cost
from exchanges.errors import ExchangeError

OUT_OF_BUDGET = "budget"
"""Code of the RateLimited that a `Budget` raises when only its own count stands in the way."""


class Budget(Protocol):
    """The share of a venue's patience that all our processes have together (`exchanges.limits`)."""

    def spend(self, cost: Cost, *, closing: bool) -> None:
        """Raises RateLimited when it is used up or the venue has told us to stay away."""
        ...

    def stay_away(self, seconds: float, *, everybody: bool) -> None:
        """The venue does not want to hear from us for so long: from anybody here, or from this account."""
        ...

    def left_away_s(self) -> float:
        """For how long that still is; 0 when it may be asked."""
        ...


@dataclass(frozen=True, slots=True)
class Access:
    """How a venue is reached; the operator's settings. `base_url` is empty for the venue's own addresses."""

    timeout_s: float
    base_url: str = ""
    proxy: str = ""
    testnet: bool = False


@dataclass(frozen=True, slots=True, repr=False)
class Keys:
    """Shows itself nowhere."""

    api_key: str
    secret: str
    passphrase: str = ""

    def hide(self, error: ExchangeError) -> None:
        """No key can be read in the error's text afterwards: a venue may repeat what it was sent."""
        for secret in (self.api_key, self.secret, self.passphrase):
            error.message = error.message.replace(secret, "***") if secret else error.message
        error.args = (error.message,)


NO_KEYS = Keys("", "")


@dataclass(frozen=True, slots=True)
class Patience:
    """How often a read is tried, for how long at most it waits before it is tried again, and the time after which
    nothing is tried any more. `unreachable`: also where no connection comes about.
    """

    attempts: int
    wait_max_s: float
    total_s: float
    unreachable: bool


TRADING = Patience(attempts=4, wait_max_s=2.0, total_s=4.0, unreachable=False)
"""A tick owns its bot for seconds only: what timed out once is left to the next one. The budget of a window of two
seconds is waited for."""
HISTORY = Patience(attempts=8, wait_max_s=60.0, total_s=300.0, unreachable=True)
