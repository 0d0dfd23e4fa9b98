"""How the lists of notifications and deliveries can be narrowed."""

import django_filters

from accounts.api.filters import InstantFilter
from accounts.models import Delivery, DeliveryStatus, NoticeKind, Notification, Severity


class NotificationFilter(django_filters.FilterSet):
    kind = django_filters.ChoiceFilter(choices=NoticeKind.choices)
    severity = django_filters.ChoiceFilter(choices=Severity.choices)
    unread = django_filters.BooleanFilter(field_name="read_at", lookup_expr="isnull")
    since = InstantFilter("at", lookup_expr="gte")
    until = InstantFilter("at", lookup_expr="lt")

    class Meta:
        model = Notification
        fields = ["kind", "severity", "unread", "since", "until"]


class DeliveryFilter(django_filters.FilterSet):
    channel = django_filters.NumberFilter("channel_id", min_value=1, max_value=2**63 - 1)
    status = django_filters.ChoiceFilter(choices=DeliveryStatus.choices)

    class Meta:
        model = Delivery
        fields = ["channel", "status"]
