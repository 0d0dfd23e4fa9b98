"""Pages of notifications: news, channels, and the log of what was sent."""

from typing import Any
from urllib.parse import urlencode

from django.contrib import messages
from django.contrib.auth.decorators import login_required
from django.core.exceptions import PermissionDenied, ValidationError
from django.core.paginator import Paginator
from django.db.models import Case, Value, When
from django.http import Http404, HttpResponse, JsonResponse
from django.shortcuts import redirect, render
from django.utils import timezone
from django.utils.translation import gettext as _
from django.views.decorators.cache import never_cache
from django.views.decorators.debug import sensitive_post_parameters
from django.views.decorators.http import require_GET, require_POST

from accounts.models import Channel, ChannelKind, Severity
from accounts.notifications import channels, inbox
from accounts.notifications.chats import chat_of, is_awaited
from accounts.notifications.failures import failure_text
from accounts.page_request import PageRequest
from accounts.pages.forms_notifications import ChannelForm
from accounts.step_up import is_asked, require_fresh_second_factor

PAGE_SIZE = 50
UNREAD_FIRST = Case(When(read_at=None, then=Value(0)), default=Value(1))
ICONS = {
    ChannelKind.MAIL: "mail",
    ChannelKind.WEBHOOK: "webhook",
    ChannelKind.TELEGRAM: "brand-telegram",
    ChannelKind.DISCORD: "brand-discord",
    ChannelKind.SLACK: "brand-slack",
    ChannelKind.SMS: "device-mobile",
    ChannelKind.OTHER: "message",
}


@login_required
@never_cache
@require_GET
def notifications_page(request: PageRequest) -> HttpResponse:
    """Unread news first, then the newest."""
    shown = request.GET.get("show", "")
    found = inbox.notifications_of(request.user)
    if shown == "unread":
        found = found.filter(read_at=None)
    elif shown in Severity.values:
        found = found.filter(severity=shown)
    else:
        shown = ""
    page = Paginator(found.order_by(UNREAD_FIRST, "-pk"), PAGE_SIZE).get_page(request.GET.get("page"))
    context = {
        "tab": "news",
        "page": page,
        "shown": shown,
        "filters": [("", _("All")), ("unread", _("Unread")), *Severity.choices],
        "query": f"{urlencode({'show': shown})}&" if shown else "",
        "unread": inbox.unread_count(request.user.pk),
    }
    return render(request, "accounts/notifications.html", context)


@login_required
@require_POST
def notifications_read_post(request: PageRequest) -> HttpResponse:
    """One, or all."""
    chosen = request.POST.get("id", "")
    ids = [int(chosen)] if chosen.isascii() and chosen.isdigit() and len(chosen) < 19 else None
    inbox.notifications_read(request.user, timezone.now(), ids)
    return redirect("notifications")


@login_required
@never_cache
@require_GET
def unread_part(request: PageRequest) -> HttpResponse:
    """For the bell of pages without a live feed."""
    return JsonResponse({"unread": inbox.unread_count(request.user.pk)})


@login_required
@never_cache
@require_GET
def channels_page(request: PageRequest) -> HttpResponse:
    found = channels.channels_of(request.user)
    context = {
        "tab": "channels",
        "channels": [(channel, ICONS[ChannelKind(channel.kind)]) for channel in found],
        "kinds": [(kind, kind.label, ICONS[kind]) for kind in ChannelKind],
    }
    return render(request, "accounts/notification_channels.html", context)


@login_required
@never_cache
@sensitive_post_parameters("address")
def channel_new_page(request: PageRequest, kind: str) -> HttpResponse:
    refuse_viewers(request)
    if kind not in ChannelKind.values:
        raise Http404
    form = ChannelForm(request.user, kind, request.POST if request.method == "POST" else None)
    if form.is_valid():
        require_fresh_second_factor(request)
        if form.save() and not form.secret:
            messages.success(request, _("%(channel)s is added. Send it a test message.") % {"channel": form.channel})
            return redirect("notifications-channels")
        if form.secret:
            context = {"tab": "channels", "channel": form.channel, "secret": form.secret}
            return render(request, "accounts/notification_channel_secret.html", context)
    return _form_page(request, form)


@login_required
@never_cache
@sensitive_post_parameters("address")
def channel_page(request: PageRequest, channel_id: int) -> HttpResponse:
    refuse_viewers(request)
    channel = channel_asked(request, channel_id)
    data = request.POST if request.method == "POST" else None
    form = ChannelForm(request.user, channel.kind, data, channel=channel)
    if form.is_valid():
        require_fresh_second_factor(request)
        if form.save():
            messages.success(request, _("Saved."))
            return redirect("notifications-channels")
    return _form_page(request, form)


@login_required
@require_POST
def channel_test_post(request: PageRequest, channel_id: int) -> HttpResponse:
    refuse_viewers(request)
    channel = channel_asked(request, channel_id)
    try:
        channels.channel_test(channel=channel, now=timezone.now())
    except ValidationError as error:
        messages.error(request, error.messages[0])
        return redirect("notifications-channels")
    messages.success(request, _("A test message is on its way. This log says what becomes of it."))
    return redirect("notifications-log")


@login_required
@require_POST
def channel_delete_post(request: PageRequest, channel_id: int) -> HttpResponse:
    refuse_viewers(request)
    channel = channel_asked(request, channel_id)
    require_fresh_second_factor(request)
    channels.channel_delete(channel=channel)
    messages.success(request, _("%(channel)s is deleted.") % {"channel": channel.name})
    return redirect("notifications-channels")


@login_required
@require_POST
def channel_secret_post(request: PageRequest, channel_id: int) -> HttpResponse:
    """A new signing secret; the old one stops."""
    refuse_viewers(request)
    channel = channel_asked(request, channel_id)
    if channel.kind != ChannelKind.WEBHOOK:
        raise Http404
    require_fresh_second_factor(request)
    secret = channels.channel_change(channel=channel, values={}, renews_secret=True)
    context = {"tab": "channels", "channel": channel, "secret": secret}
    return render(request, "accounts/notification_channel_secret.html", context)


@login_required
@never_cache
@require_GET
def log_page(request: PageRequest) -> HttpResponse:
    page = Paginator(channels.deliveries_of(request.user), PAGE_SIZE).get_page(request.GET.get("page"))
    rows = [(delivery, failure_text(delivery.error) if delivery.error else "") for delivery in page.object_list]
    return render(request, "accounts/notification_log.html", {"tab": "log", "page": page, "rows": rows, "query": ""})


def _form_page(request: PageRequest, form: ChannelForm) -> HttpResponse:
    context = {
        "tab": "channels",
        "form": form,
        "channel": form.channel,
        **_chat_shown(form.channel),
        "is_confirmed": request.user.email_confirmed_at is not None,
        "asks_code": is_asked(request),
    }
    return render(request, "accounts/notification_channel.html", context, status=400 if form.is_bound else 200)


def _chat_shown(channel: Channel | None) -> dict[str, Any]:
    chat = chat_of(channel) if channel is not None and channel.kind == ChannelKind.TELEGRAM else None
    waits = chat is not None and chat.chat_id is None and is_awaited(chat, timezone.now())
    return {
        "chat": chat,
        "chat_waits": waits,
        "chat_error": failure_text(chat.error) if chat is not None and chat.error else "",
    }


def channel_asked(request: PageRequest, channel_id: int) -> Channel:
    channel = channels.channels_of(request.user).filter(pk=channel_id).first()
    if channel is None:
        raise Http404
    return channel


def refuse_viewers(request: PageRequest) -> None:
    if not request.user.can_trade:
        raise PermissionDenied
