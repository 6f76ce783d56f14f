"""RCPT TO of an accepted domain: known, unknown, cannot tell, unwilling; each type of domain in a table."""

import pytest

from transport.config.document import MailFlow, initial_document
from transport.config.objects import AcceptedDomain, DistributionGroup, DomainType, Organization, Recipient
from transport.model.address import Address, parse_mailbox
from transport.model.session import SessionFacts
from transport.ports.recipients import EntryKind, NoDirectory, RecipientEntry, SenderRestrictions
from transport.rules import admission
from transport.rules.ruleset import compile_ruleset

AUTHORITATIVE, INTERNAL, EXTERNAL = DomainType
SENDER = Address("s", "x.example")


class Directory:
    def __init__(self, *entries):
        self.entries = {entry.address: entry for entry in entries}

    def find(self, address):
        return self.entries.get(address.lower())


KNOWN = RecipientEntry("known@acme.example", EntryKind.MAILBOX, "known@acme.example")
CLOSED = RecipientEntry(
    "closed@acme.example",
    EntryKind.CONTACT,
    "closed@acme.example",
    restrictions=SenderRestrictions(is_authentication_required=True),
    max_receive_bytes=1000,
)
TWICE = RecipientEntry("twice@acme.example", EntryKind.CONFLICT, "")
DIRECTORY = Directory(KNOWN, CLOSED, TWICE)


def domain(kind=AUTHORITATIVE, **fields):
    return AcceptedDomain(id="acme", name="acme", domain="acme.example", domain_type=kind, **fields)


def rcpt(address, *domains, lookup=DIRECTORY, size=0, identity="", organization=None, recipients=(), groups=()):
    document = initial_document().model_copy(
        update={
            "organization": organization or Organization(),
            "accepted_domains": domains or (domain(),),
            "recipients": tuple(recipients),
            "distribution_groups": tuple(groups),
        }
    )
    facts = SessionFacts("s", "192.0.2.1", 1, "smtp", "default", 1, 0.0, identity=identity)
    ruleset = compile_ruleset(MailFlow.model_validate(document))
    to = parse_mailbox(address)
    return admission.rcpt(ruleset, facts, SENDER, to, size_bytes=size, lookup=lookup, now=0.0)


def reply(*given, **more):
    verdict = rcpt(*given, **more)
    return f"{verdict.reply.code} {verdict.reply.enhanced}" if verdict.reply else "250"


@pytest.mark.parametrize(
    ("kind", "known", "unknown", "twice", "unavailable", "closed", "below"),
    [
        (AUTHORITATIVE, "250", "550 5.1.1", "451 4.3.0", "451 4.3.0", "550 5.7.136", "550 5.7.1"),
        (INTERNAL, "250", "250", "451 4.3.0", "250", "550 5.7.136", "550 5.7.1"),
        (EXTERNAL, "250", "250", "250", "250", "250", "550 5.7.1"),
    ],
)
def test_rcpt__each_type_of_domain__answers_by_what_is_known(kind, known, unknown, twice, unavailable, closed, below):
    answers = [reply(f"{name}@acme.example", domain(kind)) for name in ("known", "unknown", "twice", "closed")]
    assert answers == [known, unknown, twice, closed]
    assert reply("known@acme.example", domain(kind), lookup=NoDirectory()) == unavailable
    assert reply("known@eu.acme.example", domain(kind)) == below


@pytest.mark.parametrize(("kind", "expected"), [(AUTHORITATIVE, "550 5.1.1"), (INTERNAL, "250"), (EXTERNAL, "250")])
def test_rcpt__subdomain__is_what_its_parent_is_unless_accepted_by_its_own_name(kind, expected):
    tree = domain(kind, match_subdomains=True)
    assert reply("nobody@deep.eu.acme.example", tree) == expected
    own = AcceptedDomain(id="eu", name="eu", domain="eu.acme.example", domain_type=INTERNAL)
    assert reply("nobody@eu.acme.example", tree, own) == "250"
    assert reply("nobody@deep.eu.acme.example", tree, own) == expected
    assert reply("nobody@notacme.example", tree) == "550 5.7.1"


def test_rcpt__signed_in_and_small__is_let_where_others_are_not():
    assert reply("closed@acme.example", identity="u") == "250"
    assert reply("closed@acme.example", identity="u", size=1001) == "552 5.2.3"
    verdict = rcpt("closed@acme.example")
    assert verdict.reason == "closed@acme.example takes mail only from senders who signed in."


def test_rcpt__own_recipient_and_group__are_known_without_a_directory():
    person = Recipient(id="p", name="Printer", address="p@acme.example", aliases=("printer@acme.example",))
    group = DistributionGroup(id="g", name="All", address="all@acme.example", members=("p@acme.example",))
    given = {"recipients": (person,), "groups": (group,), "lookup": NoDirectory()}
    assert reply("printer@acme.example", **given) == "250"
    assert reply("all@acme.example", **given) == "550 5.7.133"
    assert rcpt("all@acme.example", **given).trail[-1].row[:3] == ["distribution_groups", "g", "All"]
    assert reply("all@acme.example", identity="u", **given) == "250"
    assert reply("known@acme.example", **given) == "451 4.3.0"


def test_rcpt__own_recipient_of_an_external_domain__is_asked_too():
    person = Recipient(id="p", name="P", address="p@acme.example", is_sender_authentication_required=True)
    assert reply("p@acme.example", domain(EXTERNAL), recipients=(person,)) == "550 5.7.134"


def test_rcpt__settings_lead_on__and_the_one_they_lead_to_is_asked():
    plus = Organization(is_plus_addressing_enabled=True)
    assert reply("known+news@acme.example", organization=plus) == "250"
    assert reply("closed+news@acme.example", organization=plus) == "550 5.7.136"
    assert reply("typo@acme.example", domain(catch_all_address="known@acme.example")) == "250"
    assert reply("typo@acme.example", domain(catch_all_address="closed@acme.example")) == "550 5.7.136"
    assert reply("postmaster@acme.example") == "250"
