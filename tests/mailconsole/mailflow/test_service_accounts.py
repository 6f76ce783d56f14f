"""Service accounts: made in a draft, their password made at once, told once, and kept as a hash."""

import re
from typing import Any

import pytest
from django.urls import reverse

from mailconsole.audit.models import AuditEntry
from mailconsole.changes.models import ChangeItem
from mailconsole.changes.refusals import SecretNotStored
from mailconsole.changes.services.account_password import SecretOfSomethingElse, make_account_password
from mailconsole.changes.services.open_change import open_change
from mailconsole.changes.services.stage_item import stage_item
from mailconsole.common.models import Secret
from mailconsole.common.secrets import read_secret, store_secret
from tests.mailconsole.changes.kit import NOW
from tests.support.factories import create_editor, create_viewer, signed_in
from tests.support.traffic import Traffic
from transport.rules import passwords

pytestmark = pytest.mark.django_db
ACCOUNT = {"name": "Scanner", "username": "scanner", "addresses": "scan@acme.example", "is_enabled": "on",
           "owner": "Facilities", "purpose": "Scan to mail"}  # fmt: skip
CREATE = reverse("mailflow:service-account-create")
SHOW = reverse("mailflow:service-account-show", args=["scanner"])
PASSWORD = reverse("mailflow:service-account-password", args=["scanner"])


@pytest.fixture
def browser():
    return signed_in(create_editor())


def staged():
    return ChangeItem.objects.get().after


def shown(answer: Any) -> str:
    return re.findall(r"data-once>([^<]+)<", answer.content.decode())[0]


def test_create__editor__reserves_a_secret_that_no_password_opens(browser):
    assert b"password" not in browser.get(CREATE).content.partition(b"<form method")[2].lower().partition(b"</form")[0]
    assert browser.post(CREATE, ACCOUNT).status_code == 302
    assert read_secret(staged()["password_secret"]) == passwords.UNSET
    page = browser.get(SHOW).content.decode()
    assert "It has no password yet" in page and staged()["password_secret"] not in page


def test_create__wrong_form__keeps_no_secret(browser):
    assert browser.post(CREATE, ACCOUNT | {"username": "a b"}).status_code == 422
    assert not Secret.objects.exists()


def test_edit__keeps_its_secret(browser):
    browser.post(CREATE, ACCOUNT)
    before = staged()["password_secret"]
    browser.post(reverse("mailflow:service-account-edit", args=["scanner"]), ACCOUNT | {"owner": "IT"})
    assert (staged()["owner"], staged()["password_secret"]) == ("IT", before)


def test_password__is_shown_once_kept_as_a_hash_and_audited(browser):
    browser.post(CREATE, ACCOUNT)
    answer = browser.post(PASSWORD)
    password = shown(answer)
    assert "no-store" in answer.headers["Cache-Control"]
    stored = read_secret(staged()["password_secret"])
    assert passwords.is_right(stored, password) and password not in stored
    assert password not in browser.get(SHOW).content.decode()
    entry = AuditEntry.objects.get(action="service_account.password_made")
    assert "Scanner" in entry.summary and password not in str(entry.__dict__)
    assert "It has no password yet" not in browser.get(SHOW).content.decode()


def test_password__again__ends_the_one_before(browser):
    browser.post(CREATE, ACCOUNT)
    made = [shown(browser.post(PASSWORD)) for _ in range(2)]
    stored = read_secret(staged()["password_secret"])
    assert [passwords.is_right(stored, password) for password in made] == [False, True]


def test_password__by_get_a_viewer_or_for_nobodys__is_refused(browser):
    browser.post(CREATE, ACCOUNT)
    assert browser.get(PASSWORD).status_code == 405
    assert signed_in(create_viewer()).post(PASSWORD).status_code == 403
    assert signed_in(create_editor()).post(PASSWORD).status_code == 404  # it is in somebody else's draft
    assert read_secret(staged()["password_secret"]) == passwords.UNSET


def test_password__secret_of_a_connector__is_not_overwritten():
    store_secret(name="smart-host", value="korrekt-horse")
    with pytest.raises(SecretOfSomethingElse):
        make_account_password(actor=create_editor(), secret="smart-host", account="x", now=NOW)
    assert read_secret("smart-host") == "korrekt-horse"


def test_stage__password_in_the_place_of_the_secrets_name__is_refused():
    editor = create_editor()
    change = open_change(author=editor, now=NOW)
    after = ACCOUNT | {"addresses": [], "is_enabled": True, "password_secret": "my-password"}
    with pytest.raises(SecretNotStored, match="config password NAME"):
        stage_item(change=change, actor=editor, kind="service_accounts", object_id="", after=after, now=NOW)


def test_detail__account_that_sent__says_when_and_from_where(browser):
    browser.post(CREATE, ACCOUNT)
    assert "none that is kept" in browser.get(SHOW).content.decode()
    traffic = Traffic()
    traffic.receive(peer="192.0.2.2", identity="scanner")
    traffic.receive(peer="192.0.2.3")
    traffic.ingest()
    page = browser.get(SHOW).content.decode()
    assert "from 192.0.2.2 (client.contoso.example)" in page
