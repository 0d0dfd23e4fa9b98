"""Notifications and channels over REST, and as pages: whose they are, and that secrets go in only."""

from typing import Any

import pytest
from django.urls import reverse
from django.utils import timezone

from accounts.models import Channel, Delivery, Notification
from accounts.notifications import notify
from accounts.notifications.channels import channel_create, channel_test
from accounts.notifications.fan_out import notifications_route
from accounts.notifications.secrets import unseal
from accounts.signals import login_from_new_place
from accounts.tests.clients import anonymous, bearer
from bots.tests.factories import make_user, make_viewer
from bots.tests.page_client import client_of, page_of

pytestmark = pytest.mark.django_db
LIST, READ, CHANNELS = "/api/v1/notifications", "/api/v1/notifications/read", "/api/v1/notifications/channels"
DELIVERIES = "/api/v1/notifications/deliveries"
URL = "https://hooks.example.com/very-secret-path"
HOOK = {"kind": "webhook", "name": "Hook", "address": URL}


@pytest.fixture
def user():
    return make_user(email_confirmed_at=timezone.now())


def say(user, text="opened", **values):
    notify(**{"user": user, "kind": "trade", "severity": "info", "title": "GALA/CHZ", "text": text} | values)


def make_channel(user, **values):
    return channel_create(user=user, kind="webhook", address=URL, values={"name": "Hook"} | values)[0]


def test_the_list_is_ones_own_and_can_be_narrowed(user):
    say(user)
    say(user, "stopped", kind="bot_error", severity="error")
    say(make_user(), "somebody else's")
    client = bearer(user)
    assert [row["text"] for row in client.get(LIST).json()["results"]] == ["stopped", "opened"]
    assert [row["text"] for row in client.get(LIST, {"severity": "error"}).json()["results"]] == ["stopped"]
    assert client.get(LIST, {"severity": "loud"}).status_code == 400
    assert anonymous().get(LIST).status_code == 401


def test_news_are_marked_as_read_one_by_one_or_all(user):
    other = make_user()
    for text in "abc":
        say(user, text)
    say(other)
    theirs = Notification.objects.get(owner=other)
    first = Notification.objects.filter(owner=user)[0]
    client = bearer(user)
    assert client.post(READ, {"ids": [first.pk, theirs.pk]}, format="json").json() == {"read": 1, "unread": 2}
    assert client.post(READ, {}, format="json").json() == {"read": 2, "unread": 0}
    assert Notification.objects.get(pk=theirs.pk).read_at is None
    assert client.get(LIST, {"unread": "true"}).json()["results"] == []


def test_viewers_mark_their_news_but_make_no_channels():
    viewer = make_viewer()
    say(viewer)
    assert bearer(viewer).post(READ, {}, format="json").json()["read"] == 1
    assert bearer(viewer).post(CHANNELS, HOOK, format="json").status_code == 403
    assert client_of(viewer).get(reverse("channel-new", args=["webhook"])).status_code == 403


def test_secrets_go_in_and_never_come_out(user):
    client = bearer(user)
    made = client.post(CHANNELS, HOOK, format="json")
    assert made.status_code == 201
    secret = made.json()["signing_secret"]
    channel = Channel.objects.get()
    assert (unseal(channel, channel.address), unseal(channel, channel.signing_secret)) == (URL, secret)
    one = f"{CHANNELS}/{channel.pk}"
    changed = client.patch(one, {"name": "Hook 2"}, format="json")
    answers = [client.get(one), client.get(CHANNELS), changed, client.get(DELIVERIES)]
    pages: list[Any] = [client_of(user).get(reverse(name)) for name in ("notifications-channels", "notifications-log")]
    pages.append(client_of(user).get(reverse("channel", args=[channel.pk])))
    for answer in [*answers, *pages]:
        assert answer.status_code == 200
        assert "very-secret-path" not in answer.content.decode()
        assert secret not in answer.content.decode()
    assert changed.json()["address_shown"] == "hooks.example.com"
    assert unseal(Channel.objects.get(), Channel.objects.get().address) == URL
    renewed = client.patch(one, {"renew_signing_secret": True}, format="json").json()["signing_secret"]
    assert renewed not in ("", secret)


@pytest.mark.parametrize(
    ("values", "field"),
    [
        ({"address": ""}, "address"),
        ({"address": "https://127.0.0.1/x"}, "address"),
        ({"address": "https://user:word@hooks.example.com/x"}, "address"),
        ({"name": "  "}, "name"),
        ({"kind": "pigeon"}, "kind"),
        ({"kinds": ["nothing"]}, "kinds.0"),
        ({"quiet_from": "22:00"}, "quiet_to"),
        ({"kind": "mail", "address": ""}, "kind"),
    ],
)
def test_what_is_wrong_with_a_channel_is_said_by_field(values, field):
    answer = bearer(make_user()).post(CHANNELS, HOOK | values, format="json")
    assert answer.status_code == 400
    assert field in answer.json()["errors"]


