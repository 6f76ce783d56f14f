"""What an object is used by: who names it by address, domain, user name or id."""

import pytest

from transport.config.document import MailFlow
from transport.config.references import used_by

DOCUMENT = MailFlow.model_validate(
    {
        "organization": {"name": "Contoso", "hostname": "mail.contoso.example"},
        "receive_connectors": [{"id": "scanners", "name": "Scanners"}],
        "send_connectors": [
            {"id": "partner", "name": "Partner", "address_spaces": [{"domain": "*.contoso.example"}]},
            {"id": "other", "name": "Other", "address_spaces": [{"domain": "not-contoso.example"}]},
        ],
        "accepted_domains": [{"id": "contoso", "name": "Contoso", "domain": "contoso.example"}],
        "recipients": [
            {"id": "anna", "name": "Anna", "address": "anna@contoso.example", "aliases": ["a@contoso.example"]},
            {"id": "bob", "name": "Bob", "address": "bob@fabrikam.example", "forwarding_address": "A@contoso.example"},
        ],
        "distribution_groups": [
            {"id": "all", "name": "All", "address": "all@contoso.example", "members": ["anna@contoso.example"]},
            {"id": "legal", "name": "Legal", "address": "legal@fabrikam.example", "members": ["bob@fabrikam.example"]},
        ],
        "relay_policies": [
            {"id": "app", "name": "App", "owner": "IT", "purpose": "invoices of app-1", "identities": ["APP-1"]}
        ],
        "service_accounts": [
            {"id": "app-1", "name": "App", "username": "app-1", "addresses": ["app@contoso.example"], "owner": "IT",
             "purpose": "x", "password_secret": "accounts/app-1"}
        ],
        "approval_rules": [{"id": "strict", "name": "Strict", "reviewer_groups": ["security"]}],
        "reviewer_groups": [{"id": "security", "name": "Security", "members": ["rudi"]}],
        "mail_flow_rules": [
            {"id": "via", "name": "Via partner",
             "conditions": [{"kind": "ReceiveConnectorIs", "values": ["scanners"]}],
             "actions": [{"kind": "RouteMessageOutboundConnector", "values": ["partner"]}]},
            {"id": "wall", "name": "Wall",
             "conditions": [{"kind": "BetweenMemberOf", "values": ["sales@contoso.example, legal@fabrikam.example"]}],
             "actions": [{"kind": "DeleteMessage"}]},
        ],
    }
)  # fmt: skip


def names(kind: str, object_id: str) -> list[tuple[str, str]]:
    item = next(one for one in DOCUMENT.section(kind) if one.id == object_id)
    return [(reference.name, reference.field) for reference in used_by(DOCUMENT, kind, item)]


@pytest.mark.parametrize(
    ("kind", "object_id", "expected"),
    [
        ("recipients", "anna", [("Bob", "forwarding_address"), ("All", "members")]),
        ("distribution_groups", "legal", [("Wall", "conditions")]),
        ("service_accounts", "app-1", [("App", "identities")]),
        ("reviewer_groups", "security", [("Strict", "reviewer_groups")]),
        ("receive_connectors", "scanners", [("Via partner", "conditions")]),
        ("send_connectors", "partner", [("Via partner", "actions")]),
        ("send_connectors", "other", []),
        ("relay_policies", "app", []),
    ],
)
def test_used_by__whoever_names_it__is_told_with_the_field(kind, object_id, expected):
    assert names(kind, object_id) == expected


def test_used_by__domain__counts_patterns_and_addresses_in_it_but_no_lookalike():
    assert names("accepted_domains", "contoso") == [
        ("Partner", "address_spaces"),
        ("Anna", "address"),
        ("Anna", "aliases"),
        ("Bob", "forwarding_address"),
        ("All", "address"),
        ("All", "members"),
        ("Wall", "conditions"),
        ("App", "addresses"),
    ]


def test_used_by__many__stops_at_the_limit():
    domain = DOCUMENT.accepted_domains[0]
    assert len(used_by(DOCUMENT, "accepted_domains", domain, limit=2)) == 2
