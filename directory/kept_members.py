"""Members of groups, read from one look-up file once: mail to a group of 100,000 asks for them with each recipient."""

from collections.abc import Callable

MAX_ADDRESSES = 300_000
"""That are kept of all groups together; a file has any number."""


class KeptMembers:
    """``read`` gives the primary addresses of a group's members by its GUID. Who was asked for longest ago goes."""

    def __init__(self, read: Callable[[str], tuple[str, ...]]) -> None:
        self._read = read
        self._kept: dict[str, tuple[str, ...]] = {}
        self._count = 0

    def of(self, guid: str) -> tuple[str, ...]:
        """The members of the group. Raises sqlite3.Error."""
        found = self._kept.pop(guid, None)
        if found is None:
            found = self._read(guid)
            if len(found) > MAX_ADDRESSES:
                return found
            self._count += len(found) + 1
        self._kept[guid] = found
        while self._count > MAX_ADDRESSES:
            self._count -= len(self._kept.pop(next(iter(self._kept)))) + 1
        return found
