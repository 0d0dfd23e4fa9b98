"""The health page of the back office: looks only, and says of each part how it is. What does not answer is marked."""

import shutil
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path

from django.conf import settings
from django.contrib import admin
from django.db import Error as DatabaseError
from django.db import connection
from django.db.models import Count, Min
from django.http import HttpRequest, HttpResponse
from django.template.defaultfilters import filesizeformat
from django.template.response import TemplateResponse
from django.utils import timezone
from django.utils.timesince import timesince
from django.utils.translation import gettext as _
from django.utils.translation import pgettext
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_GET
from redis import Redis
from redis.exceptions import RedisError

from accounts.models import Delivery, DeliveryStatus
from bots.strategies.registry import available, broken
from chainmakes.health import PROCESSES, last_seen
from chainmakes.queues import REDIS_TIMEOUT_S, queue_depths
from chainmakes.venue_health import venue_lines
from trading.models import GuardianMark
from trading.tick_counts import late_in_last

QUEUE_LONG = 100
DISK_SHORT = 0.1
BACKUP_OLD_H = 26
MESSAGES_LATE = timedelta(hours=1)
GUARDIAN_SEEN_S = 15
LATE_MINUTES = 15

GOOD, WARN, BAD = "good", "warn", "bad"


@dataclass(frozen=True, slots=True)
class Line:
    """`state`: good, warn or bad."""

    name: str
    value: str
    state: str = GOOD

    @property
    def word(self) -> str:
        return {GOOD: _("In order"), WARN: _("Look at it"), BAD: _("Not working")}[self.state]


@dataclass(frozen=True, slots=True)
class Section:
    title: str
    lines: list[Line]


@require_GET
@never_cache
def health_page(request: HttpRequest) -> HttpResponse:
    context = admin.site.each_context(request) | {"title": _("Health"), "sections": sections(), "at": timezone.now()}
    return TemplateResponse(request, "admin/health.html", context)


def sections() -> list[Section]:
    return [
        Section(_("Processes"), _guarded(_processes)),
        Section(_("Servers"), [*_guarded(_database), *_guarded(_redis)]),
        Section(_("Queues"), _guarded(_queues)),
        Section(_("Exchanges"), _guarded(_venues)),
        Section(_("Strategies"), list(_strategies())),
        Section(_("Disk and backups"), [_disk(settings.HOME_DIR), _backup(settings.BACKUP_DIR)]),
    ]


def _guarded(look: Callable[[], Iterator[Line]]) -> list[Line]:
    """What was found; a server that does not answer is a line of its own."""
    try:
        return list(look())
    except DatabaseError:
        return [Line("PostgreSQL", _("does not answer"), BAD)]
    except RedisError:
        return [Line("Redis", _("does not answer"), BAD)]


def _processes() -> Iterator[Line]:
    for name, age_s in last_seen(PROCESSES).items():
        if name != "web":  # this page is its sign of life
            yield _seen(_process_names()[name], age_s)
    yield _guardian()
    yield _stream()


def _guardian() -> Line:
    newest = GuardianMark.objects.order_by("-at").first()
    age_s = max((timezone.now() - newest.at).total_seconds(), 0.0) if newest else None
    if newest is None or age_s is None or age_s >= GUARDIAN_SEEN_S:
        return _seen(_("Guardian"), None)
    words = {"seconds": age_s, "watched": newest.watched, "neglected": newest.neglected}
    text = _("seen %(seconds)d s ago, watches %(watched)d bots, looks after %(neglected)d of them")
    return Line(_("Guardian"), text % words, WARN if newest.neglected else GOOD)


def _stream() -> Line:
    """Without it bots ask for each quote: slower, and nothing worse."""
    name, lines = _("Collector of prices"), list(venue_lines())
    silent = [line.name for line in lines if not line.is_streamed]
    if not silent:
        return Line(name, _("collects for all exchanges"))
    words = {"exchanges": pgettext("list", ", ").join(silent)}
    is_missed = any(line.is_needed and not line.is_streamed for line in lines)
    return Line(name, _("does not collect for %(exchanges)s") % words, BAD if is_missed else WARN)


def _process_names() -> dict[str, str]:
    return {
        "beat": _("Schedule (beat)"),
        "worker": _("Trading worker"),
        "worker-io": _("Worker for downloads and alerts"),
        "worker-compute": _("Worker for computations"),
    }


