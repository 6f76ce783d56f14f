"""The Explain page answers as the nodes would, under the head or under a draft."""

from __future__ import annotations

from datetime import UTC, datetime

import pytest
from django.urls import reverse
from django.utils import timezone

from mailconsole.changes import recorded
from mailconsole.changes.services import under
from mailconsole.changes.services.explain import explain
from mailconsole.changes.services.explanation import Directory, Question
from mailconsole.nodes.models import Node
from mailconsole.tracking.models import Refusal
from tests.mailconsole.changes.kit import create_change, publish_policy
from tests.support.factories import create_viewer, signed_in
from tests.support.traffic import Traffic
from transport.config.document import MailFlow, initial_document
from transport.config.objects import (
    AcceptedDomain,
    AddressSpace,
    DistributionGroup,
    DomainType,
    HomeServer,
    Recipient,
    SendConnector,
)
from transport.model.envelope import encode_queue_id
from transport.ports.recipients import EntryKind
from transport.rules.admission import LookupUnavailable, RecipientEntry

NOW = datetime(2026, 11, 23, tzinfo=UTC)
ASKED = {"peer": "10.1.2.3", "binding": "smtp", "sender": "scan@contoso.com", "recipient": "bob@partner.example"}


def document() -> MailFlow:
    domain = AcceptedDomain(
        id="contoso", name="Contoso", domain="contoso.com", domain_type=DomainType.AUTHORITATIVE, is_default=True
    )
    out = SendConnector(id="out", name="Internet", address_spaces=(AddressSpace(domain="*"),))
    return initial_document().model_copy(update={"accepted_domains": (domain,), "send_connectors": (out,)})


def no_directory(address):
    raise LookupUnavailable("none")


def explained(directory: Directory = Directory.KNOWN, **said: object):
    question = Question(**{**ASKED, "recipient": "anna@contoso.com"} | said)
    return explain(question, document=document(), revision=1, directory=directory, finds=no_directory, now=NOW)


def test_explain__recipient_of_an_accepted_domain__is_accepted_and_routed():
    answer = explained()

    assert answer.verdict.is_accepted
    assert [step.answer for step in answer.trail] == ["Yes"] * len(answer.trail)
    (way,) = answer.ways
    assert way.addresses == ("anna@contoso.com",) and way.route.considered[0].name == "Internet"


def test_explain__larger_than_the_organisation_takes__is_refused_and_says_whose_limit():
    flow = document()
    limited = flow.model_copy(update={"organization": flow.organization.model_copy(update={"max_receive_size": 2048})})
    question = Question(**{**ASKED, "recipient": "anna@contoso.com", "size_bytes": 2049})
    answer = explain(question, document=limited, revision=1, directory=Directory.KNOWN, finds=no_directory, now=NOW)

    assert str(answer.verdict.reply) == "552 5.2.3 Message too large for this recipient"
    assert (answer.trail[-1].name, answer.trail[-1].answer) == ("MaxReceiveSize", "No")


def scoped_document() -> MailFlow:
    spaces = (AddressSpace(domain="contoso.com"),)
    edge = SendConnector(id="edge", name="Edge", address_spaces=spaces, source_transport_servers=("edge-1",))
    flow = document()
    return flow.model_copy(update={"send_connectors": (*flow.send_connectors, edge)})


@pytest.mark.parametrize(
    ("nodes", "told"),
    [
        (["edge-1", "edge-2"], [("Edge", ("edge-1",), ()), ("Internet", ("edge-2",), ())]),
        (["edge-1"], [("Edge", (), ())]),
        ([], [("Edge", (), ("edge-1",))]),
    ],
)
def test_explain__send_connector_of_one_node__tells_the_way_from_each(nodes, told):
    question = Question(**{**ASKED, "recipient": "anna@contoso.com"})
    knows = {"directory": Directory.KNOWN, "finds": no_directory, "now": NOW}
    answer = explain(question, document=scoped_document(), revision=1, nodes=nodes, **knows)
    assert [(one.route.chosen.name, one.nodes, one.only_on) for one in answer.ways if one.route.chosen] == told


@pytest.mark.django_db
def test_page__send_connector_of_one_node__says_from_which_node_it_would_go_which_way(monkeypatch):
    monkeypatch.setattr(under, "load_document", lambda head: scoped_document())
    for name in ("edge-1", "edge-2"):
        Node.objects.create(name=name, heartbeat_at=timezone.now())
    asked = {**ASKED, "recipient": "anna@contoso.com", "directory": "known"}
    page = signed_in(create_viewer()).get(reverse("tools:explain"), asked).content.decode()
    assert 'would go from <span class="mc-wire">edge-2</span>' in page and "It is out of scope on edge-2" in page


RECEIVED = "Received: from x (x [203.0.113.9])\n by edge (Postfix) with ESMTP id 1; Fri, 27 Nov 2026 20:00:00 +0000"


