"""Whose addresses are whose, for those who decide again what nodes decided."""

from __future__ import annotations

import pytest

from mailconsole.recipients import known
from mailconsole.recipients.known import open_owners
from tests.directory.entries import a_recipient
from tests.mailconsole.recipients.directories import create_directory, read_directory

pytestmark = pytest.mark.django_db


@pytest.fixture(autouse=True)
def people(monkeypatch):
    both = ("anna@acme.example", "a.mueller@acme.example")
    anna = a_recipient("anna", addresses=both, user_principal_name="anna@acme.example")
    ben = a_recipient("ben", user_principal_name="b007@corp.example")
    cy = a_recipient("cy", account_name="cyril")
    read_directory(monkeypatch, create_directory(), [anna, ben, cy])


@pytest.mark.parametrize(
    ("identity", "addresses"),
    [
        ("Anna@acme.example", ("a.mueller@acme.example", "anna@acme.example")),
        ("b007@CORP.example", ("ben@acme.example",)),
        ("cyril", ("cy@acme.example",)),
        ("ben@acme.example", ()),
        ("nobody@corp.example", ()),
    ],
)
def test_owners__by_principal_or_account_name(identity, addresses):
    assert tuple(sorted(open_owners()(identity))) == addresses


def test_owners__many_strange_names__are_not_looked_for_for_ever(monkeypatch):
    monkeypatch.setattr(known, "MAX_SCANS", 1)
    owns = open_owners()
    assert owns("b007@corp.example") == ("ben@acme.example",) and owns("cyril") == ()
