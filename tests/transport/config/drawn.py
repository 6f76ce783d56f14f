"""Strategies that draw each section of a document; a new section needs one here (test_drawn.py)."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Any

from hypothesis import strategies as st

from transport.config.document import SECTIONS

ACCOUNT_SECRETS = ("account-one", "account-two")
"""What service accounts are drawn with; a test that stages them stores these."""

_words = st.text(alphabet="abcdefgh *'\"&:#-éß", min_size=1, max_size=12).filter(lambda text: text.strip() != "")
_ids = st.sampled_from(["one", "two", "three", "four"])
_networks = st.sampled_from(["10.1.0.0/16", "10.2.0.0/16", "192.0.2.1", "2001:db8::/48", "10.9.0.1-10.9.0.7"])
_patterns = st.sampled_from(["*", "contoso.com", "*.contoso.com", "a@contoso.com"])
_times = st.none() | st.datetimes(datetime(2026, 1, 1), datetime(2030, 1, 1), timezones=st.just(UTC))

_policies = st.fixed_dictionaries(
    {
        "id": _ids,
        "name": _words,
        "networks": st.lists(_networks, min_size=1, unique=True, max_size=3),
        "sender_addresses": st.lists(_patterns, unique=True, max_size=3),
        "recipient_addresses": st.lists(_patterns, unique=True, max_size=3),
        "max_message_size": st.none() | st.integers(1024, 10**8),
        "expires_at": _times,
        "owner": _words,
        "purpose": _words,
        "is_enabled": st.booleans(),
    }
)
_connectors = st.fixed_dictionaries(
    {
        "id": _ids,
        "name": _words,
        "address_spaces": st.lists(
            st.fixed_dictionaries(
                {"domain": _patterns.filter(lambda text: "@" not in text), "cost": st.integers(1, 9)}
            ),
            min_size=1,
            max_size=2,
        ),
        "smart_hosts": st.lists(st.sampled_from(["mx.contoso.com", "192.0.2.7:2525"]), unique=True, max_size=3),
        "connection_inactivity_timeout": st.integers(1, 86400),
    }
)
_entries = st.fixed_dictionaries({"network": _networks, "comment": _words, "expires_at": _times})
_organizations = st.fixed_dictionaries({"name": _words, "max_recipient_envelope_limit": st.integers(1, 500)})


_conditions = st.lists(
    st.sampled_from(
        [
            {"kind": "SubjectContainsWords", "values": ["a", "b"]},
            {"kind": "HeaderMatchesPatterns", "header": "X-A", "values": ["^a+$"]},
            {"kind": "MessageSizeOver", "values": ["10 MB"]},
            {"kind": "AttachmentHasExecutableContent"},
        ]
    ),
    max_size=3,
)
_actions = st.sampled_from(
    [
        [{"kind": "RejectMessage", "status": "5.7.901", "text": "no"}],
        [{"kind": "HoldMessage"}, {"kind": "BlindCopyTo", "values": ["a@contoso.com"]}],
        [{"kind": "AddManagerAsRecipientType", "values": ["Cc"]}],
        [{"kind": "SetHeader", "header": "X-A", "text": "é"}],
    ]
)
_rules = st.fixed_dictionaries(
    {
        "id": _ids,
        "name": _words,
        "priority": st.integers(0, 5),
        "mode": st.sampled_from(["Enforce", "Audit", "AuditAndNotify"]),
        "conditions": _conditions,
        "exceptions": _conditions,
        "actions": _actions,
        "expires_at": _times,
        "stop_rule_processing": st.booleans(),
    }
)


_receivers = st.fixed_dictionaries(
    {
        "id": _ids,
        "name": _words,
        "bindings": st.lists(st.sampled_from(["smtp", "submission", "192.0.2.1:25"]), min_size=1, unique=True),
        "remote_ip_ranges": st.lists(_networks, min_size=1, unique=True, max_size=3),
        "max_message_size": st.integers(1024, 10**9),
        "is_enabled": st.booleans(),
    }
)
_domains = st.fixed_dictionaries(
    {
        "id": _ids,
        "name": _words,
        "domain": st.sampled_from(["contoso.com", "fabrikam.example"]),
        "domain_type": st.sampled_from(["Authoritative", "InternalRelay", "ExternalRelay"]),
        "match_subdomains": st.booleans(),
    }
)
_mailboxes = st.sampled_from(["a@contoso.com", "b@contoso.com", "B.C@fabrikam.example"])
_recipients = st.fixed_dictionaries(
    {
        "id": _ids,
        "name": _words,
        "address": _mailboxes,
        "forwarding_address": st.none() | st.just("away@partner.example"),
        "reject_messages_from": st.lists(_patterns, unique=True, max_size=2),
        "max_receive_size": st.none() | st.integers(1024, 10**8),
        "max_send_size": st.none() | st.integers(1024, 10**8),
        "recipient_limits": st.none() | st.integers(1, 500),
    }
)
_groups = st.fixed_dictionaries(
    {
        "id": _ids,
        "name": _words,
        "address": st.just("all@contoso.com"),
        "members": st.lists(_mailboxes, unique=True, max_size=3),
        "owner_address": st.none() | _mailboxes,
    }
)
_rewrites = st.fixed_dictionaries(
    {
        "id": _ids,
        "name": _words,
        "internal_address": st.just("in@contoso.com"),
        "external_address": st.sampled_from(["out@contoso.com", "out@fabrikam.example"]),
        "is_outbound_only": st.booleans(),
    }
)
_codes = st.sampled_from(["127.0.0.2", "127.0.0.4", "127.0.0.10"])
_remote_domains = st.fixed_dictionaries(
    {
        "id": _ids,
        "name": _words,
        "domain": st.sampled_from(["*", "partner.example", "*.partner.example"]),
        "is_ndr_enabled": st.booleans(),
        "is_delivery_report_enabled": st.booleans(),
        "is_auto_reply_enabled": st.booleans(),
        "is_auto_forward_enabled": st.booleans(),
    }
)
_accounts = st.fixed_dictionaries(
    {
        "id": _ids,
        "name": _words,
        "username": st.sampled_from(["scanner", "erp@contoso.com"]),
        "addresses": st.lists(_mailboxes, unique=True, max_size=3),
        "password_secret": st.sampled_from(ACCOUNT_SECRETS),
        "expires_at": _times,
        "owner": _words,
        "purpose": _words,
        "is_enabled": st.booleans(),
    }
)
_allow_providers = {
    "id": _ids,
    "name": _words,
    "priority": st.integers(0, 5),
    "lookup_domain": st.sampled_from(["bl.provider.example", "zen.list.example"]),
    "is_any_match": st.booleans(),
    "bitmask_match": st.just("") | _codes,
    "ip_addresses_match": st.lists(_codes, min_size=1, unique=True, max_size=3),
}
_block_providers = _allow_providers | {
    "rejection_response": st.sampled_from(["Listed on %1", "%0 is listed; see %2"]),
    "bypassed_recipients": st.lists(_patterns, unique=True, max_size=2),
    "if_unavailable": st.sampled_from(["accept", "defer"]),
    "is_only_told": st.booleans(),
}
_approval_rules = st.fixed_dictionaries(
    {
        "id": _ids,
        "name": _words,
        "priority": st.integers(0, 5),
        "kinds": st.lists(st.sampled_from(SECTIONS), unique=True, max_size=3),
        "risk": st.sampled_from(["any", "broad", "deletion"]),
        "expires_within": st.none() | st.integers(60, 86_400),
        "approvals": st.integers(1, 5),
        "reviewer_groups": st.lists(_ids, unique=True, max_size=2),
    }
)
_reviewer_groups = st.fixed_dictionaries(
    {
        "id": _ids,
        "name": _words,
        "members": st.lists(st.sampled_from(["anna", "ben"]), min_size=1, unique=True),
        "roles": st.lists(st.sampled_from(["reviewer", "administrator"]), unique=True),
    }
)


def _listed(items: st.SearchStrategy[dict[str, Any]], key: str) -> st.SearchStrategy[list[dict[str, Any]]]:
    return st.lists(items, unique_by=lambda item: item[key], max_size=2)


DRAWN: dict[str, st.SearchStrategy[Any]] = {
    "organization": _organizations,
    "receive_connectors": _listed(_receivers, "id"),
    "send_connectors": _listed(_connectors, "id"),
    "accepted_domains": _listed(_domains, "id"),
    "remote_domains": _listed(_remote_domains, "id"),
    "recipients": _listed(_recipients, "id"),
    "distribution_groups": _listed(_groups, "id"),
    "address_rewriting": _listed(_rewrites, "id"),
    "relay_policies": _listed(_policies, "id"),
    "mail_flow_rules": _listed(_rules, "id"),
    "service_accounts": _listed(_accounts, "id"),
    "ip_block_list_providers": _listed(st.fixed_dictionaries(_block_providers), "id"),
    "ip_allow_list_providers": _listed(st.fixed_dictionaries(_allow_providers), "id"),
    "approval_rules": _listed(_approval_rules, "id"),
    "reviewer_groups": _listed(_reviewer_groups, "id"),
    "ip_allow_list": _listed(_entries, "network"),
    "ip_block_list": _listed(_entries, "network"),
}
"""Each section's strategy, by its name."""
