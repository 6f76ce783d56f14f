"""Which cmdlet's objects a file holds: by the type that it names, else by properties that only they have."""

from __future__ import annotations

from collections.abc import Mapping
from enum import StrEnum
from typing import Any

from mailconsole.imports.reading.clixml import BadXml, read_clixml
from mailconsole.imports.reading.files import Source
from mailconsole.imports.reading.tables import BadTable, read_csv, read_json
from mailconsole.imports.refusals import UnreadableFile


class Cmdlet(StrEnum):
    """Where objects come from."""

    RECEIVE = "Get-ReceiveConnector"
    SEND = "Get-SendConnector"
    ACCEPTED = "Get-AcceptedDomain"
    REMOTE = "Get-RemoteDomain"
    RULE = "Get-TransportRule"
    RIGHTS = "Get-ADPermission"
    CONFIG = "Get-TransportConfig"
    SERVICE = "Get-TransportService"
    BLOCK_LIST = "Get-IPBlockListConfig"

    @property
    def sentence(self) -> str:
        return {
            Cmdlet.RECEIVE: "Receive connectors.",
            Cmdlet.SEND: "Send connectors.",
            Cmdlet.ACCEPTED: "Accepted domains.",
            Cmdlet.REMOTE: "Remote domains.",
            Cmdlet.RULE: "Transport rules, mail flow rules here.",
            Cmdlet.RIGHTS: "Rights on receive connectors: who may relay.",
            Cmdlet.CONFIG: "Limits and settings of the organisation.",
            Cmdlet.SERVICE: "Limits and times of a server; here they are the organisation's.",
            Cmdlet.BLOCK_LIST: "What clients on the IP block list are told.",
        }[self]


_TYPES = (
    ("ReceiveConnector", Cmdlet.RECEIVE),
    ("SendConnector", Cmdlet.SEND),
    ("AcceptedDomain", Cmdlet.ACCEPTED),
    ("DomainContentConfig", Cmdlet.REMOTE),
    ("RemoteDomain", Cmdlet.REMOTE),
    ("ADAcePresentationObject", Cmdlet.RIGHTS),
    ("TransportRule", Cmdlet.RULE),
    ("Rules.Tasks.Rule", Cmdlet.RULE),
    ("TransportConfigContainer", Cmdlet.CONFIG),
    ("TransportServer", Cmdlet.SERVICE),
    ("IPBlockListConfig", Cmdlet.BLOCK_LIST),
)
_MARKS = (
    ({"ExtendedRights", "User"}, Cmdlet.RIGHTS),
    ({"RemoteIPRanges"}, Cmdlet.RECEIVE),
    ({"AddressSpaces"}, Cmdlet.SEND),
    ({"DomainName", "DomainType"}, Cmdlet.ACCEPTED),
    ({"DomainName", "AllowedOOFType"}, Cmdlet.REMOTE),
    ({"Priority", "Conditions"}, Cmdlet.RULE),
    ({"Priority", "SentToScope"}, Cmdlet.RULE),
    ({"InternalSMTPServers"}, Cmdlet.CONFIG),
    ({"MaxSendSize", "MaxRecipientEnvelopeLimit"}, Cmdlet.CONFIG),
    ({"MessageExpirationTimeout", "DelayNotificationTimeout"}, Cmdlet.SERVICE),
    ({"StaticEntryRejectionResponse"}, Cmdlet.BLOCK_LIST),
)
Objects = dict[Cmdlet, list[dict[str, Any]]]


def read_objects(source: Source) -> list[tuple[Cmdlet, dict[str, Any]]]:
    """Each object with its cmdlet. Raises UnreadableFile."""
    text = source.text
    try:
        objects = _parsed(text)
    except (BadXml, BadTable) as error:
        raise UnreadableFile(f"{source.name} can't be read: {error}.") from None
    found = [(cmdlet, one) for one in objects if (cmdlet := _cmdlet(one)) is not None]
    if not found:
        known = ", ".join(cmdlet.value for cmdlet in Cmdlet)
        raise UnreadableFile(f"{source.name} holds nothing that is known here: {known}, or a receive protocol log.")
    return found


def _parsed(text: str) -> list[dict[str, Any]]:
    head = text.lstrip("\ufeff \r\n\t")[:1]
    if head == "<":
        return read_clixml(text.lstrip("\ufeff \r\n\t"))
    return read_json(text) if head in ("[", "{") and head else read_csv(text)


def _cmdlet(given: Mapping[str, Any]) -> Cmdlet | None:
    kind = str(given.get("") or "")
    for mark, cmdlet in _TYPES:
        if mark in kind:
            return cmdlet
    return next((cmdlet for names, cmdlet in _MARKS if names <= given.keys()), None)
