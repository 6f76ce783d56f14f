"""The look-up file: what it answers, how it is swapped, and what a reader does when it is broken or gone."""

import json
import multiprocessing
from dataclasses import replace

import pytest

import directory.kept_members
import directory.snapshot
from directory.errors import MembersUnknown, SnapshotUnavailable
from directory.kept_members import KeptMembers
from directory.model import RecipientKind, SenderRestrictions
from directory.snapshot import Snapshot
from directory.snapshot_file import is_newest_format
from directory.snapshot_schema import ConflictRule
from directory.snapshot_writer import Changes, confirm, publish, publish_changes, withdraw
from tests.directory.entries import a_recipient, as_format_4, guid_of


class Clock:
    now = 0.0

    def __call__(self) -> float:
        return self.now


@pytest.fixture
def clock():
    return Clock()


@pytest.fixture
def snapshot(tmp_path, clock):
    opened = Snapshot.open(tmp_path, clock=clock)
    yield opened
    opened.close()


def test_find__before_the_first_reading__cannot_tell(snapshot):
    with pytest.raises(SnapshotUnavailable, match="not been read yet"):
        snapshot.find("anna@acme.example")
    assert snapshot.version is None


def test_find__any_spelling__leads_to_the_object(tmp_path, snapshot):
    anna = a_recipient("anna", addresses=("anna@acme.example", "A.Baker@Globex.Example"))
    publish(tmp_path, [anna], read_at=0)
    entry = snapshot.find("a.BAKER@globex.example")
    assert (entry.object_guid, entry.primary_address) == (guid_of("anna"), "anna@acme.example")
    assert snapshot.find("ben@acme.example") is None


def test_find__address_on_two_objects__is_a_conflict_and_neither_wins(tmp_path, snapshot):
    one = a_recipient("one", addresses=("one@acme.example", "twice@acme.example"))
    two = a_recipient("two", addresses=("two@acme.example", "TWICE@acme.example"))
    published = publish(tmp_path, [one, two], read_at=0)
    assert snapshot.find("twice@acme.example").is_conflict
    assert snapshot.find("one@acme.example").object_guid == guid_of("one")
    assert [(c.address, set(c.object_guids)) for c in published.conflicts] == [
        ("twice@acme.example", {guid_of("one"), guid_of("two")})
    ]


def test_find__one_object_with_an_address_in_two_spellings__is_no_conflict(tmp_path, snapshot):
    publish(tmp_path, [a_recipient("x", addresses=("x@acme.example", "X@ACME.example"))], read_at=0)
    assert snapshot.find("x@acme.example").kind is RecipientKind.MAILBOX


def test_find__group_and_forwarding__lead_to_primary_addresses(tmp_path, snapshot):
    anna = a_recipient("anna", forwarding_guid=guid_of("ben"), deliver_and_redirect=True)
    ben = a_recipient("ben", primary_address="b@globex.example")
    team = a_recipient(
        "team", kind=RecipientKind.DISTRIBUTION_GROUP, member_guids=(guid_of("anna"), guid_of("ben"), guid_of("gone"))
    )
    publish(tmp_path, [team, anna, ben], read_at=0)
    assert snapshot.find("team@acme.example").members == ("anna@acme.example", "b@globex.example")
    entry = snapshot.find("anna@acme.example")
    assert (entry.forwarding_address, entry.deliver_and_redirect) == ("b@globex.example", True)


def test_find__members_of_the_group_unknown__cannot_tell(tmp_path, snapshot):
    publish(tmp_path, [a_recipient("all", kind=RecipientKind.DYNAMIC_GROUP, are_members_known=False)], read_at=0)
    with pytest.raises(MembersUnknown, match=r"all@acme\.example"):
        snapshot.find("all@acme.example")


def test_find__target_is_one_of_its_own_addresses__ends_there(tmp_path, snapshot):
    """Else resolution would go from the target to the object and back, and reach nobody."""
    cloud = "anna@acme.mail.onmicrosoft.example"
    addresses = ("anna@acme.example", cloud)
    publish(tmp_path, [a_recipient("anna", addresses=addresses, target_address=cloud)], read_at=0)
    assert snapshot.find("anna@acme.example").target_address == cloud
    entry = snapshot.find(cloud.upper())
    assert (entry.primary_address, entry.target_address) == (cloud, None)


