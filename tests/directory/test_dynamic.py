"""A dynamic group whose filter cannot be used stops neither the run nor lets its mail go to nobody."""

import pytest

from directory.dynamic import with_members
from directory.entry import Entry
from directory.errors import FilterRefused, SearchFailed
from directory.mapping import map_entry
from directory.settings import Server, SourceSettings
from tests.directory.entries import ldap_entry

SETTINGS = SourceSettings((Server("dc1", 636),), "DC=corp,DC=example", "svc", "secret")
CLASSES = ["top", "msExchDynamicDistributionList"]


class Controller:
    """Answers each search with the same names, or refuses it."""

    def __init__(self, *names, error=None):
        self.names, self.error, self.asked = names, error, []

    def search_pages(self, base_dn, search_filter, attributes, *, page_size):
        self.asked.append((base_dn, search_filter))
        if self.error:
            raise self.error
        yield [Entry(name, {}) for name in self.names]


def dynamic_group(**attributes):
    return map_entry(ldap_entry("all", mail="all@acme.example", objectClass=CLASSES, **attributes))


def test_with_members__matching_entries__are_members_but_not_itself():
    group = dynamic_group(msExchDynamicDLFilter="(l=Berlin)", msExchDynamicDLBaseDN="OU=Acme")
    controller = Controller("CN=anna", group.recipient.dn)
    assert with_members(controller, SETTINGS, [group])[0].links.members == ("CN=anna",)
    assert controller.asked == [("OU=Acme", "(l=Berlin)")]


@pytest.mark.parametrize("attributes", [{}, {"msExchDynamicDLFilter": "(l=Berlin"}])
def test_with_members__no_usable_filter__members_are_unknown_and_it_says_so(attributes):
    controller = Controller(error=FilterRefused("The filter is malformed."))
    group = with_members(controller, SETTINGS, [dynamic_group(**attributes)])[0].recipient
    assert not group.are_members_known
    assert "mail to it waits" in group.notes[0]


def test_with_members__controller_breaks_off__is_no_answer():
    controller = Controller(error=SearchFailed("broke off"))
    with pytest.raises(SearchFailed):
        with_members(controller, SETTINGS, [dynamic_group(msExchDynamicDLFilter="(l=Berlin)")])
