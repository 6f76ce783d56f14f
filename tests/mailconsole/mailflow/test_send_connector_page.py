"""The form of a send connector: its secrets, home servers and errors."""

from __future__ import annotations

import pytest
from django.urls import reverse

from mailconsole.changes.models import ChangeItem
from mailconsole.common.models import Secret
from mailconsole.common.secrets import read_secret
from mailconsole.mailflow.forms import ObjectForm
from mailconsole.mailflow.kinds.table import KINDS
from tests.mailconsole.mailflow.kit import as_a_browser_sends, values
from tests.support.factories import signed_in

pytestmark = pytest.mark.django_db


def test_send_connector__password__is_stored_as_a_secret_and_shown_nowhere(editor):
    browser = signed_in(editor)
    hidden = "korrekt-horse"
    said = {"name": "Internet", "address_spaces": "*;5", "smart_hosts": "mx.contoso.com", "is_enabled": "on",
            "tls_level": "EncryptionOnly", "username": "relay", "password": hidden,
            "protocol_logging_level": "None"}  # fmt: skip
    answer = browser.post(reverse("mailflow:send-connector-create"), said)
    assert answer.status_code == 302
    item = values(ChangeItem.objects.get())
    assert item.after["address_spaces"] == [{"cost": 5, "domain": "*"}]
    assert read_secret(item.after["password_secret"]) == hidden
    assert hidden not in browser.get(answer.headers["Location"]).content.decode()
    edit = browser.get(reverse("mailflow:send-connector-edit", args=["internet"]))
    assert hidden not in edit.content.decode()
    browser.post(reverse("mailflow:send-connector-edit", args=["internet"]), said | {"password": ""})
    again = values(ChangeItem.objects.get())
    assert again.after["password_secret"] == item.after["password_secret"]


def test_send_connector__home_servers__are_written_like_address_spaces_and_told_in_words(editor):
    browser = signed_in(editor)
    said = {"name": "Store", "address_spaces": "", "home_servers": "EX01\nMBX*;5", "smart_hosts": "ex.contoso.com",
            "is_enabled": "on", "tls_level": "opportunistic", "protocol_logging_level": "None"}  # fmt: skip
    answer = browser.post(reverse("mailflow:send-connector-create"), said)
    assert answer.status_code == 302, answer.context["form"].errors
    assert values(ChangeItem.objects.get()).after["home_servers"] == [
        {"cost": 1, "server": "EX01"}, {"cost": 5, "server": "MBX*"},
    ]  # fmt: skip
    assert (
        "mailboxes on the home server EX01 at cost 1 and MBX* at cost 5" in browser.get(answer.headers["Location"]).text
    )
    again = browser.get(reverse("mailflow:send-connector-edit", args=["store"]))
    assert again.context["form"]["home_servers"].value() == "EX01;1\nMBX*;5"


def test_send_connector__wrong_form__stores_no_secret(editor):
    said = {"name": "Internet", "address_spaces": "", "tls_level": "EncryptionOnly", "username": "x", "password": "y"}
    assert signed_in(editor).post(reverse("mailflow:send-connector-create"), said).status_code == 422
    assert Secret.objects.count() == 0


@pytest.mark.parametrize(
    ("field", "said", "words"),
    [
        ("fqdn", "mx acme", "is not a host name"),
        ("tls_domain", "contoso.com", "DomainValidation only"),
        ("username", "relay", "over TLS only"),
        ("max_message_size", "ten apples", "is not a size"),
        ("retry_ladder", "soon", "soon"),
        ("upgraded_replies", "421", "about the connection"),
        ("source_ip_address", "10.1.2", "is not an IP address"),
        ("connection_inactivity_timeout", "0", "Must be 1s or more."),
        ("smart_hosts", "mx.contoso.com\na b", "Line 2: 'a b' is not a smart host"),
        ("address_spaces", "*;200", "Must be 100 or less."),
        ("address_spaces", "", "would serve nothing"),
        ("home_servers", "EX01\n/o=Acme", "Line 2: '/o=Acme' is not a home server"),
    ],
)
def test_send_connector__what_is_wrong__is_said_at_its_field(editor, field, said, words):
    form = ObjectForm(KINDS["send_connectors"])
    sent = as_a_browser_sends(form) | {"name": "Internet", "address_spaces": "*", field: said}
    answer = signed_in(editor).post(reverse("mailflow:send-connector-create"), sent)
    assert answer.status_code == 422
    errors = answer.context["form"].errors
    assert words in errors[field][0] and "__all__" not in errors
    assert len(errors[field]) == 1
