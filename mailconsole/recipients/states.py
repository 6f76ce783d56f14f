"""The states of a reading of a directory, and what starts one; each with its sentence."""

from __future__ import annotations

from enum import StrEnum


class SyncState(StrEnum):
    """Where a run stands, or how it ended."""

    RUNNING = "running"
    SUCCEEDED = "succeeded"
    STOPPED = "stopped"
    FAILED = "failed"
    CANCELLED = "cancelled"

    @property
    def label(self) -> str:
        return self.value.capitalize()

    @property
    def sentence(self) -> str:
        return _STATE_SENTENCES[self]

    @property
    def tone(self) -> str:
        return _TONES[self]


class SyncTrigger(StrEnum):
    """What started a run."""

    SCHEDULE = "schedule"
    BUTTON = "button"
    COMMAND = "command"

    @property
    def label(self) -> str:
        return self.value.capitalize()


_STATE_SENTENCES = {
    SyncState.RUNNING: "The directory is being read.",
    SyncState.SUCCEEDED: "The directory was read, and nodes look recipients up in what it said.",
    SyncState.STOPPED: "The answer lacked suspiciously much: nothing was changed until somebody confirms it.",
    SyncState.FAILED: "The directory could not be read whole: nothing was changed, the last good data stays in use.",
    SyncState.CANCELLED: "Somebody ended it: nothing was changed. The next whole reading goes on where this one was.",
}
_TONES = {
    SyncState.RUNNING: "info",
    SyncState.SUCCEEDED: "good",
    SyncState.STOPPED: "warn",
    SyncState.FAILED: "bad",
    SyncState.CANCELLED: "idle",
}
