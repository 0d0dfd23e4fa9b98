"""Registration, log-in, the two tokens and what ends them."""

from datetime import timedelta

import pytest
from rest_framework_simplejwt.tokens import AccessToken, RefreshToken

from accounts.models import AuditEntry, Role, User
from accounts.tests.clients import anonymous, bearer
from accounts.tickets import ticket_redeem
from bots.tests.factories import PASSWORD, make_user, make_viewer

pytestmark = pytest.mark.django_db

REGISTER, LOGIN, REFRESH, LOGOUT = (f"/api/v1/auth/{name}" for name in ("register", "login", "refresh", "logout"))
ME, PASSWORD_PATH = "/api/v1/users/me", "/api/v1/users/me/password"
NEWCOMER = {"username": "mei", "email": "mei@example.org", "password": PASSWORD}


def log_in(user, client=None, **options):
    answer = (client or anonymous()).post(
        LOGIN, {"username": user.username, "password": PASSWORD}, format="json", **options
    )
    assert answer.status_code == 200
    return answer.json()


def with_token(token):
    client = anonymous()
    client.credentials(HTTP_AUTHORIZATION=f"Bearer {token}")
    return client


class TestRegister:
    def test_a_newcomer_is_a_trader_and_can_log_in(self):
        answer = anonymous().post(REGISTER, NEWCOMER, format="json")
        assert answer.status_code == 201
        assert answer.json() | {"username": "mei", "email": "mei@example.org", "role": "trader"} == answer.json()
        assert "password" not in answer.json()
        log_in(User.objects.get(username="mei"))

    def test_role_and_staff_cannot_be_chosen(self):
        anonymous().post(REGISTER, NEWCOMER | {"role": "admin", "is_staff": True, "is_superuser": True}, format="json")
        user = User.objects.get(username="mei")
        assert (user.role, user.is_staff, user.is_superuser) == (Role.TRADER, False, False)

    @pytest.mark.parametrize(
        ("changes", "field"),
        [
            ({"username": ""}, "username"),
            ({"username": "two words"}, "username"),
            ({"username": "TAKEN"}, "username"),
            ({"username": "somebody@else.org"}, "username"),
            ({"username": None}, "username"),
            ({"email": "not an address"}, "email"),
            ({"email": "Taken@Example.org"}, "email"),
            ({"password": "short1!"}, "password"),
            ({"password": "password"}, "password"),
            ({"password": "86420975313579"}, "password"),
            ({"password": "mei@example.org"}, "password"),
            ({"time_zone": "Mars/Olympus"}, "time_zone"),
            ({"language": "tlh"}, "language"),
        ],
    )
    def test_bad_values_are_named_by_field_and_nothing_is_written(self, changes, field):
        make_user(username="taken")
        answer = anonymous().post(REGISTER, NEWCOMER | changes, format="json")
        assert answer.status_code == 400
        assert list(answer.json()["errors"]) == [field]
        assert answer.json()["code"] == "invalid"
        assert User.objects.count() == 1

    def test_everything_wrong_is_said_at_once(self):
        make_user(username="mei")
        answer = anonymous().post(REGISTER, NEWCOMER | {"password": "short"}, format="json")
        assert sorted(answer.json()["errors"]) == ["email", "password", "username"]

    def test_attempts_are_limited_by_address(self, settings):
        settings.REST_FRAMEWORK = settings.REST_FRAMEWORK | {
            "DEFAULT_THROTTLE_RATES": {"login": "9/min", "register": "2/hour"}
        }
        client = anonymous()
        answers = [client.post(REGISTER, {}, format="json") for _ in range(3)]
        assert [answer.status_code for answer in answers] == [400, 400, 429]
        assert answers[2].json()["code"] == "throttled"
        assert 0 < int(answers[2]["Retry-After"]) <= 3602
        assert anonymous().post(REGISTER, {}, format="json").status_code == 400


