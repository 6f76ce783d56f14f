"""What can't be seen in a name that is compared: refused where it is written, for it would never fit."""

from __future__ import annotations

import json

import pytest
from pydantic import TypeAdapter, ValidationError

from transport.config.document import MailFlow, from_sections
from transport.config.objects import ReceiveConnector
from transport.config.types import AddressPattern, Domain, Duration, HostName, Mailbox, Network, Size, SmartHost

HIDDEN = ["\u202e", "\u200b", "\u00ad", "\ufeff", "\u2066", "\u00a0"]


@pytest.mark.parametrize("char", HIDDEN)
@pytest.mark.parametrize(
    ("kind", "text"),
    [(Domain, "con{}toso.com"), (HostName, "mx{}.contoso.com"), (Mailbox, "an{}na@contoso.com"),
     (AddressPattern, "*.con{}toso.com"), (SmartHost, "mx{}1.contoso.com"), (Network, "10.1.2{}.3")],
)  # fmt: skip
def test_name__with_a_character_that_cannot_be_seen__is_refused_and_named(kind, text, char):
    with pytest.raises(ValidationError, match=f"can't be seen \\(U\\+{ord(char):04X}\\)"):
        TypeAdapter(kind).validate_python(text.format(char))


@pytest.mark.parametrize("text", ["müller.example", "contoso.com", "\u0646\u0647\u200c\u0627\u06cc.example"])
def test_domain__of_any_script__is_taken(text):
    assert TypeAdapter(Domain).validate_python(text) == text


@pytest.mark.parametrize(("kind", "text"), [(Size, "\u0661\u0662 MB"), (Duration, "\u0661m")])
def test_figure__in_other_digits__is_refused(kind, text):
    with pytest.raises(ValidationError):
        TypeAdapter(kind).validate_python(text)


@pytest.mark.parametrize(
    ("field", "value"), [("fqdn", "mx one"), ("fqdn", "<b>"), ("banner", "Grüße"), ("banner", "\u202eready")]
)
def test_receive_connector__what_cannot_be_said_in_a_greeting__is_refused(field, value):
    with pytest.raises(ValidationError) as refused:
        ReceiveConnector.model_validate({"id": "a", "name": "A", field: value})
    assert [one["loc"] for one in refused.value.errors()] == [(field,)]


@pytest.mark.parametrize(
    ("section", "fields"),
    [
        ("receive_connectors", {"name": "A", "fqdn": "mx one", "banner": "Grüße"}),
        ("accepted_domains", {"name": "A", "domain": "con\u200btoso.com"}),
    ],
)
def test_revision__published_before_these_checks__is_read_and_the_same_written_anew_refused(section, fields):
    stored = json.dumps([{"id": "a", **fields}])
    (found,) = from_sections({section: stored}).section(section)
    assert {name: getattr(found, name) for name in fields} == fields
    with pytest.raises(ValidationError):
        MailFlow.model_validate({section: json.loads(stored)})
