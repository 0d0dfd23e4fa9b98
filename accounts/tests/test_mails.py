"""Mails about the account: a forgotten password, a confirmed address, a changed one."""

import re

import pytest
from celery import current_app
from django.core import mail
from django.utils import timezone

from accounts import links, tasks
from accounts.models import AuditEntry, User
from accounts.tests.clients import anonymous, bearer
from accounts.tests.second_factors import with_second_factor
from bots.tests.factories import PASSWORD, make_user
from bots.tests.page_client import client_of, complaints

pytestmark = pytest.mark.django_db

FORGOTTEN, RESET, CONFIRM = (
    f"/api/v1/auth/{path}" for path in ("password/forgotten", "password/reset", "email/confirm")
)
NEW = "four louder horses"


@pytest.fixture
def delivered(monkeypatch, django_capture_on_commit_callbacks):
    """Runs a request and a worker's part after it; the mails that came of it."""
    asked = []

    def take(name, args, **options):
        asked.append((name, args))

    monkeypatch.setattr(current_app._get_current_object(), "send_task", take)

    def run(request):
        mail.outbox.clear()
        asked.clear()
        with django_capture_on_commit_callbacks(execute=True):
            response = request()
        for name, args in asked:
            assert name == tasks.mail.name
            tasks.mail(*args)
        return response, list(mail.outbox)

    return run


def link_in(message):
    return re.findall(r"https?://\S+", message.body)[0]


def path_of(link):
    return link.removeprefix("http://testserver")


class TestForgottenPassword:
    def test_by_page_from_the_mail_to_the_log_in(self, delivered):
        user = make_user(email="mei@example.org")
        response, mails = delivered(lambda: client_of().post("/password/forgotten", {"email": "MEI@example.org"}))
        assert response.status_code == 200
        assert not complaints(response.content.decode())
        assert [message.to for message in mails] == [["mei@example.org"]]
        path = path_of(link_in(mails[0]))
        client = client_of()
        assert not complaints(client.get(path).content.decode())
        assert client.post(path, {"new_password": "short"}).status_code == 400
        assert client.post(path, {"new_password": NEW}).headers["Location"] == "/login"
        user.refresh_from_db()
        assert user.check_password(NEW)
        assert user.email_confirmed_at is not None
        dead = client.get(path)
        assert dead.status_code == 404
        assert not complaints(dead.content.decode())

    def test_by_api(self, delivered):
        user = make_user()
        old = bearer(user)
        _answer, mails = delivered(lambda: anonymous().post(FORGOTTEN, {"email": user.email}, format="json"))
        uid, token = link_in(mails[0]).rsplit("/", 2)[1:]
        body = {"uid": uid, "token": token, "new_password": NEW}
        assert anonymous().post(RESET, body | {"token": "x"}, format="json").status_code == 400
        assert anonymous().post(RESET, body, format="json").status_code == 204
        assert old.get("/api/v1/users/me").status_code == 401
        assert anonymous().post(RESET, body, format="json").status_code == 400

    @pytest.mark.parametrize("kind", ["page", "api"])
    def test_an_unknown_address_gets_the_same_answer_and_no_mail(self, delivered, kind):
        make_user(email="off@example.org", is_active=False)
        known = make_user()

        def ask(email):
            if kind == "api":
                return delivered(lambda: anonymous().post(FORGOTTEN, {"email": email}, format="json"))
            return delivered(lambda: client_of().post("/password/forgotten", {"email": email}))

        (there, one), (nowhere, none), (disabled, nothing) = map(
            ask, (known.email, "nobody@example.org", "off@example.org")
        )
        assert (len(one), none, nothing) == (1, [], [])
        assert there.status_code == nowhere.status_code == disabled.status_code

    def test_the_second_factor_stays(self, delivered):
        user = make_user()
        with_second_factor(user)
        _answer, mails = delivered(lambda: anonymous().post(FORGOTTEN, {"email": user.email}, format="json"))
        client_of().post(path_of(link_in(mails[0])), {"new_password": NEW})
        body = {"username": user.username, "password": NEW}
        assert anonymous().post("/api/v1/auth/login", body, format="json").json()["code"] == "otp_required"

    def test_asking_is_limited(self, settings):
        settings.REST_FRAMEWORK = settings.REST_FRAMEWORK | {"DEFAULT_THROTTLE_RATES": {"mail": "1/hour"}}
        client = anonymous()
        statuses = [client.post(FORGOTTEN, {"email": "a@example.org"}, format="json").status_code for _ in range(2)]
        assert statuses == [204, 429]

    @pytest.mark.parametrize("uid", ["x", "", "é", "LTE", "OTk5OTk5OTk5OTk5OTk5OTk5OTk5OTk5OQ"])
    def test_links_that_nobody_was_sent(self, uid):
        assert links.user_of_password_link(uid, "x-y") is None

    def test_the_mail_speaks_the_readers_language(self, delivered):
        user = make_user(language="zh-hans")
        _answer, mails = delivered(lambda: anonymous().post(FORGOTTEN, {"email": user.email}, format="json"))
        assert user.username in mails[0].body


