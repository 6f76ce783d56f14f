"""The directory as the engine asks it: who holds an address, and what mail to it becomes."""

from __future__ import annotations

from dataclasses import dataclass, field
from enum import StrEnum
from typing import Protocol

from transport.ports.unavailable import LookupUnavailable


class EntryKind(StrEnum):
    """What a directory entry is to mail flow."""

    MAILBOX = "mailbox"
    CONTACT = "contact"
    GROUP = "group"
    CONFLICT = "conflict"

    @property
    def sentence(self) -> str:
        return _ENTRY_SENTENCES[self]


_ENTRY_SENTENCES = {
    EntryKind.MAILBOX: "A recipient in this organisation.",
    EntryKind.CONTACT: "A recipient elsewhere, known to the directory.",
    EntryKind.GROUP: "A group: its members get the mail.",
    EntryKind.CONFLICT: "Two directory objects hold the address; mail to it waits.",
}


@dataclass(frozen=True, slots=True)
class SenderRestrictions:
    """Who may send to a recipient. The texts are addresses, domains, ``*.domain`` and the addresses of groups, whose
    members are meant; an empty ``accept_from`` means anyone."""

    is_authentication_required: bool = False
    accept_from: tuple[str, ...] = ()
    reject_from: tuple[str, ...] = ()


class AttributeReader(Protocol):
    """Reads, when a rule asks, what a directory says of a person beside where their mail goes."""

    def __call__(self) -> tuple[str, ...]:
        """Texts like ``Department=Sales``, of the manager the address. Raises LookupUnavailable."""
        ...


def no_attributes() -> tuple[str, ...]:
    """The AttributeReader of an entry about which nobody knows more."""
    return ()


@dataclass(frozen=True, slots=True)
class RecipientEntry:
    """One recipient as the directory knows it. Addresses are ``local@domain`` texts; ``members`` and
    ``owner_address`` only for groups, and groups come first among members; ``forward_to`` replaces delivery unless
    ``deliver_and_forward``; ``max_receive_bytes`` 0 means no limit; ``home_server`` is where a mailbox is.
    ``is_withheld``: who asks must not know the members, nor what follows from who they are; never so on a node.
    ``claimed_by``, of a conflict: the primary addresses of the objects that claim the address."""

    address: str
    kind: EntryKind
    primary_address: str
    forward_to: str = ""
    deliver_and_forward: bool = False
    members: tuple[str, ...] = ()
    owner_address: str = ""
    restrictions: SenderRestrictions | None = None
    max_receive_bytes: int = 0
    home_server: str = ""
    is_withheld: bool = False
    claimed_by: tuple[str, ...] = ()
    attributes: AttributeReader = field(default=no_attributes, compare=False, repr=False)


class RecipientLookup(Protocol):
    """The directory snapshot. Called on the hot path: must answer from local memory or file within microseconds.

    One with an attribute ``version`` has another object there whenever its answers may be others: what follows from
    them is remembered until then.
    """

    def find(self, address: str) -> RecipientEntry | None:
        """The entry that holds ``address`` (compared without case), or None. Raises LookupUnavailable."""
        ...


class NoDirectory:
    """A RecipientLookup for a node without a directory."""

    def find(self, address: str) -> RecipientEntry | None:
        raise LookupUnavailable("no directory has been synchronised yet")
