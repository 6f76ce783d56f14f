"""What a node is given when its engine is made: everything from outside, its own addresses, its peers."""

from __future__ import annotations

from dataclasses import dataclass, field

from transport.ports.accounts import Authenticator, NoAuthenticator
from transport.ports.recipients import NoDirectory, RecipientLookup
from transport.ports.resolver import Resolver
from transport.ports.secrets import SecretReader, no_secrets


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
