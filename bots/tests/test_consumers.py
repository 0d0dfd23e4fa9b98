"""The live feed's sockets: who may read, what they read, and that nobody reads anything of another's."""

import time
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from datetime import timedelta
from typing import Any

import pytest
from channels.db import database_sync_to_async
from channels.routing import URLRouter
from channels.testing import WebsocketCommunicator
from django.conf import settings
from django.contrib.sessions.models import Session
from django.test import Client
from django.utils import timezone

from accounts.allowed_addresses import allowed_change
from accounts.api.token_book import token_make, token_revoke
from accounts.logins import login_end
from accounts.models import LoginSession, User
from accounts.services import user_switch
from accounts.tickets import Holder, ticket_issue, ticket_redeem
from accounts.tokens import session_open
from bots import consumers
from bots.feed import events as feed
from bots.feed import keys as feed_keys
from bots.feed.keys import bot_group
from bots.models import Bot
from bots.tests.factories import make_bot, make_paper_account, make_user
from bots.tests.gated import redis_gate  # noqa: F401
from chainmakes.routing import websocket_urlpatterns
from chainmakes.tests.gate import Gate
from trading.models import LogType, TradeLog

WAIT_S = 5.0
HOST = (b"host", b"testserver")
DASHBOARD = "/api/v1/ws/dashboard"
Headers = list[tuple[bytes, bytes]]

pytestmark = pytest.mark.django_db(transaction=True)


def new_bot() -> Bot:
    return make_bot(account=make_paper_account(make_user(password=None)))


@pytest.fixture
def bot() -> Bot:
    return new_bot()


@pytest.fixture
def foreign_bot() -> Bot:
    return new_bot()


def path_of(bot: Bot) -> str:
    return f"/api/v1/ws/bot/{bot.pk}"


def bearer(user: User) -> Headers:
    return [HOST, (b"authorization", f"Bearer {session_open(user).access_token}".encode())]


def cookie(user: User, origin: str | None = None) -> Headers:
    client = Client()
    client.force_login(user)
    session_key = client.cookies[settings.SESSION_COOKIE_NAME].value
    headers = [HOST, (b"cookie", f"other=1; {settings.SESSION_COOKIE_NAME}={session_key}".encode())]
    return [*headers, (b"origin", origin.encode())] if origin else headers


in_database = database_sync_to_async


class Socket(WebsocketCommunicator):
    async def frame(self) -> dict[str, Any]:
        return await self.receive_json_from(timeout=WAIT_S)

    async def close_code(self) -> int:
        output = await self.receive_output(timeout=WAIT_S)
        assert output["type"] == "websocket.close", output
        return output["code"]


@asynccontextmanager
async def opened(path: str, headers: Headers = [HOST]) -> AsyncIterator[Socket]:  # noqa: B006
    socket = Socket(URLRouter(websocket_urlpatterns), path, headers=headers)
    connected, _ = await socket.connect(timeout=WAIT_S)
    assert connected
    try:
        yield socket
    finally:
        await socket.disconnect(timeout=WAIT_S)


async def refusal(path: str, headers: Headers = [HOST]) -> int:  # noqa: B006
    async with opened(path, headers) as socket:
        return await socket.close_code()


async def first_frame(path: str, headers: Headers) -> dict[str, Any]:
    async with opened(path, headers) as socket:
        return await socket.frame()


def figures(second: int, **fields: Any) -> dict[str, Any]:
    at = f"2025-01-01T00:{second // 60:02}:{second % 60:02}+00:00"
    return {"at": at, "spread": float(second), "price1": "0.035", "price2": "0.085"} | fields


def publish(bot: Bot, event: str = "bot_status", data: dict[str, Any] | None = None) -> None:
    feed.publish_on_commit(bot.pk, bot.owner_id, event, {"id": bot.pk} if data is None else data)


# --- who may read ----------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("path", ["/api/v1/ws/bot/1", "/api/v1/ws/bot/1/", DASHBOARD, DASHBOARD + "/"])
async def test_without_a_log_in_nothing_is_read(path: str) -> None:
    assert await refusal(path) == consumers.UNAUTHENTICATED


