"""Explain follows what mail flow rules and remote domains do with an accepted message, as a node would."""

from __future__ import annotations

import pytest

from mailconsole.changes.services.explain import explain
from mailconsole.changes.services.explanation import Directory, Question
from tests.mailconsole.tools.test_explain import ASKED, NOW, document, no_directory
from transport.config.document import MailFlow
from transport.config.objects import AddressSpace, SendConnector

BY_RULE = SendConnector(
    id="partner", name="Partner", address_spaces=(AddressSpace(domain="p.example"),), smart_hosts=("192.0.2.7",)
)


def sent(*actions: dict[str, object], remote: dict[str, object] | None = None, **said: object):
    rule = {"id": "r", "name": "Reroute", "actions": list(actions), "conditions": []}
    base = document().model_dump(mode="json")
    base["mail_flow_rules"] = [rule] if actions else []
    base["send_connectors"].append(BY_RULE.model_dump(mode="json"))
    base["remote_domains"] = [remote] if remote else []
    base["relay_policies"] = [
        {"id": "p", "name": "All", "networks": ["10.1.0.0/16"], "owner": "IT", "purpose": "x",
         "sender_addresses": ["*"], "recipient_addresses": ["*"]}
    ]  # fmt: skip
    question = Question(**ASKED | said)
    return explain(question, document=MailFlow.model_validate(base), revision=1, directory=Directory.KNOWN,
                   finds=no_directory, now=NOW)  # fmt: skip


def test_explain__rule_names_a_send_connector__the_way_is_by_that():
    (way,) = sent({"kind": "RouteMessageOutboundConnector", "values": ["partner"]}).ways
    assert (way.route.next_hop.connector_id, way.route.next_hop.domain) == ("partner", "192.0.2.7")
    (usual,) = sent({"kind": "LogEventText", "text": "x"}).ways
    assert usual.route.next_hop.connector_id == "out"


def test_explain__rule_names_a_send_connector_that_cant_be_used__is_unreachable():
    (way,) = sent({"kind": "RouteMessageOutboundConnector", "values": ["gone"]}).ways
    assert "not there any more" in way.route.considered[0].because


@pytest.mark.parametrize("header", ["", "Subject: x"])
def test_explain__rule_redirects_and_adds__shows_whom_and_each_way(header):
    found = sent(
        {"kind": "RedirectMessageTo", "values": ["anna@contoso.com"]},
        {"kind": "BlindCopyTo", "values": ["legal@law.example", "anna@contoso.com"]},
        header=header,
    )
    assert [(one.word, one.addresses) for one in found.sent_on] == [
        ("Redirected", ("anna@contoso.com",)),
        ("Added", ("legal@law.example",)),
    ]
    assert "Reroute" in found.sent_on[0].because
    assert sorted(one for way in found.ways for one in way.addresses) == ["anna@contoso.com", "legal@law.example"]


def test_explain__rule_wants_tls_or_holds__is_told():
    (way,) = sent({"kind": "RouteMessageOutboundRequireTls"}).ways
    assert "TlsRequired" in way.route.next_hop.delivery_type.name.title().replace("_", "")
    assert sent({"kind": "HoldMessage"}).held_by == "Reroute"


def test_explain__automatic_reply_to_a_remote_domain_that_gets_none__is_refused():
    remote = {"id": "x", "name": "Partners", "domain": "partner.example", "is_auto_reply_enabled": False}
    found = sent(remote=remote, header="Auto-Submitted: auto-replied")
    assert str(found.verdict.reply).startswith("550 5.7.1 Automatic messages")
    assert found.trail[-1].name == "Partners" and found.ways == ()
    assert sent(remote=remote, header="Subject: x").verdict.is_accepted
    assert sent(remote=remote).verdict.is_accepted  # without a header nothing says that it is automatic


@pytest.mark.parametrize(
    ("header", "reply"),
    [
        ("Received: by x\n" * 31, "554 5.4.6 Too many hops"),
        ("X-Long: " + "x" * 300_000, "552 5.3.4 Message header size"),
        ("Received: by x\n" * 29, ""),
    ],
)
def test_explain__header__is_examined_as_at_the_end_of_the_data(header, reply):
    verdict = sent(header=header).verdict
    assert str(verdict.reply or "").startswith(reply) and verdict.is_accepted == (not reply)


@pytest.mark.parametrize(
    ("author", "code"), [("anna@contoso.com", 0), ("ceo@contoso.com", 550), ("a@b, c@d\nFrom: x", 550)]
)
def test_explain__from_field_of_somebody_who_signed_in__has_to_be_theirs(author, code):
    anna = {"id": "anna", "name": "Anna", "username": "anna", "addresses": ["anna@contoso.com"], "owner": "IT",
            "purpose": "x", "password_secret": "s"}  # fmt: skip
    base = document().model_dump(mode="json")
    base["service_accounts"] = [anna]
    base["receive_connectors"] = [
        {"id": "in", "name": "In", "bindings": ["smtp"], "permission_groups": ["ExchangeUsers"],
         "sender_ownership": "envelope and header"}
    ]  # fmt: skip
    found = explain(
        Question("10.1.2.3", "smtp", "anna@contoso.com", "ben@contoso.com", identity="anna", header=f"From: {author}"),
        document=MailFlow.model_validate(base), revision=1, directory=Directory.KNOWN, finds=no_directory, now=NOW,
    )  # fmt: skip
    assert (found.verdict.reply.code if found.verdict.reply else 0) == code
