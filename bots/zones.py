"""How the user's time zone is called beside a time."""

from datetime import datetime

from django.utils import timezone


def zone_name(at: datetime) -> str:
    """`UTC`, `CET`, or `UTC+8` where the zone has no letters of its own."""
    name = timezone.localtime(at).strftime("%Z")
    return f"UTC{name[0]}{name[1:].lstrip('0')}" if name[:1] in ("+", "-") else name
