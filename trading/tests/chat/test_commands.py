"""Commands from Telegram: who may give them, what is asked back, what is done once and what is not done at all."""

import re
import threading
from datetime import datetime, timedelta
from typing import Any

import pytest
from django.core.exceptions import ValidationError
from django.utils import timezone

from accounts.models import AuditEntry, Channel, ChannelChat, Role
from accounts.notifications import notify
from accounts.notifications.channels import channel_change, channel_create
from accounts.notifications.chats import pairing_begin
from accounts.notifications.failures import SendFailed
from accounts.notifications.secrets import unseal
from accounts.notifications.standing_in import send_everything
from bots import schedules
from bots.models import BotStatus, Intent, IntentKind
from bots.tests.factories import make_bot, make_paper_account, make_user
from bots.tests.page_client import client_of
from trading.chat.listening import Listener, chat_claim, chat_listen_once, chats_free
from trading.models import TradingState, TradingSwitch
from trading.tests.chat.bot_api import BotApi
from trading.tests.risk.test_api import make_open_bot

pytestmark = [pytest.mark.django_db(databases=["default", "paper"])]

TOKEN = "123456789:AAF-sEcReT_sEcReT-sEcReT_sEcReT-abc"
ADA, STRANGER = 4711, 666


class Conversation:
    """The user's channel, the chat with it, and the clock of both."""

    def __init__(self, api: BotApi, owner: Any, *, address: str = f"tgram://{TOKEN}/{ADA}") -> None:
        self.api, self.owner, self.now = api, owner, timezone.now()
        self.channel, _ = channel_create(user=owner, kind="telegram", address=address, values={"name": "Phone"})

    def clock(self) -> datetime:
        return self.now

    def pair(self) -> "Conversation":
        self.say("/start " + pairing_begin(channel=self.channel, now=self.now))
        return self

    def say(self, text: str, chat_id: int = ADA, **fields: Any) -> list[str]:
        self.api.write(chat_id, text, int(self.now.timestamp()), **fields)
        return self.listen()

    def press(self, data: str, chat_id: int = ADA) -> list[str]:
        self.api.press(chat_id, data)
        return self.listen()

    def listen(self) -> list[str]:
        """What was answered."""
        before = len(self.api.told)
        ChannelChat.objects.update(listening_until=None)
        lease = chat_claim(self.channel.pk)
        assert lease is not None
        chat_listen_once(self.channel.pk, lease, self.clock, waits_s=0)
        return self.api.texts[before:]

    @property
    def chat(self) -> ChannelChat:
        return ChannelChat.objects.get()


@pytest.fixture
def api(settings):
    made = BotApi()
    settings.ALERT_ALLOWED_HOSTS, settings.TELEGRAM_API_URL = ["127.0.0.1"], made.url
    yield made
    made.close()


@pytest.fixture
def bot():
    found = make_open_bot(status=BotStatus.RUNNING)
    schedules.schedule_create(found)
    return found


@pytest.fixture
def talk(api, bot):
    return Conversation(api, bot.owner).pair()


def test_a_chat_is_paired_by_the_code_and_says_how_the_bots_stand(api, bot) -> None:
    talk = Conversation(api, bot.owner, address=f"tgram://{TOKEN}")
    code = pairing_begin(channel=talk.channel, now=talk.now)
    assert talk.say("/status") == []
    (greeting,) = talk.say(f"/start {code}")
    assert greeting.startswith(f"This chat now commands the bots of {bot.owner.username}.")
    assert (talk.chat.chat_id, talk.chat.chat_name, talk.chat.code_digest) == (ADA, "Ada", "")
    (status,) = talk.say("/status@some_bot")
    assert status.splitlines()[0] == "Paper: Running 1"
    assert f"#{bot.pk} {bot.bot_name}: level 1/6, unrealised \N{MINUS SIGN}3.60 USDT" in status
    assert AuditEntry.objects.filter(action="chat.pair", source="chat", owner_id=bot.owner_id).exists()
    channel = Channel.objects.get()
    assert unseal(channel, channel.address) == f"tgram://{TOKEN}/{ADA}/"


