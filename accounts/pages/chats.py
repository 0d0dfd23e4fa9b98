"""Lets a Telegram chat command the user's bots, and ends it."""

from django.contrib import messages
from django.contrib.auth.decorators import login_required
from django.core.exceptions import ValidationError
from django.http import Http404, HttpResponse
from django.shortcuts import redirect, render
from django.utils import timezone
from django.utils.translation import gettext as _
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_POST

from accounts.models import Channel, ChannelKind
from accounts.notifications.chats import CODE_LIFE, pairing_begin, pairing_end
from accounts.page_request import PageRequest
from accounts.pages.notifications import channel_asked, refuse_viewers
from accounts.step_up import require_fresh_second_factor


@login_required
@never_cache
@require_POST
def chat_begin_post(request: PageRequest, channel_id: int) -> HttpResponse:
    """The code is shown this once."""
    channel = _telegram(request, channel_id)
    require_fresh_second_factor(request)
    try:
        code = pairing_begin(channel=channel, now=timezone.now())
    except ValidationError as error:
        messages.error(request, error.messages[0])
        return redirect("channel", channel.pk)
    context = {"tab": "channels", "channel": channel, "code": code, "minutes": int(CODE_LIFE.total_seconds()) // 60}
    return render(request, "accounts/notification_chat_code.html", context)


@login_required
@require_POST
def chat_end_post(request: PageRequest, channel_id: int) -> HttpResponse:
    channel = _telegram(request, channel_id)
    pairing_end(channel=channel)
    messages.success(request, _("No chat commands your bots through this channel any more."))
    return redirect("channel", channel.pk)


def _telegram(request: PageRequest, channel_id: int) -> Channel:
    refuse_viewers(request)
    channel = channel_asked(request, channel_id)
    if channel.kind != ChannelKind.TELEGRAM:
        raise Http404
    return channel
