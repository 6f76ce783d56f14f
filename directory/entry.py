"""Pure: one LDAP entry as it came over the wire, and how its raw values are read."""

import uuid
from collections.abc import Mapping, Sequence
from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Entry:
    """A distinguished name and raw values. Attribute names are in lower case; absent and empty are the same."""

    dn: str
    attributes: Mapping[str, Sequence[bytes]]

    def has(self, name: str) -> bool:
        return bool(self.attributes.get(name.lower()))

    def texts(self, name: str) -> tuple[str, ...]:
        return tuple(_text(value) for value in self.attributes.get(name.lower(), ()))

    def text(self, name: str) -> str:
        values = self.attributes.get(name.lower())
        return _text(values[0]) if values else ""

    def number(self, name: str) -> int | None:
        """The whole number, or None where there is none or it is not one."""
        try:
            return int(self.text(name))
        except ValueError:
            return None

    def flag(self, name: str) -> bool:
        return self.text(name).upper() == "TRUE"  # RFC 4517 3.3.3

    def guid(self, name: str) -> str | None:
        """An object GUID in its usual spelling; Active Directory stores the first three fields little-endian."""
        values = self.attributes.get(name.lower())
        if not values:
            return None
        try:
            if len(values[0]) == 16:
                return str(uuid.UUID(bytes_le=bytes(values[0])))
            return str(uuid.UUID(_text(values[0])))  # entryUUID of RFC 4530 is text
        except ValueError:
            return None


def _text(value: bytes) -> str:
    # PostgreSQL takes no NUL in text, and nothing of ours needs one.
    return bytes(value).decode("utf-8", errors="replace").replace("\x00", "")
