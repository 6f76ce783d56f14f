"""When a source is to be read, and whether whole. One that cannot be read is left alone longer and longer: each wrong
password of the account that reads counts towards its lockout."""

from __future__ import annotations

from datetime import datetime, timedelta
from enum import Enum, auto
from itertools import takewhile

from mailconsole.recipients.models import DirectorySource
from mailconsole.recipients.states import SyncState

MOST_FAILURES_COUNTED = 5


class Due(Enum):
    NOT_YET = auto()
    CHANGES = auto()
    WHOLE = auto()


def due_sync(source: DirectorySource, *, now: datetime) -> Due:
    """What is to be read now; a run that goes on is not looked at here."""
    runs = list(source.runs.values_list("state", "started_at")[:MOST_FAILURES_COUNTED])
    failures = len(list(takewhile(lambda state: state != SyncState.SUCCEEDED, (state for state, _ in runs))))
    wait = timedelta(minutes=source.changes_every_min) * 2 ** max(0, failures - 1)
    if runs and now - runs[0][1] < wait:
        return Due.NOT_YET
    whole_at = source.last_whole_at
    is_whole = whole_at is None or now - whole_at >= timedelta(hours=source.whole_every_h)
    return Due.WHOLE if is_whole else Due.CHANGES