@pytest.mark.parametrize("path", ["/api/v1/ws/bot/abc", "/api/v1/ws/bot/-1", "/api/v1/ws/", "/"])
async def test_addresses_that_do_not_exist(path: str) -> None:
    assert await refusal(path) == consumers.NOT_FOUND


@pytest.mark.parametrize("proof", [bearer, cookie])
@pytest.mark.parametrize("slash", ["", "/"])
async def test_the_owner_reads_a_bot(bot: Bot, proof: Callable[[User], Headers], slash: str) -> None:
    headers = await in_database(proof)(bot.owner)
    frame = await first_frame(path_of(bot) + slash, headers)
    assert frame["type"] == "snapshot"
    assert frame["data"]["bot"]["id"] == bot.pk


@pytest.mark.parametrize("proof", [bearer, cookie])
async def test_somebody_elses_bot_does_not_exist(bot: Bot, foreign_bot: Bot, proof: Callable[[User], Headers]) -> None:
    headers = await in_database(proof)(bot.owner)
    assert await refusal(path_of(foreign_bot), headers) == consumers.NOT_FOUND
    assert await refusal(f"/api/v1/ws/bot/{foreign_bot.pk + 1}", headers) == consumers.NOT_FOUND


@pytest.mark.parametrize("header", ["Bearer", "Bearer nonsense", "Basic dXNlcjpwYXNz"])
async def test_a_header_that_proves_nothing(bot: Bot, header: str) -> None:
    assert await refusal(path_of(bot), [HOST, (b"authorization", header.encode())]) == consumers.UNAUTHENTICATED


async def test_a_session_that_is_unknown(bot: Bot) -> None:
    headers = [HOST, (b"cookie", f"{settings.SESSION_COOKIE_NAME}=unknown".encode())]
    assert await refusal(path_of(bot), headers) == consumers.UNAUTHENTICATED


@pytest.mark.parametrize(
    ("origin", "is_ours"),
    [
        ("http://testserver", True),
        ("https://bots.example.org", True),
        ("https://evil.example.com", False),
        ("http://testserver.evil.example.com", False),
        ("http://testserver:81", False),
        ("http://bots.example.org", False),
        ("null", False),
    ],
)
async def test_a_cookie_counts_on_our_own_pages_only(bot: Bot, settings: Any, origin: str, is_ours: bool) -> None:
    settings.CSRF_TRUSTED_ORIGINS = ["https://*.example.org"]
    headers = await in_database(cookie)(bot.owner, origin)
    async with opened(path_of(bot), headers) as socket:
        if is_ours:
            assert (await socket.frame())["type"] == "snapshot"
        else:
            assert await socket.close_code() == consumers.UNAUTHENTICATED


async def test_a_cookie_under_a_foreign_host_name(bot: Bot) -> None:
    headers = [(b"host", b"evil.example.com"), *(await in_database(cookie)(bot.owner))[1:]]
    assert await refusal(path_of(bot), headers) == consumers.UNAUTHENTICATED


async def test_a_bearer_header_counts_from_anywhere(bot: Bot) -> None:
    headers = [*await in_database(bearer)(bot.owner), (b"origin", b"https://elsewhere.example.com")]
    assert (await first_frame(path_of(bot), headers))["type"] == "snapshot"


async def test_a_ticket_opens_one_socket(bot: Bot) -> None:
    ticket = await in_database(ticket_issue)(bot.owner)
    path = f"{path_of(bot)}?ticket={ticket}"
    assert (await first_frame(path, [HOST]))["type"] == "snapshot"
    assert await refusal(path) == consumers.UNAUTHENTICATED


async def test_a_ticket_that_nobody_was_given(bot: Bot) -> None:
    assert await refusal(f"{path_of(bot)}?ticket=x") == consumers.UNAUTHENTICATED


def test_of_two_who_redeem_a_ticket_one_gets_in(bot: Bot) -> None:
    ticket = ticket_issue(bot.owner)
    assert [ticket_redeem(ticket), ticket_redeem(ticket)] == [Holder(bot.owner_id), None]