class TestLogIn:
    def test_answers_both_tokens(self):
        answer = log_in(make_user())
        assert sorted(answer) == ["access_token", "expires_in", "refresh_token", "token_type"]
        assert (answer["token_type"], answer["expires_in"]) == ("bearer", 1800)
        assert with_token(answer["access_token"]).get(ME).status_code == 200

    def test_as_a_form(self):
        user = make_user()
        body = f"username={user.username}&password={PASSWORD.replace(' ', '+')}"
        answer = anonymous().post(LOGIN, body, content_type="application/x-www-form-urlencoded")
        assert answer.status_code == 200

    def test_by_email_in_any_case(self):
        user = make_user(email="Mei.Lin@Example.org")
        answer = anonymous().post(LOGIN, {"username": "mei.lin@example.ORG", "password": PASSWORD}, format="json")
        assert with_token(answer.json()["access_token"]).get(ME).json()["id"] == user.pk

    @pytest.mark.parametrize("password", ["wrong", PASSWORD + " ", PASSWORD.upper()])
    def test_wrong_password(self, password):
        user = make_user()
        answer = anonymous().post(LOGIN, {"username": user.username, "password": password}, format="json")
        assert answer.status_code == 401
        assert answer.json()["code"] == "invalid_credentials"
        assert answer["WWW-Authenticate"].startswith("Bearer")

    def test_a_disabled_user_and_an_unknown_name_get_the_same_answer(self):
        user = make_user(is_active=False)
        answers = [
            anonymous().post(LOGIN, {"username": name, "password": PASSWORD}, format="json").json()
            for name in (user.username, "nobody")
        ]
        assert answers[0] == answers[1]

    def test_missing_fields(self):
        answer = anonymous().post(LOGIN, {"username": "mei"}, format="json")
        assert (answer.status_code, list(answer.json()["errors"])) == (400, ["password"])

    def test_attempts_are_limited_by_account_from_any_address(self, settings):
        settings.REST_FRAMEWORK = settings.REST_FRAMEWORK | {
            "DEFAULT_THROTTLE_RATES": {"login": "2/hour", "register": "2/hour"}
        }
        name = make_user().username
        answers = [
            anonymous().post(LOGIN, {"username": name, "password": "x"}, format="json")
            for name in (name, name.upper(), name)
        ]
        assert [answer.status_code for answer in answers] == [401, 401, 429]

    def test_attempts_are_limited_by_address_over_any_accounts(self, settings):
        settings.REST_FRAMEWORK = settings.REST_FRAMEWORK | {
            "DEFAULT_THROTTLE_RATES": {"login": "2/hour", "register": "2/hour"}
        }
        client = anonymous()
        answers = [
            client.post(LOGIN, {"username": f"name{n}{id(client)}", "password": "x"}, format="json") for n in range(3)
        ]
        assert [answer.status_code for answer in answers] == [401, 401, 429]


