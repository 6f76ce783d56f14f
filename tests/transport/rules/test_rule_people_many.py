"""What a stranger who names thousands of people in a header makes the directory do: each is read once, and not all."""

from collections import Counter

import pytest

from tests.transport.rules.mail_flow_kit import NO, UNKNOWN, YES, condition, decide, facts, rule
from transport.ports.recipients import EntryKind, RecipientEntry
from transport.rules.criteria.addresses import MAX_SENDERS
from transport.rules.criteria.people import MAX_NAMED

STAFF = tuple(f"p{number}@contoso.com" for number in range(1_000))
WORKS = ("Department=Sales",)


class Counted:
    """A directory with the groups all and within it staff, that counts what is read."""

    def __init__(self) -> None:
        self.found: Counter[str] = Counter()
        self.attributes = 0

    def find(self, address: str) -> RecipientEntry | None:
        self.found[address.lower()] += 1
        groups = {"all@contoso.com": ("staff@contoso.com",), "staff@contoso.com": STAFF}
        if address in groups:
            return RecipientEntry(address, EntryKind.GROUP, address, members=groups[address])
        return RecipientEntry(address, EntryKind.MAILBOX, address, attributes=self._read)

    def _read(self) -> tuple[str, ...]:
        self.attributes += 1
        return WORKS


def answer(asked, lookup, *, to=("bob@fabrikam.com",), times=1, **fields):
    names = {"From": "anna@contoso.com"} | {name: ", ".join(some) for name, some in fields.items()}
    content = "".join(f"{name}: {said}\r\n" for name, said in names.items()).encode() + b"\r\n"
    rules = [rule(number, conditions=[asked], sender_address_location="Header") for number in range(times)]
    return decide(*rules, about=facts(content, to=to), lookup=lookup).trail[-1]


def strangers(count):
    return [f"x{number}@contoso.com" for number in range(count)]


@pytest.mark.parametrize("kind", ["AnyOfToHeaderMemberOf", "AnyOfToCcHeaderMemberOf"])
def test_header__names_hundreds__each_and_each_group_is_read_once(kind):
    lookup = Counted()
    found = answer(condition(kind, "all@contoso.com"), lookup, To=strangers(300), times=3)
    assert found.answer is NO
    assert lookup.found["all@contoso.com"] == lookup.found["staff@contoso.com"] == 1
    assert set(lookup.found.values()) == {1}
    assert answer(condition(kind, "all@contoso.com"), Counted(), To=[*strangers(300), STAFF[7]]).answer is YES


def test_recipients__hundreds__the_group_is_read_once():
    lookup = Counted()
    found = answer(condition("SentToMemberOf", "all@contoso.com"), lookup, to=strangers(200))
    assert (found.answer, lookup.found["staff@contoso.com"]) == (NO, 1)


def test_pairs_of_groups__hundreds_of_them_and_of_recipients__each_is_read_once():
    pairs = [f"all@contoso.com, g{number}@contoso.com" for number in range(499)]
    asked = condition("BetweenMemberOf", *pairs, "staff@contoso.com, all@contoso.com")
    lookup = Counted()
    assert answer(asked, lookup, From=STAFF[:MAX_SENDERS], to=strangers(500)).answer is NO
    assert set(lookup.found.values()) == {1}
    assert answer(asked, Counted(), From=STAFF[:MAX_SENDERS], to=[*strangers(500), STAFF[-1]]).answer is YES


@pytest.mark.parametrize("kind", ["ADAttributeEqual", "ADAttributeNotEqual"])
def test_pairs_of_senders_and_recipients__attributes_of_each_are_read_once(kind):
    lookup = Counted()
    answer(condition(kind, "Company"), lookup, From=strangers(MAX_SENDERS), to=STAFF[:200])
    assert set(lookup.found.values()) == {1}
    assert lookup.attributes == MAX_SENDERS + 200


@pytest.mark.parametrize(
    ("kind", "value"),
    [
        ("FromMemberOf", "all@contoso.com"),
        ("BetweenMemberOf", "all@contoso.com, staff@contoso.com"),
        ("SenderADAttributeContainsWords", "Department:Legal"),
        ("SenderManagerIs", "carl@contoso.com"),
        ("ADAttributeEqual", "Company"),
        ("SenderManagementRelationship", "Manager"),
    ],
)
def test_from__names_more_than_a_few__cannot_be_told_and_no_more_are_looked_up(kind, value):
    lookup = Counted()
    found = answer(condition(kind, value), lookup, From=strangers(300))
    assert (found.answer, "name 300 addresses; no more than 10 are" in found.because) == (UNKNOWN, True)
    assert sum(lookup.found.values()) <= MAX_SENDERS + 3
    assert answer(condition(kind, value), Counted(), From=strangers(MAX_SENDERS)).answer is NO


def test_from__one_of_the_first_fits__is_enough_though_there_are_many():
    asked = condition("FromMemberOf", "all@contoso.com")
    assert answer(asked, Counted(), From=[STAFF[1], *strangers(300)]).answer is YES


def test_to__names_more_than_some_hundreds__cannot_be_told():
    lookup = Counted()
    asked = condition("AnyOfToHeaderMemberOf", "all@contoso.com")
    found = answer(asked, lookup, To=strangers(MAX_NAMED + 1))
    assert (found.answer, "To names 501 addresses" in found.because) == (UNKNOWN, True)
    assert sum(lookup.found.values()) <= MAX_NAMED + 3