def test_nobody_pairs_with_a_wrong_or_late_code_or_in_a_group(api, bot) -> None:
    talk = Conversation(api, bot.owner)
    code = pairing_begin(channel=talk.channel, now=talk.now)
    assert talk.say(f"/start {code}", -100, sender=ADA, kind="group") == []
    assert talk.say(f"/start {code}", ADA, sender=STRANGER) == []
    for _ in range(5):
        assert talk.say("/start AAAAAAAA", STRANGER) == []
    assert talk.say(f"/start {code}") == []
    code = pairing_begin(channel=talk.channel, now=talk.now)
    talk.now += timedelta(minutes=11)
    ChannelChat.objects.update(listening_until=None)
    lease = chat_claim(talk.channel.pk)
    assert lease is not None
    assert not chat_listen_once(talk.channel.pk, lease, talk.clock, waits_s=0)
    assert talk.chat.chat_id is None


def test_a_strangers_commands_are_not_answered(talk, bot) -> None:
    for text in ("status", "pause all", "close all", "/start AAAAAAAA", "yes 000000"):
        assert talk.say(text, STRANGER) == []
        assert talk.say(text, -5, sender=ADA, kind="group") == []
    talk.say("pause all")
    assert talk.press(talk.api.buttons["Pause"], STRANGER) == []
    bot.refresh_from_db()
    assert bot.status == BotStatus.RUNNING


def test_pausing_asks_first_and_is_done_once(talk, bot) -> None:
    other = make_bot(make_user(), status=BotStatus.RUNNING)
    assert talk.say(f"pause {other.pk}") == ["No bot of yours is called that. Send: status"]
    (question,) = talk.say(f"/pause {bot.bot_name.upper()}")
    assert f"#{bot.pk} {bot.bot_name} (Paper): 155.00 USDT" in question
    bot.refresh_from_db()
    assert bot.status == BotStatus.RUNNING
    yes = talk.api.buttons["Pause"]
    assert talk.press(yes) == [f"#{bot.pk} {bot.bot_name} (Paper) is paused."]
    bot.refresh_from_db()
    assert bot.status == BotStatus.PAUSED
    assert talk.press(yes) == ["There is nothing to confirm, or it came too late. Send the command again."]
    entry = AuditEntry.objects.get(action="bot.pause")
    assert (entry.actor, entry.source) == (bot.owner, "chat")
    assert AuditEntry.objects.get(action="chat.command").details == {"command": "pause", "bots": [bot.pk]}
    assert talk.say("pause all") == ["No bot is running."]


def test_everything_is_halted_and_closed_by_the_kill_switch(talk, bot, django_capture_on_commit_callbacks) -> None:
    talk.say("close all")
    code = re.search(r"yes ([0-9]{6})", talk.api.texts[-1])
    assert code is not None
    (answer,) = talk.say(f"yes {code[1]}")
    assert answer.startswith("Everything is halted. 1 bot closes both legs.")
    assert TradingSwitch.objects.get(owner=bot.owner).state == TradingState.HALTED
    wish = Intent.objects.get(bot=bot)
    assert (wish.kind, wish.user) == (IntentKind.FLATTEN, bot.owner)
    assert "Kill switch: Halted." in talk.say("status")[0]


@pytest.mark.parametrize("answer", ["no", "status", "yes 000000", "late"])
def test_what_is_not_confirmed_in_time_is_not_done(talk, bot, answer) -> None:
    talk.say("close all")
    yes = talk.api.buttons["Close all"]
    if answer == "late":
        talk.now += timedelta(seconds=61)
    else:
        talk.say("yes 000001" if yes == answer else answer)
    assert talk.press(yes) == ["There is nothing to confirm, or it came too late. Send the command again."]
    assert not TradingSwitch.objects.exists()
    assert not Intent.objects.exists()


def test_a_message_that_comes_again_counts_once(talk, bot) -> None:
    talk.say("close all")
    talk.press(talk.api.buttons["Close all"])
    TradingSwitch.objects.all().delete()
    talk.api.repeats = True
    assert talk.listen() == []
    assert not TradingSwitch.objects.exists()


def test_what_was_written_while_nobody_listened_is_not_done_later(talk, bot) -> None:
    talk.api.write(ADA, "pause all", int((talk.now - timedelta(hours=3)).timestamp()))
    assert talk.listen() == ["This came too late and was not done. Send it again."]


def test_a_viewer_and_a_disabled_user_command_nothing(talk, bot) -> None:
    talk.say("close all")
    yes = talk.api.buttons["Close all"]
    bot.owner.role = Role.VIEWER
    bot.owner.save(update_fields=["role"])
    assert talk.press(yes) == ["You may look, but not trade."]
    assert talk.say("pause all") == talk.say("close all") == ["You may look, but not trade."]
    assert talk.say("status")[0].startswith("Paper: ")
    assert not TradingSwitch.objects.exists()
    bot.owner.is_active = False
    bot.owner.save(update_fields=["is_active"])
    assert talk.say("status") == []
    ChannelChat.objects.update(listening_until=None)
    assert chats_free() == []


