"""Who is let in and who is refused, with the reason that an operator reads."""

from dataclasses import replace
from datetime import UTC, datetime

import pytest

from transport.config.document import MailFlow, initial_document
from transport.config.objects import AcceptedDomain, DomainType, IpListEntry, RelayPolicy
from transport.model.address import NULL, Address
from transport.model.session import SessionFacts, TlsFacts
from transport.model.verdict import Action, Answer, Stage
from transport.ports.recipients import EntryKind, NoDirectory, RecipientEntry
from transport.rules import admission, replaying
from transport.rules.ruleset import compile_ruleset

NOW = 1_800_000_000.0
OUTSIDE = Address("bob", "partner.example")
OURS = Address("alice", "acme.example")
SENDER = Address("scanner", "acme.example")


class Directory:
    def __init__(self, **kinds):
        self.kinds = {name.replace("_at_", "@"): kind for name, kind in kinds.items()}

    def find(self, address):
        kind = self.kinds.get(address.replace(".", "_"))
        return RecipientEntry(address, kind, address) if kind else None


def document(**sections):
    return initial_document().model_copy(update={"accepted_domains": (accepted(),)} | sections)


def accepted(domain_type=DomainType.INTERNAL_RELAY, **fields):
    return AcceptedDomain(
        **{"id": "acme", "name": "acme.example", "domain": "acme.example"} | fields | {"domain_type": domain_type}
    )


def policy(**fields):
    base = {"id": "scanners", "name": "Scanners", "networks": ("10.1.0.0/16",), "owner": "IT", "purpose": "scan"}
    return RelayPolicy(**(base | fields))


def facts(**fields):
    base = SessionFacts("s", "10.1.2.3", 1234, "smtp", "default", 1, NOW)
    return replace(base, **fields)


def rcpt(doc: MailFlow, recipient=OUTSIDE, *, sender=SENDER, size=0, lookup=None, now=NOW, **fact_fields):
    return admission.rcpt(
        compile_ruleset(doc),
        facts(**fact_fields),
        sender,
        recipient,
        size_bytes=size,
        lookup=lookup or NoDirectory(),
        now=now,
    )


def test_connect__blocked_address__is_disconnected_with_the_entry_as_reason():
    doc = document(ip_block_list=(IpListEntry(network="10.1.0.0/16", comment="spam run"),))
    verdict = admission.connect(compile_ruleset(doc), facts(), now=NOW)
    assert verdict.action is Action.DISCONNECT
    assert str(verdict.reply) == "554 5.7.1 Access denied"
    assert "10.1.0.0/16" in verdict.reason and "spam run" in verdict.reason


def test_connect__blocked_and_allowed__is_served():
    doc = document(ip_block_list=(IpListEntry(network="10.0.0.0/8"),), ip_allow_list=(IpListEntry(network="10.1.2.3"),))
    assert admission.connect(compile_ruleset(doc), facts(), now=NOW).is_accepted


def test_connect__expired_block_entry__has_no_effect():
    entry = IpListEntry(network="10.0.0.0/8", expires_at=datetime.fromtimestamp(NOW, UTC))
    doc = document(ip_block_list=(entry,))
    assert admission.connect(compile_ruleset(doc), facts(), now=NOW).is_accepted
    assert not admission.connect(compile_ruleset(doc), facts(), now=NOW - 1).is_accepted


def test_rcpt__outside_without_policy__is_unable_to_relay():
    verdict = rcpt(document())
    assert str(verdict.reply) == "550 5.7.1 Unable to relay"
    assert verdict.stage is Stage.RCPT
    assert verdict.reason == "partner.example is not an accepted domain and no relay policy lets 10.1.2.3 send there."
    assert [s.because for s in verdict.trail][-1] == "No relay policy names 10.1.2.3."


def test_rcpt__policy_for_the_network__is_accepted_and_says_which():
    verdict = rcpt(document(relay_policies=(policy(),)))
    assert verdict.is_accepted
    assert verdict.decided_by == ("relay_policies:scanners",)


@pytest.mark.parametrize(
    ("fields", "because"),
    [
        ({"networks": ("10.9.0.0/16",)}, "1 relay policy does not name 10.1.2.3."),
        ({"expires_at": datetime.fromtimestamp(NOW, UTC)}, "Expired"),
        ({"identities": ("app",)}, "the client has not signed in"),
        ({"is_tls_required": True}, "Requires TLS"),
        ({"sender_addresses": ("other.example",)}, "The sender is not among other.example."),
        ({"recipient_addresses": ("*.other.example",)}, "The recipient is not among"),
        ({"max_message_size": "1 KB"}, "The message is larger than 1 KB."),
        ({"is_enabled": False}, "No relay policy names 10.1.2.3."),
    ],
)
def test_rcpt__policy_that_does_not_fit__refuses_and_says_why(fields, because):
    verdict = rcpt(document(relay_policies=(policy(**fields),)), size=2000)
    assert verdict.reply is not None and verdict.reply.code == 550
    assert any(because in step.because for step in verdict.trail)


def test_rcpt__policy_with_user__needs_that_user():
    doc = document(relay_policies=(policy(identities=("App",), networks=()),))
    assert rcpt(doc, identity="app").is_accepted
    assert not rcpt(doc, identity="other").is_accepted


