"""The look-up file of this machine, built from the rows of all enabled sources that have been read."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path

from django.conf import settings
from django.db import transaction

from directory.errors import SnapshotUnavailable
from directory.model import Recipient as DirectoryRecipient
from directory.snapshot import Snapshot
from directory.snapshot_writer import Published, confirm, publish, withdraw
from mailconsole.recipients.models import AddressConflict, DirectorySource, Recipient


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
    published = publish(snapshot_folder(), _recipients(), read_at=basis.read_at, content=basis.content)
    with transaction.atomic():
        AddressConflict.objects.all().delete()
        AddressConflict.objects.bulk_create(
            AddressConflict(address=one.address, object_guids=list(one.object_guids), found_at=now)
            for one in published.conflicts
        )
    return published


def refresh_snapshot(*, now: datetime) -> Published | None:
    """Build a look-up file only where this machine has none of what the rows say now; else renew its age."""
    basis = _basis()
    if basis is not None and confirm(snapshot_folder(), read_at=basis.read_at, content=basis.content):
        return None
    return publish_snapshot(now=now)


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
    return _Basis(min(read_at.timestamp() for _, _, read_at in found if read_at), content)