@pytest.mark.parametrize("proof", [bearer, cookie])
async def test_a_disabled_user_does_not_get_in(bot: Bot, proof: Callable[[User], Headers]) -> None:
    headers = await in_database(proof)(bot.owner)
    await User.objects.filter(pk=bot.owner_id).aupdate(is_active=False)
    assert await refusal(path_of(bot), headers) == consumers.UNAUTHENTICATED


async def disable(user: User) -> None:
    await User.objects.filter(pk=user.pk).aupdate(is_active=False)


async def change_password(user: User) -> None:
    await User.objects.filter(pk=user.pk).aupdate(password="!changed")


async def log_out(user: User) -> None:
    await Session.objects.all().adelete()


async def let_session_run_out(user: User) -> None:
    await Session.objects.aupdate(expire_date=timezone.now() - timedelta(seconds=1))


@pytest.mark.parametrize("end", [disable, change_password, log_out, let_session_run_out])
@pytest.mark.parametrize("path", ["bot", "dashboard"])
async def test_an_open_socket_ends_with_the_log_in(bot: Bot, monkeypatch: Any, end: Any, path: str) -> None:
    monkeypatch.setattr(consumers, "KEEP_ALIVE_S", 0.02)
    headers = await in_database(cookie)(bot.owner)
    async with opened(path_of(bot) if path == "bot" else DASHBOARD, headers) as socket:
        await socket.frame()
        await end(bot.owner)
        assert await closes(socket) == consumers.UNAUTHENTICATED


@pytest.mark.parametrize("end", [disable, change_password])
async def test_an_open_socket_ends_at_the_next_snapshot(bot: Bot, monkeypatch: Any, end: Any) -> None:
    monkeypatch.setattr(consumers, "SNAPSHOT_PAUSE_S", 0.0)
    headers = await in_database(bearer)(bot.owner)
    async with opened(path_of(bot), headers) as socket:
        await socket.frame()
        await end(bot.owner)
        await socket.send_json_to({"type": "snapshot"})
        assert await socket.close_code() == consumers.UNAUTHENTICATED


async def test_an_open_socket_ends_when_its_bot_is_deleted(bot: Bot, monkeypatch: Any) -> None:
    monkeypatch.setattr(consumers, "SNAPSHOT_PAUSE_S", 0.0)
    async with opened(path_of(bot), await in_database(bearer)(bot.owner)) as socket:
        await socket.frame()
        await Bot.objects.filter(pk=bot.pk).adelete()
        await socket.send_json_to({"type": "snapshot"})
        assert await socket.close_code() == consumers.NOT_FOUND


def end_log_in(user: User) -> None:
    login = LoginSession.objects.select_related("owner").get(owner=user)
    login_end(actor=user, login=login)


def disable_by_verb(user: User) -> None:
    user_switch(actor=None, user=user, is_active=False)


def allow_elsewhere_only(user: User) -> None:
    allowed_change(actor=None, user=user, networks=["203.0.113.0/24"], ip=None)


@pytest.mark.parametrize("end", [end_log_in, disable_by_verb, allow_elsewhere_only])
@pytest.mark.parametrize("proof", [cookie, bearer])
async def test_an_open_socket_closes_at_once(bot: Bot, end: Callable[[User], None], proof: Any) -> None:
    """Told, not asked: the keep-alive that would notice is twenty seconds away."""
    headers = await in_database(proof)(bot.owner)
    async with opened(path_of(bot), headers) as socket:
        await socket.frame()
        await in_database(end)(bot.owner)
        assert await closes(socket) == consumers.UNAUTHENTICATED


async def test_a_revoked_token_closes_its_socket_and_a_tickets_socket_ends_with_the_token(bot: Bot) -> None:
    token, text = await in_database(token_make)(user=bot.owner, name="feed", scope="read")
    ticket = await in_database(ticket_issue)(bot.owner, token=token)
    header = [HOST, (b"authorization", f"Bearer {text}".encode())]
    async with opened(path_of(bot), header) as one, opened(f"{path_of(bot)}?ticket={ticket}") as other:
        await one.frame()
        await other.frame()
        await in_database(token_revoke)(actor=bot.owner, token=token)
        assert [await closes(one), await closes(other)] == [consumers.UNAUTHENTICATED] * 2


