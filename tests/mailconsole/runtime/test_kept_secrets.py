"""The secrets that a node needs are on the node: mail and sign-in go on without the console's database."""

import json
import stat

import pytest
from django.db import OperationalError

from mailconsole.changes.services.revisions import head_revision, load_document
from mailconsole.common.models import Secret
from mailconsole.common.secrets import forget_secret, store_secret
from mailconsole.runtime.host import TransportHost
from mailconsole.runtime.kept_secrets import KeptSecrets, named_by
from tests.mailconsole.runtime.conftest import NODE, wait_until
from tests.support.accounts import service_account
from transport.config.document import MailFlow, initial_document
from transport.config.objects import AddressSpace, SendConnector
from transport.ports.unavailable import LookupUnavailable

CONNECTOR = SendConnector(id="out", name="Out", address_spaces=(AddressSpace(domain="*"),), smart_hosts=("mx.example",),
                          username="relay", password_secret="smart", tls_level="EncryptionOnly")  # fmt: skip


@pytest.fixture
def store(db, node_home):
    store_secret(name="smart", value="korrekt-horse")
    store_secret(name="scanner.1", value="$argon2id$x")
    store_secret(name="other", value="not this node's")


def test_named_by__document__are_those_of_connectors_and_accounts():
    document = MailFlow.model_validate(
        {**dict(initial_document()), "send_connectors": (CONNECTOR,), "service_accounts": (service_account(),)}
    )
    assert named_by(document) == {"smart", "scanner.1"}
    assert named_by(initial_document()) == set()


def test_refresh__names__are_kept_encrypted_and_for_the_owner_only(store):
    kept = KeptSecrets.of(NODE)
    assert kept.refresh(["smart", "scanner.1"]) and not kept.refresh(["smart", "scanner.1"])
    assert kept("smart") == "korrekt-horse"
    assert stat.S_IMODE(kept.path.stat().st_mode) == 0o600
    assert set(json.loads(kept.path.read_text())) == {"smart", "scanner.1"}
    assert "korrekt" not in kept.path.read_text()


def test_kept__database_away__is_what_the_disk_has(store, monkeypatch):
    KeptSecrets.of(NODE).refresh(["smart"])

    def away(*args, **options):
        raise OperationalError("no connection")

    monkeypatch.setattr(Secret.objects, "filter", away)
    again = KeptSecrets.of(NODE)
    with pytest.raises(OperationalError):
        again.refresh(["smart"])
    assert again("smart") == "korrekt-horse"


def test_refresh__other_value_or_gone__is_known_at_once(store):
    kept = KeptSecrets.of(NODE)
    kept.refresh(["smart"])
    assert kept("smart") == "korrekt-horse"
    store_secret(name="smart", value="new")
    kept.refresh(["smart"])
    assert kept("smart") == "new"
    forget_secret("smart")
    kept.refresh(["smart"])
    with pytest.raises(LookupUnavailable, match="the secret smart is not known on this node"):
        kept("smart")


def test_kept__file_or_key_unreadable__cannot_tell(store, settings, tmp_path):
    kept = KeptSecrets.of(NODE)
    kept.refresh(["smart"])
    settings.SECRETS_KEY_FILE = tmp_path / "another.key"
    with pytest.raises(LookupUnavailable, match="stored under another key"):
        KeptSecrets.of(NODE)("smart")
    kept.path.write_text("[1")
    with pytest.raises(LookupUnavailable):
        KeptSecrets.of(NODE)("smart")


def test_node__new_password__arrives_within_seconds(host: TransportHost):
    host.running = type(host.running)(
        host.running.number,
        load_document(head_revision()).model_copy(update={"service_accounts": (service_account(),)}),
    )
    store_secret(name="scanner.1", value="first")
    wait_until(lambda: "scanner.1" in KeptSecrets.of(NODE)._kept.ciphertexts)
    assert host.secrets("scanner.1") == "first"
    store_secret(name="scanner.1", value="second")
    wait_until(lambda: host.secrets("scanner.1") == "second")
