"""Pure: references -> object GUIDs. Active Directory tells GUIDs itself; for other directories all entries of a source
must be known first."""

from collections.abc import Iterable, Mapping
from dataclasses import replace

from directory.mapping import Links, MappedEntry
from directory.model import Recipient, SenderRestrictions
from directory.references import is_guid


def link(entries: Iterable[MappedEntry]) -> tuple[Recipient, ...]:
    """The recipients of a whole directory, with members, forwarding and restrictions by object GUID."""
    mapped = tuple(entries)
    guid_of = {dn_key(entry.recipient.dn): entry.recipient.object_guid for entry in mapped}
    return tuple(linked(entry, guid_of) for entry in mapped)


def dn_key(dn: str) -> str:
    """One controller spells one object's name alike everywhere, but for case."""
    return dn.lower()


def linked(entry: MappedEntry, guid_of: Mapping[str, str]) -> Recipient:
    """The recipient with the references that lead somewhere; `guid_of` is by `dn_key`, empty for Active Directory.

    A GUID may be that of an object which is no recipient (yet): it counts from the day on which it is one.
    """
    recipient, links = entry.recipient, entry.links
    if links == Links():
        return recipient

    def guid(name: str) -> str | None:
        return name if is_guid(name) else guid_of.get(dn_key(name))

    members = sorted({found for found in map(guid, links.members) if found is not None})
    forwarding = guid(links.forwarding) if links.forwarding else None
    notes = recipient.notes
    if links.forwarding and forwarding is None:
        notes += (f"It forwards to {links.forwarding}, which is no recipient; mail stays here.",)
    return replace(
        recipient,
        member_guids=tuple(members),
        members_without_address=sum(guid(name) is None for name in links.members),
        forwarding_guid=forwarding,
        manager_guid=guid(links.manager) if links.manager else None,
        restrictions=_restrictions(recipient.restrictions, links, guid_of),
        notes=notes,
    )


def _restrictions(own: SenderRestrictions, links: Links, guid_of: Mapping[str, str]) -> SenderRestrictions:
    def guids(names: tuple[str, ...]) -> tuple[str, ...]:
        # An unresolved name stays as it is: a restriction may match nobody, but must not fall away.
        return tuple(sorted(name if is_guid(name) else guid_of.get(dn_key(name), name) for name in names))

    return replace(
        own,
        accept_from=guids(links.accept_from),
        accept_from_members_of=guids(links.accept_from_members_of),
        reject_from=guids(links.reject_from),
        reject_from_members_of=guids(links.reject_from_members_of),
    )
