"""One LDAP entry becomes a recipient, or says why it cannot."""

import pytest

from directory.attributes import DISPLAY_NAME, EMAIL, FROM_DIRECTORY, LOGON_NAME, MANAGER
from directory.explain_mapping import _explained
from directory.mapping import MappingError, map_entry
from directory.model import RecipientKind
from tests.directory.entries import guid_of, ldap_entry
from transport.config import rule_kinds


def test_map_entry__exchange_mailbox__has_primary_first_and_its_guid():
    entry = ldap_entry("anna", mail="anna@acme.example", proxyAddresses=["smtp:a@b.example", "SMTP:anna@acme.example"])
    recipient = map_entry(entry).recipient
    assert (recipient.object_guid, recipient.kind) == (guid_of("anna"), RecipientKind.MAILBOX)
    assert recipient.addresses == ("anna@acme.example", "a@b.example")
    assert recipient.notes == ()


def test_map_entry__schema_without_exchange__takes_mail():
    recipient = map_entry(ldap_entry("anna", mail="anna@acme.example")).recipient
    assert recipient.addresses == ("anna@acme.example",)


def test_map_entry__mail_is_not_among_proxy_addresses__takes_no_mail_there_and_says_so():
    entry = ldap_entry("anna", mail="other@acme.example", proxyAddresses="SMTP:anna@acme.example")
    recipient = map_entry(entry).recipient
    assert recipient.addresses == ("anna@acme.example",)
    assert "other@acme.example" in recipient.notes[0]


def test_map_entry__two_primary_addresses__takes_the_one_in_mail_and_says_so():
    entry = ldap_entry("a", mail="z@acme.example", proxyAddresses=["SMTP:a@acme.example", "SMTP:z@acme.example"])
    recipient = map_entry(entry).recipient
    assert recipient.primary_address == "z@acme.example"
    assert recipient.notes == ("It has 2 primary addresses; z@acme.example is used.",)


def test_map_entry__some_proxy_addresses_malformed__keeps_the_good_ones():
    values = [
        "SMTP:odd@acme.example",
        "smtp:",
        "smtp:nodomain",
        "odd@acme.example",
        "sip:odd@acme.example",
        "X500:/o=A",
    ]
    recipient = map_entry(ldap_entry("odd", proxyAddresses=values)).recipient
    assert recipient.addresses == ("odd@acme.example",)
    assert recipient.legacy_addresses == ("X500:/o=A",)
    assert len(recipient.notes) == 3


@pytest.mark.parametrize(
    "attributes",
    [{}, {"mail": "no address"}, {"mail": "a@acme.example", "objectGUID": None}, {"proxyAddresses": ["sip:a@b"]}],
)
def test_map_entry__no_usable_address_or_guid__is_refused(attributes):
    with pytest.raises(MappingError):
        map_entry(ldap_entry("broken", **attributes))


@pytest.mark.parametrize(
    ("attributes", "kind"),
    [
        ({"objectClass": ["top", "group"], "groupType": 8}, RecipientKind.DISTRIBUTION_GROUP),
        ({"objectClass": ["top", "group"], "groupType": -2147483640}, RecipientKind.SECURITY_GROUP),
        ({"objectClass": ["top", "msExchDynamicDistributionList"]}, RecipientKind.DYNAMIC_GROUP),
        ({"objectClass": ["top", "person", "contact"]}, RecipientKind.CONTACT),
        ({"objectClass": ["top", "publicFolder"]}, RecipientKind.PUBLIC_FOLDER),
        ({"msExchRecipientTypeDetails": 4}, RecipientKind.SHARED_MAILBOX),
        ({"msExchRecipientTypeDetails": 16}, RecipientKind.ROOM_MAILBOX),
        ({"msExchRecipientTypeDetails": 32}, RecipientKind.EQUIPMENT_MAILBOX),
        ({"msExchRecipientTypeDetails": 2147483648}, RecipientKind.REMOTE_MAILBOX),
        ({"msExchRecipientTypeDetails": "nonsense"}, RecipientKind.MAILBOX),
        ({"targetAddress": "SMTP:x@partner.example"}, RecipientKind.MAIL_USER),
    ],
)
def test_map_entry__each_kind_of_object__is_known(attributes, kind):
    assert map_entry(ldap_entry("x", mail="x@acme.example", **attributes)).recipient.kind is kind


