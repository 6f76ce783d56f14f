"""Where an object of the configuration is shown and edited, by the names of the addresses; imports no page."""

from __future__ import annotations

from django.urls import NoReverseMatch, reverse

STEMS = {
    "organization": "organization",
    "receive_connectors": "receive-connector",
    "send_connectors": "send-connector",
    "accepted_domains": "accepted-domain",
    "remote_domains": "remote-domain",
    "recipients": "own-recipient",
    "distribution_groups": "distribution-group",
    "address_rewriting": "address-rewrite-entry",
    "relay_policies": "relay-policy",
    "mail_flow_rules": "mail-flow-rule",
    "service_accounts": "service-account",
    "approval_rules": "approval-rule",
    "reviewer_groups": "reviewer-group",
    "ip_block_list_providers": "block-list-provider",
    "ip_allow_list_providers": "allow-list-provider",
    "ip_allow_list": "ip-allow-entry",
    "ip_block_list": "ip-block-entry",
}
"""The first part of the names of an object's addresses: ``mailflow:relay-policy-edit``."""


def edit_url(kind: str, object_id: str) -> str:
    """The object's form; the list where there is no object, empty where there is no page."""
    try:
        if kind == "organization":
            return reverse("mailflow:organization-edit")
        if not object_id:
            return reverse(f"mailflow:{STEMS[kind]}-list")
        return reverse(f"mailflow:{STEMS[kind]}-edit", args=[object_id])
    except (KeyError, NoReverseMatch):
        return ""


def field_url(kind: str, object_id: str, field: str) -> str:
    """The field on the object's form; where no form has it, the page on which it is mended."""
    if kind == "service_accounts" and field == "password_secret":
        return show_url(kind, object_id)  # the console makes it there; nobody types it
    url = edit_url(kind, object_id)
    name = "password" if field == "password_secret" else field
    return f"{url}#field-{name}" if url and object_id and name else url


def show_url(kind: str, object_id: str) -> str:
    """The object's page; empty where there is no page."""
    try:
        if kind == "organization":
            return reverse("mailflow:organization-edit")
        return reverse(f"mailflow:{STEMS[kind]}-show", args=[object_id])
    except (KeyError, NoReverseMatch):
        return ""
