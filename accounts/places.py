"""Where users come in from: a network and a device, as far as a server can tell them apart."""

import ipaddress
import re
from datetime import timedelta

from django.utils import timezone
from django.utils.translation import gettext as _

from accounts.models import LoginSession, User
from accounts.request_facts import RequestFacts

SAME_NETWORK = {4: 24, 6: 48}  # bits: addresses within change from day to day
KNOWN_FOR_DAYS = 365
BROWSERS = (
    ("Edg/", "Edge"),
    ("OPR/", "Opera"),
    ("Firefox/", "Firefox"),
    ("FxiOS/", "Firefox"),
    ("CriOS/", "Chrome"),
    ("Chrome/", "Chrome"),
    ("Safari/", "Safari"),
)
SYSTEMS = (
    ("iPhone", "iPhone"),
    ("iPad", "iPad"),
    ("Android", "Android"),
    ("Windows", "Windows"),
    ("Mac OS X", "macOS"),
    ("Linux", "Linux"),
)


def is_new_place(user: User, facts: RequestFacts) -> bool:
    """Whether this user was never seen from this network with this device; the very first log-in is no news."""
    if facts.ip is None:
        return False
    since = timezone.now() - timedelta(days=KNOWN_FOR_DAYS)
    earlier = LoginSession.objects.filter(owner=user, created_at__gte=since).values_list("ip", "user_agent").distinct()
    known = {(network_of(ip), device_of(agent)) for ip, agent in earlier}
    return bool(known) and (network_of(facts.ip), device_of(facts.user_agent)) not in known


def network_of(ip: str | None) -> str:
    if not ip:
        return ""
    bits = SAME_NETWORK[ipaddress.ip_address(ip).version]
    return str(ipaddress.ip_network(f"{ip}/{bits}", strict=False))


def device_of(user_agent: str) -> str:
    """ "Firefox, Linux"; of a program its name. Empty when it said nothing."""
    browser = _first(BROWSERS, user_agent)
    system = _first(SYSTEMS, user_agent)
    if browser and system:
        return f"{browser}, {system}"
    program = re.match(r"[\w.+-]+", user_agent)
    return browser or system or (program[0] if program else "")


def device_words(user_agent: str) -> str:
    return device_of(user_agent) or _("unknown device")


def _first(names: tuple[tuple[str, str], ...], text: str) -> str:
    return next((name for mark, name in names if mark in text), "")
