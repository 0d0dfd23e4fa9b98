"""What is asked of Telegram's Bot API: the messages since the last one, and answers. No error ever holds the token."""

import json
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any, Final

from django.conf import settings

from accounts.notifications.checked_connections import ask
from accounts.notifications.failures import SendFailed, failed_with

TEXT_LENGTH: Final = 4000
Button = tuple[str, str]
"""(what it says, what comes back when it is pressed)."""


@dataclass(frozen=True, slots=True)
class Update:
    """A message of a private chat or a pressed button. No `chat_id` for anything else: nobody may command there."""

    number: int
    chat_id: int | None = None
    name: str = ""
    text: str = ""
    at: datetime | None = None
    press_id: str = ""


def updates_read(token: str, next_update: int, *, waits_s: int) -> list[Update]:
    """In their order; waits for the first. Raises SendFailed."""
    wish = {"offset": next_update, "timeout": waits_s, "limit": 50, "allowed_updates": ["message", "callback_query"]}
    found = _call(token, "getUpdates", wish, waits_s=waits_s)
    rows = found if isinstance(found, list) else []
    numbered = [row for row in rows if isinstance(row, dict) and _is_number(row.get("update_id"))]
    return sorted((_update(row) for row in numbered), key=lambda update: update.number)


def say(token: str, chat_id: int, text: str, buttons: Sequence[Button] = ()) -> None:
    """Raises SendFailed."""
    message: dict[str, Any] = {"chat_id": chat_id, "text": text[:TEXT_LENGTH], "disable_web_page_preview": True}
    if buttons:
        row = [{"text": word, "callback_data": data} for word, data in buttons]
        message["reply_markup"] = {"inline_keyboard": [row]}
    _call(token, "sendMessage", message)


def press_noted(token: str, press_id: str) -> None:
    """Ends the waiting sign on the button. Raises SendFailed."""
    _call(token, "answerCallbackQuery", {"callback_query_id": press_id})


def _call(token: str, method: str, body: dict[str, Any], *, waits_s: int = 0) -> Any:
    url = f"{settings.TELEGRAM_API_URL.rstrip('/')}/bot{token}/{method}"
    headers = {"Content-Type": "application/json", "User-Agent": "ChainMakes"}
    answer = ask(url, headers, json.dumps(body).encode(), waits_s=waits_s)
    if answer.status in (401, 404):
        raise SendFailed("token", is_refusal=True)
    if answer.status == 409:
        raise SendFailed("reader", is_refusal=True)
    if answer.status != 200:
        raise failed_with(answer.status)
    try:
        told = json.loads(answer.body)
    except (ValueError, RecursionError):
        raise SendFailed("answer") from None
    if not isinstance(told, dict) or told.get("ok") is not True:
        raise SendFailed("answer")
    return told.get("result")


def _update(row: dict[str, Any]) -> Update:
    number = row["update_id"]
    press, message = _part(row, "callback_query"), _part(row, "message")
    chat = _part(_part(press, "message") if press else message, "chat")
    sender = _part(press or message, "from")
    chat_id = chat.get("id")
    if chat.get("type") != "private" or not _is_number(chat_id) or sender.get("id") != chat_id:
        return Update(number)
    name = str(sender.get("username") or sender.get("first_name") or "").replace("\0", "")
    if press:
        return Update(number, chat_id, name, str(press.get("data") or ""), press_id=str(press.get("id") or ""))
    return Update(number, chat_id, name, str(message.get("text") or ""), _moment(message.get("date")))


def _is_number(value: Any) -> bool:
    """That PostgreSQL can keep."""
    return isinstance(value, int) and 0 <= value < 2**62


def _part(row: dict[str, Any], name: str) -> dict[str, Any]:
    found = row.get(name)
    return found if isinstance(found, dict) else {}


def _moment(seconds: Any) -> datetime | None:
    if not isinstance(seconds, int) or not 0 < seconds < 2**33:
        return None
    return datetime.fromtimestamp(seconds, UTC)