async def test_sockets_of_other_log_ins_stay_open(bot: Bot) -> None:
    headers = await in_database(bearer)(bot.owner)
    async with opened(path_of(bot), headers) as socket:
        await socket.frame()
        await in_database(session_open)(bot.owner)
        other = await LoginSession.objects.select_related("owner").alatest("pk")
        await in_database(login_end)(actor=bot.owner, login=other)
        await socket.send_json_to({"type": "ping"})
        assert (await socket.frame())["type"] == "pong"


async def closes(socket: Socket) -> int:
    """The close code, after whatever was still sent before."""
    while (output := await socket.receive_output(timeout=WAIT_S))["type"] != "websocket.close":
        pass
    return output["code"]


# --- what they read --------------------------------------------------------------------------------------------------


async def test_the_snapshot_holds_everything_that_a_page_begins_with(bot: Bot) -> None:
    log = await TradeLog.objects.acreate(bot=bot, log_type=LogType.INFO, message="Hello", details={})
    frame = await first_frame(path_of(bot), await in_database(bearer)(bot.owner))
    assert frame["sequence"] == feed.sequence_of(bot_group(bot.pk))
    assert set(frame["data"]) == {"bot", "figures", "positions", "orders", "logs"}
    assert frame["data"]["figures"] is None
    assert [(row["id"], row["message"]) for row in frame["data"]["logs"]] == [(log.pk, "Hello")]


async def test_events_follow_in_order_with_numbers_that_join_up(bot: Bot) -> None:
    async with opened(path_of(bot), await in_database(bearer)(bot.owner)) as socket:
        before = (await socket.frame())["sequence"]
        for number in range(5):
            publish(bot, "order_update", {"id": number})
        for number in range(5):
            frame = await socket.frame()
            assert frame == {
                "type": "order_update",
                "first_sequence": before + 1,
                "sequence": before + 1,
                "data": {"id": number},
            }
            before = frame["sequence"]


async def test_live_figures_are_coalesced_without_losing_a_point(bot: Bot) -> None:
    async with opened(path_of(bot), await in_database(bearer)(bot.owner)) as socket:
        last = (await socket.frame())["sequence"]
        points: list[list[float]] = []
        started, frames = time.monotonic(), 0
        for second in range(100):
            publish(bot, "spread_update", figures(second))
        while len(points) < 100:
            frame = await socket.frame()
            assert frame["first_sequence"] == last + 1
            points += frame["data"]["points"]
            last, frames = frame["sequence"], frames + 1
            assert frame["data"]["spread"] == points[-1][1]
        assert [point[1] for point in points] == list(range(100))
        assert frames <= (time.monotonic() - started) / consumers.FRAME_PAUSE_S + 2


async def test_a_missing_event_brings_a_new_snapshot(bot: Bot) -> None:
    async with opened(path_of(bot), await in_database(bearer)(bot.owner)) as socket:
        first = await socket.frame()
        feed_keys.connection().incr(feed_keys.sequence_key(bot_group(bot.pk)))
        publish(bot)
        second = await socket.frame()
        assert (second["type"], second["sequence"]) == ("snapshot", first["sequence"] + 2)
        publish(bot)
        third = await socket.frame()
        assert (third["type"], third["first_sequence"]) == ("bot_status", first["sequence"] + 3)


async def test_numbers_that_redis_forgot_bring_a_new_snapshot(bot: Bot) -> None:
    async with opened(path_of(bot), await in_database(bearer)(bot.owner)) as socket:
        await socket.frame()
        feed_keys.connection().delete(feed_keys.sequence_key(bot_group(bot.pk)))
        publish(bot)
        assert (await socket.frame())["type"] == "snapshot"


async def test_a_socket_goes_on_after_redis_was_away(bot: Bot, gate: Gate) -> None:
    async with opened(path_of(bot), await in_database(bearer)(bot.owner)) as socket:
        await socket.frame()
        gate.shut()
        publish(bot)
        assert feed.flush(WAIT_S)
        gate.open()
        frame = None
        for _ in range(20):
            publish(bot)
            if not await socket.receive_nothing(timeout=0.5):
                frame = await socket.frame()
                break
        assert frame is not None
        assert frame["type"] == "snapshot"


