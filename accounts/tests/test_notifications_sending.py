"""Messages reach local servers for mail and webhooks: none lost, in order, repeats under the same delivery id."""

import hashlib
import hmac
import ipaddress
import logging
import subprocess
import sys
from datetime import UTC, datetime, time, timedelta

import pytest
from celery import current_app
from django.db import connection
from django.utils import timezone
from urllib3.util import parse_url

from accounts.models import AuditEntry, Channel, Delivery, DeliveryStatus, Notification, SignOfLife, User
from accounts.notifications import checked_connections, notify, sending, waking
from accounts.notifications.channels import channel_change, channel_create, channel_test
from accounts.notifications.checked_connections import AddressRefused, address_refuse, is_internal, post
from accounts.notifications.engine_watch import engine_look, letters_wait
from accounts.notifications.failures import SendFailed
from accounts.notifications.fan_out import notifications_route
from accounts.notifications.inbox import notifications_forget, unread_count
from accounts.notifications.quiet_hours import quiet_until
from accounts.notifications.secrets import SecretMismatch, seal, unseal
from accounts.notifications.services_load import apprise_module
from accounts.notifications.standing_in import send_everything
from accounts.notifications.waking import DISPATCH_TASK
from accounts.tasks_notifications import dispatch
from accounts.tests.sinks import DRIPS, HANGS, HttpSink, mail_sink
from bots.schedules import HOUSEKEEPING
from bots.tests.factories import make_user

pytestmark = pytest.mark.django_db
TOKEN = "sEcReT-pAtH-0123456789"


class Clock:
    """A little ahead: what a test writes meanwhile is due."""

    def __init__(self) -> None:
        self.at = timezone.now() + timedelta(minutes=1)

    def __call__(self) -> datetime:
        return self.at

    def pass_by(self, **span: float) -> None:
        self.at += timedelta(**span)


@pytest.fixture
def clock():
    return Clock()


@pytest.fixture
def sink(settings):
    settings.ALERT_ALLOWED_HOSTS = ["127.0.0.1"]
    made = HttpSink()
    yield made
    made.close()


@pytest.fixture
def user():
    return make_user(email_confirmed_at=timezone.now())


def webhook(user: User, sink: HttpSink, **values) -> tuple[Channel, str]:
    url = f"{sink.url}/{TOKEN}"
    return channel_create(user=user, kind="webhook", address=url, values={"name": "Hook"} | values)


def say(user: User, text: str, **values) -> None:
    fields = {"kind": "trade", "severity": "info", "title": "GALA/CHZ", "text": text} | values
    notify(user=user, **fields)


def until_sent(clock: Clock, rounds: int = 40) -> None:
    """Lets time go by until nothing waits."""
    for _ in range(rounds):
        send_everything(clock)
        if not Delivery.objects.filter(status__in=["pending", "held"]).exists():
            return
        clock.pass_by(minutes=11)
    pytest.fail("messages still wait")


@pytest.mark.parametrize("trouble", [500, 503, 429, 0])
def test_a_failing_webhook_loses_nothing_keeps_the_order_and_repeats_the_id(user, sink, clock, trouble):
    webhook(user, sink)
    for number in range(5):
        say(user, f"level {number}")
    sink.answers.extend([204, trouble, trouble, trouble, 204, trouble])
    until_sent(clock)
    told = {body["id"]: body["text"] for body in sink.bodies}
    assert list(told.values()) == [f"level {number}" for number in range(5)]
    tries = [body["text"] for body in sink.bodies]
    assert tries == ["level 0", *["level 1"] * 4, *["level 2"] * 2, "level 3", "level 4"]
    assert [body["id"] for body in sink.bodies] == [h["x-chainmakes-delivery"] for _, h, _ in sink.seen]
    assert set(Delivery.objects.values_list("status", flat=True)) == {DeliveryStatus.DELIVERED}


@pytest.mark.parametrize("trouble", [HANGS, DRIPS])
def test_a_server_that_does_not_finish_is_cut_off_and_asked_again(user, sink, clock, monkeypatch, trouble):
    monkeypatch.setattr(checked_connections, "TIMEOUT_S", 0.2 if trouble == HANGS else 10.0)
    monkeypatch.setattr(checked_connections, "DEADLINE_S", 10.0 if trouble == HANGS else 0.2)
    webhook(user, sink)
    sink.answers.extend([trouble, trouble])
    for text in ("one", "two"):
        say(user, text)
    until_sent(clock)
    assert [body["text"] for body in sink.bodies] == ["one", "one", "one", "two"]
    assert len({body["id"] for body in sink.bodies}) == 2


