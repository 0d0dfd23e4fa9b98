"""The guide's page about the API: every example in it runs against a real server."""

import os
import re
import shutil
import subprocess
import sys

import pytest

from accounts.api.token_book import token_make
from bots.guide.contents import FOLDER
from bots.models import Bot, BotStatus
from bots.tests.factories import make_paper_account, make_user

pytestmark = [
    pytest.mark.slow,
    pytest.mark.django_db(transaction=True, databases=["default", "paper"]),
]
BLOCK = re.compile(r"^```(sh|python)\n(.*?)^```$", re.DOTALL | re.MULTILINE)
LIMIT_S = 60
LANGUAGES = ("en", "zh-hans")


def examples(language, kind):
    source = (FOLDER / language / "api.md").read_text(encoding="utf-8")
    return [code for found, code in BLOCK.findall(source) if found == kind]


@pytest.fixture
def program(live_server):
    """Environment of a program that a trader wrote: address, token, account."""
    user = make_user()
    _token, text = token_make(user=user, name="desk", scope="trade")
    account = make_paper_account(user)
    known = {"CHAINMAKES": live_server.url, "TOKEN": text, "ACCOUNT": str(account.pk)}
    return {**os.environ, **known, "no_proxy": "*"}


def run(command, code, environment):
    done = subprocess.run(command, input=code, text=True, capture_output=True, timeout=LIMIT_S, env=environment)
    assert done.returncode == 0, f"{code}\n{done.stdout}\n{done.stderr}"
    return done.stdout


def test_both_languages_show_the_same_examples():
    for kind in ("sh", "python"):
        english, chinese = ([re.sub(r"#.*", "", code) for code in examples(language, kind)] for language in LANGUAGES)
        assert len(english) == len(chinese)
        assert english == chinese


@pytest.mark.skipif(shutil.which("curl") is None, reason="curl is not installed")
def test_the_commands_run_one_after_the_other(program):
    """The first block sets what the test's environment has already."""
    first, *others = examples("en", "sh")
    assert "export" in first
    said = run(["sh", "-e"], "\n".join(others), program)
    assert '"results"' in said
    bot = Bot.objects.get()
    assert bot.bot_name == "GALA/CHZ by program"
    assert bot.status == BotStatus.PAUSED


def test_the_python_program_runs(program):
    [code] = examples("en", "python")
    said = run([sys.executable, "-"], code, program)
    assert "by Python" in said
    assert Bot.objects.get().status == BotStatus.STOPPED