class TestRefresh:
    def test_rotates_and_spends_the_old_token(self):
        first = log_in(make_user())
        second = anonymous().post(REFRESH, {"refresh_token": first["refresh_token"]}, format="json").json()
        assert second["refresh_token"] != first["refresh_token"]
        assert with_token(second["access_token"]).get(ME).status_code == 200
        assert anonymous().post(REFRESH, {"refresh_token": second["refresh_token"]}, format="json").status_code == 200

    def test_a_token_that_comes_again_was_stolen_and_ends_its_log_in(self):
        user = make_user()
        first, other = log_in(user), log_in(user)
        second = anonymous().post(REFRESH, {"refresh_token": first["refresh_token"]}, format="json").json()
        again = anonymous().post(REFRESH, {"refresh_token": first["refresh_token"]}, format="json")
        assert (again.status_code, again.json()["code"]) == (401, "token_not_valid")
        assert with_token(second["access_token"]).get(ME).status_code == 401
        assert anonymous().post(REFRESH, {"refresh_token": second["refresh_token"]}, format="json").status_code == 401
        assert with_token(other["access_token"]).get(ME).status_code == 200
        assert AuditEntry.objects.filter(owner=user, action="session.reused").count() == 1

    def test_an_access_token_refreshes_nothing(self):
        token = log_in(make_user())["access_token"]
        assert anonymous().post(REFRESH, {"refresh_token": token}, format="json").status_code == 401

    def test_a_refresh_token_opens_nothing(self):
        assert with_token(log_in(make_user())["refresh_token"]).get(ME).status_code == 401

    @pytest.mark.parametrize("text", ["x", "a.b.c", "", None, 7, {}])
    def test_what_is_no_token(self, text):
        assert anonymous().post(REFRESH, {"refresh_token": text}, format="json").status_code in (400, 401)

    @pytest.mark.parametrize("kind", [AccessToken, RefreshToken])
    def test_tokens_end(self, kind):
        pair = log_in(make_user())
        token = kind(pair["access_token" if kind is AccessToken else "refresh_token"])
        token.set_exp(lifetime=timedelta(seconds=-1))
        answers = {
            AccessToken: lambda: with_token(token).get(ME),
            RefreshToken: lambda: anonymous().post(REFRESH, {"refresh_token": str(token)}, format="json"),
        }
        assert answers[kind]().status_code == 401


class TestWhatStopsTokens:
    def still_works(self, pair):
        refreshed = (
            anonymous().post(REFRESH, {"refresh_token": pair["refresh_token"]}, format="json").status_code == 200
        )
        return with_token(pair["access_token"]).get(ME).status_code == 200, refreshed

    def test_logging_out_with_the_refresh_token(self):
        user = make_user()
        pair, other = log_in(user), log_in(user)
        assert anonymous().post(LOGOUT, {"refresh_token": pair["refresh_token"]}, format="json").status_code == 204
        assert self.still_works(pair) == (False, False)
        assert self.still_works(other) == (True, True)

    def test_logging_out_with_the_bearer_header_ends_rotated_tokens_too(self):
        first = log_in(make_user())
        second = anonymous().post(REFRESH, {"refresh_token": first["refresh_token"]}, format="json").json()
        assert with_token(first["access_token"]).post(LOGOUT).status_code == 204
        assert self.still_works(second) == (False, False)

    def test_disabling_the_user(self):
        user = make_user()
        pair = log_in(user)
        User.objects.filter(pk=user.pk).update(is_active=False)
        assert self.still_works(pair) == (False, False)

    def test_a_new_password(self):
        user = make_user()
        pair = log_in(user)
        body = {"current_password": PASSWORD, "new_password": "another horse, another staple"}
        assert with_token(pair["access_token"]).post(PASSWORD_PATH, body, format="json").status_code == 204
        assert self.still_works(pair) == (False, False)
        user.refresh_from_db()
        assert user.check_password("another horse, another staple")

    def test_deleting_the_user(self):
        user = make_user()
        pair = log_in(user)
        user.delete()
        assert self.still_works(pair) == (False, False)

    def test_logging_out_twice_or_without_anything(self):
        token = log_in(make_user())["refresh_token"]
        statuses = [anonymous().post(LOGOUT, {"refresh_token": token}, format="json").status_code for _ in range(2)]
        assert statuses == [204, 401]
        assert anonymous().post(LOGOUT).status_code == 401

    def test_logging_out_of_the_browser(self):
        client = anonymous()
        client.force_login(make_user())
        assert client.get(ME).status_code == 200
        assert client.post(LOGOUT).status_code == 204
        assert client.get(ME).status_code == 401


class TestTicket:
    def test_opens_one_socket_as_its_user(self):
        user = make_viewer()
        answer = bearer(user).post("/api/v1/ws/ticket").json()
        assert answer["expires_in"] == 30
        first, second = (ticket_redeem(answer["ticket"]) for _ in range(2))
        assert first is not None
        assert (first.user_id, second) == (user.pk, None)

    def test_nobody_without_logging_in(self):
        assert anonymous().post("/api/v1/ws/ticket").status_code == 401


