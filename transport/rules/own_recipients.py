"""Recipients and groups of our own as entries, by each of their addresses; built once for each revision. Pure."""

from __future__ import annotations

from transport.config.document import MailFlow
from transport.config.objects import DistributionGroup, MailRecipient, Recipient
from transport.ports.recipients import EntryKind, RecipientEntry, SenderRestrictions

RECIPIENTS, GROUPS = "recipients", "distribution_groups"


class OwnEntry:
    """``entry`` as mail flow sees it; ``kind``, ``object_id`` and ``name`` for the trail."""

    __slots__ = ("entry", "kind", "name", "object_id")

    def __init__(self, kind: str, item: MailRecipient, entry: RecipientEntry) -> None:
        self.kind, self.object_id, self.name, self.entry = kind, item.id, item.name, entry


class OwnRecipients:
    """``find`` by the key of an address."""

    def __init__(self, document: MailFlow) -> None:
        self._by_key: dict[str, OwnEntry] = {}
        for recipient in document.recipients:
            self._add(OwnEntry(RECIPIENTS, recipient, _recipient(recipient)), recipient)
        for group in document.distribution_groups:
            self._add(OwnEntry(GROUPS, group, _group(group)), group)
        self._members: dict[str, frozenset[str]] = {}

    def _add(self, own: OwnEntry, item: MailRecipient) -> None:
        for address in item.addresses:
            self._by_key[address.lower()] = own

    def __bool__(self) -> bool:
        return bool(self._by_key)

    def find(self, key: str) -> OwnEntry | None:
        return self._by_key.get(key)

    def members(self, key: str) -> frozenset[str]:
        """The keys of everybody in the group of our own with this address, through groups of our own in it."""
        found = self._members.get(key)
        if found is None:
            found = self._members[key] = self._reached(key)
        return found

    def _reached(self, key: str) -> frozenset[str]:
        reached: set[str] = set()
        ahead = [key]
        while ahead:
            own = self._by_key.get(ahead.pop())
            for member in own.entry.members if own is not None else ():
                if member.lower() not in reached:
                    reached.add(member.lower())
                    ahead.append(member.lower())
        return frozenset(reached)


def _restrictions(item: MailRecipient) -> SenderRestrictions | None:
    made = SenderRestrictions(
        item.is_sender_authentication_required, item.accept_messages_only_from, item.reject_messages_from
    )
    return made if made != SenderRestrictions() else None


def _recipient(item: Recipient) -> RecipientEntry:
    return RecipientEntry(
        address=item.address,
        kind=EntryKind.MAILBOX,
        primary_address=item.address,
        forward_to=item.forwarding_address or "",
        deliver_and_forward=item.deliver_to_mailbox_and_forward,
        restrictions=_restrictions(item),
        max_receive_bytes=item.max_receive_size or 0,
    )


def _group(item: DistributionGroup) -> RecipientEntry:
    return RecipientEntry(
        address=item.address,
        kind=EntryKind.GROUP,
        primary_address=item.address,
        members=item.members,
        owner_address=item.owner_address or "",
        restrictions=_restrictions(item),
        max_receive_bytes=item.max_receive_size or 0,
    )