@pytest.mark.parametrize(
    ("header", "code", "said"),
    [
        (RECEIVED, 550, "It came from 203.0.113.9 to 10.1.2.3"),
        (RECEIVED.replace("203.0.113.9", "10.1.2.4") + "\n" + RECEIVED, 550, "It came from 203.0.113.9 to 10.1.2.4"),
        (RECEIVED.replace("203.0.113.9", "198.51.100.1"), None, "It came from 198.51.100.1 to 10.1.2.3"),
        ("", None, "no header says that"),
    ],
)
def test_explain__relay_of_our_own__is_asked_where_its_mail_came_from(header, code, said):
    sections = {
        "organization": {"internal_smtp_servers": ["10.1.2.0/29"]},
        "ip_block_list": [{"network": "203.0.113.0/24"}, {"network": "10.0.0.0/8"}],
    }
    flow = MailFlow.model_validate(document().model_dump(mode="json") | sections)
    question = Question(**{**ASKED, "recipient": "anna@contoso.com", "header": header})
    answer = explain(question, document=flow, revision=1, directory=Directory.KNOWN, finds=no_directory, now=NOW)

    assert (answer.verdict.reply.code if answer.verdict.reply else None) == code
    (step,) = [one for one in answer.trail if one.name == "InternalSMTPServers"]
    assert said in step.because


@pytest.mark.parametrize(
    ("directory", "code"), [(Directory.UNKNOWN, 550), (Directory.UNAVAILABLE, 451), (Directory.ASK, 451)]
)
def test_explain__directory_says_otherwise__so_does_the_answer(directory, code):
    answer = explained(directory)

    assert answer.verdict.reply is not None
    assert answer.verdict.reply.code == code
    assert answer.ways == () and answer.resolution is None


def test_explain__elsewhere_without_a_policy__cannot_relay():
    answer = explained(recipient="bob@partner.example")

    assert str(answer.verdict.reply) == "550 5.7.1 Unable to relay"


@pytest.mark.django_db
def test_page__under_a_draft__answers_as_if_it_were_published():
    change = create_change()
    client = signed_in(create_viewer())
    url = reverse("tools:explain")

    now = client.get(url, ASKED).content.decode()
    then = client.get(url, ASKED | {"under": f"c{change.pk}"}).content.decode()

    assert "Unable to relay" in now
    assert "<strong>Accepted.</strong>" in then
    assert "Scanners" in then


@pytest.mark.django_db
def test_page__after_publishing__says_which_policy_admits():
    publish_policy()

    page = signed_in(create_viewer()).get(reverse("tools:explain"), ASKED).content.decode()

    assert "<strong>Accepted.</strong>" in page
    assert "Scanners" in page


@pytest.mark.django_db
@pytest.mark.parametrize(
    ("field", "value", "words"),
    [
        ("peer", "nonsense", "valid IPv4 or IPv6 address"),
        ("recipient", "no at sign", "is no mail address"),
        ("binding", "elsewhere", "Select a valid choice"),
        ("under", "4711", "Select a valid choice"),
        ("size_kb", "-1", "greater than or equal to 0"),
    ],
)
def test_page__what_cannot_be_asked__is_said_at_the_field(field, value, words):
    page = signed_in(create_viewer()).get(reverse("tools:explain"), ASKED | {field: value})

    assert page.status_code == 200
    assert words in page.content.decode()
    assert page.context["explanation"] is None


@pytest.mark.django_db
def test_page__from_a_refused_attempt__is_filled_in():
    traffic = Traffic()
    traffic.refuse()
    traffic.ingest()
    client = signed_in(create_viewer())
    refusal = client.get(reverse("tracking:refusal", args=[Refusal.objects.get().pk]))

    page = client.get(refusal.context["explain_url"])

    assert page.context["form"].is_valid()
    assert "Unable to relay" in page.content.decode()


def test_explain__group__shows_who_gets_it_and_each_way():
    group = DistributionGroup(
        id="g", name="All", address="all@contoso.com", members=("x@out.example", "y@out.example", "gone@contoso.com"),
        is_sender_authentication_required=False,
    )  # fmt: skip
    answer = explain(
        Question(**ASKED | {"recipient": "all@contoso.com"}),
        document=document().model_copy(update={"distribution_groups": (group,)}),
        revision=1,
        directory=Directory.UNKNOWN,
        finds=no_directory,
        now=NOW,
        shows_hidden=True,
    )
    assert answer.resolution is not None
    assert [str(one.address) for one in answer.resolution.refusals] == ["gone@contoso.com"]
    assert [way.addresses for way in answer.ways] == [("x@out.example", "y@out.example")]


def homed_document():
    store = SendConnector(id="store", name="Store", home_servers=(HomeServer(server="EX*"),), smart_hosts=("10.0.0.9",))
    base = document()
    return base.model_copy(update={"send_connectors": (*base.send_connectors, store)})


