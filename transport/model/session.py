"""What is known of a peer while it talks to us: the input of every admission rule."""

from __future__ import annotations

from dataclasses import dataclass, field, fields
from operator import attrgetter
from typing import Any


@dataclass(frozen=True, slots=True)
class TlsFacts:
    """The TLS of a session: protocol and cipher names as OpenSSL gives them; the client certificate's SHA-256
    fingerprint in lower hex and subject, empty when none was shown or it did not verify."""

    version: str
    cipher: str
    client_fingerprint: str = ""
    client_subject: str = ""


@dataclass(slots=True, unsafe_hash=True)  # a value like the others; frozen, it would cost each connection twice as much
class SessionFacts:
    """One SMTP session as the rules see it.

    ``peer`` is the client's IP address as text (IPv4-mapped IPv6 unwrapped); ``binding`` the local ``address:port``
    as the configuration names it; ``connector_id`` the receive connector that serves it; ``identity`` the
    authenticated user or empty; ``addresses`` what that user owns, in lower case; ``revision`` the configuration it
    began under and ends under. Behind a listed proxy ``peer`` is the client that the proxy told of, and ``proxy`` the
    proxy's own address; else ``proxy`` is empty.
    """

    session_id: str
    peer: str
    peer_port: int
    binding: str
    connector_id: str
    revision: int
    started_at: float
    helo: str = ""
    is_esmtp: bool = False
    identity: str = ""
    tls: TlsFacts | None = field(default=None)
    proxy: str = ""
    addresses: tuple[str, ...] = ()

    def greeted(self, helo: str, *, is_esmtp: bool) -> SessionFacts:
        """The same session, of which nothing was known yet but its connection, with the name that the peer gives."""
        return SessionFacts(
            self.session_id,
            self.peer,
            self.peer_port,
            self.binding,
            self.connector_id,
            self.revision,
            self.started_at,
            helo,
            is_esmtp,
        )

    def changed(self, **changes: Any) -> SessionFacts:
        """The same session with something else known of it."""
        other = SessionFacts(*_all(self))
        for name, value in changes.items():
            setattr(other, name, value)
        return other

    @property
    def is_unnamed(self) -> bool:
        """Whether it is a proxy that has not said who the client is."""
        return bool(self.proxy) and self.proxy == self.peer

    @property
    def client_certificate(self) -> str:
        """The SHA-256 fingerprint (lower hex) of the client certificate that verified, else empty; its subject is
        ``tls.client_subject``."""
        return self.tls.client_fingerprint if self.tls is not None else ""


_all = attrgetter(*(field.name for field in fields(SessionFacts)))
