"""API clients for everybody's tests."""

import ipaddress
import secrets

from rest_framework.test import APIClient

from accounts.models import User
from accounts.tokens import session_open


def anonymous() -> APIClient:
    """A caller from an address of its own, so that attempts counted in one test do not slow another."""
    return APIClient(REMOTE_ADDR=str(ipaddress.IPv6Address(secrets.randbits(128))))


def bearer(user: User) -> APIClient:
    client = anonymous()
    client.credentials(HTTP_AUTHORIZATION=f"Bearer {session_open(user).access_token}")
    return client
