"""The diff in words against golden files: words that people read before they approve."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from tests.transport.config.documents import SCANNERS, changed, document
from transport.config.diff import ObjectChange, diff, model_of
from transport.config.document import MailFlow
from transport.config.words import in_words, plain

GOLDEN = Path(__file__).parent / "golden"
SMART: dict[str, Any] = {
    "id": "smart",
    "name": "Internet",
    "address_spaces": [{"domain": "*"}],
    "smart_hosts": ["mx.contoso.com"],
    "tls_level": "EncryptionOnly",
    "username": "relay",
    "password_secret": "smart-host",
}
CONTOSO = {"id": "contoso", "name": "Contoso", "domain": "contoso.com", "domain_type": "Authoritative"}
ANNA: dict[str, Any] = {"id": "anna", "name": "Anna", "address": "anna@contoso.com"}
STAFF: dict[str, Any] = {
    "id": "staff",
    "name": "Staff",
    "address": "staff@contoso.com",
    "members": ["anna@contoso.com"],
    "owner_address": "owner@contoso.com",
}
BACKUP: dict[str, Any] = {
    "id": "backup",
    "name": "Backup",
    "username": "backup",
    "addresses": ["a@contoso.com", "b@contoso.com"],
    "password_secret": "backup.1",
    "owner": "IT",
    "purpose": "Reports of the nightly backup",
}
SHOWN: dict[str, Any] = {
    "id": "shown",
    "name": "Shown",
    "internal_address": "contoso.local",
    "external_address": "contoso.com",
}

EXE: dict[str, Any] = {
    "id": "exe",
    "name": "No programs",
    "conditions": [
        {"kind": "AttachmentHasExecutableContent"},
        {"kind": "HeaderContainsWords", "header": "X-App", "values": ["a", "b"]},
    ],
    "exceptions": [
        {"kind": "FromScope", "values": ["InOrganization"]},
        {"kind": "SentTo", "values": [f"a{n}@contoso.com" for n in range(9)]},
    ],
    "actions": [{"kind": "RejectMessage", "status": "5.7.900", "text": "No programs please"}],
}

CASES: dict[str, tuple[MailFlow, MailFlow]] = {
    "rule_created": (document(), document(mail_flow_rules=[changed(EXE, mode="Audit", stop_rule_processing=True)])),
    "rule_deleted": (document(mail_flow_rules=[EXE]), document()),
    "rule_changed": (
        document(mail_flow_rules=[changed(EXE, mode="Audit")]),
        document(
            mail_flow_rules=[
                changed(
                    EXE,
                    priority=3,
                    stop_rule_processing=True,
                    rule_error_action="Defer",
                    conditions=[EXE["conditions"][0], {"kind": "SubjectMatchesPatterns", "values": ["^Re:"]}],
                    exceptions=EXE["exceptions"][:1],
                    actions=[
                        {"kind": "RedirectMessageTo", "values": ["boss@contoso.com"]},
                        {"kind": "SetHeader", "header": "X-Seen", "text": "yes"},
                    ],
                    activation_at="2027-01-01T00:00:00Z",
                )
            ]
        ),
    ),
    "policy_admits_more": (
        document(relay_policies=[SCANNERS]),
        document(relay_policies=[changed(SCANNERS, networks=["10.1.0.0/16", "10.2.0.0/16"])]),
    ),
    "proxies": (
        document(receive_connectors=[{"id": "in", "name": "In", "proxy_networks": ["10.0.0.5", "10.0.0.6"]}]),
        document(receive_connectors=[{"id": "in", "name": "In", "proxy_networks": ["10.0.0.6", "10.0.0.7"]}]),
    ),
    "policy_created": (
        document(),
        document(relay_policies=[changed(SCANNERS, expires_at="2027-01-31T00:00:00Z", is_tls_required=True)]),
    ),
    "send_connector_settings": (
        document(send_connectors=[changed(SMART, downgraded_replies=["550"])]),
        document(
            send_connectors=[
                changed(
                    SMART,
                    tls_level="DomainValidation",
                    tls_domain="*.contoso.com",
                    is_client_certificate_shown=True,
                    is_private_address_allowed=True,
                    is_dns_failure_downgraded=True,
                    downgraded_replies=[],
                    upgraded_replies=["452 4.2.2", "4.7.1"],
                    retry_ladder="1m...",
                )
            ]
        ),
    ),
    "notifications": (
        document(organization={"system_messages": ["4.4.7 Wait", "5.1.1 Old"], "is_delay_dsn_enabled": False}),
        document(
            organization={
                "name": "Contoso",
                "dsn_language": "de",
                "generate_copy_of_dsn_for": ["5.4.6"],
                "system_messages": ["5.1.1 Ask us, phone 4711"],
                "dsn_rate_limit_per_sender_per_hour": None,
                "is_external_delay_dsn_enabled": False,
                "dsn_max_message_attach_size": "1 MB",
                "internal_dsn_max_message_attach_size": "20 MB",
            }
        ),
    ),
    "policy_deleted": (document(relay_policies=[SCANNERS]), document()),
    "policy_rewritten": (
        document(relay_policies=[SCANNERS]),
        document(
            relay_policies=[
                changed(
                    SCANNERS,
                    name="Printers",
                    networks=["192.0.2.0/24"],
                    identities=["svc-scan"],
                    sender_addresses=[],
                    recipient_addresses=["contoso.com"],
                    max_message_size="20 MB",
                    expires_at="2027-01-31T00:00:00Z",
                    is_enabled=False,
                    purpose="Scan and print",
                )
            ]
        ),
    ),
    "policy_all_fields": (
        document(
            relay_policies=[
                changed(SCANNERS, id="b", name="B", client_certificates=["CN=one"], max_messages_per_hour=10),
            ]
        ),
        document(
            relay_policies=[
                changed(
                    SCANNERS,
                    id="a",
                    name="A",
                    identities=["svc", "*"],
                    client_certificates=["CN=scanner-1"],
                    identity_match="any",
                    send_as_addresses=["news@contoso.com"],
                    max_messages_per_hour=1000,
                    max_messages_per_day=20000,
                    time_windows=["Mon-Fri 07:00-19:00"],
                    timezone="Europe/Berlin",
                    is_broad_override=True,
                ),
                changed(
                    SCANNERS,
                    id="b",
                    name="B",
                    client_certificates=["CN=two"],
                    identities=["svc"],
                    identity_match="any",
                    send_as_addresses=["news@contoso.com"],
                    max_messages_per_day=5,
                    time_windows=["daily 22:00-06:00"],
                    timezone="Europe/Berlin",
                ),
            ]
        ),
    ),
    "connectors": (
        document(send_connectors=[SMART]),
        document(
            send_connectors=[changed(SMART, smart_hosts=[], username="", password_secret="", max_connections=40)],
            receive_connectors=[],
        ),
    ),
    "home_servers": (
        document(
            send_connectors=[
                changed(SMART, home_servers=[{"server": "EX01"}, {"server": "EX02", "cost": 5}]),
                changed(SMART, id="gone", name="Gone", home_servers=[{"server": "EX9"}], address_spaces=[]),
            ]
        ),
        document(
            send_connectors=[
                changed(SMART, home_servers=[{"server": "EX02", "cost": 5}, {"server": "MBX*"}]),
                changed(SMART, id="both", name="Both", home_servers=[{"server": "/o=A/ou=B/cn=Servers/cn=EX03"}]),
                changed(SMART, id="only", name="Only", home_servers=[{"server": "*"}], address_spaces=[]),
            ]
        ),
    ),
    "domains": (
        document(),
        document(accepted_domains=[CONTOSO | {"match_subdomains": True, "is_default": True}], send_connectors=[SMART]),
    ),
    "block_list_of_many": (
        document(ip_block_list=[{"network": "192.0.2.1"}, {"network": "192.0.2.2", "comment": "spam"}]),
        document(
            ip_block_list=[
                {"network": "192.0.2.2", "expires_at": "2027-01-31T00:00:00Z"},
                *({"network": f"198.51.100.{n}"} for n in range(200)),
                {"network": "10.0.0.0/8", "comment": "not from here"},
            ]
        ),
    ),
    "back_pressure": (
        document(),
        document(
            organization={
                "is_back_pressure_enabled": False,
                "queue_length_high": None,
                "spool_disk_free_high": "50 MB",
                "memory_used_high": 90,
            }
        ),
    ),
    "recipients": (
        document(
            accepted_domains=[CONTOSO | {"catch_all_address": "all@contoso.com"}],
            recipients=[
                changed(ANNA, recipient_limits=9),
                changed(ANNA, id="gone", name="Gone", address="gone@contoso.com"),
            ],
            distribution_groups=[STAFF],
            address_rewriting=[SHOWN],
        ),
        document(
            accepted_domains=[CONTOSO],
            organization={"is_plus_addressing_enabled": True},
            recipients=[
                changed(
                    ANNA,
                    forwarding_address="anna@fabrikam.com",
                    aliases=["a@contoso.com"],
                    is_sender_authentication_required=True,
                    max_send_size="1 MB",
                    recipient_limits=None,
                ),
                changed(
                    ANNA,
                    id="new",
                    name="Bob",
                    address="bob@contoso.com",
                    forwarding_address="bob@fabrikam.com",
                    deliver_to_mailbox_and_forward=True,
                    accept_messages_only_from=["fabrikam.com"],
                    max_send_size="5 MB",
                    recipient_limits=20,
                ),
            ],
            distribution_groups=[
                changed(STAFF, members=["bob@contoso.com"], owner_address=None, reject_messages_from=["spam.example"]),
                changed(STAFF, id="new", name="Board", address="board@contoso.com"),
            ],
            address_rewriting=[changed(SHOWN, is_outbound_only=True), changed(SHOWN, id="new", name="New")],
        ),
    ),
    "service_accounts": (
        document(service_accounts=[BACKUP, changed(BACKUP, id="gone", name="Gone", username="gone")]),
        document(
            service_accounts=[
                changed(
                    BACKUP,
                    username="backup2",
                    addresses=["b@contoso.com", "c@contoso.com"],
                    password_secret="backup.2",
                    is_enabled=False,
                    expires_at="2027-01-31T00:00:00Z",
                ),
                changed(BACKUP, id="new", name="New", username="new", addresses=[], is_enabled=False),
            ]
        ),
    ),
    "organization": (document(), document(organization={"name": "Contoso", "message_expiration_timeout": "1d"})),
}


@pytest.mark.parametrize("name", CASES)
def test_in_words__case__reads_as_the_golden_file(name: str) -> None:
    before, after = CASES[name]
    assert plain(in_words(diff(before, after), before)) + "\n" == (GOLDEN / f"{name}.txt").read_text()


def test_in_words__hostile_name__stays_one_emphasised_piece() -> None:
    before = document(relay_policies=[changed(SCANNERS, name="*<b>x</b>*")])
    (sentence,) = in_words(diff(before, document()), before)
    assert [part.text for part in sentence.parts if part.is_emphasised] == ["*<b>x</b>*"]


def test_in_words__password__names_the_secret_only() -> None:
    before, after = document(), document(send_connectors=[SMART])
    assert "password" not in plain(in_words(diff(before, after), before))


GROUPS: list[dict[str, Any]] = [
    {"id": "g1", "name": "Network team", "members": ["ann"]},
    {"id": "g2", "name": "Directors", "members": ["eve"]},
]
BROAD: dict[str, Any] = {"id": "broad", "name": "Broad", "risk": "broad", "reviewer_groups": ["g1"]}


def test_in_words__approval_rule_asks_other_groups__names_them_as_they_were_called_before() -> None:
    renamed = [changed(GROUPS[0], name="Net"), GROUPS[1]]
    before = document(approval_rules=[BROAD], reviewer_groups=GROUPS[:1])
    after = document(approval_rules=[changed(BROAD, reviewer_groups=["g2"])], reviewer_groups=renamed)
    assert plain(in_words(diff(before, after), before)).splitlines() == [
        "Approval rule *Broad* now needs Directors to approve too.",
        "Approval rule *Broad* no longer needs Network team to approve.",
        "Reviewer group *Network team* is now called *Net*.",
        "Reviewer group *Directors* is new: holds eve.",
    ]


def test_in_words__new_approval_rule__names_its_groups_and_the_id_of_what_is_not_there() -> None:
    before = document(reviewer_groups=GROUPS)
    after = document(approval_rules=[changed(BROAD, reviewer_groups=["g1", "gone"])], reviewer_groups=GROUPS)
    assert "of Network team and gone" in plain(in_words(diff(before, after), before))


def test_in_words__severity_and_notification__are_told_whole() -> None:
    text = "one\ntwo " + "x" * 300
    rule = {"id": "r", "name": "R", "actions": [{"kind": "GenerateNotification", "text": text}]}
    before, after = document(mail_flow_rules=[rule]), document(mail_flow_rules=[rule | {"set_audit_severity": "High"}])
    assert plain(in_words(diff(before, after), before)) == (
        "Mail flow rule *R* now marks messages that fit with the audit severity High (before: NotSpecified)."
    )
    said = plain(in_words(diff(document(), after), document()))
    assert f"tell its recipients “one / two {'x' * 300}”" in said and "audit severity High" in said


@pytest.mark.parametrize(
    ("kind", "stored"),
    [
        ("relay_policies", SCANNERS),
        ("send_connectors", SMART | {"address_spaces": [{"domain": "*", "cost": 1}]}),
        ("accepted_domains", CONTOSO),
        ("recipients", ANNA),
        ("distribution_groups", STAFF),
        ("receive_connectors", {"id": "extra", "name": "Extra"}),
        ("ip_block_list", {"network": "192.0.2.1"}),
    ],
)
def test_words__object_stored_before_its_newest_fields_were_there__are_those_of_the_defaults(kind, stored):
    """What a change keeps of its objects is from the version that staged it: an upgrade must not break its page."""
    whole = model_of(kind).model_validate(stored).model_dump(mode="json")
    for old, full in ((ObjectChange(kind, "x", None, stored), ObjectChange(kind, "x", None, whole)),
                      (ObjectChange(kind, "x", stored, None), ObjectChange(kind, "x", whole, None))):  # fmt: skip
        assert in_words((old,), MailFlow()) == in_words((full,), MailFlow())
    if kind != "ip_block_list":
        assert in_words((ObjectChange(kind, "x", stored, whole),), MailFlow()) == ()
