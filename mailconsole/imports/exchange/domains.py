"""`Get-AcceptedDomain` and `Get-RemoteDomain`: what Exchange is to a domain, and what goes to others."""

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
    domain = said.removeprefix("*.")
    about.mapped("DomainName", said)
    fields = {"name": text(given.get("Name"))[:64] or domain, "domain": domain, "match_subdomains": is_below(given)}
    return fields | apply_table(TABLE, given, _DONE, about)


def is_below(given: Mapping[str, Any]) -> bool:
    """Whether it takes subdomains."""
    return text(given.get("DomainName")).startswith("*.") or yes(given.get("MatchSubDomains", False))


def joined(first: dict[str, Any], second: Mapping[str, Any], about: Subject) -> dict[str, Any]:
    """The first of two entries about one domain, with the subdomains of the second where both are of one type."""
    if first.get("domain_type") == second.get("domain_type"):
        return first | {"match_subdomains": first["match_subdomains"] or second["match_subdomains"]}
    kind = first.get("domain_type", "of another type")
    why = f"The domain itself is {kind}, and here its subdomains would be too: enter those that there are one by one."
    about.left_out("DomainType", second.get("domain_type"), why)
    return first


_FORMAT_TABLE = dict.fromkeys(
    ("ContentType", "CharacterSet", "NonMimeCharacterSet", "TNEFEnabled", "LineWrapSize", "DisplaySenderName",
     "ByteEncoderTypeFor7BitCharsets", "RequiredCharsetCoverage", "PreferredInternetCodePageForShiftJis",
     "UseSimpleDisplayName", "NDRDiagnosticInfoText"),
    Other("Messages are passed on as they are: nothing is converted.",
          ("", "none", "0", "mimehtmltext", "unlimited", "true", "false", "undefined", "iso-8859-1")),
)  # fmt: skip
REMOTE_TABLE: dict[str, Same | Other] = {
    "NDREnabled": Same("is_ndr_enabled", yes),
    "NDRDiagnosticInfoEnabled": Same("is_ndr_diagnostic_info_enabled", yes),
    "DeliveryReportEnabled": Same("is_delivery_report_enabled", yes),
    "AutoForwardEnabled": Same("is_auto_forward_enabled", yes),
    "IsInternal": Other("Whether a domain is ours is what accepted domains say.", ("", "false", "true")),
    "TargetDeliveryDomain": Other("It is for hybrid mailbox moves."),
    "TrustedMailInboundEnabled": Other("Nobody's mail bypasses what is refused."),
    "TrustedMailOutboundEnabled": Other("Headers of Exchange's own organisation are not added."),
    "MailFlowPartner": Other("It is Exchange Online's."),
    "MeetingForwardNotificationEnabled": Other(
        "Notices of forwarded meetings are not told apart.", ("", "false", "true")
    ),
    "MessageCountThreshold": Other("Watch the queue's length instead.", ("", "unlimited", "2147483647")),
    **_FORMAT_TABLE,
}


def read_remote(given: Mapping[str, Any], about: Subject) -> dict[str, Any] | None:
    """The fields of a remote domain; None where it names no domain."""
    said = text(given.get("DomainName"))
    if not said:
        about.left_out("DomainName", said, "It names no domain.")
        return None
    about.mapped("DomainName", said)
    fields = {"name": text(given.get("Name"))[:64] or said, "domain": said}
    fields |= apply_table(REMOTE_TABLE, given, {"DomainName", "AutoReplyEnabled", "AllowedOOFType"}, about)
    return fields | _auto_replies(given, about)


def _auto_replies(given: Mapping[str, Any], about: Subject) -> dict[str, Any]:
    """Exchange tells replies by rules and out of office notes apart, a header does not."""
    replies, away = yes(given.get("AutoReplyEnabled", True)), one_of(given.get("AllowedOOFType", ""), _OOF)
    is_sent = replies or away not in ("None", "")
    shown = f"{text(given.get('AutoReplyEnabled'))}, {away}"
    if replies == (away != "None"):
        about.mapped("AutoReplyEnabled, AllowedOOFType", shown)
    else:
        about.approximated("AutoReplyEnabled, AllowedOOFType", shown, "Both go, as one of them did.")
    return {"is_auto_reply_enabled": is_sent}


_OOF = {"External": 0, "InternalLegacy": 1, "ExternalLegacy": 2, "None": 3}
