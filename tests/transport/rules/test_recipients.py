"""Every graph of aliases, forwarding and groups ends; each gets the mail once; nothing is lost silently."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from transport.config.document import MailFlow
from transport.config.objects import AcceptedDomain, DistributionGroup, DomainType, Organization, Recipient
from transport.model.address import Address, parse_mailbox
from transport.model.event import EventId
from transport.ports.recipients import EntryKind, NoDirectory, RecipientEntry, SenderRestrictions
from transport.ports.unavailable import LookupUnavailable
from transport.rules.recipients import MAX_DEPTH, resolve
from transport.rules.restrictions import Sender
from transport.rules.ruleset import compile_ruleset

ANYONE = Sender(Address("s", "x.example"), is_authenticated=False)
SIGNED_IN = Sender(Address("s", "x.example"), is_authenticated=True)


class Directory:
    def __init__(self, *entries):
        self.entries = {entry.address.lower(): entry for entry in entries}

    def find(self, address):
        return self.entries.get(address.lower())


def domain(name="acme.example", kind=DomainType.AUTHORITATIVE, **fields):
    return AcceptedDomain(id=name.split(".")[0], name=name, domain=name, domain_type=kind, **fields)


def person(name, **fields):
    return Recipient(id=name, name=name, address=f"{name}@acme.example", **fields)


def team(name, *members, **fields):
    members = tuple(m if "@" in m else f"{m}@acme.example" for m in members)
    base = {"is_sender_authentication_required": False} | fields
    return DistributionGroup(id=name, name=name, address=f"{name}@acme.example", members=members, **base)


def mailbox(name, **fields):
    return RecipientEntry(f"{name}@acme.example", EntryKind.MAILBOX, f"{name}@acme.example", **fields)


def run(address, *own, directory=None, sender=ANYONE, size=100, domains=(), **organization):
    document = MailFlow(
        organization=Organization(**organization),
        accepted_domains=domains or (domain(),),
        recipients=tuple(one for one in own if isinstance(one, Recipient)),
        distribution_groups=tuple(one for one in own if isinstance(one, DistributionGroup)),
    )
    asked = parse_mailbox(address if "@" in address else f"{address}@acme.example")
    return resolve(compile_ruleset(document), asked, directory or Directory(), sender=sender, size_bytes=size)


def to(result):
    return [str(one.address) for one in result.deliveries]


def refused(result):
    return [(str(one.address), one.reply.enhanced) for one in result.refusals]


def told(result):
    return [(change.event, str(change.address), [str(one) for one in change.to]) for change in result.changes]


def test_resolve__alias__is_delivered_to_the_primary_address():
    result = run("old", person("new", aliases=("old@acme.example",)))
    assert to(result) == ["new@acme.example"]
    assert told(result) == [(EventId.RESOLVE, "old@acme.example", ["new@acme.example"])]


def test_resolve__forwarding__replaces_or_adds():
    assert to(run("a", person("a", forwarding_address="x@out.example"))) == ["x@out.example"]
    both = person("a", forwarding_address="x@out.example", deliver_to_mailbox_and_forward=True)
    result = run("a", both)
    assert to(result) == ["a@acme.example", "x@out.example"]
    assert result.changes[0].event is EventId.REDIRECT


def test_resolve__own_recipient__goes_before_the_directory():
    directory = Directory(mailbox("a"))
    assert to(run("a", person("a", forwarding_address="x@out.example"), directory=directory)) == ["x@out.example"]
    alias = Directory(RecipientEntry("old@acme.example", EntryKind.MAILBOX, "a@acme.example"))
    assert to(run("old", person("a", forwarding_address="x@out.example"), directory=alias)) == ["x@out.example"]


def test_resolve__own_recipient__needs_no_directory():
    assert to(run("a", person("a"), directory=NoDirectory())) == ["a@acme.example"]
    with pytest.raises(LookupUnavailable):
        run("b", person("a"), directory=NoDirectory())


def test_resolve__group_in_a_ring__delivers_each_once():
    result = run("all", team("all", "ring", "a", "x@out.example"), team("ring", "all", "a"), person("a"))
    assert to(result) == ["a@acme.example", "x@out.example"]
    assert refused(result) == []
    assert [event for event, _, _ in told(result)] == [EventId.EXPAND, EventId.EXPAND]


@pytest.mark.parametrize("asked", ["a", "all"])
def test_resolve__forwarding_in_a_circle__is_told_to_the_sender(asked):
    a, b = person("a", forwarding_address="b@acme.example"), person("b", forwarding_address="old-a@acme.example")
    a = a.model_copy(update={"aliases": ("old-a@acme.example",)})
    result = run(asked, a, b, person("c"), team("all", "a", "b", "c"))
    assert [status for _, status in refused(result)] == ["5.4.6"]
    assert to(result) == (["c@acme.example"] if asked == "all" else [])


def test_resolve__group_within_its_own_forwarding__is_harmless():
    result = run("a", person("a", forwarding_address="all@acme.example"), team("all", "a", "c"), person("c"))
    assert to(result) == ["c@acme.example"] and refused(result) == []


def test_resolve__empty_group__is_returned():
    assert refused(run("all", team("all"))) == [("all@acme.example", "5.2.4")]
    assert refused(run("all", team("all", "all"))) == [("all@acme.example", "5.2.4")]


def test_resolve__deeper_than_the_limit__refuses_only_what_is_too_deep():
    chain = [team(f"g{n}", f"g{n + 1}", f"m{n}") for n in range(30)]
    result = run("g0", *chain, *(person(f"m{n}") for n in range(30)))
    assert to(result) == [f"m{n}@acme.example" for n in range(MAX_DEPTH)]
    assert {status for _, status in refused(result)} == {"5.2.4"}


def test_resolve__unknown_member__is_told_and_the_others_get_it():
    result = run("all", team("all", "gone", "a"), person("a"))
    assert to(result) == ["a@acme.example"] and refused(result) == [("gone@acme.example", "5.1.1")]


def test_resolve__restricted_group__takes_only_whom_it_lets():
    group = team("all", "a", is_sender_authentication_required=True)
    assert refused(run("all", group, person("a"))) == [("all@acme.example", "5.7.133")]
    assert to(run("all", group, person("a"), sender=SIGNED_IN)) == ["a@acme.example"]


def test_resolve__lists_of_senders__name_addresses_domains_and_members_of_groups():
    board = team("board", "chief", "deputy")
    inner = team("deputy", "vice")
    closed = person("a", accept_messages_only_from=("board@acme.example",))
    for name, is_let in (("chief", True), ("vice", True), ("clerk", False)):
        result = run("a", closed, board, inner, sender=Sender(Address(name, "acme.example"), is_authenticated=True))
        assert to(result) == (["a@acme.example"] if is_let else [])
    assert refused(run("a", person("a", reject_messages_from=("*.x.example",)))) == [("a@acme.example", "5.7.1")]
    assert refused(run("g", team("g", "a", accept_messages_only_from=("y.example",)))) == [
        ("g@acme.example", "5.7.124")
    ]


def test_resolve__group_of_nobody_or_too_deep__is_an_expansion_problem():
    assert refused(run("g", team("g"))) == [("g@acme.example", "5.2.4")]
    chain = [team(f"g{n}", f"g{n + 1}") for n in range(MAX_DEPTH + 1)]
    deepest = refused(run("g0", *chain, person(f"g{MAX_DEPTH + 1}")))
    assert [status for _, status in deepest] == ["5.2.4"]


def test_resolve__larger_than_the_recipient_takes__is_returned():
    small = person("a", max_receive_size=1024)
    assert refused(run("a", small, size=1025)) == [("a@acme.example", "5.2.3")]
    assert to(run("a", small, size=1024)) == ["a@acme.example"]


def test_resolve__directory_restrictions__count_too():
    entry = mailbox("a", restrictions=SenderRestrictions(is_authentication_required=True))
    assert refused(run("a", directory=Directory(entry))) == [("a@acme.example", "5.7.134")]


def test_resolve__directory_lists__mean_the_person_by_whatever_address():
    members = ("ben@acme.example",)
    directory = Directory(
        mailbox("a", restrictions=SenderRestrictions(accept_from=("team@acme.example", "CN=Gone"))),
        mailbox("b", restrictions=SenderRestrictions(reject_from=("ben@acme.example",))),
        RecipientEntry("team@acme.example", EntryKind.GROUP, "team@acme.example", members=members),
        mailbox("ben"),
        RecipientEntry("benny@acme.example", EntryKind.MAILBOX, "ben@acme.example"),
    )
    for name in ("ben", "benny"):
        sender = Sender(Address(name, "acme.example"), is_authenticated=True)
        assert to(run("a", directory=directory, sender=sender)) == ["a@acme.example"]
        assert refused(run("b", directory=directory, sender=sender)) == [("b@acme.example", "5.7.1")]
    assert refused(run("a", directory=directory)) == [("a@acme.example", "5.7.1")]
    assert to(run("b", directory=directory)) == ["b@acme.example"]


def group_of(name, *members):
    texts = tuple(f"{one}@acme.example" for one in members)
    return RecipientEntry(f"{name}@acme.example", EntryKind.GROUP, f"{name}@acme.example", members=texts)


@pytest.mark.parametrize(
    "directory",
    [
        (group_of("team", "inner"), group_of("inner", "deep"), group_of("deep", "ben")),
        (group_of("team", "ring", "inner", "cy"), group_of("ring", "team"), group_of("inner", "ben")),
    ],
    ids=["three levels", "beside a ring"],
)
def test_resolve__accept_list__means_groups_within_the_directorys_groups(directory):
    only = mailbox("a", restrictions=SenderRestrictions(accept_from=("team@acme.example",)))
    known = Directory(only, mailbox("ben"), mailbox("cy"), mailbox("dan"), *directory)
    ben, dan = (Sender(Address(name, "acme.example"), is_authenticated=True) for name in ("ben", "dan"))
    assert to(run("a", directory=known, sender=ben)) == ["a@acme.example"]
    assert refused(run("a", directory=known, sender=dan)) == [("a@acme.example", "5.7.1")]


@pytest.mark.parametrize("limits", [{"accept_from": ("team@acme.example",)}, {"reject_from": ("team@acme.example",)}])
def test_resolve__sender_whose_address_two_objects_claim__cannot_be_told(limits):
    known = Directory(
        mailbox("a", restrictions=SenderRestrictions(**limits)),
        group_of("team", "ben"),
        RecipientEntry("twice@acme.example", EntryKind.CONFLICT, ""),
    )
    twice = Sender(Address("twice", "acme.example"), is_authenticated=True)
    with pytest.raises(LookupUnavailable, match="more than one object of the directory"):
        run("a", directory=known, sender=twice)


def test_resolve__accept_list__means_directory_groups_within_ours():
    own = (person("a", accept_messages_only_from=("board@acme.example",)), team("board", "chairs", "team"))
    known = Directory(group_of("team", "inner"), group_of("inner", "ben"), mailbox("ben"), mailbox("dan"))
    ben, dan = (Sender(Address(name, "acme.example"), is_authenticated=True) for name in ("ben", "dan"))
    assert to(run("a", *own, directory=known, sender=ben)) == ["a@acme.example"]
    assert refused(run("a", *own, directory=known, sender=dan)) == [("a@acme.example", "5.7.1")]


def test_resolve__large_group__is_not_asked_person_by_person():
    class Counting(Directory):
        asked = 0

        def find(self, address):
            self.asked += 1
            return super().find(address)

    people = [f"p{number}" for number in range(500)]
    only = mailbox("a", restrictions=SenderRestrictions(accept_from=("team@acme.example",)))
    known = Counting(only, mailbox("dan"), group_of("team", *people), *map(mailbox, people))
    dan = Sender(Address("dan", "acme.example"), is_authenticated=True)
    assert refused(run("a", directory=known, sender=dan)) == [("a@acme.example", "5.7.1")]
    assert known.asked < 10


def test_resolve__plus_addressing__is_a_setting_and_an_exact_address_wins():
    both = Directory(mailbox("a"), mailbox("a+exact"))
    assert to(run("a+news", directory=both, is_plus_addressing_enabled=True)) == ["a@acme.example"]
    assert to(run("a+exact", directory=both, is_plus_addressing_enabled=True)) == ["a+exact@acme.example"]
    assert refused(run("a+news", directory=both)) == [("a+news@acme.example", "5.1.1")]
    assert refused(run("z+news", directory=both, is_plus_addressing_enabled=True))


def test_resolve__catch_all__gets_what_nobody_has():
    domains = (domain(catch_all_address="post@acme.example"),)
    result = run("typo", directory=Directory(mailbox("post"), mailbox("a")), domains=domains)
    assert to(result) == ["post@acme.example"] and result.changes[0].event is EventId.REDIRECT
    assert to(run("a", directory=Directory(mailbox("a")), domains=domains)) == ["a@acme.example"]


def test_resolve__postmaster__is_always_somebody():
    assert to(run("postmaster")) == ["postmaster@acme.example"]
    assert to(run("postmaster", postmaster_address="it@out.example")) == ["it@out.example"]
    assert to(run("postmaster", directory=NoDirectory(), postmaster_address="it@out.example")) == ["it@out.example"]
    assert to(run("postmaster", person("postmaster", forwarding_address="b@out.example"))) == ["b@out.example"]


def test_resolve__owner__is_that_of_the_innermost_group_that_has_one():
    outer = team("outer", "inner", "a", owner_address="boss@acme.example")
    inner = team("inner", "b", owner_address="owner@acme.example")
    result = run("outer", outer, inner, person("a"), person("b"))
    assert {str(one.address): str(one.owner) for one in result.deliveries} == {
        "a@acme.example": "boss@acme.example",
        "b@acme.example": "owner@acme.example",
    }


NAMES = [f"n{number}" for number in range(8)]
KINDS = st.sampled_from(["mailbox", "group", "forward", "both", "alias"])
GRAPHS = st.lists(st.tuples(KINDS, st.lists(st.sampled_from([*NAMES, "gone"]), max_size=4)), min_size=8, max_size=8)


def graph(shape):
    entries = []
    for name, (kind, leads) in zip(NAMES, shape, strict=True):
        target = f"{leads[0]}@acme.example" if leads else ""
        if kind == "group":
            members = tuple(f"{one}@acme.example" for one in leads)
            address = f"{name}@acme.example"
            entries.append(RecipientEntry(address, EntryKind.GROUP, address, members=members))
        elif kind == "alias" and target:
            entries.append(RecipientEntry(f"{name}@acme.example", EntryKind.MAILBOX, target))
        else:
            entries.append(mailbox(name, forward_to=target, deliver_and_forward=kind == "both"))
    return Directory(*entries)


@given(GRAPHS)
def test_resolve__any_graph__ends_and_delivers_each_at_most_once(shape):
    result = run("n0", directory=graph(shape))
    assert len(set(to(result))) == len(to(result)) <= len(NAMES)
    assert to(result) or refused(result)
    for address, _ in refused(result):
        assert address not in to(result)
