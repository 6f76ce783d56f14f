"""What changed between two readings, and the shrink that is not believed."""

import json
from dataclasses import replace

import pytest

from directory.delta import compare, compare_changes, describe, digest_of
from directory.errors import SuspiciousShrink
from directory.model import Recipient, SenderRestrictions
from tests.directory.entries import a_recipient, guid_of


def known(*recipients):
    return {recipient.object_guid: digest_of(recipient) for recipient in recipients}


def told(recipients):
    return [(recipient.object_guid, digest_of(recipient)) for recipient in recipients]


def test_compare__renamed_object__is_changed_and_not_another():
    anna = a_recipient("anna")
    renamed = replace(anna, display_name="Anna Baker", dn="CN=Anna Baker,DC=corp,DC=example")
    delta = compare(known(anna, a_recipient("ben")), told([renamed, a_recipient("ben")]))
    assert (delta.changed, delta.added, delta.removed) == ((guid_of("anna"),), (), ())


def test_compare__nothing_changed__is_empty():
    people = [a_recipient(f"person{n}") for n in range(20)]
    assert compare(known(*people), told(reversed(people))).is_empty


def test_compare__added_and_removed__are_told_apart():
    delta = compare(known(a_recipient("anna"), a_recipient("ben")), told([a_recipient("ben"), a_recipient("cleo")]))
    assert (delta.added, delta.removed) == ((guid_of("cleo"),), (guid_of("anna"),))


def test_compare_changes__only_what_was_told_counts():
    anna, renamed = a_recipient("anna"), a_recipient("anna", display_name="Anna Baker")
    before = known(anna, a_recipient("ben"), a_recipient("dora"))
    said = told([renamed, a_recipient("ben"), a_recipient("cleo")])
    delta = compare_changes(before, said, [guid_of("dora"), guid_of("never known")], known_count=50)
    assert (delta.added, delta.changed, delta.removed) == (
        (guid_of("cleo"),),
        (guid_of("anna"),),
        (guid_of("dora"),),
    )


def test_compare_changes__more_than_a_tenth_gone__is_not_believed_until_confirmed():
    people = [a_recipient(f"person{n}") for n in range(100)]
    gone = [one.object_guid for one in people[:11]]
    with pytest.raises(SuspiciousShrink, match="11 of 100"):
        compare_changes(known(*people[:11]), [], gone, known_count=100)
    assert len(compare_changes(known(*people[:11]), [], gone, known_count=100, shrink_limit=1.0).removed) == 11


@pytest.mark.parametrize("before", [0, 1, 100])
def test_compare__empty_answer__is_not_believed(before):
    with pytest.raises(SuspiciousShrink, match="no recipient at all"):
        compare(known(*(a_recipient(f"p{n}") for n in range(before))), told([]))


def test_compare__more_than_a_tenth_gone__is_not_believed_until_confirmed():
    people = [a_recipient(f"person{n}") for n in range(100)]
    with pytest.raises(SuspiciousShrink, match="11 of 100"):
        compare(known(*people), told(people[11:]))
    assert len(compare(known(*people), told(people[10:])).removed) == 10
    assert len(compare(known(*people), told(people[11:]), shrink_limit=1.0).removed) == 11


def test_compare__as_many_new_as_gone__is_not_believed_either():
    """Another base DN answers with other people: as many as before, and none of those that mail is for."""
    with pytest.raises(SuspiciousShrink):
        compare(known(*(a_recipient(f"old{n}") for n in range(50))), told(a_recipient(f"new{n}") for n in range(50)))


def test_digest__through_json_and_back__is_the_same():
    recipient = a_recipient("anna", restrictions=SenderRestrictions(accept_from=("x",)), member_guids=("a", "b"))
    again = Recipient.from_document(json.loads(json.dumps(recipient.to_document())))
    assert again == recipient
    assert digest_of(again) == digest_of(recipient)


def test_describe__names_the_fields_before_and_after():
    before = a_recipient("anna")
    changes = describe(before, replace(before, hidden=True, target_address="a@cloud.example"))
    assert {(one.field, one.before, one.after) for one in changes} == {
        ("hidden", "no", "yes"),
        ("target_address", "", "a@cloud.example"),
    }


def test_describe__group_hides_its_members__they_are_counted_and_not_named():
    before = a_recipient("board", hides_members=True, member_guids=(guid_of("anna"),))
    after = a_recipient("board", hides_members=False, member_guids=(guid_of("anna"), guid_of("ben")))
    for old, new in ((before, after), (after, before)):
        text = str(describe(old, new))
        assert "2 that are hidden" in text
        assert guid_of("anna") not in text and guid_of("ben") not in text