def test_names_are_ones_own_and_unique(user):
    assert bearer(user).post(CHANNELS, HOOK, format="json").status_code == 201
    assert "name" in bearer(user).post(CHANNELS, HOOK, format="json").json()["errors"]
    assert bearer(make_user()).post(CHANNELS, HOOK, format="json").status_code == 201


def test_somebody_elses_channel_is_not_there(user):
    channel = make_channel(user)
    stranger = make_user()
    client, browser = bearer(stranger), client_of(stranger)
    one = f"{CHANNELS}/{channel.pk}"
    assert client.get(one).status_code == 404
    assert client.patch(one, {"name": "mine"}, format="json").status_code == 404
    assert client.delete(one).status_code == 404
    assert client.post(f"{one}/test").status_code == 404
    assert client.get(CHANNELS).json()["results"] == []
    assert browser.get(reverse("channel", args=[channel.pk])).status_code == 404
    for name in ("channel-test", "channel-delete", "channel-secret"):
        assert browser.post(reverse(name, args=[channel.pk])).status_code == 404
    assert Channel.objects.get().name == "Hook"


def test_a_test_is_sent_on_and_bounded(user):
    channel = make_channel(user)
    client = bearer(user)
    answers = [client.post(f"{CHANNELS}/{channel.pk}/test") for _ in range(6)]
    assert [answer.status_code for answer in answers] == [202] * 5 + [400]
    assert {row["id"] for row in client.get(DELIVERIES).json()["results"]} == {a.json()["id"] for a in answers[:5]}
    assert client.get(LIST).json()["results"] == []


def test_deleting_a_channel_takes_what_it_had_not_sent(user):
    channel = make_channel(user)
    say(user)
    notifications_route()
    assert bearer(user).delete(f"{CHANNELS}/{channel.pk}").status_code == 204
    assert not Delivery.objects.exists()
    assert Notification.objects.count() == 1


def test_a_log_in_from_a_new_place_is_told(user):
    client = client_of()
    client.post("/login", {"username": user.username, "password": "correct horse battery staple"})
    assert login_from_new_place.receivers
    login_from_new_place.send(sender=type(user), user=user, login=user.logins.get())
    told = Notification.objects.get()
    assert (told.kind, told.severity, told.owner) == ("login", "warning", user)


# --- pages ---


def test_pages_are_sound_empty_and_filled(user):
    names = ("notifications", "notifications-channels", "notifications-log")
    for name in names:
        page_of(user, reverse(name))
    channel = make_channel(user)
    say(user, "stale", severity="warning", link="/bots/")
    say(user, "naked", severity="error")
    notifications_route()
    channel_test(channel=channel, now=timezone.now())
    for name in names:
        page_of(user, reverse(name))
    for kind in ("mail", "webhook", "telegram", "other"):
        page_of(user, reverse("channel-new", args=[kind]))
    page_of(user, reverse("channel", args=[channel.pk]))


def test_the_page_shows_unread_first_and_the_bell_counts(user):
    say(user, "older unread")
    say(user, "newer read")
    Notification.objects.filter(text="newer read").update(read_at=timezone.now())
    html = page_of(user, reverse("notifications"))
    assert html.index("older unread") < html.index("newer read")
    assert "data-unread>1</span>" in html
    client = client_of(user)
    assert client.get(reverse("notifications-unread")).json() == {"unread": 1}
    client.post(reverse("notifications-read"))
    assert client.get(reverse("notifications-unread")).json() == {"unread": 0}


def test_what_a_venue_said_is_shown_as_text(user):
    say(user, "<script>alert(1)</script>", title="<b>x</b>")
    html = page_of(user, reverse("notifications"))
    assert "<script>alert" not in html
    assert "<b>x</b>" not in html


def test_a_channel_is_added_changed_and_deleted_on_pages(user):
    client = client_of(user)
    data = {"name": "Hook", "address": URL, "least_severity": "warning", "kinds": ["login"], "is_active": "on"}
    made = client.post(reverse("channel-new", args=["webhook"]), data)
    channel = Channel.objects.get()
    assert unseal(channel, channel.signing_secret) in made.content.decode()
    one = reverse("channel", args=[channel.pk])
    changed = client.post(one, data | {"address": "", "name": "Other", "quiet_from": "22:00", "quiet_to": "07:00"})
    assert changed.status_code == 302
    channel.refresh_from_db()
    assert (channel.name, channel.least_severity, channel.kinds) == ("Other", "warning", ["login"])
    assert unseal(channel, channel.address) == URL
    wrong = client.post(one, data | {"address": "https://10.0.0.1/"})
    assert wrong.status_code == 400
    assert "10.0.0.1" not in str(Channel.objects.values("address_shown"))
    assert client.post(reverse("channel-test", args=[channel.pk])).status_code == 302
    assert client.post(reverse("channel-delete", args=[channel.pk])).status_code == 302
    assert not Channel.objects.exists()
