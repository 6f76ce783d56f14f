"""Rules about recipients, groups and rewriting: each with what breaks it and what does not."""

from __future__ import annotations

from typing import Any

import pytest
from pydantic import ValidationError

from tests.transport.config.documents import NOW, document
from transport.config.objects import AcceptedDomain, AddressRewriteEntry, Recipient
from transport.config.validate import Severity, validate

SEND: dict[str, Any] = {
    "id": "all",
    "name": "All",
    "address_spaces": [{"domain": "*"}],
    "smart_hosts": ["mx.a.example"],
}
DOMAIN: dict[str, Any] = {"id": "a", "name": "A", "domain": "a.example"}


def recipient(name: str, **fields: Any) -> dict[str, Any]:
    return {"id": name, "name": name, "address": f"{name}@a.example"} | fields


def group(name: str, *members: str, **fields: Any) -> dict[str, Any]:
    return recipient(name, members=[f"{member}@a.example" for member in members], **fields)


def rewrite(name: str, internal: str, external: str, **fields: Any) -> dict[str, Any]:
    return {"id": name, "name": name, "internal_address": internal, "external_address": external} | fields


def found(severity: Severity = Severity.ERROR, **sections: Any) -> list[tuple[str, str, str]]:
    given = {"send_connectors": [SEND], "accepted_domains": [DOMAIN]} | sections
    problems = validate(document(**given), now=NOW)
    return [(one.kind, one.object_id, one.field) for one in problems if one.severity is severity]


def test_validate__recipients_that_share_no_address__have_no_problem() -> None:
    everything: dict[str, Any] = {
        "recipients": [recipient("anna", aliases=["a@a.example"], forwarding_address="x@b.example")],
        "distribution_groups": [group("all", "anna", "bob")],
        "address_rewriting": [rewrite("one", "a.example", "b.example", is_outbound_only=True)],
    }
    assert found(**everything) == [] and found(Severity.WARNING, **everything) == []


def test_validate__an_address_of_two__names_the_place() -> None:
    groups = [group("all", "anna", aliases=["Anna@a.example"])]
    assert found(recipients=[recipient("anna")], distribution_groups=groups) == [
        ("distribution_groups", "all", "aliases")
    ]
    assert found(recipients=[recipient("anna"), recipient("bob", address="ANNA@a.example")]) == [
        ("recipients", "bob", "address")
    ]


def test_validate__address_outside_accepted_domains__is_a_warning() -> None:
    other = recipient("x", address="x@b.example")
    assert found(Severity.WARNING, recipients=[other]) == [("recipients", "x", "address")]
    below = recipient("y", address="y@eu.a.example")
    assert found(Severity.WARNING, recipients=[below]) == [("recipients", "y", "address")]
    with_subdomains = [DOMAIN | {"match_subdomains": True}]
    assert found(Severity.WARNING, recipients=[below], accepted_domains=with_subdomains) == []


def test_validate__forwarding_in_a_circle__is_an_error_unless_somebody_keeps_it() -> None:
    a = recipient("a", forwarding_address="b@a.example")
    b = recipient("b", aliases=["b2@a.example"], forwarding_address="A@a.example")
    assert found(recipients=[a, b]) == [
        ("recipients", "a", "forwarding_address"),
        ("recipients", "b", "forwarding_address"),
    ]
    keeps = b | {"deliver_to_mailbox_and_forward": True}
    assert found(recipients=[a, keeps]) == []


def test_validate__circle_further_on__is_told_where_it_is() -> None:
    lead_in = recipient("start", forwarding_address="a@a.example")
    a, b = recipient("a", forwarding_address="b@a.example"), recipient("b", forwarding_address="a@a.example")
    assert ("recipients", "start", "forwarding_address") not in found(recipients=[lead_in, a, b])


