"""The sockets: one server for each binding of the receive connectors; opened and closed as the configuration says."""

from __future__ import annotations

import asyncio
import errno
import socket
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path

import structlog

from transport.config.objects import TlsMode
from transport.listener.accounts import AccountChecker
from transport.listener.context import Certificates, Context, Counters
from transport.listener.relay_usage import RelayUsage
from transport.listener.session import Session
from transport.listener.spill import SpillFolder
from transport.ports.accounts import Authenticator
from transport.ports.intake import Intake
from transport.ports.node import ListenAddress
from transport.ports.recipients import RecipientLookup
from transport.ports.resolver import CodeLookup
from transport.ports.secrets import SecretReader, no_secrets
from transport.protocol_log.log import ProtocolLog
from transport.rules.ruleset import Ruleset

BACKLOG = 1024
DRAIN_LOOK_S = 0.05
GOODBYE_S = 0.5
log = structlog.get_logger(__name__)


class ListenError(Exception):
    """A binding cannot be listened on; ``str()`` names connector, address and cause."""


@dataclass(frozen=True, slots=True)
class _Bound:
    server: asyncio.AbstractServer
    addresses: tuple[str, ...]


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
        certificates: Certificates | None,
        hostname: str,
        clock: Callable[[], float],
        secrets: SecretReader = no_secrets,
        spill_folder: Path | None = None,
        protocol: ProtocolLog | None = None,
        dns: CodeLookup | None = None,
    ) -> None:
        self._named = {address.name: (address.host, address.port) for address in addresses}
        self._context = Context(
            ruleset=ruleset,
            intake=intake,
            lookup=lookup,
            authenticator=authenticator,
            accounts=AccountChecker(secrets),
            certificates=certificates,
            hostname=hostname,
            clock=clock,
            spill=SpillFolder(spill_folder),
            protocol=protocol,
            dns=dns,
        )
        self._bound: dict[str, _Bound] = {}

    async def start(self) -> None:
        """Listen on every binding. Raises ListenError; then nothing listens."""
        await self.apply(self._context.ruleset)

    async def apply(self, ruleset: Ruleset) -> None:
        """Serve new sessions under ``ruleset``; open and close bindings, all or nothing. Raises ListenError."""
        wanted = _wanted(ruleset)
        self._check(wanted, ruleset)
        opened: list[str] = []
        try:
            for binding in wanted:
                if binding not in self._bound:
                    self._bound[binding] = await self._open(binding, ruleset)
                    opened.append(binding)
        except ListenError:
            for binding in opened:
                self._close(binding)
            raise
        for binding in self._bound.keys() - wanted.keys():
            self._close(binding)
        self._context.ruleset = ruleset

    def _check(self, wanted: dict[str, bool], ruleset: Ruleset) -> None:
        """Find what the operating system would not: with SO_REUSEPORT a second socket of ours is no error."""
        by_address: dict[tuple[str, int], str] = {}
        for binding, is_tls in wanted.items():
            address = self._address(binding)
            other = by_address.setdefault(address, binding)
            if other != binding and address[1] != 0:
                raise ListenError(
                    f"Connector {_names(ruleset, binding)} can't listen on {_text(address)}: "
                    f"connector {_names(ruleset, other)} does, by the binding {other}"
                )
            if is_tls and self._context.certificates is None:
                raise ListenError(
                    f"Connector {_names(ruleset, binding)} can't listen on {_text(address)}: "
                    "it begins with TLS, and there is no certificate"
                )

    async def _open(self, binding: str, ruleset: Ruleset) -> _Bound:
        host, port = self._address(binding)
        loop = asyncio.get_running_loop()
        try:
            server = await loop.create_server(
                lambda: Session(self._context, binding, loop),
                host,
                port,
                backlog=BACKLOG,
                reuse_port=hasattr(socket, "SO_REUSEPORT"),
            )
        except OSError as error:
            where = f"Connector {_names(ruleset, binding)} can't listen on {_text((host, port))}"
            raise ListenError(f"{where}: {_cause(error)}") from error
        addresses = tuple(_text(s.getsockname()) for s in server.sockets)
        log.info("listener.opened", binding=binding, addresses=addresses)
        return _Bound(server, addresses)

    def _close(self, binding: str) -> None:
        self._bound.pop(binding).server.close()
        log.info("listener.closed", binding=binding)

    def _address(self, binding: str) -> tuple[str, int]:
        return self._named.get(binding) or _split(binding)

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

    @property
    def usage(self) -> RelayUsage:
        return self._context.usage

    async def drain(self, timeout_s: float) -> None:
        """Accept nothing new, let transactions in progress end within ``timeout_s``, then close."""
        self._context.is_draining = True
        for binding in list(self._bound):
            self._close(binding)
        await self._until_none(timeout_s, Session.stop_when_idle)
        await self._until_none(GOODBYE_S, Session.stop)
        for session in list(self._context.sessions):
            session.abort()
        self._context.accounts.close()
        self._context.spill.close()

    async def _until_none(self, timeout_s: float, ask: Callable[[Session], None]) -> None:
        loop = asyncio.get_running_loop()
        until = loop.time() + timeout_s
        while self._context.sessions:
            for session in list(self._context.sessions):
                ask(session)
            if loop.time() >= until:
                return
            await asyncio.sleep(DRAIN_LOOK_S)


def _wanted(ruleset: Ruleset) -> dict[str, bool]:
    """The bindings to listen on, and whether they begin with TLS."""
    return {b: any(c.tls_mode is TlsMode.IMPLICIT for c in found) for b, found in ruleset.bindings().items()}


def _names(ruleset: Ruleset, binding: str) -> str:
    return ", ".join(connector.name for connector in ruleset.bindings()[binding])


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