def test_find__after_a_swap__sees_the_new_file_within_a_second(tmp_path, snapshot, clock):
    publish(tmp_path, [a_recipient("anna")], read_at=0)
    assert snapshot.find("anna@acme.example")
    publish(tmp_path, [a_recipient("ben")], read_at=0)
    assert snapshot.find("anna@acme.example"), "no look at the pointer before a second has passed"
    clock.now += 1.0
    assert snapshot.find("anna@acme.example") is None
    assert snapshot.find("ben@acme.example")
    assert snapshot.version == 2


def test_find__new_file_is_broken__goes_on_with_the_last_good_one(tmp_path, snapshot, clock):
    publish(tmp_path, [a_recipient("anna")], read_at=0)
    assert snapshot.find("anna@acme.example")
    (tmp_path / "recipients-2.sqlite3").write_bytes(b"not a database" * 100)
    (tmp_path / "current").write_text(json.dumps({"file": "recipients-2.sqlite3", "read_at": 0}))
    clock.now += 1.0
    assert snapshot.find("anna@acme.example")
    assert "cannot be read" in snapshot.last_error


def test_find__folder_is_gone__goes_on_with_the_open_file(tmp_path, snapshot, clock):
    publish(tmp_path, [a_recipient("anna")], read_at=0)
    assert snapshot.find("anna@acme.example")
    for path in tmp_path.iterdir():
        path.unlink()
    clock.now += 1.0
    assert snapshot.find("anna@acme.example")


def test_withdraw__no_directory_in_use__cannot_tell_instead_of_unknown(tmp_path, snapshot, clock):
    publish(tmp_path, [a_recipient("anna")], read_at=0)
    assert snapshot.find("anna@acme.example")
    withdraw(tmp_path)
    clock.now += 1.0
    with pytest.raises(SnapshotUnavailable):
        snapshot.find("anna@acme.example")


def test_confirm__nothing_changed__renews_the_age_and_keeps_the_file(tmp_path, snapshot, clock):
    publish(tmp_path, [a_recipient("anna")], read_at=100)
    assert snapshot.age_s(now=160) == 60
    assert confirm(tmp_path, read_at=150)
    clock.now += 1.0
    assert snapshot.age_s(now=160) == 10
    assert snapshot.version == 1


def test_confirm__made_from_other_content__is_not_true_any_more(tmp_path):
    publish(tmp_path, [a_recipient("anna")], read_at=0, content="1:1")
    assert confirm(tmp_path, read_at=1, content="1:1")
    assert not confirm(tmp_path, read_at=1, content="1:2")


def test_confirm__no_file__is_not_there_to_confirm(tmp_path):
    assert not confirm(tmp_path, read_at=0)
    assert not confirm(tmp_path / "missing", read_at=0)


def test_publish__breaks_off__leaves_the_file_in_use_alone(tmp_path, snapshot, clock):
    publish(tmp_path, [a_recipient("anna")], read_at=0)

    def half():
        yield a_recipient("ben")
        raise ConnectionError("gone")

    with pytest.raises(ConnectionError):
        publish(tmp_path, half(), read_at=0)
    assert snapshot.find("anna@acme.example")
    assert sorted(path.name for path in tmp_path.iterdir()) == ["current", "lock", "recipients-1.sqlite3"]


def test_publish__many_times__keeps_two_files(tmp_path):
    for _ in range(4):
        publish(tmp_path, [a_recipient("anna")], read_at=0)
    assert sorted(path.name for path in tmp_path.glob("*.sqlite3")) == ["recipients-3.sqlite3", "recipients-4.sqlite3"]


def _publish_some(folder, name):
    for _ in range(5):
        publish(folder, [a_recipient(name)], read_at=0)


def test_publish__two_processes_at_once__each_file_is_whole(tmp_path, snapshot):
    context = multiprocessing.get_context("spawn")
    writers = [context.Process(target=_publish_some, args=(tmp_path, name)) for name in ("anna", "ben")]
    for writer in writers:
        writer.start()
    for writer in writers:
        writer.join(60)
        assert writer.exitcode == 0
    assert snapshot.version == 10
    assert bool(snapshot.find("anna@acme.example")) != bool(snapshot.find("ben@acme.example"))


def test_publish__restricted_recipient__names_whom_it_takes_and_rejects(tmp_path, snapshot):
    said = SenderRestrictions(
        accept_from=(guid_of("ben"), "CN=Gone,DC=acme"), reject_from_members_of=(guid_of("all"),), require_auth=True
    )
    anna, ben, everybody = a_recipient("anna"), a_recipient("ben"), a_recipient("all")
    publish(tmp_path, [replace(anna, restrictions=said), ben, everybody], read_at=0)
    entry = snapshot.find("anna@acme.example")
    assert entry.require_auth
    assert entry.accept_from == ("ben@acme.example", "CN=Gone,DC=acme")
    assert entry.reject_from == ("all@acme.example",)
    assert snapshot.find("ben@acme.example").accept_from == ()