@pytest.mark.parametrize(
    "groups",
    [
        [group("empty")],
        [group("ring", "other"), group("other", "ring")],
        [group("twice", "anna", "ANNA")],
        [group("self", "self")],
    ],
)
def test_validate__odd_group__is_a_warning(groups: Any) -> None:
    assert found(distribution_groups=groups) == []
    assert {place[2] for place in found(Severity.WARNING, distribution_groups=groups)} == {"members"}


def test_validate__catch_all_that_is_a_group__is_a_warning() -> None:
    domain = DOMAIN | {"domain_type": "Authoritative", "catch_all_address": "all@a.example"}
    assert found(Severity.WARNING, accepted_domains=[domain], distribution_groups=[group("all", "anna")]) == [
        ("accepted_domains", "a", "catch_all_address")
    ]


@pytest.mark.parametrize(
    "fields",
    [
        {"aliases": ("ANNA@a.example",)},
        {"forwarding_address": "anna@A.example"},
        {"deliver_to_mailbox_and_forward": True},
        {"address": "anna"},
        {"accept_messages_only_from": ("not an address",)},
    ],
)
def test_recipient__contradiction_or_no_address__is_refused(fields: Any) -> None:
    with pytest.raises(ValidationError):
        Recipient.model_validate(recipient("anna") | fields)


def test_catch_all__of_a_relay_domain__is_refused() -> None:
    with pytest.raises(ValidationError, match="Authoritative"):
        AcceptedDomain.model_validate(DOMAIN | {"catch_all_address": "x@a.example"})


@pytest.mark.parametrize(
    ("internal", "external", "fields"),
    [
        ("a.example", "x@b.example", {}),
        ("x@a.example", "b.example", {}),
        ("*.a.example", "b.example", {}),
        ("*.a.example", "*.b.example", {"is_outbound_only": True}),
        ("*", "b.example", {"is_outbound_only": True}),
        ("a.example", "A.example", {}),
        ("a.example", "b.example", {"exceptions": ["eu.a.example"]}),
    ],
)
def test_rewrite_entry__sides_that_do_not_fit__are_refused(internal: str, external: str, fields: Any) -> None:
    with pytest.raises(ValidationError):
        AddressRewriteEntry.model_validate(rewrite("one", internal, external, **fields))


def test_validate__two_entries_for_one_address__is_an_error_on_either_side() -> None:
    one = rewrite("one", "a@a.example", "x@b.example", is_outbound_only=True)
    assert found(address_rewriting=[one, rewrite("two", "A@a.example", "y@b.example", is_outbound_only=True)]) == [
        ("address_rewriting", "two", "internal_address")
    ]
    back = rewrite("back", "c@a.example", "x@b.example")
    assert found(address_rewriting=[one, back]) == []
    assert found(address_rewriting=[rewrite("also", "b@a.example", "x@b.example"), back]) == [
        ("address_rewriting", "back", "external_address")
    ]


def test_validate__external_side_that_is_rewritten_again__is_an_error() -> None:
    one = rewrite("one", "a.example", "b.example", is_outbound_only=True)
    for again in ("b.example", "*.b.example"):
        other = rewrite("two", again, "c.example", is_outbound_only=True)
        assert found(address_rewriting=[one, other]) == [("address_rewriting", "one", "external_address")]
    spared = rewrite("two", "*.b.example", "c.example", is_outbound_only=True, exceptions=["b.example"])
    assert found(address_rewriting=[one, spared]) == []
    assert found(address_rewriting=[one, other | {"is_enabled": False}]) == []


def test_validate__subdomains_shown_as_their_domain__is_what_exchange_has_too() -> None:
    flat = rewrite("flat", "*.contoso.com", "contoso.com", is_outbound_only=True)
    assert found(address_rewriting=[flat]) == []


def test_validate__external_side_that_nobody_delivers_to_us__is_a_warning() -> None:
    entry = rewrite("one", "x@a.example", "x@b.example")
    assert found(Severity.WARNING, address_rewriting=[entry]) == [("address_rewriting", "one", "external_address")]
