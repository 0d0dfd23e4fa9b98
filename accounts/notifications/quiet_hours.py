"""When a channel is to be left alone, in its user's time zone."""

import zoneinfo
from datetime import datetime, time, timedelta


def quiet_until(begin: time | None, end: time | None, time_zone: str, now: datetime) -> datetime | None:
    """The end of the quiet hours that `now` lies in; None outside of them. They may go over midnight."""
    if begin is None or end is None or begin == end:
        return None
    zone = zoneinfo.ZoneInfo(time_zone)
    here = now.astimezone(zone)
    moment = here.time().replace(tzinfo=None)
    is_quiet = begin <= moment < end if begin < end else moment >= begin or moment < end
    if not is_quiet:
        return None
    day = here.date() if moment < end else here.date() + timedelta(days=1)
    return datetime.combine(day, end, tzinfo=zone).astimezone(now.tzinfo)
