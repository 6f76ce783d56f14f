"""The directory for who asks how many people a group is: opened when the first is asked about.

What approvals a change needs is the same for everybody who looks: nobody learns from it who is in a group that hides
its members.
"""

from __future__ import annotations

from mailconsole.changes import recorded
from transport.rules.admission import RecipientEntry


class GroupDirectory:
    """A RecipientLookup of the newest look-up file."""

    def __init__(self) -> None:
        self._finds: recorded.Finds | None = None

    def find(self, address: str) -> RecipientEntry | None:
        """Raises LookupUnavailable."""
        if self._finds is None:
            self._finds = recorded.discreet(recorded.directory())
        return self._finds(address)
