"""Several bots chosen for one question, and what came of each."""

import re

import pytest

from accounts.tests.second_factors import with_second_factor
from bots.models import BotStatus, Intent
from bots.tests.factories import make_bot, make_paper_account, make_user, make_viewer
from bots.tests.page_client import client_of, complaints, page_of
from bots.tests.page_rows import held_bot
from bots.tests.test_pages import live_account, text_of

pytestmark = pytest.mark.django_db(databases=["default", "paper"])


def asked(bots, action):
    wish = "&".join(f"bot={bot.pk}" for bot in bots)
    html = client_of(bots[0].owner).get(f"/bots/several?action={action}&{wish}").content.decode()
    assert not complaints(html)
    return html


def chosen_in(html):
    return [int(pk) for pk in re.findall(r'name="bot" value="(\d+)"', html)]


def test_the_list_offers_a_choice_and_viewers_none():
    bot = held_bot()
    html = page_of(bot.owner, "/bots/")
    assert f'name="bot" value="{bot.pk}" form="bulk"' in html
    assert f'href="/bots/new?copy={bot.pk}"' in html
    viewer = make_viewer()
    held_bot(account=make_paper_account(viewer))
    assert 'name="bot"' not in page_of(viewer, "/bots/")


def test_closing_asks_once_with_the_figures_of_every_bot_and_leaves_out_the_flat():
    user = make_user()
    account = make_paper_account(user)
    held, flat = held_bot(account=account, bot_name="Alpha"), make_bot(account=account, bot_name="Beta")
    html = asked([held, flat], "close")
    assert chosen_in(html) == [held.pk]
    text = text_of(html)
    assert "Close the position of 1 bot" in text
    assert "2 orders are sent at once" in text
    assert "2,800 GALA" in text
    assert "1,180 CHZ" in text
    assert "Together, after all fees" in text
    assert "left out It has no position." in text


def test_one_question_closes_each_of_its_bots_once():
    user = make_user()
    account = make_paper_account(user)
    bots = [held_bot(account=account), held_bot(account=account)]
    client = client_of(user)
    keys = {f"key-{bot.pk}": f"key{bot.pk}" for bot in bots}
    for _ in range(2):
        client.post("/bots/several", {"action": "close", "bot": [bot.pk for bot in bots], **keys})
    assert [Intent.objects.filter(bot=bot).count() for bot in bots] == [1, 1]


def test_every_outcome_is_told_once_refusals_too():
    user = make_user()
    account = make_paper_account(user)
    running = make_bot(account=account, bot_name="Alpha", status=BotStatus.RUNNING)
    stopped = make_bot(account=account, bot_name="Beta", status=BotStatus.STOPPED)
    client = client_of(user)
    response = client.post("/bots/several", {"action": "pause", "bot": [running.pk, stopped.pk], "next": "/bots/?q=a"})
    assert response.headers["Location"] == "/bots/?q=a"
    text = text_of(client.get("/bots/").content.decode())
    assert "Alpha Alpha is paused." in text
    assert "Beta refused That cannot be done: the bot is stopped." in text
    assert "is paused." not in text_of(client.get("/bots/").content.decode())
    running.refresh_from_db()
    assert running.status == BotStatus.PAUSED


def test_nothing_to_do_is_no_choice():
    running = make_bot(status=BotStatus.RUNNING)
    html = asked([running], "start")
    assert "It is running already." in html
    assert not chosen_in(html)
    assert "<button" not in html[html.index("dialog-foot") : html.index("</form>", html.index("dialog-foot"))]


def test_bots_of_others_are_neither_shown_nor_touched():
    theirs, mine = held_bot(bot_name="Secret plan"), held_bot()
    client = client_of(mine.owner)
    assert "Secret plan" not in client.get(f"/bots/several?action=close&bot={theirs.pk}").content.decode()
    client.post("/bots/several", {"action": "close", "bot": [theirs.pk]})
    assert not Intent.objects.filter(bot=theirs).exists()


def test_viewers_may_not_even_ask():
    viewer = make_viewer()
    bot = held_bot(account=make_paper_account(viewer))
    assert client_of(viewer).get(f"/bots/several?action=close&bot={bot.pk}").status_code == 403
    assert client_of(viewer).post("/bots/several", {"action": "pause", "bot": [bot.pk]}).status_code == 403


@pytest.mark.parametrize("query", ["", "action=delete&bot=1", "action=stop"])
def test_only_three_wishes_are_for_several(query):
    assert client_of(make_user()).get(f"/bots/several?{query}").status_code == 404


def test_odd_choices_answer():
    assert (
        client_of(make_user()).get("/bots/several?action=pause&bot=x&bot=-1&bot=99999999999999999999").status_code
        == 200
    )


def test_starting_live_bots_together_asks_for_the_second_factor():
    user = make_user()
    with_second_factor(user)
    bot = make_bot(account=live_account(user), status=BotStatus.PAUSED)
    client_of(user).post("/bots/several", {"action": "start", "bot": [bot.pk]})
    bot.refresh_from_db()
    assert bot.status == BotStatus.PAUSED


def test_the_list_can_be_narrowed_to_an_account():
    user = make_user()
    one, two = make_paper_account(user), make_paper_account(user)
    held_bot(account=one, bot_name="Alpha")
    held_bot(account=two, bot_name="Beta")
    html = page_of(user, f"/bots/?in={one.pk}")
    assert "Alpha" in html
    assert "Beta" not in html
    assert f"in={one.pk}&amp;sort=status&amp;status=running" in html, "the account stays when the status changes"
    for odd in ("in=0", "in=x", "in=99999999999999999999"):
        assert client_of(user).get(f"/bots/?{odd}").status_code == 200