def test_find__group__names_the_groups_in_it_first(tmp_path, snapshot):
    inner = a_recipient("zoo", kind=RecipientKind.SECURITY_GROUP)
    outer = a_recipient(
        "outer", kind=RecipientKind.DISTRIBUTION_GROUP, member_guids=tuple(map(guid_of, ("anna", "zoo", "ben")))
    )
    publish(tmp_path, [a_recipient("anna"), a_recipient("ben"), inner, outer], read_at=0)
    assert snapshot.find("outer@acme.example").members == ("zoo@acme.example", "anna@acme.example", "ben@acme.example")


def test_find__group__reads_its_members_once_for_a_file(tmp_path, snapshot, clock, monkeypatch):
    read = []
    reads = directory.snapshot._members

    def counted(connection, guid):
        read.append(guid)
        return reads(connection, guid)

    monkeypatch.setattr(directory.snapshot, "_members", counted)
    group = a_recipient("all", kind=RecipientKind.DISTRIBUTION_GROUP, member_guids=(guid_of("anna"),))
    publish(tmp_path, [a_recipient("anna"), group], read_at=0)
    assert [snapshot.find("all@acme.example").members for _ in range(3)] == [("anna@acme.example",)] * 3
    assert len(read) == 1
    opened = snapshot.opened
    publish(tmp_path, [a_recipient("anna"), replace(group, member_guids=())], read_at=1)
    clock.now += 2
    assert snapshot.find("all@acme.example").members == () and snapshot.opened is not opened


def test_kept_members__beyond_the_bound__those_asked_for_longest_ago_go(monkeypatch):
    monkeypatch.setattr(directory.kept_members, "MAX_ADDRESSES", 10)
    read = []

    def reads(guid):
        read.append(guid)
        return ("x",) * (20 if guid == "large" else 4)

    kept = KeptMembers(reads)
    assert [len(kept.of(guid)) for guid in ("a", "b", "a", "c", "a", "b", "large", "large")][-2:] == [20, 20]
    assert read == ["a", "b", "c", "b", "large", "large"]


def test_addresses_of__object__are_those_that_it_alone_has(tmp_path):
    anna = a_recipient("anna", addresses=("anna@acme.example", "A.B@acme.example", "both@acme.example"))
    otto = a_recipient("otto", addresses=("otto@acme.example", "both@acme.example"))
    publish(tmp_path, [anna, otto], read_at=0)
    snapshot = Snapshot.open(tmp_path)
    assert sorted(snapshot.addresses_of(guid_of("anna"))) == ["a.b@acme.example", "anna@acme.example"]
    assert snapshot.addresses_of(guid_of("nobody")) == ()


def test_publish_changes__one_renamed_one_gone_one_new__are_seen_and_the_rest_stays(tmp_path, snapshot, clock):
    team = a_recipient(
        "team", kind=RecipientKind.DISTRIBUTION_GROUP, member_guids=tuple(map(guid_of, ("anna", "ben", "cleo")))
    )
    publish(tmp_path, [team, a_recipient("anna"), a_recipient("ben")], read_at=0, content="1:1")
    assert snapshot.find("team@acme.example").members == ("anna@acme.example", "ben@acme.example")
    renamed = a_recipient("anna", primary_address="a.baker@acme.example")
    changes = Changes(since="1:1", changed=(renamed, a_recipient("cleo")), removed=(guid_of("ben"),))
    published = publish_changes(tmp_path, changes, read_at=5, content="1:2")
    clock.now += 1.0
    assert (published.version, published.entry_count, published.address_count) == (2, 3, 3)
    assert snapshot.find("anna@acme.example") is None
    assert snapshot.find("ben@acme.example") is None
    assert snapshot.find("team@acme.example").members == ("a.baker@acme.example", "cleo@acme.example")


def test_publish_changes__file_was_made_from_something_else__is_refused_and_nothing_changes(tmp_path, snapshot):
    publish(tmp_path, [a_recipient("anna")], read_at=0, content="1:1")
    changes = Changes(since="1:2", changed=(), removed=(guid_of("anna"),))
    assert publish_changes(tmp_path, changes, read_at=5, content="1:3") is None
    assert snapshot.find("anna@acme.example")
    assert publish_changes(tmp_path / "none", changes, read_at=5) is None


