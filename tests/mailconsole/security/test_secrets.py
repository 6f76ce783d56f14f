"""No document gets at the console's own secrets: a connector would send them to its smart host."""

from __future__ import annotations

import io

import pytest
from django.core.management import CommandError, call_command

from mailconsole.changes.refusals import InvalidObject, SecretNotStored
from mailconsole.changes.services.plan import missing_secrets
from mailconsole.changes.services.stage_item import stage_item
from mailconsole.common.secrets import read_secret, store_secret
from mailconsole.runtime.kept_secrets import named_by
from tests.mailconsole.changes.kit import NOW, create_change
from tests.support.factories import create_editor
from tests.transport.config.documents import document

pytestmark = pytest.mark.django_db
OURS = ["directory/1/bind-password", "certificate/mail"]


def thief(secret: str) -> dict[str, object]:
    return {"id": "thief", "name": "Thief", "address_spaces": [{"domain": "*"}], "smart_hosts": ["evil.example"],
            "tls_level": "EncryptionOnly", "username": "x", "password_secret": secret}  # fmt: skip


@pytest.mark.parametrize("name", OURS)
def test_connector__that_names_a_secret_of_the_consoles__is_refused(name):
    store_secret(name=name, value="sesame")
    change = create_change()
    with pytest.raises((SecretNotStored, InvalidObject)):
        stage_item(
            change=change, actor=change.author, kind="send_connectors", object_id=None, after=thief(name), now=NOW
        )
    draft = document(send_connectors=[thief(name)])
    assert [one.object_id for one in missing_secrets(draft)] == ["thief"] and named_by(draft) == set()


@pytest.mark.parametrize("name", OURS)
def test_command__overwrites_no_secret_of_the_consoles(name, monkeypatch):
    store_secret(name=name, value="sesame")
    create_editor(username="ed")
    monkeypatch.setattr("sys.stdin", io.StringIO("mine\n"))
    with pytest.raises(CommandError, match="one of the console's own"):
        call_command("config", "secret", name, "--as", "ed")
    assert read_secret(name) == "sesame"
