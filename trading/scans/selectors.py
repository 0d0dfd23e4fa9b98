"""What a user may see of scans. Every query starts from the user."""

from typing import Final

from django.db.models import F, QuerySet

from accounts.models import User
from trading.models import PairScan, ScannedPair

BEST_FIRST: Final = (F("score").desc(nulls_last=True), F("p_value").asc(nulls_last=True), "number")


def scans_of(user: User) -> QuerySet[PairScan]:
    """Newest first."""
    return PairScan.objects.filter(owner=user).order_by("-id")


def scan_of(user: User, scan_id: int) -> PairScan:
    """Raises PairScan.DoesNotExist, for somebody else's too."""
    return scans_of(user).get(pk=scan_id)


def pairs_of_scan(scan: PairScan) -> QuerySet[ScannedPair]:
    """Best first."""
    return ScannedPair.objects.filter(scan=scan).order_by(*BEST_FIRST)


def pair_of(user: User, scan_id: int, number: int) -> ScannedPair:
    """Raises ScannedPair.DoesNotExist, for somebody else's too."""
    return ScannedPair.objects.select_related("scan").get(scan__owner=user, scan_id=scan_id, number=number)