def test_rcpt__null_sender__is_not_covered_by_a_policy_for_a_sender_domain():
    doc = document(relay_policies=(policy(sender_addresses=("acme.example",)),))
    assert rcpt(doc).is_accepted
    assert not rcpt(doc, sender=NULL).is_accepted


def test_rcpt__accepted_domain__is_taken_from_anyone():
    assert rcpt(document(), OURS, peer="192.0.2.1").is_accepted


def test_rcpt__subdomain__needs_match_subdomains():
    sub = Address("x", "eu.acme.example")
    assert not rcpt(document(), sub).is_accepted
    assert rcpt(document(accepted_domains=(accepted(match_subdomains=True),)), sub).is_accepted


def test_rcpt__authoritative__unknown_known_conflict_and_unavailable_differ():
    doc = document(accepted_domains=(accepted(DomainType.AUTHORITATIVE),))
    known = Directory(alice_at_acme_example=EntryKind.MAILBOX)
    conflict = Directory(alice_at_acme_example=EntryKind.CONFLICT)
    assert rcpt(doc, OURS, lookup=known).is_accepted
    assert str(rcpt(doc, OURS, lookup=Directory()).reply) == "550 5.1.1 User unknown"
    for lookup in (conflict, NoDirectory()):
        verdict = rcpt(doc, OURS, lookup=lookup)
        assert verdict.action is Action.DEFER and verdict.reply is not None and verdict.reply.code == 451
        assert verdict.trail[-1].answer is Answer.CANNOT_TELL


def test_rcpt__bare_postmaster__is_taken_when_somebody_reads_it():
    postmaster = Address("postmaster", "")
    assert rcpt(document(), postmaster).is_accepted
    assert not rcpt(initial_document(), postmaster).is_accepted


def test_mail__client_connector__asks_for_tls_then_authentication():
    ruleset = compile_ruleset(document())

    def ask(**f):
        client = facts(connector_id="client", **f)
        return admission.mail(ruleset, client, SENDER, declared_size_bytes=0, now=NOW).reply

    tls = TlsFacts("TLSv1.3", "x")
    assert str(ask()) == "530 5.7.0 Must issue a STARTTLS command first"
    assert str(ask(tls=tls)) == "530 5.7.0 Authentication required"
    assert str(ask(tls=tls, identity="app")) == "550 5.7.60 Client does not have permissions to send as this sender"
    assert ask(tls=tls, identity="app", addresses=(str(SENDER),)) is None


def test_mail__declared_size_over_the_limit__is_refused():
    verdict = admission.mail(compile_ruleset(document()), facts(), SENDER, declared_size_bytes=10**9, now=NOW)
    assert str(verdict.reply) == "552 5.3.4 Message size exceeds fixed limit"


def test_data__real_size_over_the_policy__is_refused_though_size_lied():
    ruleset = compile_ruleset(document(relay_policies=(policy(max_message_size="1 KB"),)))

    def ask(size):
        return admission.data(
            ruleset,
            facts(),
            SENDER,
            [OUTSIDE],
            size_bytes=size,
            header_size_bytes=10,
            hop_count=0,
            lookup=NoDirectory(),
            now=NOW,
        )

    assert ask(1024).is_accepted
    assert str(ask(1025).reply) == "552 5.3.4 Message size exceeds fixed limit"


@pytest.mark.parametrize(("fields", "code"), [({"hop_count": 31}, "5.4.6"), ({"header_size_bytes": 300_000}, "5.3.4")])
def test_data__loop_or_huge_header__is_refused(fields, code):
    given = {"size_bytes": 1000, "header_size_bytes": 10, "hop_count": 1} | fields
    ruleset = compile_ruleset(document())
    verdict = admission.data(ruleset, facts(), SENDER, [OURS], lookup=NoDirectory(), now=NOW, **given)
    assert verdict.reply is not None and verdict.reply.enhanced == code


def test_replay__same_question__differs_only_by_the_document():
    question = admission.DecisionInput(facts(connector_id="gone"), SENDER, OUTSIDE)
    before = replaying.replay(compile_ruleset(document(), 1), question, lookup=NoDirectory(), now=NOW)
    after = replaying.replay(
        compile_ruleset(document(relay_policies=(policy(),)), 2), question, lookup=NoDirectory(), now=NOW
    )
    assert before.action is Action.REFUSE and after.is_accepted
    assert [s.kind for s in after.trail] == ["receive_connectors", "relay_policies"]


def test_connector_for__most_specific_range_wins():
    narrow = (
        initial_document()
        .receive_connectors[1]
        .model_copy(update={"id": "narrow", "bindings": ("smtp",), "remote_ip_ranges": ("10.1.2.0-10.1.2.9",)})
    )
    doc = initial_document().model_copy(update={"receive_connectors": (*initial_document().receive_connectors, narrow)})
    ruleset = compile_ruleset(doc)
    serving = {p: ruleset.connector_for("smtp", p).id for p in ("10.1.2.9", "10.1.2.10", "::ffff:10.1.2.1", "::1")}
    assert serving == {"10.1.2.9": "narrow", "10.1.2.10": "default", "::ffff:10.1.2.1": "narrow", "::1": "default"}
