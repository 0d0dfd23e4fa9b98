"""The audit log: what is written, who reads it, and that nobody changes it."""

import csv
import io

import pytest
from django.core.management import call_command
from django.db import DatabaseError, transaction

from accounts import services
from accounts.audit import HIDDEN, record
from accounts.audit_words import sentence
from accounts.models import AuditEntry
from accounts.request_facts import API, PAGE, RequestFacts, facts_kept
from accounts.tests.clients import anonymous, bearer
from bots.tests.factories import PASSWORD, make_user
from bots.tests.page_client import client_of, page_of

pytestmark = pytest.mark.django_db


def test_an_entry_says_who_did_what_to_what_from_where():
    user = make_user(username="mei")
    with facts_kept(RequestFacts(API, "192.0.2.7", "curl/8")):
        record(actor=user, action="user.change", target=user, summary="Done", details={"language": "zh-hans"})
    entry = AuditEntry.objects.get()
    assert (entry.actor, entry.actor_name, entry.owner, entry.action) == (user, "mei", user, "user.change")
    assert (entry.object_type, entry.object_id, entry.object_label) == ("user", str(user.pk), "mei")
    assert (entry.source, entry.ip, entry.user_agent) == ("api", "192.0.2.7", "curl/8")
    assert entry.details == {"language": "zh-hans"}


def test_what_the_program_does_has_no_actor():
    record(actor=None, action="bot.fail")
    entry = AuditEntry.objects.get()
    assert entry.actor is None
    assert entry.owner is None
    assert (entry.actor_name, entry.source, entry.ip) == ("", "program", None)


def test_secrets_are_blanked_however_deep_they_lie():
    details = {"label": "x", "api_key": "k", "new": [{"apiSecret": "s", "passphrase": ""}], "password_changed": True}
    record(actor=None, action="account.change", details=details)
    written = {
        "label": "x",
        "api_key": HIDDEN,
        "new": [{"apiSecret": HIDDEN, "passphrase": ""}],
        "password_changed": True,
    }
    assert AuditEntry.objects.get().details == written


def _update():
    AuditEntry.objects.update(action="nothing.happened")


def _delete():
    AuditEntry.objects.all().delete()


@pytest.mark.parametrize("change", [_update, _delete])
def test_postgresql_refuses_to_change_or_delete_entries(change):
    record(actor=None, action="bot.start")
    with pytest.raises(DatabaseError, match="append-only"), transaction.atomic():
        change()
    assert AuditEntry.objects.get().action == "bot.start"


def test_an_entry_outlives_its_user():
    user = make_user()
    record(actor=user, action="user.login", target=user)
    user.delete()
    assert AuditEntry.objects.get().actor_name == user.username


def test_a_change_that_is_rolled_back_leaves_no_entry():
    with transaction.atomic():
        record(actor=None, action="bot.start")
        transaction.set_rollback(True)
    assert not AuditEntry.objects.exists()


class TestReaders:
    def entries(self, client, **query):
        return client.get("/api/v1/users/me/audit", query).json()["results"]

    def test_everybody_reads_what_concerns_himself(self):
        user, admin, other = make_user(), make_user(), make_user()
        services.user_set_role(actor=admin, user=user, role="viewer")
        for who, count in ((user, 1), (admin, 1), (other, 0)):
            assert len(self.entries(bearer(who), action="user.role")) == count
        entry = self.entries(bearer(user), action="user.role")[0]
        assert (entry["actor_name"], entry["text"]) == (admin.username, "Role changed")
        assert entry["details"] == {"was": "trader", "role": "viewer"}

    def test_the_list_is_narrowed_by_time_and_action(self):
        client = bearer(make_user())
        assert self.entries(client, since="2020-01-01T00:00:00Z", action="user.log")
        assert not self.entries(client, until="2020-01-01T00:00:00Z")
        assert client.get("/api/v1/users/me/audit", {"since": "x"}).status_code == 400

    def test_the_page_and_its_areas(self):
        user = make_user()
        record(actor=user, action="bot.start", target=user, details={"account": "Play", "is_paper": True})
        for path in ("", "?area=bot", "?area=access", "?area=nonsense", "?area=limits", "?page=9"):
            page_of(user, f"/settings/audit{path}")
        assert "Bot started" in page_of(user, "/settings/audit?area=bot")
        assert "Bot started" not in page_of(user, "/settings/audit?area=access")

    def test_the_file_executes_nothing_in_a_spreadsheet(self):
        user = make_user()
        with facts_kept(RequestFacts(PAGE, None, "=HYPERLINK(1)")):
            record(actor=user, action="bot.start", target=user, summary="+1")
        text = client_of(user).get("/settings/audit/export.csv").content.decode("utf-8-sig")
        row = next(row for row in csv.DictReader(io.StringIO(text)) if row["Action"] == "bot.start")
        assert (row["Who"], row["What"], row["Device"]) == (user.username, "'+1", "'=HYPERLINK(1)")

    def test_a_summary_is_filled_and_translated_for_its_reader(self):
        entry = AuditEntry(action="x", summary="Limit %(name)s is %(value)s", details={"name": "loss", "value": 5})
        assert sentence(entry) == "Limit loss is 5"
        entry.summary = "100 % of %(missing)s"
        assert sentence(entry) == "100 % of %(missing)s"


