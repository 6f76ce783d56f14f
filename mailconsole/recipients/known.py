"""The directory for those who decide again what nodes decided: by the nodes' own file, and who its users are."""

from __future__ import annotations

from collections.abc import Callable
from functools import lru_cache, partial

from django.db.models import Q

from directory.addresses import address_key
from directory.errors import SnapshotUnavailable
from directory.snapshot import Snapshot
from mailconsole.recipients.entries import find_in
from mailconsole.recipients.models import Recipient
from mailconsole.recipients.services.snapshot import snapshot_folder
from transport.rules.admission import RecipientEntry

MAX_SCANS = 20
"""Names that are nobody's address are looked for among all rows: so many of them for one impact."""


def open_directory() -> Callable[[str], RecipientEntry | None]:
    """Opens the newest look-up file of this machine; belongs to the calling thread."""
    snapshot = Snapshot.open(snapshot_folder())

    return partial(find_in, snapshot)


def open_owners() -> Callable[[str], tuple[str, ...]]:
    """Which addresses are a user's, as nodes find them once the password was right; belongs to the calling thread."""
    snapshot, scans = Snapshot.open(snapshot_folder()), iter(range(MAX_SCANS))

    @lru_cache(maxsize=1000)
    def owns(identity: str) -> tuple[str, ...]:
        guid = _by_address(identity) or (_by_name(identity) if next(scans, None) is not None else "")
        try:
            return snapshot.addresses_of(guid) if guid else ()
        except SnapshotUnavailable:
            return ()

    return owns


def _by_address(identity: str) -> str:
    """Most are called as one of their addresses."""
    found = Recipient.objects.filter(source__is_enabled=True, address_rows__key=address_key(identity))
    named = [row.value for row in found[:5]]
    return next((one.object_guid for one in named if one.user_principal_name.lower() == identity.lower()), "")


def _by_name(identity: str) -> str:
    is_called = Q(document__user_principal_name__iexact=identity) | Q(
        document__user_principal_name="", document__account_name__iexact=identity
    )
    found = Recipient.objects.filter(is_called, source__is_enabled=True)[:2]
    rows = [row.value for row in found]
    return rows[0].object_guid if len(rows) == 1 else ""
