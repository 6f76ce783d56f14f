"""Finding recipients by name, by any address, and exactly."""

import pytest

from directory.model import RecipientKind
from mailconsole.recipients.services.search import (
    find_address,
    groups_of,
    hiding_addresses,
    members_of,
    search_recipients,
)
from tests.directory.entries import a_recipient, guid_of
from tests.mailconsole.recipients.directories import create_directory, read_directory

pytestmark = pytest.mark.django_db


@pytest.fixture(autouse=True)
def directory(monkeypatch):
    people = [
        a_recipient("anna", display_name="Åsa Müller", addresses=("anna@acme.example", "o'brien+x@globex.example")),
        a_recipient("ben", display_name="100% Ben_jamin", account_name="bjamin001"),
        a_recipient("team", kind=RecipientKind.DISTRIBUTION_GROUP, member_guids=(guid_of("anna"), guid_of("gone"))),
    ]
    read_directory(monkeypatch, create_directory(), people)


@pytest.mark.parametrize(
    ("text", "names"),
    [
        ("ÅSA", {"Åsa Müller"}),
        ("müller globex", {"Åsa Müller"}),
        ("O'BRIEN+X@GLOBEX", {"Åsa Müller"}),
        ("bjamin0", {"100% Ben_jamin"}),
        ("0%", {"100% Ben_jamin"}),
        ("n_j", {"100% Ben_jamin"}),
        ("a_n", set()),
        ("anna ben", set()),
        ("", {"Åsa Müller", "100% Ben_jamin", "Team"}),
    ],
)
def test_search_recipients__every_word__in_name_or_any_address(text, names):
    assert {one.display_name for one in search_recipients(text=text)} == names


def test_search_recipients__by_kind():
    assert [one.display_name for one in search_recipients(kind=RecipientKind.DISTRIBUTION_GROUP)] == ["Team"]


def test_find_address__exact__in_any_case():
    found = find_address(address=" Anna@ACME.example ")
    assert [one.display_name for one in found.recipients] == ["Åsa Müller"]
    assert not found.is_conflict
    assert find_address(address="nn@acme.example").recipients == ()


def test_members_and_groups__lead_to_each_other():
    team = find_address(address="team@acme.example").recipients[0]
    anna = find_address(address="anna@acme.example").recipients[0]
    assert list(members_of(team)) == [anna]
    assert list(groups_of(anna)) == [team]


def test_hiding_addresses__however_the_domain_is_spelt__are_those_that_were_asked(monkeypatch):
    board = a_recipient(
        "board", kind=RecipientKind.DISTRIBUTION_GROUP, addresses=("board@bücher.example",), hides_members=True
    )
    read_directory(monkeypatch, create_directory(), [board])
    asked = ("board@bücher.example", "team@acme.example")
    assert hiding_addresses(asked) == {"board@bücher.example"}
    assert hiding_addresses(("board@xn--bcher-kva.example",)) == {"board@xn--bcher-kva.example"}