def test_map_entry__target_is_a_secondary_address_of_its_own__stays_the_target():
    """A cloud mailbox lists its remote routing address among its proxy addresses; it is the route all the same."""
    cloud = "x@acme.mail.onmicrosoft.example"
    entry = ldap_entry("x", proxyAddresses=["SMTP:x@acme.example", f"smtp:{cloud}"], targetAddress=f"SMTP:{cloud}")
    assert map_entry(entry).recipient.target_address == cloud


def test_map_entry__target_is_its_own_primary_address__leads_nowhere_and_says_so():
    entry = ldap_entry("x", proxyAddresses="SMTP:x@acme.example", targetAddress="SMTP:x@acme.example")
    recipient = map_entry(entry).recipient
    assert recipient.target_address is None
    assert "leads nowhere" in recipient.notes[0]


def test_map_entry__values_with_nul_and_broken_utf8__become_text_that_every_database_takes():
    entry = ldap_entry("x", mail="x@acme.example", displayName=b"An\x00na \xff")
    assert map_entry(entry).recipient.display_name == "Anna \N{REPLACEMENT CHARACTER}"


def test_map_entry__disabled_account__still_takes_mail():
    recipient = map_entry(ldap_entry("x", mail="x@acme.example", userAccountControl=514)).recipient
    assert recipient.disabled
    assert recipient.addresses == ("x@acme.example",)


@pytest.mark.parametrize(
    ("attributes", "home"),
    [
        ({"msExchHomeServerName": "/o=A/ou=B/cn=Configuration/cn=Servers/cn=MBX1", "homeMDB": "CN=DB1,DC=x"}, "MBX1"),
        ({"msExchHomeServerName": "/o=A/ou=B/CN=Servers/CN=mbx 2"}, "mbx 2"),
        ({"msExchHomeServerName": "MBX3"}, "MBX3"),
        ({"homeMDB": "CN=DB,CN=First,CN=InformationStore,CN=OLD1,CN=Servers,DC=x"}, "OLD1"),
        ({"homeMDB": "<GUID=7a51b1a3-0000-4000-8000-000000000000>;CN=DB\\, 1,CN=Databases,DC=x"}, "DB\\, 1"),
        ({"homeMDB": "CN=InformationStore"}, "InformationStore"),
        ({"msExchHomeServerName": "/cn=" + "x" * 5000}, "x" * 256),
        ({"msExchHomeServerName": "/o=A/cn= "}, None),
        ({"homeMDB": ""}, None),
        ({}, None),
    ],
)
def test_map_entry__home_server__is_the_last_name_or_what_the_mailbox_store_tells(attributes, home):
    assert map_entry(ldap_entry("anna", mail="anna@acme.example", **attributes)).recipient.home_server == home


def test_explained__home_mdb__became_something_only_without_a_home_server_name():
    both = {"mail": "a@acme.example", "msExchHomeServerName": "/cn=MBX1", "homeMDB": "CN=DB1,DC=x"}
    for attributes, became in ((both, ("", "")), (both | {"msExchHomeServerName": None}, ("home server", "DB1"))):
        explained = _explained(ldap_entry("anna", **attributes), {})
        (mdb,) = [one for one in explained.attributes if one.ours == "homeMDB"]
        assert (mdb.field, mdb.became) == became


def test_map_entry__attributes_of_a_person__by_exchange_names_on_one_line_each():
    entry = ldap_entry(
        "anna", mail="anna@acme.example", department="Sales\r\nNorth", co="Germany", c="DE", title="x" * 300,
        extensionAttribute15=" CC-1 ", homePhone="1", manager="CN=carl,DC=corp,DC=example",
    )  # fmt: skip
    mapped = map_entry(entry)
    assert mapped.recipient.attributes == (
        f"Title={'x' * 256}", "Department=Sales North", "Country=Germany", "Country=DE", "CustomAttribute15=CC-1"
    )  # fmt: skip
    assert mapped.links.manager == "CN=carl,DC=corp,DC=example"


def test_attributes__that_are_read__are_those_that_rules_may_ask_about():
    written_with_the_entry = {DISPLAY_NAME, EMAIL, LOGON_NAME, MANAGER}
    assert {*FROM_DIRECTORY, *written_with_the_entry} == set(rule_kinds.ATTRIBUTES)


def test_explain__attribute_of_a_person__says_what_it_became():
    entry = ldap_entry("anna", mail="anna@acme.example", department="Sales", ou="Berlin")
    found = {one.ours: (one.field, one.became) for one in _explained(entry, {}).attributes}
    assert found["department"] == ("Department", "Sales")