def test_nobody_listening_is_survived_too(user, sink, clock):
    webhook(user, sink)
    say(user, "first")
    Channel.objects.update(address=sealed_to(Channel.objects.get(), "http://127.0.0.1:1/hook"))
    send_everything(clock)
    say(user, "second")
    send_everything(clock)
    first, second = Delivery.objects.order_by("place")
    assert (first.attempts, first.error, second.attempts) == (1, "unreachable", 0)
    Channel.objects.update(address=sealed_to(Channel.objects.get(), sink.url))
    until_sent(clock)
    assert [body["text"] for body in sink.bodies] == ["first", "second"]


def sealed_to(channel, url):
    return seal(channel, url)


def test_mails_survive_a_failing_server_in_order_under_the_same_id(user, clock, settings):
    channel_create(user=user, kind="mail", values={"name": "Mail"})
    with mail_sink(settings) as box:
        for number in range(3):
            say(user, f"level {number}")
        box.answers.extend(["", "451 later", "451 later", ""])
        until_sent(clock)
    texts = [str(letter.get_payload()).strip() for letter in box.taken]
    assert texts == ["level 0", "level 1", "level 2"]
    tried = [letter["X-ChainMakes-Delivery"] for letter in box.tried]
    assert tried[1] == tried[2] == tried[3]
    assert len(set(tried)) == 3
    assert box.tried[1]["Message-ID"] == f"<{tried[1]}@chainmakes>"
    assert {letter["To"] for letter in box.taken} == {user.email}


def test_webhooks_are_signed(user, sink, clock):
    _channel, secret = webhook(user, sink)
    say(user, "opened", link="/bots/1/")
    until_sent(clock)
    (_path, headers, body) = sink.seen[0]
    stamp = headers["x-chainmakes-timestamp"]
    mac = hmac.new(secret.encode(), f"{stamp}.".encode() + body, hashlib.sha256).hexdigest()
    assert headers["x-chainmakes-signature"] == f"v1={mac}"
    assert int(stamp) == int(clock.at.timestamp())


def test_a_repeat_says_what_the_first_attempt_said(user, sink, clock):
    webhook(user, sink)
    say(user, "stale", group="a")
    sink.answers.extend([500])
    send_everything(clock)
    say(user, "stale", group="a")
    until_sent(clock)
    assert [(body["count"], body["text"]) for body in sink.bodies] == [(1, "stale"), (1, "stale")]
    assert Notification.objects.get().count == 2


def test_what_repeats_within_minutes_is_counted_and_what_is_louder_is_told(user, sink, clock):
    webhook(user, sink)
    for _ in range(3):
        say(user, "stale", group="a")
    say(user, "stale", group="a", severity="error")
    say(user, "stale", group="a", at=timezone.now() + timedelta(minutes=11))
    until_sent(clock)
    assert [(body["count"], body["severity"]) for body in sink.bodies] == [(3, "info"), (1, "error"), (1, "info")]


def test_a_message_that_is_refused_is_given_up_and_the_next_goes_out(user, sink, clock):
    webhook(user, sink)
    say(user, "refused")
    say(user, "next")
    sink.answers.extend([404] * sending.REFUSALS_MOST)
    until_sent(clock)
    assert list(Delivery.objects.order_by("place").values_list("status", flat=True)) == ["failed", "delivered"]
    assert Delivery.objects.get(status="failed").error == "http_404"


def test_who_never_answers_is_given_up_after_days_only(user, sink, clock):
    webhook(user, sink)
    say(user, "lost")
    sink.answers.extend([500] * 4000)
    send_everything(clock)
    clock.pass_by(days=2)
    send_everything(clock)
    assert Delivery.objects.get().status == "pending"
    clock.pass_by(days=2)
    send_everything(clock)
    assert Delivery.objects.get().status == "failed"


def test_a_worker_that_died_while_sending_is_succeeded_under_the_same_id(user, sink, clock):
    channel, _secret = webhook(user, sink)
    say(user, "once")
    notifications_route()
    assert sending._claim(channel.pk) is not None  # and dies
    uid = Delivery.objects.get().uid
    assert sending.channel_send(channel.pk, clock) is False
    assert not sink.seen
    Channel.objects.update(sending_until=timezone.now() - timedelta(seconds=1))
    sending.channel_send(channel.pk, clock)
    assert [body["id"] for body in sink.bodies] == [str(uid)]


