"""`Get-AcceptedDomain`: what Exchange is to a domain."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from mailconsole.imports.exchange.parameters import Other, Same, apply_table
from mailconsole.imports.exchange.values import one_of, text, yes
from mailconsole.imports.report import Subject

_TYPES = {"Authoritative": 0, "ExternalRelay": 1, "InternalRelay": 2}
_DONE = {"DomainName", "MatchSubDomains"}
_CLOUD = Other("It is Exchange Online's.", ("", "false", "none", "true", "0", "managed", "default"))
TABLE: dict[str, Same | Other] = {
    "DomainType": Same("domain_type", lambda value: one_of(value, _TYPES)),
    "Default": Same("is_default", yes),
    "AddressBookEnabled": Other("There is no address book here.", ("", "false", "true")),
    "CatchAllRecipientID": Other("Enter the address that takes mail for unknown recipients."),
    "PendingFederatedAccountNamespace": _CLOUD,
    "PendingFederatedDomain": _CLOUD,
    "PendingFlags": _CLOUD,
    "PendingFrom": _CLOUD,
    "PendingRemoval": _CLOUD,
    "PendingCompletion": _CLOUD,
    "FederatedOrganizationLink": _CLOUD,
    "EnableNego2Authentication": _CLOUD,
    "CanHaveCloudCache": _CLOUD,
    "AuthenticationType": _CLOUD,
    "LiveIdInstanceType": _CLOUD,
    "EmailOnly": _CLOUD,
    "ExternallyManaged": _CLOUD,
    "InitialDomain": _CLOUD,
    "DualProvisioningEnabled": _CLOUD,
    "OutboundOnly": _CLOUD,
    "PerimeterDuplicateDetected": _CLOUD,
    "IsDefaultFederatedDomain": _CLOUD,
    "IsCoexistenceDomain": _CLOUD,
    "MailFlowPartner": _CLOUD,
    "SendingToDomainDisabled": _CLOUD,
    "SendingFromDomainDisabled": _CLOUD,
}


def read_accepted(given: Mapping[str, Any], about: Subject) -> dict[str, Any] | None:
    """The fields of an accepted domain; None where it names no domain."""
    said = text(given.get("DomainName"))
    if said in ("", "*"):
        about.left_out("DomainName", said, "A domain that is not named would make a relay for everybody.")
        return None
    is_below = said.startswith("*.") or yes(given.get("MatchSubDomains", False))
    domain = said.removeprefix("*.")
    about.mapped("DomainName", said)
    fields = {"name": text(given.get("Name"))[:64] or domain, "domain": domain, "match_subdomains": is_below}
    return fields | apply_table(TABLE, given, _DONE, about)
