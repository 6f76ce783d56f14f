"""Who may send to a recipient: groups are read once for a version of the directory, and a contested sender is told."""

import pytest

from transport.config.document import MailFlow, initial_document
from transport.config.objects import AcceptedDomain
from transport.model.address import parse_mailbox
from transport.model.session import SessionFacts
from transport.ports.recipients import EntryKind, RecipientEntry, SenderRestrictions
from transport.ports.unavailable import LookupUnavailable
from transport.rules import admission, kept_members
from transport.rules.kept_members import KeptMembers, Members
from transport.rules.ruleset import compile_ruleset

TEAM = "team@acme.example"


def entry(name, kind=EntryKind.MAILBOX, **fields):
    return RecipientEntry(f"{name}@acme.example", kind, f"{name}@acme.example", **fields)


class Directory:
    """Counts what is asked of it; `version` is another one when it says so."""

    def __init__(self, *entries):
        self.entries = {one.address: one for one in entries}
        self.version = object()
        self.asked = []
        self.is_down = False

    def find(self, address):
        self.asked.append(address.lower())
        if self.is_down and address.lower() == TEAM:
            raise LookupUnavailable("the file is gone")
        return self.entries.get(address.lower())


def ruleset():
    ours = AcceptedDomain(id="acme", name="acme", domain="acme.example")
    return compile_ruleset(MailFlow.model_validate(dict(initial_document(), accepted_domains=(ours,))))


def rcpt(rules, directory, sender, to="boss@acme.example"):
    facts = SessionFacts("s", "192.0.2.1", 1, "smtp", "default", 1, 0.0)
    who, whom = parse_mailbox(sender), parse_mailbox(to)
    return admission.rcpt(rules, facts, who, whom, size_bytes=0, lookup=directory, now=0.0)


def boss(**limits):
    return entry("boss", restrictions=SenderRestrictions(**limits))


def test_group_that_may_send__is_read_once_for_a_version_of_the_directory():
    team = entry("team", EntryKind.GROUP, members=("anna@acme.example",))
    rules, directory = ruleset(), Directory(team, entry("anna"), entry("ben"), boss(accept_from=(TEAM,)))
    answers = [rcpt(rules, directory, f"{name}@acme.example").is_accepted for name in ("anna", "ben") * 3]
    assert answers == [True, False] * 3
    assert directory.asked.count(TEAM) == 1
    directory.entries[TEAM] = entry("team", EntryKind.GROUP, members=("ben@acme.example",))
    directory.version = object()
    assert [rcpt(rules, directory, f"{name}@acme.example").is_accepted for name in ("anna", "ben")] == [False, True]


def test_group_that_cannot_be_read__is_asked_again_and_nothing_is_remembered():
    team = entry("team", EntryKind.GROUP, members=("anna@acme.example",))
    rules, directory = ruleset(), Directory(team, entry("anna"), boss(accept_from=(TEAM,)))
    directory.is_down = True
    assert rcpt(rules, directory, "anna@acme.example").reply.code == 451
    directory.is_down = False
    assert rcpt(rules, directory, "anna@acme.example").is_accepted


def test_directory_without_versions__is_asked_each_time():
    team = entry("team", EntryKind.GROUP, members=("anna@acme.example",))
    rules, directory = ruleset(), Directory(team, entry("anna"), boss(accept_from=(TEAM,)))
    directory.version = None
    for _ in range(3):
        assert rcpt(rules, directory, "anna@acme.example").is_accepted
    assert directory.asked.count(TEAM) == 3


def test_kept_members__beyond_the_bound__those_asked_for_longest_ago_go(monkeypatch):
    monkeypatch.setattr(kept_members, "MAX_KEYS", 10)
    kept, read = KeptMembers(), []

    def members(name, count):
        def reads():
            read.append(name)
            return Members(frozenset(f"{name}{number}" for number in range(count)))

        return kept.of(1, frozenset((name,)), reads)

    for name, count in (("a", 4), ("b", 4), ("a", 4), ("c", 4), ("a", 4), ("b", 4), ("large", 11), ("large", 11)):
        assert len(members(name, count).keys) == count
    assert read == ["a", "b", "c", "b", "large", "large"]


@pytest.mark.parametrize(
    ("members", "accepts", "rejects"),
    [
        (("anna@acme.example", "a.baker@acme.example"), "250", "550 5.7.1"),
        ((), "550 5.7.1", "250"),
        (("anna@acme.example",), "451 4.3.0", "451 4.3.0"),
    ],
)
def test_sender_that_two_objects_claim__matters_only_where_they_differ(members, accepts, rejects):
    team = entry("team", EntryKind.GROUP, members=members)
    twice = RecipientEntry(
        "info@acme.example", EntryKind.CONFLICT, "", claimed_by=("anna@acme.example", "a.baker@acme.example")
    )
    answers = []
    for limits in ({"accept_from": (TEAM,)}, {"reject_from": (TEAM,)}):
        verdict = rcpt(ruleset(), Directory(team, twice, boss(**limits)), "info@acme.example")
        answers.append(f"{verdict.reply.code} {verdict.reply.enhanced}" if verdict.reply else "250")
    assert answers == [accepts, rejects]


def test_sender_that_two_objects_claim__and_they_differ__is_told_as_what_it_is():
    team = entry("team", EntryKind.GROUP, members=("anna@acme.example",))
    twice = RecipientEntry(
        "info@acme.example", EntryKind.CONFLICT, "", claimed_by=("anna@acme.example", "ben@acme.example")
    )
    verdict = rcpt(ruleset(), Directory(team, twice, boss(accept_from=(TEAM,))), "info@acme.example")
    assert str(verdict.reply) == "451 4.3.0 Sender cannot be verified now, try again later"
    assert verdict.reason == (
        "Whether info@acme.example may send to boss@acme.example can't be told: more than one object of the directory "
        "claims info@acme.example. It waits until that is mended."
    )
    named = boss(accept_from=("info@acme.example",))
    assert rcpt(ruleset(), Directory(twice, named), "info@acme.example").is_accepted
