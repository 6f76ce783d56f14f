"""What of directories needs a person now, in a sentence each."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, timedelta

from mailconsole.recipients.models import AddressConflict, DirectorySource
from mailconsole.recipients.states import SyncState

OLD_AFTER_READINGS = 3
LEAST_OLD = timedelta(minutes=30)


@dataclass(frozen=True, slots=True)
class Alert:
    """`key` is the same for the same trouble."""

    key: str
    tone: str
    text: str


def alerts(now: datetime) -> list[Alert]:
    """The worst of each directory."""
    found = [one for source in DirectorySource.objects.filter(is_enabled=True) if (one := _of(source, now))]
    conflicts = AddressConflict.objects.count()
    if conflicts:
        what = "address is" if conflicts == 1 else "addresses are"
        found.append(Alert("conflicts", "warn", f"{conflicts:,} {what} claimed by more than one object."))
    return found


def _of(source: DirectorySource, now: datetime) -> Alert | None:
    last = source.runs.exclude(state=SyncState.RUNNING).defer("problems", "changes").first()
    key = f"source-{source.pk}"
    if last is not None and last.state == SyncState.STOPPED:
        return Alert(
            key, "bad", f"The directory {source} lacks suspiciously much; a person must decide. {last.message}"
        )
    if source.last_read_at is None:
        return Alert(key, "warn", f"The directory {source} has never been read. {last.message if last else ''}".strip())
    age = now - source.last_read_at
    if age > max(LEAST_OLD, OLD_AFTER_READINGS * timedelta(minutes=source.changes_every_min)):
        why = f" {last.message}" if last is not None and last.state == SyncState.FAILED else ""
        hours = age.total_seconds() / 3600
        old = f"{hours:.0f} hours" if hours >= 2 else f"{age.total_seconds() / 60:.0f} minutes"
        return Alert(key, "bad", f"What is known of the directory {source} is {old} old; mail goes on by it.{why}")
    if last is not None and last.state == SyncState.FAILED:
        return Alert(key, "warn", f"The directory {source} could not be read. {last.message}")
    return None
