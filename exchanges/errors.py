"""What a venue can answer when it does not do what was asked (each kind says what to do next), and what we refuse."""


class DomainError(Exception):
    """The request is well formed but not possible now. `message` is a trader's sentence, `code` a stable name."""

    def __init__(self, message: str, code: str) -> None:
        super().__init__(message)
        self.message = message
        self.code = code


class ExchangeError(Exception):
    """Base of all. `code` keeps the venue's own code, `reason` is our stable name for it where we have one.

    Neither text nor code ever holds a key or a payload.
    """

    kind = "exchange_error"

    def __init__(self, message: str, *, code: str = "", reason: str = "") -> None:
        super().__init__(message)
        self.message = message
        self.code = code
        self.reason = reason or code


class Rejected(ExchangeError):
    """The venue refused and did nothing (proven): do not repeat unchanged."""

    kind = "rejected"


class NotSent(Rejected):
    """The adapter itself refused: the order's time had passed. It never left this process."""

    kind = "not_sent"


class DuplicateOrder(Rejected):
    """The client order id is taken: the order exists, query it."""

    kind = "duplicate_order"


class OrderNotFound(ExchangeError):
    """The venue answered that it knows no such order. Alone it does not prove that the order never arrived."""

    kind = "order_not_found"


class Unavailable(ExchangeError):
    """A read failed or the venue is down: try again later."""

    kind = "unavailable"


class OutcomeUnknown(ExchangeError):
    """An order or cancel may have reached the venue: ask before doing anything else."""

    kind = "outcome_unknown"


class AuthFailed(ExchangeError):
    """The key was refused: only the owner can mend it."""

    kind = "auth_failed"


class RateLimited(ExchangeError):
    """Too many requests; `retry_after_s` is the venue's own wish, 0 when it names none."""

    kind = "rate_limited"

    def __init__(self, message: str, *, code: str = "", reason: str = "", retry_after_s: float = 0.0) -> None:
        super().__init__(message, code=code, reason=reason)
        self.retry_after_s = retry_after_s
