"""Service accounts across the document: whose user name it is, and whether an account is of any use."""

from typing import Any

import pytest
from pydantic import ValidationError

from tests.transport.config.documents import NOW, changed, document
from transport.config.document import MailFlow
from transport.config.objects import ServiceAccount
from transport.config.problem import Severity
from transport.config.validate import validate

BACKUP: dict[str, Any] = {
    "id": "backup",
    "name": "Backup",
    "username": "backup",
    "addresses": ["backup@contoso.com"],
    "password_secret": "backup.1",
    "owner": "IT",
    "purpose": "Reports",
}
OTHER = changed(BACKUP, id="other", name="Other", username="other", password_secret="other.1")


def said(document: MailFlow) -> list[tuple[str, str, str]]:
    found = validate(document, now=NOW)
    return [(one.severity, one.object_id, one.sentence) for one in found if one.kind == "service_accounts"]


def test_validate__accounts_of_their_own__is_content() -> None:
    assert said(document(service_accounts=[BACKUP, OTHER])) == []


def test_validate__one_user_name_twice__is_an_error_whatever_the_case() -> None:
    ((severity, _, sentence),) = said(document(service_accounts=[BACKUP, changed(OTHER, username="BackUp")]))
    assert severity is Severity.ERROR
    assert sentence == "Backup signs in as BackUp too: each account needs a user name of its own."


def test_validate__one_secret_twice__is_an_error() -> None:
    ((severity, of, sentence),) = said(document(service_accounts=[BACKUP, changed(OTHER, password_secret="backup.1")]))
    assert (severity, of) == (Severity.ERROR, "other")
    assert sentence == "Backup uses the secret backup.1 too: give this account a secret of its own."


def test_validate__of_no_use__is_told() -> None:
    useless = changed(BACKUP, addresses=[], expires_at="2020-01-01T00:00:00Z")
    found = said(document(service_accounts=[useless], receive_connectors=[]))
    assert {severity for severity, _, _ in found} == {Severity.WARNING}
    assert [sentence.partition(":")[0] for _, _, sentence in found] == [
        "Backup expired on 2020-01-01",
        "Backup owns no address",
        "No receive connector serves users who signed in",
    ]


@pytest.mark.parametrize(
    "fields",
    [
        {"username": ""},
        {"username": "a b"},
        {"username": "CORP\\backup"},
        {"username": "a\r\nb"},
        {"addresses": ["contoso.com"]},
        {"addresses": ["a@contoso.com", "A@contoso.com"]},
        {"password_secret": ""},
        {"owner": ""},
        {"purpose": ""},
    ],
)
def test_account__cannot_be_used_as_it_stands__is_refused(fields: dict[str, Any]) -> None:
    with pytest.raises(ValidationError):
        ServiceAccount.model_validate(BACKUP | fields)
