"""From a next hop to a connection that takes mail: each address in turn, TLS as the connector says, until one works."""

from __future__ import annotations

import asyncio
import os
import socket
from dataclasses import dataclass

from transport.config.objects import SendConnector
from transport.delivery import tls_policy
from transport.delivery.capabilities import Capabilities
from transport.delivery.client import Client
from transport.delivery.exchangers import DeadTargets, Target, targets_of
from transport.delivery.failure import ConnectionFailed, deferred
from transport.delivery.handshake import Greeter, HandshakeFailed
from transport.delivery.timeouts import Timeouts
from transport.model.next_hop import NextHop
from transport.model.outcome import Outcome, OutcomeKind, Phase
from transport.ports import Resolver
from transport.rules import replies


@dataclass(frozen=True, slots=True)
class Dialled:
    """A connection past its handshake."""

    client: Client
    capabilities: Capabilities


@dataclass(frozen=True, slots=True)
class Dialler:
    """Connects for one next hop under one connector."""

    next_hop: NextHop
    connector: SendConnector
    resolver: Resolver
    greeter: Greeter
    dead: DeadTargets
    timeouts: Timeouts

    async def dial(self) -> Dialled:
        """The first target that goes through the handshake. Raises ConnectionFailed with the last one's outcome;
        permanent only if every target said so."""
        targets = await targets_of(self.next_hop, self.connector, self.resolver)
        failures: list[Outcome] = []
        for target in self.dead.living(targets):
            try:
                dialled = await self._reach(target)
            except ConnectionFailed as failed:
                failures.append(failed.outcome)
                if failed.outcome.phase in (Phase.CONNECT, Phase.BANNER):
                    self.dead.add(target)
            else:
                self.dead.revive(target)
                return dialled
        passing = [outcome for outcome in failures if outcome.kind is not OutcomeKind.FAILED]
        raise ConnectionFailed((passing or failures or [self._nowhere()])[-1])

    def _nowhere(self) -> Outcome:
        return deferred(Phase.DNS, "The next hop has no address to connect to.", "4.4.4")

    async def _reach(self, target: Target) -> Dialled:
        try:
            return await self._connect(target, has_tls_failed=False)
        except HandshakeFailed:
            if not tls_policy.may_fall_back(self.connector.tls_level):
                raise
            return await self._connect(target, has_tls_failed=True)

    async def _connect(self, target: Target, *, has_tls_failed: bool) -> Dialled:
        client = await self._open(target)
        try:
            capabilities = await self.greeter.greet(client, target.host, has_tls_failed=has_tls_failed)
        except BaseException:
            client.abort()
            raise
        return Dialled(client, capabilities)

    async def _open(self, target: Target) -> Client:
        loop = asyncio.get_running_loop()
        source = self.connector.source_ip_address
        try:
            async with asyncio.timeout(self.timeouts.connect_s):
                transport, client = await loop.create_connection(
                    lambda: Client(loop, self.timeouts, target.remote),
                    target.address,
                    target.port,
                    local_addr=(source, 0) if source else None,
                )
        except TimeoutError as error:
            reason = f"No connection within {self.timeouts.connect_s:g} s."
            raise ConnectionFailed(deferred(Phase.CONNECT, reason, "4.4.1", remote=target.remote)) from error
        except OSError as error:
            reason = f"The connection was not made: {_cause(error)}."
            raise ConnectionFailed(deferred(Phase.CONNECT, reason, "4.4.1", remote=target.remote)) from error
        raw = transport.get_extra_info("socket")
        if raw is not None:
            raw.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)  # performance.md: Nagle with delayed ACK
        return client


def _cause(error: OSError) -> str:
    """The system's own words; asyncio's would repeat the address instead."""
    return replies.clean(os.strerror(error.errno) if error.errno else str(error))
