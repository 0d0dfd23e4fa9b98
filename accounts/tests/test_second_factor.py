"""The second factor: set up, asked for at log-in and before money and keys, spent once, lost, switched off."""

from datetime import timedelta

import pytest
from django.core.exceptions import ValidationError
from django.db import connection
from django.utils import timezone

from accounts import second_factor
from accounts.models import AuditEntry, AuthenticatorApp, LoginSession, RecoveryCode
from accounts.second_factor import WrongCode
from accounts.tests.clients import anonymous, bearer
from accounts.tests.second_factors import code_of, with_second_factor, wrong_code
from bots.tests.factories import PASSWORD, make_bot, make_paper_account, make_user
from bots.tests.page_client import client_of, complaints, page_of

pytestmark = pytest.mark.django_db

LOGIN, STEP_UP, ACCOUNTS = "/api/v1/auth/login", "/api/v1/auth/step-up", "/api/v1/exchanges/"
REAL = {"exchange": "binance", "label": "Live", "api_key": "k" * 20, "api_secret": "s" * 20}


def make_stale(user):
    LoginSession.objects.filter(owner=user).update(second_factor_at=timezone.now() - timedelta(minutes=11))


class TestCodes:
    def test_a_code_works_once(self):
        user = make_user()
        with_second_factor(user)
        second_factor.check(user, code_of(user))
        with pytest.raises(WrongCode):
            second_factor.check(user, code_of(user))

    @pytest.mark.parametrize("steps", [-1, 0, 1])
    def test_a_clock_may_be_half_a_minute_off(self, steps):
        user = make_user()
        with_second_factor(user)
        second_factor.check(user, code_of(user, steps=steps))

    @pytest.mark.parametrize("code", ["", "12345", "1234567", "abcdef", "١٢٣٤٥٦", "x" * 32])
    def test_what_is_no_code(self, code):
        user = make_user()
        with_second_factor(user)
        with pytest.raises(WrongCode):
            second_factor.check(user, code)

    def test_a_code_of_another_user(self):
        user, other = make_user(), make_user()
        with_second_factor(user)
        with_second_factor(other)
        if code_of(other) != code_of(user):
            with pytest.raises(WrongCode):
                second_factor.check(user, code_of(other))

    def test_after_a_wrong_code_even_the_right_one_waits(self):
        user = make_user()
        with_second_factor(user)
        for code in (wrong_code(user), code_of(user)):
            with pytest.raises(WrongCode) as refusal:
                second_factor.check(user, code)
        assert refusal.value.code == "throttled"

    def test_the_wait_has_an_end_however_often_somebody_guesses(self):
        user = make_user()
        with_second_factor(user)
        app = AuthenticatorApp.objects.get(user=user)
        app.throttling_failure_count = 1000
        app.throttling_failure_timestamp = timezone.now() - timedelta(minutes=15, seconds=1)
        app.save()
        second_factor.check(user, code_of(user))

    def test_recovery_codes_work_once_each_in_any_spelling(self):
        user = make_user()
        codes = with_second_factor(user)
        second_factor.check(user, codes[0].upper().replace("-", " "))
        with pytest.raises(WrongCode):
            second_factor.check(user, codes[0])
        assert second_factor.codes_left(user) == len(codes) - 1

    def test_new_recovery_codes_replace_the_old(self):
        user = make_user()
        old = with_second_factor(user)
        new = second_factor.codes_renew(user=user)
        with pytest.raises(WrongCode):
            second_factor.check(user, old[0])
        AuthenticatorApp.objects.update(throttling_failure_count=0, throttling_failure_timestamp=None)
        second_factor.check(user, new[0])

    def test_nothing_of_it_lies_open_in_the_database(self):
        user = make_user()
        codes = with_second_factor(user)
        secret = AuthenticatorApp.objects.get(user=user).secret
        with connection.cursor() as cursor:
            cursor.execute("SELECT secret::text FROM authenticator_apps UNION SELECT digest FROM recovery_codes")
            stored = " ".join(str(row[0]) for row in cursor.fetchall())
        assert secret not in stored
        assert not any(code.replace("-", "") in stored for code in codes)


