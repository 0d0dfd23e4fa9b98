"""From which addresses a user may come in: a list of networks of his own; an empty list means everywhere."""

import ipaddress
from collections.abc import Iterable

from django.core.exceptions import ValidationError
from django.db import transaction
from django.utils.translation import gettext as _

from accounts.audit import record
from accounts.logins import announce
from accounts.models import User

NETWORKS_MAX = 50


def may_come_from(user: User, ip: str | None) -> bool:
    """An address that is not known is on nobody's list."""
    if not user.allowed_networks:
        return True
    if ip is None:
        return False
    address = ipaddress.ip_address(ip)
    return any(address in ipaddress.ip_network(network) for network in user.allowed_networks)


def allowed_change(*, actor: User | None, user: User, networks: Iterable[str], ip: str | None) -> list[str]:
    """The list as it is kept. `ip`: where the user is now; a list that shuts this address out is refused.

    Raises ValidationError for the field `networks`.
    """
    cleaned = networks_clean(networks)
    user.allowed_networks = cleaned
    if actor is not None and not may_come_from(user, ip):
        user.refresh_from_db(fields=["allowed_networks"])
        here = {"ip": ip or "?"}
        sentence = _("Your own address %(ip)s is not on this list: you would lock yourself out. Add it.")
        raise ValidationError({"networks": [sentence % here]})
    with transaction.atomic():
        user.save(update_fields=["allowed_networks"])
        record(actor=actor, action="user.addresses", target=user, details={"networks": cleaned})
        announce(user.pk)
    return cleaned


def networks_clean(texts: Iterable[str]) -> list[str]:
    """Addresses and networks in their usual form, each once. Raises ValidationError with every one that is neither."""
    found: list[str] = []
    errors: list[str] = []
    for text in filter(None, (line.strip() for line in texts)):
        try:
            network = str(ipaddress.ip_network(text, strict=False))
        except ValueError:
            errors.append(_("%(text)s is neither an address nor a network like 203.0.113.0/24.") % {"text": text[:60]})
            continue
        if network not in found:
            found.append(network)
    if len(found) > NETWORKS_MAX:
        errors.append(_("At most %(count)s networks.") % {"count": NETWORKS_MAX})
    if errors:
        raise ValidationError({"networks": errors})
    return found