class TestWithoutRedis:
    @pytest.fixture(autouse=True)
    def no_redis(self, settings):
        settings.CACHES = {"default": settings.CACHES["default"] | {"LOCATION": "redis://127.0.0.1:1/0"}}

    def test_users_can_still_log_in(self):
        assert with_token(log_in(make_user())["access_token"]).get(ME).status_code == 200

    def test_what_needs_it_says_so(self):
        answer = bearer(make_user()).post("/api/v1/ws/ticket")
        assert (answer.status_code, answer.json()["code"]) == (503, "unavailable")


class TestMe:
    def test_changes_preferences_only(self):
        user = make_user()
        client = bearer(user)
        body = {
            "email": "New@example.org",
            "current_password": PASSWORD,
            "time_zone": "Asia/Shanghai",
            "language": "zh-hans",
            "role": "admin",
            "username": "x",
        }
        answer = client.put(ME, body, format="json")
        assert answer.status_code == 200
        expected = {"email": "New@example.org", "time_zone": "Asia/Shanghai", "language": "zh-hans"}
        assert client.get(ME).json() | expected | {"role": "trader", "username": user.username} == client.get(ME).json()

    def test_a_new_email_needs_the_password(self):
        answer = bearer(make_user()).patch(ME, {"email": "new@example.org"}, format="json")
        assert (answer.status_code, list(answer.json()["errors"])) == (400, ["current_password"])

    def test_patch_needs_no_email(self):
        assert bearer(make_user()).patch(ME, {"theme": "dark"}, format="json").json()["theme"] == "dark"

    @pytest.mark.parametrize(
        "changes",
        [{"email": "other@EXAMPLE.org"}, {"email": ""}, {"time_zone": "UTC+8"}, {"language": "de"}, {"theme": "pink"}],
    )
    def test_bad_values(self, changes):
        make_user(email="other@example.org")
        user = make_user()
        answer = bearer(user).patch(ME, changes | {"current_password": PASSWORD}, format="json")
        assert (answer.status_code, list(answer.json()["errors"])) == (400, list(changes))
        before = user.email
        user.refresh_from_db()
        assert user.email == before

    def test_a_viewer_may_change_their_own_settings(self):
        assert bearer(make_viewer()).patch(ME, {"language": "zh-hans"}, format="json").status_code == 200

    def test_wrong_current_password(self):
        answer = bearer(make_user()).post(
            PASSWORD_PATH, {"current_password": "x", "new_password": PASSWORD + "!"}, format="json"
        )
        assert (answer.status_code, list(answer.json()["errors"])) == (400, ["current_password"])

    def test_guessing_the_current_password_is_counted_as_logging_in(self, settings):
        rates = {"login": "1/hour"}
        settings.REST_FRAMEWORK = settings.REST_FRAMEWORK | {"DEFAULT_THROTTLE_RATES": rates}
        client = bearer(make_user())
        body = {"current_password": "x", "new_password": "another horse staple"}
        answers = [client.post(PASSWORD_PATH, body, format="json") for _ in range(2)]
        assert [answer.status_code for answer in answers] == [400, 429]

    def test_weak_new_password(self):
        answer = bearer(make_user()).post(
            PASSWORD_PATH, {"current_password": PASSWORD, "new_password": "12345678"}, format="json"
        )
        assert (answer.status_code, list(answer.json()["errors"])) == (400, ["new_password"])

    @pytest.mark.parametrize(("method", "path"), [("get", ME), ("put", ME), ("patch", ME), ("post", PASSWORD_PATH)])
    def test_nobody_without_logging_in(self, method, path):
        answer = getattr(anonymous(), method)(path, {}, format="json")
        assert (answer.status_code, answer.json()["code"]) == (401, "not_authenticated")
