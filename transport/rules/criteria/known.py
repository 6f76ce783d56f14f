"""What the rules have asked the directory about one message: each address and each group is read once, however many
of them a stranger names."""

from __future__ import annotations

from transport.model.address import Address
from transport.ports.recipients import RecipientEntry, RecipientLookup
from transport.ports.unavailable import LookupUnavailable
from transport.rules import membership
from transport.rules.kept_members import Members
from transport.rules.membership import sure
from transport.rules.ruleset import Ruleset


class Known:
    """Belongs to one message; is a RecipientLookup itself."""

    def __init__(self, ruleset: Ruleset, lookup: RecipientLookup) -> None:
        self._ruleset = ruleset
        self._lookup = lookup
        self._entries: dict[str, RecipientEntry | LookupUnavailable | None] = {}
        self._attributes: dict[str, dict[str, tuple[str, ...]]] = {}
        self._folded: dict[tuple[str, str], frozenset[str]] = {}
        self._members: dict[tuple[str, ...], Members] = {}

    def find(self, address: str) -> RecipientEntry | None:
        """Raises LookupUnavailable."""
        key = address.lower()
        if key not in self._entries:
            self._entries[key] = self._asked(address)
        found = self._entries[key]
        if isinstance(found, LookupUnavailable):
            raise found.with_traceback(None)
        return found

    def _asked(self, address: str) -> RecipientEntry | LookupUnavailable | None:
        try:
            return self._lookup.find(address)
        except LookupUnavailable as error:
            return error

    def entry(self, address: Address) -> RecipientEntry | None:
        """Raises LookupUnavailable, also where nobody can say which of two objects is meant."""
        return None if address.is_null else sure(self.find(str(address)))

    def values(self, address: Address, name: str) -> tuple[str, ...]:
        """What the directory says of somebody's attribute; nothing of a stranger's. Raises LookupUnavailable."""
        found = self._attributes.get(address.key)
        if found is None:
            found = self._attributes[address.key] = _by_name(self.entry(address))
        return found.get(name, ())

    def folded(self, address: Address, name: str) -> frozenset[str]:
        """The same, to compare without letter case. Raises LookupUnavailable."""
        asked = address.key, name
        found = self._folded.get(asked)
        if found is None:
            found = self._folded[asked] = frozenset(value.casefold() for value in self.values(address, name))
        return found

    def is_member(self, groups: tuple[str, ...], address: Address) -> bool:
        """Whether the address is in one of the groups, at any depth. Raises LookupUnavailable, Withheld."""
        found = self._members.get(groups)
        if found is None:
            found = self._members[groups] = membership.members(self._ruleset, groups, self)
        return found.hold(membership.keys_of(self._ruleset, address, self))


def _by_name(entry: RecipientEntry | None) -> dict[str, tuple[str, ...]]:
    found: dict[str, tuple[str, ...]] = {}
    for one in entry.attributes() if entry is not None else ():
        name, _, value = one.partition("=")
        found[name] = (*found.get(name, ()), value)
    return found
