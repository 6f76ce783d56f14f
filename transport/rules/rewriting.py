"""Address rewriting: which address the outside sees for an internal one, and which is meant by what it writes. Pure."""

from __future__ import annotations

from collections.abc import Iterable

from transport.config.objects import AddressRewriteEntry
from transport.model.address import Address, parse_mailbox
from transport.rules.patterns import AddressPatterns, parent_domains


class Rewriting:
    """The enabled entries, compiled once for each revision. An address goes before a domain, a domain before a tree, a
    deeper tree before a shallower."""

    def __init__(self, entries: Iterable[AddressRewriteEntry]) -> None:
        self._addresses: dict[str, tuple[Address, AddressRewriteEntry]] = {}
        self._domains: dict[str, tuple[str, AddressRewriteEntry]] = {}
        self._trees: dict[str, tuple[str, AddressPatterns, AddressRewriteEntry]] = {}
        self._back: dict[str, tuple[Address, AddressRewriteEntry]] = {}
        self._domains_back: dict[str, tuple[str, AddressRewriteEntry]] = {}
        for entry in entries:
            if entry.is_enabled:
                self._add(entry)

    def _add(self, entry: AddressRewriteEntry) -> None:
        inner, outer = entry.internal_address.lower(), entry.external_address.lower()
        if "@" in inner:
            self._addresses[parse_mailbox(inner).key] = parse_mailbox(entry.external_address), entry
            if not entry.is_outbound_only:
                self._back[parse_mailbox(outer).key] = parse_mailbox(entry.internal_address), entry
        elif inner.startswith("*."):
            self._trees[inner[2:]] = outer, AddressPatterns(entry.exceptions), entry
        else:
            self._domains[inner] = outer, entry
            if not entry.is_outbound_only:
                self._domains_back[outer] = inner, entry

    def __bool__(self) -> bool:
        return bool(self._addresses or self._domains or self._trees)

    def outward(self, address: Address) -> tuple[Address, AddressRewriteEntry] | None:
        """What the outside sees instead, and by which entry; None where the address stays."""
        found = self._addresses.get(address.key)
        if found is None:
            domain = self._domains.get(address.domain) or self._above(address)
            if domain is None:
                return None
            found = Address(address.local_part, domain[0]), domain[1]
        return found if str(found[0]) != str(address) else None

    def _above(self, address: Address) -> tuple[str, AddressRewriteEntry] | None:
        if not self._trees or not address.domain:
            return None
        for parent in parent_domains(address.domain):
            if parent in self._trees:
                domain, exceptions, entry = self._trees[parent]
                return None if exceptions.match(address) else (domain, entry)
        return None

    def inward(self, address: Address) -> tuple[Address, AddressRewriteEntry] | None:
        """Whom a recipient that the outside wrote is, and by which entry; None where nobody else."""
        found = self._back.get(address.key)
        if found is None:
            domain = self._domains_back.get(address.domain)
            if domain is None:
                return None
            found = Address(address.local_part, domain[0]), domain[1]
        return found if found[0].key != address.key else None