def test_publish_changes__second_claim__makes_a_conflict_and_its_end_ends_it(tmp_path, snapshot, clock):
    publish(tmp_path, [a_recipient("anna")], read_at=0, content="1")
    ben = a_recipient("ben", addresses=("ben@acme.example", "anna@acme.example"))
    published = publish_changes(tmp_path, Changes("1", (ben,), ()), read_at=0, content="2")
    assert [one.address for one in published.conflicts] == ["anna@acme.example"]
    assert snapshot.find("anna@acme.example").is_conflict
    publish_changes(tmp_path, Changes("2", (a_recipient("ben"),), ()), read_at=0, content="3")
    clock.now += 1.0
    assert snapshot.find("anna@acme.example").object_guid == guid_of("anna")


@pytest.mark.parametrize(("second", "winner"), [("ben@acme.example", "anna@acme.example"), ("anna@acme.example", None)])
def test_find__conflict_under_the_rule_primary__goes_to_the_one_primary_address_or_waits(
    tmp_path, snapshot, second, winner
):
    ben = a_recipient("ben", primary_address=second, addresses=(second, "anna@acme.example"))
    publish(tmp_path, [a_recipient("anna"), ben], read_at=0, conflict_rule=ConflictRule.PRIMARY)
    entry = snapshot.find("anna@acme.example")
    assert (entry.primary_address or None, entry.is_conflict) == (winner, winner is None)
    assert snapshot.addresses_of(guid_of("anna")) == (), "nobody may send as an address that two claim"


def test_attributes__of_a_person__with_the_manager_as_the_directory_has_them_now(tmp_path, snapshot, clock):
    anna = a_recipient(
        "anna", attributes=("Department=Sales",), manager_guid=guid_of("carl"), user_principal_name="a@x"
    )
    publish(tmp_path, [anna, a_recipient("carl")], read_at=0, content="1")
    said = ("DisplayName=Anna", "Email=anna@acme.example", "UserLogonName=a@x", "Department=Sales")
    assert snapshot.attributes_of(guid_of("anna")) == (*said, "Manager=carl@acme.example")
    moved = replace(anna, attributes=("Department=Legal",))
    publish_changes(tmp_path, Changes("1", (moved,), (guid_of("carl"),)), read_at=1, content="2")
    clock.now = 2.0
    assert snapshot.attributes_of(guid_of("anna")) == (*said[:3], "Department=Legal")
    assert snapshot.attributes_of(guid_of("carl")) == ()


def test_attributes__of_a_group_or_before_the_first_reading__are_none(tmp_path, snapshot, clock):
    with pytest.raises(SnapshotUnavailable):
        snapshot.attributes_of(guid_of("anna"))
    publish(tmp_path, [a_recipient("all", kind=RecipientKind.DISTRIBUTION_GROUP)], read_at=0)
    clock.now = 2.0
    assert snapshot.attributes_of(guid_of("all")) == ()


def test_find__file_of_the_release_before__answers_and_only_attributes_cannot_be_told(tmp_path, snapshot):
    as_format_4(publish(tmp_path, [a_recipient("anna", attributes=("Department=Sales",))], read_at=0).path)
    assert snapshot.find("anna@acme.example").object_guid == guid_of("anna")
    assert snapshot.find("nobody@acme.example") is None
    assert snapshot.addresses_of(guid_of("anna")) == ("anna@acme.example",)
    with pytest.raises(SnapshotUnavailable, match="kept no attributes"):
        snapshot.attributes_of(guid_of("anna"))


def test_find__file_of_a_release_to_come__cannot_tell(tmp_path, snapshot):
    as_format_4(publish(tmp_path, [a_recipient("anna")], read_at=0).path, number=6)
    with pytest.raises(SnapshotUnavailable, match="has format 6, this program reads 4 and 5"):
        snapshot.find("anna@acme.example")


def test_is_newest_format__of_this_release_or_withdrawn__else_not(tmp_path):
    assert not is_newest_format(tmp_path), "there is none"
    published = publish(tmp_path, [], read_at=0)
    assert is_newest_format(tmp_path)
    as_format_4(published.path)
    assert not is_newest_format(tmp_path)
    published.path.write_bytes(b"not a database" * 100)
    assert not is_newest_format(tmp_path)
    withdraw(tmp_path)
    assert is_newest_format(tmp_path), "no directory is in use: there is nothing to renew"