@pytest.mark.django_db
def test_page__mailbox_on_a_home_server__shows_the_connector_that_serves_it_and_why_not_others(monkeypatch):
    entry = RecipientEntry("anna@contoso.com", EntryKind.MAILBOX, "anna@contoso.com", home_server="EX01<b>")
    monkeypatch.setattr(under, "load_document", lambda head: homed_document())
    monkeypatch.setattr(recorded, "directory", lambda: lambda address: entry)
    page = signed_in(create_viewer()).get(reverse("tools:explain"), ASKED | {"recipient": "anna@contoso.com"})
    assert [way.route.chosen.name for way in page.context["explanation"].ways] == ["Store"]
    assert "It serves the recipient&#x27;s home server EX01&lt;b&gt;, by EX*." in page.text
    assert "It does not serve the home server EX01&lt;b&gt;." in page.text


@pytest.mark.django_db
def test_page__recipient_that_forwards__shows_the_steps(monkeypatch):
    recipient = Recipient(id="r", name="R", address="anna@contoso.com", forwarding_address="anna@out.example")
    changed = document().model_copy(update={"recipients": (recipient,)})
    monkeypatch.setattr(under, "load_document", lambda head: changed)
    page = signed_in(create_viewer()).get(reverse("tools:explain"), ASKED | {"recipient": "anna@contoso.com"})
    text = page.content.decode()
    assert "REDIRECT" in text and "anna@out.example" in text and "The recipient&#x27;s mail is forwarded." in text


RULE = {"id": "no-exe", "name": "Invoices", "conditions": [{"kind": "SubjectContainsWords", "values": ["invoice"]}],
        "actions": [{"kind": "RejectMessage", "status": "5.7.1", "text": "No invoices"}]}  # fmt: skip


def ruled(header: str = "", **rule: object):
    rules = MailFlow.model_validate({"mail_flow_rules": [RULE | rule]}).mail_flow_rules
    return explain(
        Question(**ASKED | {"recipient": "anna@contoso.com"}, header=header),
        document=document().model_copy(update={"mail_flow_rules": rules}),
        revision=1,
        directory=Directory.KNOWN,
        finds=no_directory,
        now=NOW,
    )


def test_explain__mail_flow_rule__refuses_what_its_header_says():
    answer = ruled("Subject: Your invoice\nX-Other: 1")
    assert str(answer.verdict.reply) == "550 5.7.1 No invoices" and answer.verdict.stage == "data"
    assert (answer.trail[-1].kind, answer.trail[-1].answer, answer.ways) == ("mail flow rules", "Yes", ())


def test_explain__mail_flow_rule_without_a_header__cant_tell_and_takes_it_by_its_own_setting():
    answer = ruled()
    assert (answer.trail[-1].answer, answer.verdict.is_accepted) == ("Can't tell", True)


def test_explain__mail_flow_rule_that_redirects__shows_where_it_goes():
    answer = ruled("Subject: invoice", actions=[{"kind": "RedirectMessageTo", "values": ["boss@partner.example"]}])
    assert [way.addresses for way in answer.ways] == [("boss@partner.example",)]


def test_explain__mail_flow_rule_that_deletes__says_that_nobody_gets_it():
    answer = ruled("Subject: invoice", actions=[{"kind": "DeleteMessage"}])
    assert answer.is_deleted and answer.ways == ()


def test_explain__client_certificate__is_what_a_policy_asks_for():
    policy = {"id": "p", "name": "P", "client_certificates": ["a" * 64], "owner": "o", "purpose": "p"}
    policies = MailFlow.model_validate({"relay_policies": [policy]}).relay_policies
    changed = document().model_copy(update={"relay_policies": policies})
    for certificate, is_accepted in (("a" * 64, True), ("b" * 64, False), ("", False)):
        question = Question(**ASKED, certificate=certificate)
        found = explain(question, document=changed, revision=1, directory=Directory.ASK, finds=no_directory, now=NOW)
        assert found.verdict.is_accepted is is_accepted


@pytest.mark.django_db
def test_page__under_an_older_revision__answers_as_then():
    publish_policy(networks=["10.1.0.0/16"])
    publish_policy("scanners", networks=["10.9.0.0/16"])
    client, url = signed_in(create_viewer()), reverse("tools:explain")
    assert "Unable to relay" in client.get(url, ASKED).content.decode()
    assert "Accepted.</strong>" in client.get(url, ASKED | {"under": "r2"}).content.decode()


@pytest.mark.django_db
def test_page__at_another_time__asks_the_rules_for_then():
    publish_policy(networks=["10.1.0.0/16"], expires_at="2030-01-01T00:00:00Z")
    client, url = signed_in(create_viewer()), reverse("tools:explain")
    assert "Accepted.</strong>" in client.get(url, ASKED | {"at": "2029-12-31T08:00"}).content.decode()
    assert "Expired 2030-01-01" in client.get(url, ASKED | {"at": "2030-01-02T08:00"}).content.decode()


@pytest.mark.django_db
def test_page__from_a_message__is_filled_in():
    traffic = Traffic()
    message_id = traffic.receive("group@contoso.example", subject="Hello")
    traffic.ingest()
    browser = signed_in(create_viewer())
    page = browser.get(reverse("tracking:message", args=["transport-1", encode_queue_id(message_id)]))
    filled = browser.get(page.context["explain_url"]).context["form"]
    assert filled.is_valid() and filled.question.recipient == "group@contoso.example"
    assert filled.question.header == "Subject: Hello"
