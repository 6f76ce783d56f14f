"""Conditions of mail flow rules about what the directory says of people: attributes, managers, groups in the header."""

import pytest
from pydantic import ValidationError

from tests.transport.rules.mail_flow_kit import NO, UNKNOWN, YES, condition, decide, facts, rule
from transport.config.objects import RuleCondition
from transport.config.rule_kinds import ATTRIBUTES, ConditionKind
from transport.config.rule_words import condition_words
from transport.ports.recipients import EntryKind, NoDirectory, RecipientEntry

ANNA = ("DisplayName=Anna Baker", "Department=Sales North", "CustomAttribute1=CC-101", "Manager=carl@contoso.com")
BOB = ("Department=Legal", "Country=Germany", "Country=DE", "Manager=anna@contoso.com")
PEOPLE = {"anna@contoso.com": ANNA, "bob@fabrikam.com": BOB, "eve@contoso.com": ("Department=sales north",)}
GROUPS = {
    "staff@contoso.com": ("x@y.com",),
    "sales@contoso.com": ("inner@contoso.com",),
    "inner@contoso.com": ("anna@contoso.com",),
    "legal@contoso.com": ("bob@fabrikam.com", "eve@contoso.com"),
}


class People:
    def find(self, address: str) -> RecipientEntry | None:
        key = "anna@contoso.com" if address.lower() == "a.baker@contoso.com" else address.lower()
        if key in GROUPS:
            return RecipientEntry(address, EntryKind.GROUP, key, members=GROUPS[key])
        known = PEOPLE.get(key)
        return None if known is None else RecipientEntry(address, EntryKind.MAILBOX, key, attributes=lambda: known)


def answer(asked: dict, sender: str = "", to: tuple[str, ...] = ("bob@fabrikam.com",), lookup=None, **fields):
    about = facts(sender=sender or "anna@contoso.com", to=to)
    where = "Envelope" if sender else "Header"
    asking = rule(conditions=[asked], sender_address_location=where, **fields)
    return decide(asking, about=about, lookup=lookup or People()).trail[0]


@pytest.mark.parametrize(
    ("asked", "expected"),
    [
        (condition("SenderADAttributeContainsWords", "Department:Sales"), YES),
        (condition("SenderADAttributeContainsWords", "department: SALES NORTH"), YES),
        (condition("SenderADAttributeContainsWords", "Department:Sale"), NO),
        (condition("SenderADAttributeContainsWords", "Title:Sales", "CustomAttribute1:CC-101"), YES),
        (condition("SenderADAttributeMatchesPatterns", r"CustomAttribute1:^CC-\d+$"), YES),
        (condition("SenderADAttributeMatchesPatterns", r"CustomAttribute1:^\d"), NO),
        (condition("SenderManagerIs", "CARL@contoso.com"), YES),
        (condition("SenderManagerIs", "anna@contoso.com"), NO),
        (condition("RecipientADAttributeContainsWords", "Country:de"), YES),
        (condition("RecipientADAttributeContainsWords", "Department:Sales"), NO),
        (condition("RecipientADAttributeMatchesPatterns", "Country:^Germany$"), YES),
        (condition("RecipientManagerIs", "anna@contoso.com"), YES),
        (condition("SenderManagementRelationship", "Manager"), YES),
        (condition("SenderManagementRelationship", "DirectReport"), NO),
        (condition("ADAttributeEqual", "Department"), NO),
        (condition("ADAttributeNotEqual", "Department"), YES),
        (condition("ADAttributeNotEqual", "Company"), NO),
        (condition("BetweenMemberOf", "sales@contoso.com,legal@contoso.com"), YES),
        (condition("BetweenMemberOf", "Legal@contoso.com, sales@contoso.com"), YES),
        (condition("BetweenMemberOf", "staff@contoso.com, x@y.com", "inner@contoso.com, LEGAL@contoso.com"), YES),
        (condition("BetweenMemberOf", "sales@contoso.com, staff@contoso.com", "x@y.com, legal@contoso.com"), NO),
        (condition("BetweenMemberOf", "sales@contoso.com, sales@contoso.com"), NO),
        (condition("AnyOfToHeaderMemberOf", "staff@contoso.com"), YES),
        (condition("AnyOfCcHeaderMemberOf", "staff@contoso.com"), NO),
        (condition("AnyOfToCcHeaderMemberOf", "staff@contoso.com"), YES),
    ],
    ids=lambda one: f"{one['kind']}-{one['values']}" if isinstance(one, dict) else one.value,
)  # fmt: skip
def test_condition__asked_of_people__answers(asked, expected):
    assert answer(asked).answer is expected
    found = decide(rule(exceptions=[asked]), lookup=People()).trail[0]
    assert found.answer is (NO if expected is YES else YES)


def test_relation__report_writes_to_the_manager_by_another_address__fits():
    asked = condition("SenderManagementRelationship", "DirectReport")
    found = answer(asked, sender="bob@fabrikam.com", to=("a.baker@contoso.com",))
    assert "bob@fabrikam.com reports to a.baker@contoso.com" in found.because