class TestConfirmation:
    def test_registering_sends_a_link_and_logging_in_does_not_wait_for_it(self, delivered):
        new = {"username": "mei", "email": "mei@example.org", "password": PASSWORD}
        _answer, mails = delivered(lambda: anonymous().post("/api/v1/auth/register", new, format="json"))
        login = {"username": "mei", "password": PASSWORD}
        assert anonymous().post("/api/v1/auth/login", login, format="json").status_code == 200
        client = client_of()
        path = path_of(link_in(mails[0]))
        assert not complaints(client.get(path).content.decode())
        assert User.objects.get(username="mei").email_confirmed_at is None, "programs that look at mails open links"
        assert client.post(path).headers["Location"] == "/login"
        assert User.objects.get(username="mei").email_confirmed_at is not None

    def test_a_confirmed_address_gives_way_to_a_confirmed_one_only(self, delivered):
        user = make_user(email_confirmed_at=timezone.now())
        old = user.email
        data = {"email": "new@example.org", "current_password": PASSWORD}
        _answer, mails = delivered(lambda: client_of(user).post("/settings/email", data))
        user.refresh_from_db()
        assert (user.email, mails[0].to) == (old, ["new@example.org"])
        token = link_in(mails[0]).rsplit("/", 1)[1]
        assert anonymous().post(CONFIRM, {"token": token}, format="json").status_code == 204
        user.refresh_from_db()
        assert user.email == "new@example.org"

    def test_an_unconfirmed_address_is_replaced_at_once(self, delivered):
        user = make_user()
        body = {"email": "new@example.org", "current_password": PASSWORD}
        _answer, mails = delivered(lambda: bearer(user).patch("/api/v1/users/me", body, format="json"))
        user.refresh_from_db()
        assert (user.email, user.email_confirmed_at, mails[0].to) == ("new@example.org", None, ["new@example.org"])

    def test_an_address_that_somebody_else_took_meanwhile(self):
        user = make_user(email_confirmed_at=timezone.now())
        token = links.email_token(user, "new@example.org")
        make_user(email="NEW@example.org")
        answer = client_of().post(f"/email/confirm/{token}")
        assert answer.status_code == 400
        assert not complaints(answer.content.decode())

    def test_an_old_link_after_another_change(self):
        user = make_user()
        token = links.email_token(user, "one@example.org")
        User.objects.filter(pk=user.pk).update(email="two@example.org")
        assert client_of().get(f"/email/confirm/{token}").status_code == 404
        assert anonymous().post(CONFIRM, {"token": "x"}, format="json").status_code == 400

    def test_a_link_runs_out(self, settings):
        token = links.email_token(make_user(), "new@example.org")
        settings.EMAIL_LINK_LIFE_S = -1
        assert links.wish_of_email_token(token) is None

    def test_the_link_can_be_asked_for_again(self, delivered):
        user = make_user()
        _answer, mails = delivered(lambda: client_of(user).post("/settings/email/send"))
        assert len(mails) == 1
        _answer, mails = delivered(lambda: bearer(user).post("/api/v1/users/me/email/confirmation"))
        assert len(mails) == 1


def test_a_changed_password_is_told_by_mail(delivered):
    user = make_user()
    data = {"current_password": PASSWORD, "new_password": NEW}
    _answer, mails = delivered(lambda: client_of(user).post("/settings/password", data))
    assert [message.to for message in mails] == [[user.email]]
    assert "/password/forgotten" in mails[0].body
    assert AuditEntry.objects.filter(owner=user, action="user.password").count() == 1


def test_links_begin_as_the_operator_says(delivered, settings):
    settings.PUBLIC_URL = "https://bots.example.com/"
    user = make_user()
    _answer, mails = delivered(lambda: anonymous().post(FORGOTTEN, {"email": user.email}, format="json"))
    assert link_in(mails[0]).startswith("https://bots.example.com/password/new/")


def test_registering_goes_on_while_no_mail_can_be_asked_for(settings, django_capture_on_commit_callbacks, monkeypatch):
    def refuse(*args, **options):
        raise OSError("no broker")

    monkeypatch.setattr(current_app._get_current_object(), "send_task", refuse)
    new = {"username": "mei", "email": "mei@example.org", "password": PASSWORD}
    with django_capture_on_commit_callbacks(execute=True):
        answer = anonymous().post("/api/v1/auth/register", new, format="json")
    assert answer.status_code == 201


def test_no_mail_for_who_is_gone():
    user = make_user(is_active=False)
    tasks.mail("reset", user.pk, "http://testserver")
    assert mail.outbox == []