class TestApi:
    def test_set_up_confirm_and_switch_off(self):
        user = make_user()
        client = bearer(user)
        path = "/api/v1/users/me/second-factor"
        setup = client.post(path).json()
        assert setup["address"].startswith("otpauth://totp/ChainMakes%3A")
        assert f"secret={setup['secret']}" in setup["address"]
        assert client.get(path).json() == {"is_on": False, "recovery_codes_left": 0}
        answer = client.post(f"{path}/confirm", {"otp": code_of(user)}, format="json")
        assert len(answer.json()["recovery_codes"]) == 10
        assert client.get(path).json() == {"is_on": True, "recovery_codes_left": 10}
        off = {"password": PASSWORD, "otp": answer.json()["recovery_codes"][0]}
        assert client.post(f"{path}/off", off | {"password": "x"}, format="json").json()["errors"].keys() == {
            "password"
        }
        assert client.post(f"{path}/off", off, format="json").status_code == 204
        assert not RecoveryCode.objects.exists()
        actions = list(AuditEntry.objects.filter(owner=user).values_list("action", flat=True))
        assert {"second_factor.on", "second_factor.code_used", "second_factor.off"} <= set(actions)

    def test_a_wrong_first_code_switches_nothing_on(self):
        user = make_user()
        client = bearer(user)
        client.post("/api/v1/users/me/second-factor")
        answer = client.post("/api/v1/users/me/second-factor/confirm", {"otp": wrong_code(user)}, format="json")
        assert (answer.status_code, list(answer.json()["errors"])) == (400, ["otp"])
        assert not second_factor.is_on(user)

    def test_setting_up_what_is_on_is_refused(self):
        user = make_user()
        with_second_factor(user)
        before = AuthenticatorApp.objects.get(user=user).secret
        with pytest.raises(ValidationError):
            second_factor.set_up_anew(user)
        assert AuthenticatorApp.objects.get(user=user).secret == before

    @pytest.mark.parametrize(
        ("otp", "status", "code"), [(None, 401, "otp_required"), ("", 401, "otp_required"), ("000", 401, "otp_invalid")]
    )
    def test_log_in_asks_for_it(self, otp, status, code):
        user = make_user()
        with_second_factor(user)
        body = {"username": user.username, "password": PASSWORD} | ({} if otp is None else {"otp": otp})
        answer = anonymous().post(LOGIN, body, format="json")
        assert (answer.status_code, answer.json()["code"]) == (status, code)

    def test_a_wrong_password_is_not_told_apart_by_it(self):
        user = make_user()
        with_second_factor(user)
        body = {"username": user.username, "password": "x", "otp": code_of(user)}
        assert anonymous().post(LOGIN, body, format="json").json()["code"] == "invalid_credentials"

    def test_log_in_with_it(self):
        user = make_user()
        with_second_factor(user)
        body = {"username": user.username, "password": PASSWORD, "otp": code_of(user)}
        assert anonymous().post(LOGIN, body, format="json").status_code == 200


class TestStepUp:
    def test_real_keys_ask_again_after_ten_minutes(self):
        user = make_user()
        with_second_factor(user)
        client = bearer(user)
        refused = client.post(ACCOUNTS, REAL, format="json")
        assert (refused.status_code, refused.json()["code"]) == (403, "otp_required")
        assert client.post(STEP_UP, {"otp": code_of(user)}, format="json").status_code == 204
        created = client.post(ACCOUNTS, REAL, format="json")
        assert created.status_code == 201
        make_stale(user)
        account = f"{ACCOUNTS}{created.json()['id']}"
        assert client.patch(account, {"label": "x"}, format="json").json()["code"] == "otp_required"
        assert client.delete(account).json()["code"] == "otp_required"

    def test_a_code_in_the_header_does(self):
        user = make_user()
        codes = with_second_factor(user)
        client = bearer(user)
        wrong = client.post(ACCOUNTS, REAL, format="json", HTTP_X_OTP="000000-")
        assert (wrong.status_code, wrong.json()["code"]) == (403, "otp_invalid")
        AuthenticatorApp.objects.update(throttling_failure_count=0, throttling_failure_timestamp=None)
        assert client.post(ACCOUNTS, REAL, format="json", HTTP_X_OTP=codes[3]).status_code == 201

    def test_who_has_none_is_not_asked_and_paper_never_asks(self):
        assert bearer(make_user()).post(ACCOUNTS, REAL, format="json").status_code == 201
        user = make_user()
        with_second_factor(user)
        paper = {"exchange": "paper", "label": "Play"}
        assert bearer(user).post(ACCOUNTS, paper, format="json").status_code == 201

    @pytest.mark.django_db(databases=["default", "paper"])
    def test_live_bots_start_with_a_code_only(self):
        user = make_user()
        created = bearer(user).post(ACCOUNTS, REAL, format="json").json()
        bot = make_bot(account=user.exchange_accounts.get(pk=created["id"]))
        with_second_factor(user)
        make_stale(user)
        answer = bearer(user).post(f"/api/v1/bots/{bot.pk}/start", {}, format="json")
        assert (answer.status_code, answer.json()["code"]) == (403, "otp_required")
        paper = make_bot(account=make_paper_account(user))
        answer = bearer(user).post(f"/api/v1/bots/{paper.pk}/start", {}, format="json")
        assert answer.json().get("code") != "otp_required"

    def test_pages_lead_to_the_code_and_back(self):
        user = make_user()
        with_second_factor(user)
        client = client_of(user)
        response = client.post("/exchanges/new?kind=real", REAL, headers={"Referer": "http://testserver/exchanges/new"})
        assert response.headers["Location"] == "/settings/confirm?next=%2Fexchanges%2Fnew"
        assert not user.exchange_accounts.exists()
        html = client.get(response.headers["Location"]).content.decode()
        assert not complaints(html)
        wrong = client.post("/settings/confirm", {"code": wrong_code(user), "next": "/exchanges/new"})
        assert wrong.status_code == 400
        AuthenticatorApp.objects.update(throttling_failure_count=0, throttling_failure_timestamp=None)
        onward = client.post("/settings/confirm", {"code": code_of(user), "next": "/exchanges/new"})
        assert onward.headers["Location"] == "/exchanges/new"

    def test_the_form_itself_takes_the_code(self):
        user = make_user()
        with_second_factor(user)
        client = client_of(user)
        assert 'name="otp"' in client.get("/settings/tokens").content.decode()
        data = {"name": "desk", "scope": "trade", "days": "30", "otp": code_of(user)}
        assert client.post("/settings/tokens", data).status_code == 200
        assert user.api_tokens.get().second_factor
        assert 'name="otp"' not in client.get("/settings/tokens").content.decode()