def test_a_succeeded_worker_does_not_undo_what_its_successor_did(user, sink, clock):
    channel, _secret = webhook(user, sink)
    say(user, "once")
    notifications_route()
    token = sending._claim(channel.pk)
    assert token is not None
    Channel.objects.update(sending_until=timezone.now() - timedelta(seconds=1))
    assert sending._claim(channel.pk) not in (None, token)
    assert sending._renew(channel.pk, token) is False


def test_the_rate_limit_holds_back_and_tells_the_rest_in_one_summary(user, sink, clock):
    webhook(user, sink)
    for number in range(sending.RATE_MOST + 7):
        say(user, f"n{number}")
    send_everything(clock)
    assert len(sink.seen) == sending.RATE_MOST
    until_sent(clock)
    summary = sink.bodies[-1]
    assert summary["kind"] == "summary"
    assert [item["text"] for item in summary["items"]] == [f"n{number}" for number in range(20, 27)]
    assert len(sink.seen) == sending.RATE_MOST + 1


def test_errors_come_through_where_the_rest_is_held_back(user, sink, clock):
    webhook(user, sink)
    for number in range(sending.RATE_MOST):
        say(user, f"n{number}")
    send_everything(clock)
    say(user, "waits")
    say(user, "naked", severity="error")
    send_everything(clock)
    assert sink.bodies[-1]["text"] == "naked"


def test_quiet_hours_hold_back_until_they_end_and_errors_pass_if_wanted(user, sink, clock):
    clock.at = clock.at.replace(hour=23, minute=30)
    hours = {"quiet_from": time(23), "quiet_to": time(7)}
    webhook(user, sink, **hours, errors_pass=True)
    webhook(user, sink, **hours, errors_pass=False, name="Silent")
    for text, severity in (("one", "info"), ("two", "warning"), ("three", "error")):
        say(user, text, severity=severity)
    send_everything(clock)
    assert [body["text"] for body in sink.bodies] == ["three"]
    held = Delivery.objects.filter(status="held")
    assert set(held.values_list("next_at", flat=True)) == {quiet_until(time(23), time(7), "UTC", clock.at)}
    say(user, "morning", at=clock.at)
    clock.pass_by(hours=8)
    until_sent(clock)
    by_channel = {
        channel.name: [d.status for d in channel.deliveries.order_by("pk")] for channel in Channel.objects.all()
    }
    assert by_channel["Silent"] == ["summarised"] * 3 + ["delivered"] * 2
    kinds = [body["kind"] for body in sink.bodies[1:]]
    assert sorted(kinds) == ["summary", "summary", "trade", "trade"]
    assert kinds[0] == kinds[2] == "summary"  # the summary stands where its first message stood


@pytest.mark.parametrize(
    ("zone", "at", "ends"),
    [
        ("UTC", "2026-01-01T23:00", "2026-01-02T07:00"),
        ("UTC", "2026-01-02T06:59", "2026-01-02T07:00"),
        ("UTC", "2026-01-02T07:00", None),
        ("Asia/Shanghai", "2026-01-01T16:00", "2026-01-01T23:00"),
        ("Asia/Shanghai", "2026-01-01T02:00", None),
    ],
)
def test_quiet_hours_are_those_of_the_user(zone, at, ends):
    now = datetime.fromisoformat(at).replace(tzinfo=UTC)
    found = quiet_until(time(22), time(7), zone, now)
    assert found == (datetime.fromisoformat(ends).replace(tzinfo=UTC) if ends else None)


def test_channels_hear_what_they_want_to_hear_only(user, sink, clock):
    webhook(user, sink, least_severity="warning", kinds=["stop_loss", "trade"])
    say(user, "too quiet")
    say(user, "other kind", kind="login", severity="error")
    say(user, "heard", kind="stop_loss", severity="warning")
    say(make_user(), "somebody else's", severity="error")
    until_sent(clock)
    assert [body["text"] for body in sink.bodies] == ["heard"]


def test_a_disabled_user_hears_nothing(user, sink, clock):
    webhook(user, sink)
    say(user, "before")
    notifications_route()
    User.objects.update(is_active=False)
    say(user, "after")
    until_sent(clock)
    assert not sink.seen
    assert Delivery.objects.get().error == "user"


def test_switching_a_channel_off_gives_up_what_waits(user, sink, clock):
    channel, _secret = webhook(user, sink)
    say(user, "x")
    notifications_route()
    channel_change(channel=channel, values={"is_active": False})
    assert Delivery.objects.get().status == "failed"
    with pytest.raises(Exception, match="switched off"):
        channel_test(channel=channel, now=clock.at)


