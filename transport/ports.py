"""What the engine needs from outside, as protocols; the runtime and the tests plug in what fits."""

from __future__ import annotations

from asyncio import Future
from collections.abc import Sequence
from dataclasses import dataclass, field
from enum import StrEnum
from typing import Protocol

from transport.model.envelope import Message, Recipient
from transport.model.event import TrackingEvent


class LookupUnavailable(Exception):
    """The look-up cannot be made now: the answer is "cannot tell" (law 6). ``str()`` is a private reason."""


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


@dataclass(frozen=True, slots=True)
class RecipientEntry:
    """One recipient as the directory knows it. Addresses are ``local@domain`` texts; ``members`` and
    ``owner_address`` only for groups, and groups come first among members; ``forward_to`` replaces delivery unless
    ``deliver_and_forward``; ``max_receive_bytes`` 0 means no limit; ``home_server`` is where a mailbox is."""

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


class RecipientLookup(Protocol):
    """The directory snapshot. Called on the hot path: must answer from local memory or file within microseconds."""

    def find(self, address: str) -> RecipientEntry | None:
        """The entry that holds ``address`` (compared without case), or None. Raises LookupUnavailable."""
        ...


class NoDirectory:
    """A RecipientLookup for a node without a directory."""

    def find(self, address: str) -> RecipientEntry | None:
        raise LookupUnavailable("no directory has been synchronised yet")


class AuthResult(StrEnum):
    """The answer to a password check."""

    YES = "yes"
    NO = "no"
    CANNOT_TELL = "cannot_tell"


@dataclass(frozen=True, slots=True)
class AuthAnswer:
    """``identity`` is the canonical user name when the answer is yes, ``addresses`` what the user may send as, in lower
    case. ``reason`` is private. ``account``: which account was meant, by a name that is the same however the user wrote
    it; empty where it is unknown. ``is_repeated``: the same wrong password as before, which guesses nothing anew."""

    result: AuthResult
    identity: str = ""
    reason: str = ""
    addresses: tuple[str, ...] = ()
    account: str = ""
    is_repeated: bool = False


class Authenticator(Protocol):
    """Checks a password; may wait for a domain controller, bounded by itself."""

    async def check(self, *, username: str, password: str, peer: str) -> AuthAnswer: ...


class NoAuthenticator:
    """An Authenticator for a node that knows no accounts."""

    async def check(self, *, username: str, password: str, peer: str) -> AuthAnswer:
        return AuthAnswer(AuthResult.NO, reason="no accounts are configured")


class SecretReader(Protocol):
    """Resolves a secret's name to its value (law 9). Raises LookupUnavailable."""

    def __call__(self, name: str) -> str: ...


def no_secrets(name: str) -> str:
    """A SecretReader that knows none."""
    raise LookupUnavailable(f"the secret '{name}' is not known here")


@dataclass(frozen=True, slots=True)
class RecipientUpdate:
    """The new state of one recipient, to be written; ``recipient`` is read when the batch is written."""

    message_id: int
    recipient: Recipient


class Stored(Protocol):
    """Told on the loop, in a later turn: None once all is synced to disk, else why nothing was stored."""

    def __call__(self, error: SpoolUnavailable | None, /) -> None: ...


class OutboxReader(Protocol):
    """Tracking events not yet shipped, in order; thread-safe, at least once."""

    def read(self, *, after: int, limit: int) -> list[tuple[int, bytes]]:
        """Up to ``limit`` of (sequence, TrackingEvent JSON) with a sequence greater than ``after``."""
        ...

    def acknowledge(self, *, up_to: int) -> None:
        """Forget events up to and including ``up_to``; they are shipped."""
        ...


class Spool(Protocol):
    """The durable queue of one process. All methods are called on the engine's loop."""

    def commit(self, message: Message, events: Sequence[TrackingEvent]) -> Future[None]:
        """Make the message, its recipients and the events durable; together with whatever else waits (group commit).

        Done only when it is synced to disk (law 1). Fails with SpoolUnavailable: then nothing was stored.
        """
        ...

    def commit_then(self, message: Message, events: Sequence[TrackingEvent], then: Stored) -> None:
        """``commit`` without a future, which would cost more than all that waits for it."""
        ...

    def update(self, updates: Sequence[RecipientUpdate], events: Sequence[TrackingEvent]) -> None:
        """Write recipient states and events lazily, within about 20 ms, in one batch with new messages.

        A message whose recipients are all final is removed with its body. A crash before the batch may repeat a
        delivery, never lose one.
        """
        ...

    def finish(self, message: Message, event: TrackingEvent) -> None:
        """``update`` for all recipients of a message, which are final: nothing is left of it but ``event``."""
        ...

    def rewrite(self, message: Message, events: Sequence[TrackingEvent]) -> None:
        """Write the message's recipients anew, lazily: they were resolved or routed again."""
        ...

    def record(self, events: Sequence[TrackingEvent]) -> None:
        """Write events that belong to no message (refusals), lazily."""
        ...

    async def read_body(self, message_id: int) -> bytes:
        """The stored octets. Raises SpoolUnavailable, MessageDamaged, KeyError."""
        ...

    def read_message(self, message_id: int) -> Message:
        """The message as it was last written, without its body; from any thread, within microseconds where the disk
        has it in its cache. Raises SpoolUnavailable, MessageDamaged."""
        ...

    def read_messages(self, message_ids: Sequence[int]) -> dict[int, Message]:
        """Many of them at once, those that are there; from any thread. Raises SpoolUnavailable, MessageDamaged."""
        ...

    def written(self) -> Future[None]:
        """Done when all updates so far are on disk. Fails with SpoolUnavailable."""
        ...

    def new_id(self) -> int:
        """A message id never given out before by this node."""
        ...

    @property
    def outbox(self) -> OutboxReader: ...


