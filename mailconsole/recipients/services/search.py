"""Finding recipients: as one types over name and address, and by exact address."""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import dataclass

from django.db.models import QuerySet

from directory.addresses import address_key
from directory.model import RecipientKind
from mailconsole.recipients.models import Recipient, RecipientAddress

MAX_WORDS = 6


@dataclass(frozen=True, slots=True)
class FoundAddress:
    """Who has an address: one object, several in conflict, or none."""

    address: str
    recipients: tuple[Recipient, ...]
    is_conflict: bool


def search_recipients(*, text: str = "", kind: RecipientKind | None = None) -> QuerySet[Recipient]:
    """Recipients in which every word occurs, in name, alias, account or any address."""
    found = Recipient.objects.select_related("source")
    for word in text.casefold().split()[:MAX_WORDS]:
        found = found.filter(search_text__contains=word)
    return found.filter(kind=kind.value) if kind is not None else found


def find_address(*, address: str) -> FoundAddress:
    """Who has exactly this address, by the key under which nodes find it."""
    key = address_key(address.strip())
    rows = tuple(Recipient.objects.filter(address_rows__key=key).select_related("source").order_by("source__name"))
    return FoundAddress(address=key, recipients=rows, is_conflict=len({row.object_guid for row in rows}) > 1)


def members_of(recipient: Recipient) -> QuerySet[Recipient]:
    """The members of a group that are recipients of the same source."""
    return recipient.source.recipients.filter(object_guid__in=recipient.member_rows.values("member_guid"))


def groups_of(recipient: Recipient) -> QuerySet[Recipient]:
    """The groups of the same source that name it as a member."""
    return recipient.source.recipients.filter(member_rows__member_guid=recipient.object_guid)


def hiding_addresses(keys: Collection[str]) -> frozenset[str]:
    """Those of these addresses that any object has whose members the directory hides, as they were given."""
    found: set[str] = set()
    by_key = {address_key(key): key for key in keys}
    listed = list(by_key)
    for start in range(0, len(listed), 500):
        rows = RecipientAddress.objects.filter(
            key__in=listed[start : start + 500], recipient__document__hides_members=True
        )
        found |= {by_key[key] for key in rows.values_list("key", flat=True)}
    return frozenset(found)