def test_a_test_message_passes_filters_and_quiet_hours(user, sink, clock):
    values = {"quiet_from": time(0), "quiet_to": time(23, 59), "least_severity": "error", "kinds": ["login"]}
    channel, _secret = webhook(user, sink, **values)
    channel_test(channel=channel, now=clock.at)
    until_sent(clock)
    assert [body["kind"] for body in sink.bodies] == ["test"]
    assert unread_count(user.pk) == 0


# --- where messages may go ---


@pytest.mark.parametrize(
    "address",
    [
        "127.0.0.1",
        "10.1.2.3",
        "172.16.0.1",
        "192.168.1.1",
        "169.254.169.254",
        "100.64.0.1",
        "0.0.0.0",
        "224.0.0.1",
        "::1",
        "fe80::1",
        "fc00::1",
        "::ffff:10.0.0.1",
        "64:ff9b::a00:1",
        "2002:a00:1::",
    ],
)
def test_internal_addresses_are_known_as_such(address):
    assert is_internal(ipaddress.ip_address(address))


@pytest.mark.parametrize("address", ["1.1.1.1", "2606:4700:4700::1111", "::ffff:8.8.8.8"])
def test_public_addresses_are_not(address):
    assert not is_internal(ipaddress.ip_address(address))


@pytest.mark.parametrize(
    "url",
    [
        "http://example.com/x",
        "https://127.0.0.1/x",
        "https://[::1]/x",
        "https://localhost/x",
        "https://redis:6379/x",
        "https://db.internal/x",
        "https://example.com:25/x",
        "https://169.254.169.254/latest",
    ],
)
def test_such_addresses_are_refused_when_they_are_entered(user, url):
    with pytest.raises(AddressRefused):
        address_refuse(parse_url(url))
    with pytest.raises(Exception, match="public net"):
        channel_create(user=user, kind="webhook", address=url, values={"name": "Hook"})


def test_a_public_name_that_leads_inside_is_refused_at_the_connection(monkeypatch, sink, settings):
    """The name is asked for once; what it says then is checked and connected to."""
    settings.ALERT_ALLOWED_HOSTS = []
    asked = []

    def resolve(host, port, *args, **options):
        asked.append(host)
        return [(2, 1, 6, "", ("127.0.0.1", sink.port))]

    monkeypatch.setattr("socket.getaddrinfo", resolve)
    with pytest.raises(SendFailed) as refusal:
        post(f"https://rebound.example.com:{sink.port}/x", {}, b"{}")
    assert refusal.value.code == "forbidden"
    assert asked == ["rebound.example.com"]
    assert not sink.seen


@pytest.mark.parametrize(
    "host", ["2130706433", "0x7f000001", "0x7f.1", "127.1", "0177.0.0.1", "[::ffff:127.0.0.1]", "[::ffff:7f00:1]"]
)
def test_no_spelling_of_an_internal_address_is_connected_to(host, sink, settings):
    settings.ALERT_ALLOWED_HOSTS = []
    with pytest.raises(SendFailed) as caught:
        post(f"https://{host}:{sink.port}/x", {}, b"{}")
    assert caught.value.code == "forbidden"
    assert sink.seen == []


def test_redirects_are_not_followed(user, sink, clock):
    webhook(user, sink)
    say(user, "x")
    sink.headers = {"Location": f"http://127.0.0.1:{sink.port}/elsewhere"}
    sink.answers.extend([302])
    send_everything(clock)
    assert len(sink.seen) == 1
    assert Delivery.objects.get().error == "redirect"


def test_a_network_of_ours_can_be_allowed(settings, sink):
    settings.ALERT_ALLOWED_HOSTS = ["127.0.0.0/8"]
    assert post(sink.url, {}, b"{}") == 204


@pytest.mark.parametrize(
    ("kind", "address"),
    [
        ("other", "json://127.0.0.1/x"),
        ("other", "file:///etc/passwd"),
        ("other", "mailto://a:b@example.com"),
        ("other", "syslog://"),
        ("other", "tgram://123456789:abcdefg_hijklmnop/12315544/"),
        ("telegram", "ntfys://ntfy.sh/topic"),
        ("discord", "nonsense"),
    ],
)
def test_services_that_are_not_on_the_list_are_refused(user, kind, address):
    with pytest.raises(Exception, match="no address that can be used"):
        channel_create(user=user, kind=kind, address=address, values={"name": "X"})