class TestPages:
    def test_set_up_with_picture_and_recovery_codes(self):
        user = make_user()
        client = client_of(user)
        html = client.get("/settings/second-factor/set-up").content.decode()
        assert not complaints(html)
        secret = AuthenticatorApp.objects.get(user=user).secret
        assert secret[:4] in html
        picture = client.get("/settings/second-factor/picture.svg")
        assert picture.headers["Content-Type"] == "image/svg+xml"
        assert picture.content.startswith(b"<svg")
        assert "no-store" in picture.headers["Cache-Control"]
        codes = client.post("/settings/second-factor/set-up", {"code": code_of(user)}).content.decode()
        assert not complaints(codes)
        assert codes.count("<li>") >= 10
        assert client.get("/settings/second-factor/picture.svg").status_code == 404
        assert client.get("/settings/second-factor/set-up").status_code == 302
        assert "10 left" in page_of(user, "/settings/second-factor")

    def test_log_in_takes_two_steps(self):
        user = make_user()
        with_second_factor(user)
        client = client_of()
        first = client.post("/login", {"username": user.username, "password": PASSWORD, "next": "/orders/"})
        assert first.headers["Location"] == "/login/code?next=%2Forders%2F"
        assert client.get("/settings/").status_code == 302
        page = client.get(first.headers["Location"])
        assert not complaints(page.content.decode())
        second = client.post("/login/code", {"code": code_of(user), "next": "/orders/"})
        assert second.headers["Location"] == "/orders/"
        assert client.get("/settings/").status_code == 200
        assert LoginSession.objects.get(owner=user).second_factor_at is not None

    def test_the_second_step_needs_the_first(self):
        user = make_user()
        with_second_factor(user)
        assert client_of().post("/login/code", {"code": code_of(user)}).headers["Location"] == "/login"

    def test_the_second_step_ends_with_a_new_password_and_with_time(self, monkeypatch):
        user = make_user()
        with_second_factor(user)
        client = client_of()
        client.post("/login", {"username": user.username, "password": PASSWORD})
        monkeypatch.setattr("accounts.pages.entry.CODE_LIFE_S", -1)
        assert client.get("/login/code").status_code == 302
        monkeypatch.setattr("accounts.pages.entry.CODE_LIFE_S", 300)
        assert client.get("/login/code").status_code == 200
        user.set_password("another horse")
        user.save()
        assert client.get("/login/code").status_code == 302

    def test_switching_off_asks_for_password_and_code(self):
        user = make_user()
        with_second_factor(user)
        client = client_of(user)
        wrong = client.post("/settings/second-factor/off", {"password": "x", "code": code_of(user)})
        assert wrong.status_code == 400
        assert not complaints(wrong.content.decode())
        assert second_factor.is_on(user)
        right = client.post("/settings/second-factor/off", {"password": PASSWORD, "code": code_of(user)})
        assert right.status_code == 302
        assert not second_factor.is_on(user)

    def test_new_recovery_codes_need_a_code(self):
        user = make_user()
        with_second_factor(user)
        client = client_of(user)
        assert client.post("/settings/second-factor/codes").status_code == 302
        assert second_factor.codes_left(user) == 10
        shown = client.post("/settings/second-factor/codes", {"otp": code_of(user)})
        assert shown.status_code == 200
