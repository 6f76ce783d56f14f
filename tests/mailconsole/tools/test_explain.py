"""The Explain page answers as the nodes would, under the head or under a draft."""

from __future__ import annotations

from datetime import UTC, datetime

import pytest
from django.urls import reverse

from mailconsole.changes import recorded
from mailconsole.tools import views
from mailconsole.tools.services.explain import Directory, Question, explain
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
from transport.ports import EntryKind
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
    then = client.get(url, ASKED | {"under": str(change.pk)}).content.decode()

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
    monkeypatch.setattr(views, "load_document", lambda head: homed_document())
    monkeypatch.setattr(recorded, "directory", lambda: lambda address: entry)
    page = signed_in(create_viewer()).get(reverse("tools:explain"), ASKED | {"recipient": "anna@contoso.com"})
    assert [way.route.chosen.name for way in page.context["explanation"].ways] == ["Store"]
    assert "It serves the recipient&#x27;s home server EX01&lt;b&gt;, by EX*." in page.text
    assert "It does not serve the home server EX01&lt;b&gt;." in page.text


@pytest.mark.django_db
def test_page__recipient_that_forwards__shows_the_steps(monkeypatch):
    recipient = Recipient(id="r", name="R", address="anna@contoso.com", forwarding_address="anna@out.example")
    changed = document().model_copy(update={"recipients": (recipient,)})
    monkeypatch.setattr(views, "load_document", lambda head: changed)
    page = signed_in(create_viewer()).get(reverse("tools:explain"), ASKED | {"recipient": "anna@contoso.com"})
    text = page.content.decode()
    assert "REDIRECT" in text and "anna@out.example" in text and "The recipient&#x27;s mail is forwarded." in text