def _seen(name: str, age_s: float | None) -> Line:
    if age_s is None:
        return Line(name, _("not seen"), BAD)
    return Line(name, _("seen %(seconds)d s ago") % {"seconds": age_s})


def _database() -> Iterator[Line]:
    with connection.cursor() as cursor:
        cursor.execute(
            "SELECT current_setting('server_version'), pg_size_pretty(pg_database_size(current_database())), "
            "(SELECT count(*) FROM pg_stat_activity), current_setting('max_connections')::int"
        )
        version, size, used, most = cursor.fetchone()
    words = {"version": version, "size": size, "used": used, "most": most}
    state = WARN if used > most - 10 else GOOD
    yield Line("PostgreSQL", _("version %(version)s, %(size)s, %(used)d of %(most)d connections") % words, state)


def _redis() -> Iterator[Line]:
    with Redis.from_url(
        settings.REDIS_URL, socket_timeout=REDIS_TIMEOUT_S, socket_connect_timeout=REDIS_TIMEOUT_S
    ) as redis:
        found = redis.info()
    version = found.get("valkey_version") or found.get("redis_version")
    words = {"version": version, "memory": filesizeformat(found["used_memory"])}
    yield Line("Redis", _("version %(version)s, %(memory)s") % words)


def _queues() -> Iterator[Line]:
    for queue, depth in queue_depths().items():
        yield Line(queue, _("%(count)d waiting") % {"count": depth}, WARN if depth > QUEUE_LONG else GOOD)
    yield _messages()
    late = late_in_last(LATE_MINUTES, timezone.now())
    words = {"count": late, "minutes": LATE_MINUTES}
    yield Line(_("Looks that came too late"), _("%(count)d in %(minutes)d minutes") % words, WARN if late else GOOD)


def _messages() -> Line:
    """To users, over their channels; one that is tried again waits as well."""
    waiting = Delivery.objects.filter(status=DeliveryStatus.PENDING).aggregate(
        count=Count("pk"), oldest=Min("created_at")
    )
    is_old = waiting["oldest"] is not None and timezone.now() - waiting["oldest"] > MESSAGES_LATE
    text = _("%(count)d waiting") % {"count": waiting["count"]}
    return Line(_("Messages to users"), text, WARN if is_old else GOOD)


def _venues() -> Iterator[Line]:
    for venue in venue_lines():
        if not (venue.is_needed or venue.is_streamed):
            yield Line(venue.name, _("no account here uses it"))
            continue
        parts = [_("prices over sockets") if venue.is_streamed else _("no prices over sockets")]
        if venue.offset_s is not None:
            parts.append(_("clock %(ms)+d ms") % {"ms": venue.offset_s * 1000})
        if venue.ping_s is not None:
            parts.append(_("answers in %(ms)d ms") % {"ms": venue.ping_s * 1000})
        state = WARN if (venue.is_needed and not venue.is_streamed) or venue.is_clock_off else GOOD
        yield Line(venue.name, pgettext("list", ", ").join(parts), state)


def _strategies() -> Iterator[Line]:
    """Those that cannot be used disable only themselves."""
    yield Line(_("Usable"), pgettext("list", ", ").join(plugin.name for plugin in available()))
    for failed in broken():
        yield Line(failed.name, _("cannot be used: %(reason)s") % {"reason": failed.reason}, WARN)


def _disk(folder: Path) -> Line:
    try:
        found = shutil.disk_usage(folder)
    except OSError:
        return Line(_("Disk"), _("cannot be read"), BAD)
    free = found.free / found.total
    words = {"gb": found.free / 1e9, "percent": free * 100}
    return Line(_("Disk"), _("%(gb).1f GB free (%(percent).0f %%)") % words, WARN if free < DISK_SHORT else GOOD)


def _backup(folder: Path) -> Line:
    """An empty file is none."""
    found = [entry.stat() for entry in folder.iterdir() if entry.is_file()] if folder.is_dir() else []
    times = [each.st_mtime for each in found if each.st_size]
    if not times:
        return Line(_("Newest backup"), _("none found in %(folder)s") % {"folder": folder.name}, WARN)
    newest = datetime.fromtimestamp(max(times), UTC)
    is_old = (timezone.now() - newest).total_seconds() > BACKUP_OLD_H * 3600
    return Line(_("Newest backup"), _("%(time)s ago") % {"time": timesince(newest)}, WARN if is_old else GOOD)
