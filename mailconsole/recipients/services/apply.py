"""What a delta does to the rows, in the caller's transaction, and what is said about it in the run."""

from __future__ import annotations

import itertools
from collections.abc import Iterable, Iterator
from datetime import datetime
from typing import Any, TypeVar

from directory.addresses import address_key
from directory.delta import Delta, describe, digest_of
from directory.model import Recipient as DirectoryRecipient
from directory.model import RecipientKind
from directory.staging import Staging
from mailconsole.recipients.models import DirectorySource, GroupMember, Recipient, RecipientAddress

KEPT_CHANGES = 200
BATCH = 500

Item = TypeVar("Item")


class KnownRows:
    """What is known of a source already (directory.source.Known)."""

    def __init__(self, source: DirectorySource) -> None:
        self._rows = source.recipients

    def guids(self) -> set[str]:
        return {str(guid) for guid in self._rows.values_list("object_guid", flat=True).iterator(chunk_size=5000)}

    def dynamic_groups(self) -> list[DirectoryRecipient]:
        return [row.value for row in self._rows.filter(kind=RecipientKind.DYNAMIC_GROUP.value)]

    def digests(self, guids: Iterable[str] | None = None) -> dict[str, str]:
        """Of these objects, or of all."""
        if guids is None:
            everything = self._rows.values_list("object_guid", "digest").iterator(chunk_size=5000)
            return {str(guid): digest for guid, digest in everything}
        found = {}
        for batch in _batches(guids):
            rows = self._rows.filter(object_guid__in=batch).values_list("object_guid", "digest")
            found.update({str(guid): digest for guid, digest in rows})
        return found

    def count(self) -> int:
        return self._rows.count()


def apply_delta(source: DirectorySource, delta: Delta, staging: Staging, *, now: datetime) -> None:
    """Makes the rows of the source say what the directory said."""
    for removed in _batches(delta.removed):
        source.recipients.filter(object_guid__in=removed).delete()
    for added in _batches(delta.added):
        _insert(source, staging.fetch(added), now)
    for changed in _batches(delta.changed):
        _update(source, staging.fetch(changed), now)


def words_of(source: DirectorySource, delta: Delta, staging: Staging) -> list[dict[str, Any]]:
    """The first changes of a delta with names before and after; asked before the rows change."""
    named = [*delta.removed[:KEPT_CHANGES], *delta.changed[:KEPT_CHANGES]]
    before = {
        str(row.object_guid): row
        for batch in _batches(named)
        for row in source.recipients.filter(object_guid__in=batch)
    }
    gone = [before[guid] for guid in delta.removed[:KEPT_CHANGES]]
    said = [_said("removed", str(row.object_guid), row.display_name, row.primary_address) for row in gone]
    for after in staging.fetch(delta.changed[:KEPT_CHANGES]):
        said.append(_changed(before[after.object_guid].value, after))
    for new in staging.fetch(delta.added[:KEPT_CHANGES]):
        said.append(_said("added", new.object_guid, new.display_name, new.primary_address))
    return said[:KEPT_CHANGES]


def _insert(source: DirectorySource, recipients: list[DirectoryRecipient], now: datetime) -> None:
    rows = [Recipient(source=source, object_guid=r.object_guid, **_columns(r, now)) for r in recipients]
    Recipient.objects.bulk_create(rows)
    _insert_details(list(zip(rows, recipients, strict=True)))


def _update(source: DirectorySource, recipients: list[DirectoryRecipient], now: datetime) -> None:
    values = {r.object_guid: r for r in recipients}
    rows = list(source.recipients.filter(object_guid__in=list(values)))
    for row in rows:
        for name, value in _columns(values[str(row.object_guid)], now).items():
            setattr(row, name, value)
    Recipient.objects.bulk_update(rows, list(_columns(recipients[0], now)))
    RecipientAddress.objects.filter(recipient__in=rows).delete()
    GroupMember.objects.filter(group__in=rows).delete()
    _insert_details([(row, values[str(row.object_guid)]) for row in rows])


def _columns(recipient: DirectoryRecipient, now: datetime) -> dict[str, Any]:
    return {
        "kind": recipient.kind.value,
        "display_name": recipient.display_name[:500],
        "primary_address": recipient.primary_address,
        "search_text": search_text(recipient),
        "digest": digest_of(recipient),
        "document": recipient.to_document(),
        "updated_at": now,
    }


def search_text(recipient: DirectoryRecipient) -> str:
    """Everything that a search may find it by, folded: databases disagree on case beyond ASCII."""
    words = (recipient.display_name, recipient.alias, recipient.account_name, *recipient.addresses)
    return "\n".join(dict.fromkeys(word for word in words if word)).casefold()


def _insert_details(pairs: list[tuple[Recipient, DirectoryRecipient]]) -> None:
    addresses = [
        RecipientAddress(recipient=row, key=key, address=address, is_primary=number == 0)
        for row, recipient in pairs
        for number, (key, address) in enumerate(_addresses_by_key(recipient).items())
    ]
    members = [GroupMember(group=row, member_guid=guid) for row, recipient in pairs for guid in recipient.member_guids]
    RecipientAddress.objects.bulk_create(addresses, batch_size=2000)
    GroupMember.objects.bulk_create(members, batch_size=2000)


def _addresses_by_key(recipient: DirectoryRecipient) -> dict[str, str]:
    spelled: dict[str, str] = {}
    for address in recipient.addresses:
        spelled.setdefault(address_key(address), address)
    return spelled


def _changed(before: DirectoryRecipient, after: DirectoryRecipient) -> dict[str, Any]:
    fields = [
        {"field": one.field.replace("_", " "), "before": one.before[:300], "after": one.after[:300]}
        for one in describe(before, after)
    ]
    return _said("changed", after.object_guid, after.display_name, after.primary_address) | {"fields": fields}


def _said(what: str, guid: str, name: str, address: str) -> dict[str, Any]:
    return {"what": what, "guid": guid, "name": name, "address": address}


def _batches(items: Iterable[Item]) -> Iterator[list[Item]]:
    iterator = iter(items)
    while batch := list(itertools.islice(iterator, BATCH)):
        yield batch