async def test_a_reader_may_ask_for_everything_anew_and_for_a_sign_of_life(bot: Bot, monkeypatch: Any) -> None:
    monkeypatch.setattr(consumers, "SNAPSHOT_PAUSE_S", 0.0)
    async with opened(path_of(bot), await in_database(bearer)(bot.owner)) as socket:
        await socket.frame()
        await socket.send_json_to({"type": "ping"})
        assert await socket.frame() == {"type": "pong"}
        await socket.send_json_to({"type": "snapshot"})
        assert (await socket.frame())["type"] == "snapshot"


@pytest.mark.parametrize("text", ["{", "[]", "1", '"ping"', '{"type": "feed.event"}', '{"type": ["snapshot"]}'])
async def test_what_a_reader_may_not_ask_is_passed_over(bot: Bot, text: str) -> None:
    async with opened(path_of(bot), await in_database(bearer)(bot.owner)) as socket:
        await socket.frame()
        await socket.send_to(text_data=text)
        await socket.send_json_to({"type": "ping"})
        assert await socket.frame() == {"type": "pong"}


@pytest.mark.parametrize("message", [{"text_data": "x" * 1000}, {"bytes_data": b"x"}])
async def test_a_reader_that_sends_much_is_closed(bot: Bot, message: dict[str, Any]) -> None:
    async with opened(path_of(bot), await in_database(bearer)(bot.owner)) as socket:
        await socket.frame()
        await socket.send_to(**message)
        assert await socket.close_code() == consumers.TOO_BIG


async def test_a_quiet_socket_shows_that_it_lives(bot: Bot, monkeypatch: Any) -> None:
    monkeypatch.setattr(consumers, "KEEP_ALIVE_S", 0.02)
    async with opened(path_of(bot), await in_database(bearer)(bot.owner)) as socket:
        assert [(await socket.frame())["type"] for _ in range(3)] == ["snapshot", "ping", "ping"]


# --- two users -------------------------------------------------------------------------------------------------------


async def test_a_bots_socket_streams_nothing_of_another_bot(bot: Bot, foreign_bot: Bot) -> None:
    async with opened(path_of(bot), await in_database(bearer)(bot.owner)) as socket:
        await socket.frame()
        for event in ("bot_status", "order_update", "position_update", "log"):
            publish(foreign_bot, event, {"id": 1, "message": "secret", "details": {}})
        publish(foreign_bot, "spread_update", figures(1))
        assert feed.flush(WAIT_S)
        publish(bot, data={"id": "mine"})
        assert (await socket.frame())["data"] == {"id": "mine"}


async def test_a_dashboard_shows_and_streams_its_users_bots_only(bot: Bot, foreign_bot: Bot) -> None:
    publish(foreign_bot, "spread_update", figures(1))
    publish(bot, "spread_update", figures(2))
    assert feed.flush(WAIT_S)
    async with opened(DASHBOARD, await in_database(bearer)(bot.owner)) as socket:
        snapshot = (await socket.frame())["data"]
        assert [row["id"] for row in snapshot["bots"]] == [bot.pk]
        assert snapshot["figures"] == {str(bot.pk): figures(2)}
        publish(foreign_bot, "spread_update", figures(3))
        publish(foreign_bot)
        assert feed.flush(WAIT_S)
        publish(bot, data={"id": "mine"})
        assert (await socket.frame())["data"] == {"id": "mine"}


async def test_a_dashboard_gets_the_newest_figures_of_each_bot_in_one_frame(bot: Bot) -> None:
    other = await in_database(make_bot)(account=bot.exchange_account)
    async with opened(DASHBOARD, await in_database(bearer)(bot.owner)) as socket:
        before = (await socket.frame())["sequence"]
        publish(bot, "bot_status")
        assert (await socket.frame())["type"] == "bot_status"
        for second in range(4):
            publish(bot if second % 2 else other, "spread_update", figures(second))
        newest: dict[int, float] = {}
        while newest != {other.pk: 2.0, bot.pk: 3.0}:
            frame = await socket.frame()
            assert frame["type"] == "spread_update"
            assert frame["sequence"] > before
            newest |= {row["bot"]: row["spread"] for row in frame["data"]["bots"]}
            assert all("points" not in row for row in frame["data"]["bots"])
