"""The sockets: one server for each binding of the receive connectors; opened and closed as the configuration says."""

from __future__ import annotations

import asyncio
import errno
import socket
import ssl
from collections.abc import Callable, Sequence
from dataclasses import dataclass

import structlog

from transport.config.objects import TlsMode
from transport.listener.context import Context, Counters
from transport.listener.session import Session
from transport.ports import Authenticator, Intake, ListenAddress, RecipientLookup
from transport.rules.ruleset import Ruleset

BACKLOG = 1024
log = structlog.get_logger(__name__)


class ListenError(Exception):
    """A binding cannot be listened on; ``str()`` names connector, address and cause."""


@dataclass(frozen=True, slots=True)
class _Bound:
    server: asyncio.AbstractServer
    addresses: tuple[str, ...]
    is_tls: bool


class Listener:
    """All servers of a node. Several processes may listen on the same addresses (SO_REUSEPORT)."""

    def __init__(
        self,
        *,
        addresses: Sequence[ListenAddress],
        ruleset: Ruleset,
        intake: Intake,
        lookup: RecipientLookup,
        authenticator: Authenticator,
        tls_context: ssl.SSLContext | None,
        hostname: str,
        clock: Callable[[], float],
    ) -> None:
        self._named = {address.name: (address.host, address.port) for address in addresses}
        self._context = Context(
            ruleset=ruleset,
            intake=intake,
            lookup=lookup,
            authenticator=authenticator,
            tls_context=tls_context,
            hostname=hostname,
            clock=clock,
        )
        self._bound: dict[str, _Bound] = {}

    async def start(self) -> None:
        """Listen on every binding. Raises ListenError; then nothing listens."""
        await self.apply(self._context.ruleset)

    async def apply(self, ruleset: Ruleset) -> None:
        """Serve new sessions under ``ruleset``; open and close bindings, all or nothing. Raises ListenError."""
        wanted = {
            binding: any(c.tls_mode is TlsMode.IMPLICIT for c in connectors)
            for binding, connectors in ruleset.bindings().items()
        }
        stale = [b for b, bound in self._bound.items() if wanted.get(b) != bound.is_tls]
        changed = {b: self._bound.pop(b) for b in stale if b in wanted}
        for bound in changed.values():
            bound.server.close()
        opened: dict[str, _Bound] = {}
        try:
            for binding, is_tls in wanted.items():
                if binding not in self._bound:
                    opened[binding] = await self._open(binding, is_tls, ruleset)
        except ListenError:
            for bound in opened.values():
                bound.server.close()
            for binding, bound in changed.items():
                self._bound[binding] = await self._open(binding, bound.is_tls, self._context.ruleset)
            raise
        for binding in stale:
            if binding not in wanted:
                self._bound.pop(binding).server.close()
        self._bound.update(opened)
        self._context.ruleset = ruleset

    async def _open(self, binding: str, is_tls: bool, ruleset: Ruleset) -> _Bound:
        host, port = self._named.get(binding) or _split(binding)
        loop = asyncio.get_running_loop()
        try:
            server = await loop.create_server(
                lambda: Session(self._context, binding, loop),
                host,
                port,
                backlog=BACKLOG,
                reuse_port=hasattr(socket, "SO_REUSEPORT"),
                ssl=self._context.tls_context if is_tls else None,
            )
        except OSError as error:
            name = ", ".join(connector.name for connector in ruleset.bindings()[binding])
            raise ListenError(f"Connector {name} can't listen on {host}:{port}: {_cause(error)}") from error
        addresses = tuple(_text(s.getsockname()) for s in server.sockets)
        log.info("listener.opened", binding=binding, addresses=addresses)
        return _Bound(server, addresses, is_tls)

    def address_of(self, binding: str) -> tuple[str, int]:
        """Where a binding really listens, for port 0. Raises KeyError."""
        host, _, port = self._bound[binding].addresses[0].rpartition(":")
        return host.strip("[]"), int(port)

    @property
    def listening(self) -> tuple[str, ...]:
        return tuple(address for bound in self._bound.values() for address in bound.addresses)

    @property
    def sessions(self) -> int:
        return len(self._context.sessions)

    @property
    def counters(self) -> Counters:
        return self._context.counters

    async def drain(self, timeout_s: float) -> None:
        """Accept nothing new, let transactions in progress end within ``timeout_s``, then close."""
        self._context.is_draining = True
        for bound in self._bound.values():
            bound.server.close()
        self._bound.clear()
        until = asyncio.get_running_loop().time() + timeout_s
        while self._context.sessions and asyncio.get_running_loop().time() < until:
            for session in list(self._context.sessions):
                session.stop_when_idle()
            await asyncio.sleep(0.05)
        for session in list(self._context.sessions):
            session.close()


def _split(binding: str) -> tuple[str, int]:
    host, _, port = binding.rpartition(":")
    return host.strip("[]"), int(port)


def _text(name: tuple[object, ...]) -> str:
    host, port = name[0], name[1]
    return f"[{host}]:{port}" if ":" in str(host) else f"{host}:{port}"


def _cause(error: OSError) -> str:
    if error.errno == errno.EADDRINUSE:
        return "the port is taken by another program"
    if error.errno in (errno.EACCES, errno.EPERM):
        return "this user may not use ports below 1024"
    if error.errno == errno.EADDRNOTAVAIL:
        return "this machine does not have that address"
    return error.strerror or str(error)
