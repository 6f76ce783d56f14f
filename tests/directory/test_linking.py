"""Names of members, forwarding and restrictions become object GUIDs."""

from directory.linking import link
from directory.mapping import map_entry
from tests.directory.entries import guid_of, ldap_entry


def linked(*entries):
    return {recipient.object_guid: recipient for recipient in link(map_entry(entry) for entry in entries)}


def person(name, **attributes):
    return ldap_entry(name, mail=f"{name}@acme.example", **attributes)


def test_link__member_without_an_address__is_counted_and_left_out():
    members = ["cn=ANNA,dc=corp,dc=example", "CN=nomail,DC=corp,DC=example"]
    group = person("team", objectClass=["group"], member=members)
    team = linked(person("anna"), group)[guid_of("team")]
    assert team.member_guids == (guid_of("anna"),)
    assert team.members_without_address == 1


def test_link__forwarding_to_no_recipient__keeps_mail_and_says_so():
    anna = linked(person("anna", altRecipient="CN=gone,DC=corp,DC=example"))[guid_of("anna")]
    assert anna.forwarding_guid is None
    assert "no recipient" in anna.notes[0]


def test_link__forwarding_to_a_colleague__is_by_guid():
    found = linked(person("anna", altRecipient="CN=ben,DC=corp,DC=example", deliverAndRedirect="TRUE"), person("ben"))
    anna = found[guid_of("anna")]
    assert (anna.forwarding_guid, anna.deliver_and_redirect) == (guid_of("ben"), True)


def test_link__restriction_to_an_unknown_object__does_not_fall_away():
    gone = "CN=gone,DC=corp,DC=example"
    board = linked(person("board", objectClass=["group"], authOrig=gone))[guid_of("board")]
    assert board.restrictions.is_any
    assert board.restrictions.accept_from == (gone,)