def test_one_listener_at_a_time_and_one_channel_for_a_telegram_bot(talk, bot) -> None:
    ChannelChat.objects.update(listening_until=None)
    lease = chat_claim(talk.channel.pk)
    assert lease is not None
    assert chats_free() == []
    assert chat_claim(talk.channel.pk) is None
    ChannelChat.objects.update(listening_until=timezone.now() - timedelta(seconds=1))
    assert chats_free() == [talk.channel.pk]
    assert chat_claim(talk.channel.pk) is not None
    assert not chat_listen_once(talk.channel.pk, lease, talk.clock, waits_s=0)
    second = Conversation(talk.api, make_user())
    with pytest.raises(ValidationError, match="another channel"):
        pairing_begin(channel=second.channel, now=talk.now)


@pytest.mark.parametrize(("status", "code"), [(401, "token"), (409, "reader"), (502, "http_502"), (302, "redirect")])
def test_a_telegram_that_refuses_is_named(talk, status, code) -> None:
    talk.api.answers = [status]
    with pytest.raises(SendFailed) as caught:
        talk.listen()
    assert (caught.value.code, TOKEN in repr(caught.value)) == (code, False)
    talk.api.answers = [200, 500]
    assert talk.say("status") == []


@pytest.mark.django_db(transaction=True, databases=["default", "paper"])
def test_a_worker_listens_by_itself_and_goes_on_where_another_ended(api, bot) -> None:
    talk = Conversation(api, bot.owner)
    api.write(ADA, "/start " + pairing_begin(channel=talk.channel, now=talk.now), int(talk.now.timestamp()))
    for text in ("now commands the bots", "Paper: "):
        listener = Listener(timezone.now)
        listener.start()
        assert api.has_told.wait(60)
        listener.stop()
        for thread in threading.enumerate():
            if thread.name.startswith("chats"):
                thread.join(30)
        assert [text in one for one in api.texts[-1:]] == [True]
        assert talk.chat.listening_until is None
        api.has_told.clear()
        api.write(ADA, "status", int(timezone.now().timestamp()))
    assert len(api.told) == 2


def test_an_internal_address_of_the_api_is_refused_unless_allowed(talk, settings) -> None:
    settings.ALERT_ALLOWED_HOSTS = []
    with pytest.raises(SendFailed, match="forbidden"):
        talk.listen()


def test_another_address_ends_the_pairing(talk) -> None:
    channel_change(channel=talk.channel, values={"name": "Desk"})
    assert ChannelChat.objects.exists()
    channel_change(channel=talk.channel, values={}, address=f"tgram://{TOKEN[:-1]}d/{ADA}")
    assert not ChannelChat.objects.exists()


def test_messages_go_to_the_same_api_and_to_nobody_without_a_chat(api) -> None:
    user = make_user()
    talk = Conversation(api, user, address=f"tgram://{TOKEN}")
    notify(user=user, kind="trade", severity="info", title="GALA/CHZ", text="opened")
    ahead = timezone.now() + timedelta(minutes=1)
    send_everything(lambda: ahead)
    assert talk.channel.deliveries.get().error == "no_chat"
    assert api.asked == []
    talk.pair()
    send_everything(lambda: ahead + timedelta(minutes=1))
    assert talk.channel.deliveries.get().status == "delivered"
    assert api.told[-1]["chat_id"] == ADA
    assert "opened" in api.texts[-1]


def test_the_page_shows_the_code_once_and_who_is_paired(api, bot) -> None:
    talk = Conversation(api, bot.owner)
    client, path = client_of(bot.owner), f"/notifications/channels/{talk.channel.pk}"
    shown = client.post(f"{path}/chat").content.decode()
    code = re.search(r"/start ([A-Z2-9]{8})", shown)
    assert code is not None
    assert code[1] not in client.get(path).content.decode()
    talk.say(f"/start {code[1]}")
    assert "The chat of Ada may ask" in client.get(path).content.decode()
    assert client.post(f"{path}/chat/end").status_code == 302
    assert not ChannelChat.objects.exists()


def test_paper_and_live_are_told_apart(talk, bot) -> None:
    make_bot(bot.owner, make_paper_account(bot.owner, exchange="okx", paper_venue="", paper_source=""))
    kinds = [part.partition(":")[0] for part in talk.say("status")[0].split("\n\n")]
    assert kinds == ["Live", "Paper"]