def test_same_attribute__in_another_letter_case__is_the_same():
    assert answer(condition("ADAttributeEqual", "Department"), to=("eve@contoso.com",)).answer is YES


def test_stranger__has_no_attributes_and_no_manager():
    for kind, value in (("SenderADAttributeMatchesPatterns", "Department:."), ("SenderManagerIs", "carl@contoso.com")):
        assert answer(condition(kind, value), sender="who@else.example").answer is NO


@pytest.mark.parametrize("kind", ["SenderADAttributeContainsWords", "RecipientADAttributeContainsWords"])
def test_attribute__directory_cannot_answer__cannot_be_told(kind):
    found = answer(condition(kind, "Department:Sales"), lookup=NoDirectory())
    assert (found.answer, "the directory cannot answer" in found.because) == (UNKNOWN, True)


def test_kept_reader__directory_gone_meanwhile__cannot_be_told():
    class Going:
        def find(self, address):
            return RecipientEntry(address, EntryKind.MAILBOX, address, attributes=lambda: NoDirectory().find(address))

    assert answer(condition("SenderManagerIs", "carl@contoso.com"), lookup=Going()).answer is UNKNOWN


@pytest.mark.parametrize("value", ["Sales", "Shoe:46", "Department:", ":Sales", "Notes:x"])
def test_condition__no_attribute_of_those_known__is_refused(value):
    with pytest.raises(ValidationError, match="must be an attribute and what it holds"):
        RuleCondition(kind=ConditionKind.SENDER_ATTRIBUTE_WORDS, values=(value,))


def test_condition__pattern_of_an_attribute__is_checked_as_one():
    with pytest.raises(ValidationError):
        RuleCondition(kind=ConditionKind.SENDER_ATTRIBUTE_PATTERNS, values=("Title:(",))
    assert len(ATTRIBUTES) == len(set(ATTRIBUTES)) == 35


@pytest.mark.parametrize(
    ("asked", "sender", "to"),
    [
        (condition("SenderADAttributeContainsWords", "Department:Sales"), "twice@contoso.com", "bob@fabrikam.com"),
        (condition("RecipientManagerIs", "anna@contoso.com"), "anna@contoso.com", "twice@contoso.com"),
        (condition("ADAttributeNotEqual", "Department"), "anna@contoso.com", "twice@contoso.com"),
        (condition("SenderManagementRelationship", "Manager"), "twice@contoso.com", "bob@fabrikam.com"),
        (condition("FromMemberOf", "staff@contoso.com"), "twice@contoso.com", "bob@fabrikam.com"),
    ],
    ids=lambda one: one["kind"] if isinstance(one, dict) else one,
)
def test_person__whose_address_two_objects_claim__cannot_be_told(asked, sender, to):
    class Twice(People):
        def find(self, address):
            is_twice = address == "twice@contoso.com"
            return RecipientEntry(address, EntryKind.CONFLICT, "") if is_twice else super().find(address)

    found = answer(asked, sender=sender, to=(to,), lookup=Twice())
    assert found.answer is UNKNOWN and "more than one object of the directory claims" in found.because


PAIR = condition("BetweenMemberOf", "sales@contoso.com, legal@contoso.com")


def test_between_members__both_of_one_group__is_not_between_the_two():
    assert answer(PAIR, sender="bob@fabrikam.com", to=("eve@contoso.com",)).answer is NO
    assert answer(PAIR, sender="bob@fabrikam.com", to=("eve@contoso.com", "a.baker@contoso.com")).answer is YES
    found = answer(PAIR, sender="eve@contoso.com", to=("anna@contoso.com",)).because
    assert "eve@contoso.com is a member of one group, anna@contoso.com of the other" in found


@pytest.mark.parametrize(
    ("down", "to", "expected"),
    [
        ("sales@contoso.com", "bob@fabrikam.com", UNKNOWN),
        ("legal@contoso.com", "bob@fabrikam.com", UNKNOWN),
        ("sales@contoso.com", "who@else.example", NO),
    ],
)
def test_between_members__group_that_cannot_be_read__is_told_where_it_matters(down, to, expected):
    class Partly(People):
        def find(self, address):
            return NoDirectory().find(address) if address == down else super().find(address)

    assert answer(PAIR, sender="anna@contoso.com", to=(to,), lookup=Partly()).answer is expected


@pytest.mark.parametrize("value", ["sales@contoso.com", "sales@contoso.com,", "a@x.com, b@x.com, c@x.com"])
def test_between_members__no_two_groups__is_refused(value):
    with pytest.raises(ValidationError, match="must be two groups"):
        RuleCondition(kind=ConditionKind.BETWEEN_MEMBERS, values=(value,))
    with pytest.raises(ValidationError, match="'legal'"):
        RuleCondition(kind=ConditionKind.BETWEEN_MEMBERS, values=("sales@contoso.com, legal",))


def test_between_members__in_words__names_each_pair():
    asked = {"kind": "BetweenMemberOf", "header": "", "values": ["a@x.com, b@x.com", "c@x.com, d@x.com"]}
    assert condition_words(asked) == "it is between members of a@x.com and b@x.com or c@x.com and d@x.com"
