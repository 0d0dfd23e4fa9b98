"""A message as signed JSON.

Headers: `X-ChainMakes-Delivery` (the delivery's id, the same at every attempt), `X-ChainMakes-Timestamp` (seconds since
1970 of this attempt), `X-ChainMakes-Signature` (`v1=` and the hexadecimal HMAC-SHA256, under the channel's signing
secret, of the timestamp, a full stop and the body).
"""

import hashlib
import hmac
import json
from datetime import datetime

from accounts.notifications.checked_connections import post
from accounts.notifications.failures import failed_with
from accounts.notifications.messages import Message


def webhook_send(message: Message, url: str, secret: str, now: datetime) -> None:
    """Raises SendFailed."""
    body = json.dumps(message.as_json(), ensure_ascii=False, separators=(",", ":")).encode()
    timestamp = str(int(now.timestamp()))
    headers = {
        "Content-Type": "application/json",
        "User-Agent": "ChainMakes",
        "X-ChainMakes-Delivery": str(message.id),
        "X-ChainMakes-Event": message.kind,
        "X-ChainMakes-Timestamp": timestamp,
        "X-ChainMakes-Signature": f"v1={signature(secret, timestamp, body)}",
    }
    status = post(url, headers, body)
    if not 200 <= status < 300:
        raise failed_with(status)


def signature(secret: str, timestamp: str, body: bytes) -> str:
    return hmac.new(secret.encode(), timestamp.encode() + b"." + body, hashlib.sha256).hexdigest()
