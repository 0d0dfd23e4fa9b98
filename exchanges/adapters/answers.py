"""From a venue's answer to its data, or to the one kind of error that it means.

A read that fails is Unavailable. For an order or a cancel every failure is OutcomeUnknown unless the venue's code is
a proven refusal; the status of the answer alone never proves one.
"""

import json
import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any, Final

from exchanges.adapters.refusals import CODES, Meaning
from exchanges.adapters.transport import Answer
from exchanges.errors import (
    AuthFailed,
    DuplicateOrder,
    ExchangeError,
    OrderNotFound,
    OutcomeUnknown,
    RateLimited,
    Rejected,
    Unavailable,
)

MESSAGE_MAX = 200
TOO_MANY: Final = (429, 418)
NOT_OFFERED = "not_offered"
"""Reason of an Unavailable that will be the same when it is asked again."""
ADDRESS, ACCOUNT = "address_limit", "account_limit"
"""Reasons of a RateLimited: everybody behind this IP address is meant, or one account."""
RETRY_AFTER_MAX_S = 7 * 86_400.0
BYBIT_BAN_S = 600.0


class DoneAlready(ExchangeError):
    """What was asked for is so already: for the adapter itself, never seen outside."""

    kind = "done_already"


class ClockRefused(Rejected):
    """The time stamp was not accepted: the clock has to be measured anew."""


@dataclass(frozen=True, slots=True)
class Complaint:
    """What an answer says is wrong. `code` is empty where the body holds none (a proxy's page, a broken answer)."""

    code: str
    text: str


def data_of(exchange: str, answer: Answer, *, mutates: bool) -> Any:
    """The JSON of a good answer. Raises ExchangeError."""
    payload = _payload(answer.text)
    complaint = _COMPLAINTS[exchange](answer, payload)
    if complaint is None:
        return payload
    raise error_of(exchange, answer, complaint, mutates=mutates)


def no_answer(what: str, *, mutates: bool) -> ExchangeError:
    kind = OutcomeUnknown if mutates else Unavailable
    return kind(f"no answer ({what})", code="no_answer")


def error_of(exchange: str, answer: Answer, complaint: Complaint, *, mutates: bool) -> ExchangeError:
    codes = CODES[exchange]
    meaning = codes.meaning(complaint.code)
    text, code = complaint.text[:MESSAGE_MAX], complaint.code or f"http_{answer.status}"
    reason = codes.reasons.get(complaint.code, "")
    if answer.status in TOO_MANY or meaning is Meaning.RATE:
        reason = ADDRESS if answer.status >= 400 else ACCOUNT
        return RateLimited(text, code=code, reason=reason, retry_after_s=retry_after_s(answer))
    kind = _KINDS.get(meaning) if meaning and answer.status < 500 else None
    if kind is not None:
        return kind(text, code=code, reason=reason)
    if mutates:
        return OutcomeUnknown(text, code=code, reason=reason)
    return Unavailable(text, code=code, reason=NOT_OFFERED if 400 <= answer.status < 500 else reason)


_KINDS: Final[Mapping[Meaning, Callable[..., ExchangeError]]] = {
    Meaning.REFUSED: Rejected,
    Meaning.DUPLICATE: DuplicateOrder,
    Meaning.NOT_FOUND: OrderNotFound,
    Meaning.AUTH: AuthFailed,
    Meaning.CLOCK: ClockRefused,
    Meaning.DONE_ALREADY: DoneAlready,
}


def retry_after_s(answer: Answer) -> float:
    """0 where the venue names no time."""
    if _too_frequent(answer):
        return BYBIT_BAN_S
    try:
        wish = float(answer.headers.get("retry-after", "0"))
    except ValueError:
        return 0.0
    return min(max(wish, 0.0), RETRY_AFTER_MAX_S)


def _too_frequent(answer: Answer) -> bool:
    """How Bybit bans an address: a page without a code, and ten minutes."""
    return answer.status == 403 and "too frequent" in answer.text.lower()


def _payload(text: str) -> Any:
    """None for what is no JSON object or list."""
    try:
        payload = json.loads(text)
    except ValueError:
        return None
    return payload if isinstance(payload, (dict, list)) else None


def _okx(answer: Answer, payload: Any) -> Complaint | None:
    """`code` 1 or 2 with the real code in each row: calls here concern one order only."""
    if not isinstance(payload, dict) or "code" not in payload:
        return _unreadable(answer)
    code, text = str(payload["code"]), str(payload.get("msg") or "")
    rows = payload.get("data")
    for row in rows if isinstance(rows, list) else ():
        if isinstance(row, dict) and str(row.get("sCode", "0")) not in ("0", ""):
            return Complaint(str(row["sCode"]), str(row.get("sMsg") or text or "refused"))
    if code == "0" and answer.status < 400:
        return None
    return Complaint(code, text or f"error {code}")


def _binance(answer: Answer, payload: Any) -> Complaint | None:
    if payload is None:
        return _unreadable(answer)
    code = payload.get("code") if isinstance(payload, dict) else None
    if code is not None and str(code) not in ("0", "200"):
        return Complaint(str(code), str(payload.get("msg") or f"error {code}"))
    return None if answer.status < 400 else _unreadable(answer)


def _bybit(answer: Answer, payload: Any) -> Complaint | None:
    if _too_frequent(answer):
        return Complaint("10018", "access too frequent")
    if not isinstance(payload, dict) or "retCode" not in payload:
        return _unreadable(answer)
    code = str(payload["retCode"])
    if code == "0" and answer.status < 400:
        return None
    return Complaint(code, str(payload.get("retMsg") or f"error {code}"))


_COMPLAINTS: Final[Mapping[str, Callable[[Answer, Any], Complaint | None]]] = {
    "okx": _okx,
    "binance": _binance,
    "bybit": _bybit,
}


def _unreadable(answer: Answer) -> Complaint:
    """A page of a proxy, a truncated answer, or an empty one: its text is not repeated."""
    kind = "a web page" if re.match(r"\s*<", answer.text) else "no readable answer"
    return Complaint("", f"{kind} (status {answer.status})")