def test_services_reach_no_internal_address_and_follow_no_redirect(user, sink, clock, settings):
    address = f"ntfy://127.0.0.1:{sink.port}/{TOKEN}?redirect=yes&verify=no"
    channel_create(user=user, kind="other", address=address, values={"name": "Push"})
    say(user, "first")
    sink.headers = {"Location": f"http://127.0.0.1:{sink.port}/elsewhere"}
    sink.answers.extend([307])
    send_everything(clock)
    assert len(sink.seen) == 1
    assert Delivery.objects.get().error == "redirect"
    settings.ALERT_ALLOWED_HOSTS = []
    clock.pass_by(minutes=1)
    send_everything(clock)
    assert len(sink.seen) == 1
    assert Delivery.objects.get().error == "forbidden"
    settings.ALERT_ALLOWED_HOSTS = ["127.0.0.1"]
    sink.headers = {}
    sink.answers.extend([200])
    until_sent(clock)
    assert Delivery.objects.get().status == "delivered"


# --- secrets ---


def test_secrets_are_neither_in_clear_in_the_database_nor_in_the_log(user, sink, clock, caplog):
    caplog.set_level(logging.DEBUG)
    webhook(user, sink)
    channel_create(user=user, kind="other", address=f"ntfy://127.0.0.1:{sink.port}/{TOKEN}", values={"name": "Push"})
    say(user, "x")
    sink.answers.extend([500, 500])
    until_sent(clock)
    assert TOKEN not in caplog.text
    with connection.cursor() as cursor:
        cursor.execute("SELECT string_agg(address::text || address_shown, ' ') FROM notification_channels")
        assert TOKEN.encode() not in str(cursor.fetchone()[0]).encode()
    assert not Delivery.objects.filter(error__contains=TOKEN).exists()
    assert TOKEN not in str(list(AuditEntry.objects.values_list("details", "summary", "object_label")))


def test_an_address_copied_to_another_channel_does_not_open(user, sink):
    one, _secret = webhook(user, sink)
    other, _secret = webhook(make_user(), sink)
    other.address = one.address
    with pytest.raises(SecretMismatch):
        unseal(other, other.address)


# --- the engine's silence ---


def test_administrators_are_told_once_when_a_part_falls_silent_and_when_it_is_back(settings, clock):
    admin, _trader = make_user(role="admin"), make_user()
    SignOfLife.objects.create(part="trading", at=timezone.now() - timedelta(seconds=settings.ENGINE_SILENCE_S + 5))
    SignOfLife.objects.create(part="io", at=timezone.now())
    with mail_sink(settings) as box:
        assert engine_look() == ["trading"]
        assert engine_look() == []
        letters_wait()
    assert [letter["To"] for letter in box.taken] == [admin.email]
    told = Notification.objects.get()
    assert (told.owner, told.severity) == (admin, "error")
    for gap_s in (settings.ENGINE_SILENCE_S + 5, 0):  # only late: it is heard, falls silent and is heard again
        SignOfLife.objects.filter(part="trading").update(at=timezone.now())
        assert engine_look() == []
        SignOfLife.objects.filter(part="trading").update(at=timezone.now() - timedelta(seconds=gap_s))
        assert engine_look() == []
    assert Notification.objects.count() == 1
    long_ago = timezone.now() - timedelta(seconds=settings.ENGINE_SILENCE_S + 5)
    assert SignOfLife.objects.filter(part="trading", heard_since__gt=long_ago).update(heard_since=long_ago)
    assert engine_look() == []
    assert Notification.objects.count() == 2


def test_old_news_are_forgotten_but_not_what_is_still_to_be_sent(user, sink, clock):
    webhook(user, sink)
    say(user, "sent")
    until_sent(clock)
    say(user, "waits")
    sink.answers.extend([500])
    send_everything(clock)
    notifications_forget(clock.at + timedelta(days=1))
    assert [row.text for row in Notification.objects.all()] == ["waits"]


def test_apprise_is_loaded_on_first_use_only():
    code = "import django; django.setup(); import sys, accounts.tasks_notifications; print('apprise' in sys.modules)"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "False"
    assert apprise_module().SCHEMES


def test_workers_are_asked_once_until_they_begin(monkeypatch):
    asked = []
    monkeypatch.setattr(current_app, "send_task", lambda name, **options: asked.append(name))
    for _ in range(3):
        waking._call()
    assert asked == [DISPATCH_TASK]
    dispatch()
    waking._call()
    assert len(asked) == 2


def test_the_task_that_is_asked_for_exists_and_its_queue_is_read():
    current_app.loader.import_default_modules()
    assert DISPATCH_TASK in current_app.tasks
    due = {task for task, _every in HOUSEKEEPING.values() if "notifications" in task}
    assert due <= set(current_app.tasks)
