"""Pure: distinguished names -> object GUIDs, once all entries of a source are known."""

from collections.abc import Iterable, Mapping
from dataclasses import replace

from directory.mapping import Links, MappedEntry
from directory.model import Recipient, SenderRestrictions


def link(entries: Iterable[MappedEntry]) -> tuple[Recipient, ...]:
    """The recipients with their members, forwarding and restrictions by object GUID."""
    mapped = tuple(entries)
    guid_of = {dn_key(entry.recipient.dn): entry.recipient.object_guid for entry in mapped}
    return tuple(_linked(entry, guid_of) for entry in mapped)


def dn_key(dn: str) -> str:
    """One controller spells one object's name alike everywhere, but for case."""
    return dn.lower()


def _linked(entry: MappedEntry, guid_of: Mapping[str, str]) -> Recipient:
    recipient, links = entry.recipient, entry.links
    if links == Links():
        return recipient
    members = sorted({guid_of[key] for key in map(dn_key, links.members) if key in guid_of})
    forwarding = guid_of.get(dn_key(links.forwarding)) if links.forwarding else None
    notes = recipient.notes
    if links.forwarding and forwarding is None:
        notes += (f"It forwards to {links.forwarding}, which is no recipient; mail stays here.",)
    return replace(
        recipient,
        member_guids=tuple(members),
        members_without_address=sum(dn_key(dn) not in guid_of for dn in links.members),
        forwarding_guid=forwarding,
        restrictions=_restrictions(recipient.restrictions, links, guid_of),
        notes=notes,
    )


def _restrictions(own: SenderRestrictions, links: Links, guid_of: Mapping[str, str]) -> SenderRestrictions:
    def guids(names: tuple[str, ...]) -> tuple[str, ...]:
        # An unresolved name stays as it is: a restriction may match nobody, but must not fall away.
        return tuple(sorted(guid_of.get(dn_key(dn), dn) for dn in names))

    return replace(
        own,
        accept_from=guids(links.accept_from),
        accept_from_members_of=guids(links.accept_from_members_of),
        reject_from=guids(links.reject_from),
        reject_from_members_of=guids(links.reject_from_members_of),
    )