class TestRetention:
    def test_an_operator_deletes_old_entries_and_leaves_a_trace(self):
        record(actor=None, action="old")
        call_command("trim_audit", "--days", "0", "--yes", stdout=io.StringIO())
        entry = AuditEntry.objects.get()
        assert (entry.action, entry.details["count"]) == ("audit.trim", 1)
        with pytest.raises(DatabaseError, match="append-only"), transaction.atomic():
            _delete()

    def test_it_asks_first(self, monkeypatch):
        record(actor=None, action="old")
        monkeypatch.setattr("builtins.input", lambda _: "no")
        call_command("trim_audit", "--days", "0", stdout=io.StringIO())
        assert AuditEntry.objects.get().action == "old"


class TestWhatIsRecorded:
    def actions(self, user):
        return list(AuditEntry.objects.filter(owner=user).order_by("pk").values_list("action", flat=True))

    def test_logging_in_and_failing_to(self):
        user = make_user()
        path = "/api/v1/auth/login"
        anonymous().post(path, {"username": user.username, "password": "x"}, "json", REMOTE_ADDR="192.0.2.1")
        anonymous().post(path, {"username": "nobody", "password": "x"}, "json")
        anonymous().post(path, {"username": user.username, "password": PASSWORD}, "json")
        assert self.actions(user) == ["user.login_failed", "user.login"]
        failed = AuditEntry.objects.filter(action="user.login_failed").order_by("pk")
        known, unknown = failed
        assert known.actor is None
        assert unknown.owner is None
        assert (known.owner, known.ip) == (user, "192.0.2.1")

    def test_exchange_accounts_and_their_keys(self):
        user = make_user()
        client = bearer(user)
        real = {"exchange": "binance", "label": "Live", "api_key": "k" * 20, "api_secret": "s" * 20}
        path = f"/api/v1/exchanges/{client.post('/api/v1/exchanges/', real, 'json').json()['id']}"
        client.patch(path, {"label": "Renamed", "api_secret": "t" * 20}, "json")
        client.patch(path, {"is_active": False}, "json")
        client.delete(path)
        wanted = ["account.create", "account.keys", "account.change", "account.disable", "account.delete"]
        assert [action for action in self.actions(user) if action.startswith("account.")] == wanted
        written = str(list(AuditEntry.objects.values_list("details", flat=True)))
        assert "t" * 20 not in written
        assert "k" * 20 not in written
        changed = AuditEntry.objects.get(action="account.change")
        assert changed.details == {"label": {"was": "Live", "now": "Renamed"}}
        assert (changed.actor, changed.source) == (user, "api")

    def test_tries_that_change_nothing_leave_nothing(self):
        user = make_user()
        bearer(user).patch("/api/v1/users/me", {"theme": "auto"}, "json")
        bearer(user).patch("/api/v1/users/me", {"theme": "dark"}, "json")
        assert [action for action in self.actions(user) if action == "user.change"] == ["user.change"]


def test_the_back_office_reads_all_and_changes_nothing():
    record(actor=None, action="bot.start")
    admin = make_user(is_staff=True, is_superuser=True)
    client = client_of(admin)
    entry = AuditEntry.objects.get(action="bot.start")
    assert client.get("/admin/accounts/auditentry/").status_code == 200
    assert client.get(f"/admin/accounts/auditentry/{entry.pk}/change/").status_code == 200
    assert client.get("/admin/accounts/auditentry/add/").status_code == 403
    assert client.post(f"/admin/accounts/auditentry/{entry.pk}/delete/", {"post": "yes"}).status_code == 403
    assert client_of(make_user()).get("/admin/accounts/auditentry/").status_code == 302