class Intake(Protocol):
    """Where accepted mail enters the engine: resolved, routed, committed, queued."""

    @property
    def why_not_accepting(self) -> str:
        """Empty while mail is taken; else the private reason for which new mail is deferred (draining, disk full)."""
        ...

    @property
    def why_not_from_outside(self) -> str:
        """Empty while mail is taken from everybody; else why mail from outside is deferred (back pressure)."""
        ...

    def new_id(self) -> int:
        """A message id for ``Message.id``; its queue id stands in the Received header."""
        ...

    def submit(self, message: Message, events: Sequence[TrackingEvent]) -> Future[None]:
        """Resolve, route and commit ``message`` (``body`` set, trace headers prepended); then queue it.

        The future is done when the message is synced to disk; it fails with SpoolUnavailable, and then nothing was
        stored. ``events`` are the RECEIVE events; resolving and routing add theirs.
        """
        ...

    def take(self, message: Message, event: TrackingEvent, then: Stored) -> None:
        """``submit`` without a future."""
        ...

    def record(self, events: Sequence[TrackingEvent]) -> None:
        """Keep events that belong to no message (refusals)."""
        ...


class SpoolUnavailable(Exception):
    """The spool cannot store or read; ``str()`` is a private reason (I/O error, read only)."""


class NoSecondCopy(SpoolUnavailable):
    """No other node could keep a copy, and the configuration demands one."""


class SpoolFull(SpoolUnavailable):
    """The spool's disk has no room."""


class MessageDamaged(Exception):
    """The spool has the message, but cannot read it, and trying again does not help; ``str()`` is a private reason."""


@dataclass(frozen=True, slots=True)
class MailExchanger:
    """One place to connect to. ``host`` is the name to verify certificates by."""

    host: str
    addresses: tuple[str, ...]
    port: int


class NextHopUnresolved(Exception):
    """No address to connect to. ``is_temporary`` tells whether trying again can help; ``enhanced`` is its status."""

    def __init__(self, reason: str, *, is_temporary: bool, enhanced: str) -> None:
        super().__init__(reason)
        self.is_temporary = is_temporary
        self.enhanced = enhanced


class Resolver(Protocol):
    """DNS as delivery needs it, cached by TTL."""

    async def exchangers(self, domain: str, *, port: int) -> Sequence[MailExchanger]:
        """MX hosts in preference order (random within one), or the domain itself. Raises NextHopUnresolved."""
        ...

    async def smart_host(self, name: str, *, port: int) -> Sequence[MailExchanger]:
        """A smart host given as a name, with MX records or without, or as an address. Raises NextHopUnresolved."""
        ...


class CodeLookup(Protocol):
    """What lists in DNS answer."""

    async def codes(self, name: str) -> tuple[str, ...]:
        """The IPv4 addresses of a name. Raises NextHopUnresolved, permanent where the name does not exist."""
        ...


@dataclass(frozen=True, slots=True)
class ListenAddress:
    """One of the node's own addresses, by the name that bindings use (``smtp``, ``submission``)."""

    name: str
    host: str
    port: int


@dataclass(frozen=True, slots=True)
class Peer:
    """Another node of the organisation that may keep copies of our mail. ``address`` is ``host:port``; nodes with the
    same ``host`` share a machine."""

    node: str
    host: str
    address: str


@dataclass(frozen=True, slots=True)
class ShadowPort:
    """How this node's peers reach it. ``keys`` are shared by all nodes, the one in use first; without any there are no
    second copies. ``name`` is what peers on other machines call this one; empty: ``listen``'s host."""

    listen: ListenAddress = ListenAddress("shadow", "127.0.0.1", 0)
    name: str = ""
    host: str = ""
    keys: tuple[bytes, ...] = field(default=(), repr=False)


@dataclass(frozen=True, slots=True)
class Ports:
    """Everything from outside, for one TransportService. ``resolver`` None means the system's DNS; one of
    ``certificate_passwords`` opens the keys that lie in the node's ``certificates``."""

    recipients: RecipientLookup = field(default_factory=NoDirectory)
    authenticator: Authenticator = field(default_factory=NoAuthenticator)
    secrets: SecretReader = no_secrets
    resolver: Resolver | None = None
    shadow: ShadowPort = field(default_factory=ShadowPort)
    certificate_passwords: tuple[str, ...] = field(default=("",), repr=False)


__all__ = [
    "AuthAnswer",
    "AuthResult",
    "Authenticator",
    "CodeLookup",
    "EntryKind",
    "Intake",
    "ListenAddress",
    "LookupUnavailable",
    "MailExchanger",
    "MessageDamaged",
    "NextHopUnresolved",
    "NoAuthenticator",
    "NoDirectory",
    "NoSecondCopy",
    "OutboxReader",
    "Peer",
    "Ports",
    "RecipientEntry",
    "RecipientLookup",
    "RecipientUpdate",
    "Resolver",
    "SecretReader",
    "SenderRestrictions",
    "ShadowPort",
    "Spool",
    "SpoolFull",
    "SpoolUnavailable",
    "Stored",
    "no_secrets",
]
