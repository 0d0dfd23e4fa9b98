"""The audit log as a CSV file."""

import csv
import io
import json
from collections.abc import Iterable

from django.utils.translation import gettext as _

from accounts.audit_words import sentence, source_words
from accounts.csv_cells import safe_cell
from accounts.models import AuditEntry


def audit_csv(entries: Iterable[AuditEntry]) -> str:
    """UTF-8 with a byte order mark, which spreadsheets need to read names in Chinese; times in UTC."""
    target = io.StringIO()
    target.write("\ufeff")
    writer = csv.writer(target)
    writer.writerow(_columns())
    writer.writerows(map(_row, entries))
    return target.getvalue()


def _columns() -> list[str]:
    return [
        _("Time (UTC)"),
        _("Who"),
        _("What"),
        _("Action"),
        _("Kind of object"),
        _("Number"),
        _("Object"),
        _("Details"),
        _("By way of"),
        _("Address"),
        _("Device"),
    ]


def _row(entry: AuditEntry) -> list[str]:
    texts = [
        f"{entry.at:%Y-%m-%d %H:%M:%S}",
        entry.actor_name,
        sentence(entry),
        entry.action,
        entry.object_type,
        entry.object_id,
        entry.object_label,
        json.dumps(entry.details, ensure_ascii=False) if entry.details else "",
        source_words(entry),
        entry.ip or "",
        entry.user_agent,
    ]
    return [safe_cell(text) for text in texts]
