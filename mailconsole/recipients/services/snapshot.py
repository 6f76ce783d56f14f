"""The look-up file of this machine, built from the rows of all enabled sources that have been read."""

from __future__ import annotations

from collections.abc import Collection, Iterator
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path

from django.conf import settings
from django.db import transaction

from directory.errors import SnapshotUnavailable
from directory.model import Recipient as DirectoryRecipient
from directory.snapshot import Snapshot
from directory.snapshot_file import current_file, is_newest_format
from directory.snapshot_writer import Changes, Published, confirm, publish, publish_changes, withdraw
from mailconsole.recipients.models import AddressConflict, DirectoryRules, DirectorySource, Recipient

MAX_CHANGES = 2000
"""Beyond so many, a file is made anew rather than changed."""


@dataclass(frozen=True, slots=True)
class SnapshotStatus:
    """What nodes of this machine look recipients up in; `version` None means that there is nothing yet."""

    version: int | None
    age_s: float | None
    address_count: int
    error: str


def snapshot_folder() -> Path:
    return Path(settings.HOME) / "directory"


def publish_snapshot(*, now: datetime) -> Published | None:
    """Build and swap in a new look-up file, and keep the conflicts that it found. Raises OSError.

    Without any source that is enabled and was read, the file is taken out of use and the answer is None: a directory
    that nobody reads must not say that a recipient is unknown.
    """
    basis = _basis()  # before the rows are read: what changes meanwhile makes another file necessary, never a stale one
    if basis is None:
        withdraw(snapshot_folder())
        AddressConflict.objects.all().delete()
        return None
    rule = DirectoryRules.current().conflict_rule_value
    published = publish(
        snapshot_folder(), _recipients(), read_at=basis.read_at, content=basis.content, conflict_rule=rule
    )
    _keep_conflicts(published, now)
    return published


def snapshot_basis() -> str:
    """What a look-up file of this moment would be made from; to be asked before rows change."""
    basis = _basis()
    return basis.content if basis is not None else ""


def publish_few(*, since: str, changed: Collection[str], now: datetime) -> Published | None:
    """The look-up file with these objects as the rows have them now, where it was made from `since`; else anew."""
    basis = _basis()
    if basis is None or not since or len(changed) > MAX_CHANGES:
        return refresh_snapshot(now=now)
    found = _winners(changed)
    gone = tuple(guid for guid in changed if guid not in found)
    published = publish_changes(
        snapshot_folder(),
        Changes(since=since, changed=tuple(found.values()), removed=gone),
        read_at=basis.read_at,
        content=basis.content,
    )
    if published is None:
        return refresh_snapshot(now=now)
    _keep_conflicts(published, now)
    return published


def _keep_conflicts(published: Published, now: datetime) -> None:
    """Those that were there before keep the moment at which they were found."""
    with transaction.atomic():
        found_at = dict(AddressConflict.objects.values_list("address", "found_at"))
        AddressConflict.objects.all().delete()
        AddressConflict.objects.bulk_create(
            AddressConflict(
                address=one.address, object_guids=list(one.object_guids), found_at=found_at.get(one.address, now)
            )
            for one in published.conflicts
        )


def refresh_snapshot(*, now: datetime) -> Published | None:
    """Build a look-up file only where this machine has none of what the rows say now; else renew its age."""
    basis = _basis()
    if basis is not None and confirm(snapshot_folder(), read_at=basis.read_at, content=basis.content):
        return None
    return publish_snapshot(now=now)


def is_file_current() -> bool:
    """Whether this machine's look-up file is of what the rows say; its age is renewed where it is."""
    basis = _basis()
    if basis is not None:
        return confirm(snapshot_folder(), read_at=basis.read_at, content=basis.content)
    try:
        current_file(snapshot_folder())
    except SnapshotUnavailable:
        return True
    return False


def renew_old_format(*, now: datetime) -> Published | None:
    """After an upgrade, build the look-up file anew from the rows: no controller need answer for that. Nothing is done
    where the file is as this release writes it, or nothing has been read yet. Raises OSError."""
    return None if is_newest_format(snapshot_folder()) or _basis() is None else publish_snapshot(now=now)


def snapshot_status(*, now: datetime) -> SnapshotStatus:
    snapshot = Snapshot.open(snapshot_folder())
    try:
        return SnapshotStatus(snapshot.version, snapshot.age_s(now.timestamp()), snapshot.address_count, "")
    except SnapshotUnavailable as error:
        return SnapshotStatus(None, None, 0, str(error))
    finally:
        snapshot.close()


def _recipients() -> Iterator[DirectoryRecipient]:
    """Each object once, even where two sources read the same domain."""
    seen: set[str] = set()
    rows = Recipient.objects.filter(source__is_enabled=True).order_by("source__name", "pk")
    for document in rows.values_list("document", flat=True).iterator(chunk_size=1000):
        recipient = DirectoryRecipient.from_document(document)
        if recipient.object_guid not in seen:
            seen.add(recipient.object_guid)
            yield recipient


def _winners(guids: Collection[str]) -> dict[str, DirectoryRecipient]:
    """The same as `_recipients` says of these objects."""
    found: dict[str, DirectoryRecipient] = {}
    rows = Recipient.objects.filter(source__is_enabled=True, object_guid__in=list(guids))
    for document in rows.order_by("source__name", "pk").values_list("document", flat=True):
        recipient = DirectoryRecipient.from_document(document)
        found.setdefault(recipient.object_guid, recipient)
    return found


@dataclass(frozen=True, slots=True)
class _Basis:
    """What a look-up file is made from; it is as old as its oldest part."""

    read_at: float
    content: str


def _basis() -> _Basis | None:
    rows = DirectorySource.objects.filter(is_enabled=True, last_read_at__isnull=False).order_by("pk")
    found = list(rows.values_list("pk", "generation", "last_read_at"))
    if not found:
        return None
    content = " ".join(f"{pk}:{generation}" for pk, generation, _ in found)
    content += f" {DirectoryRules.current().conflict_rule}"
    return _Basis(min(read_at.timestamp() for _, _, read_at in found if read_at), content)
