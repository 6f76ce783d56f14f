"""Connecting to one of several addresses of a host: each begins a moment after the one before, the first that is up
wins (RFC 8305 5). An address that does not answer costs that moment, not the whole time-out."""

from __future__ import annotations

import asyncio
import os
import socket
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field

from transport.delivery.client import Client
from transport.delivery.failure import ConnectionFailed, deferred
from transport.delivery.target import Target
from transport.delivery.timeouts import Timeouts
from transport.model.outcome import Outcome, Phase
from transport.rules import replies

Prepare = Callable[[Client], None]
STAGGER_S = 0.25  # RFC 8305 8: the recommended connection attempt delay


@dataclass(slots=True)
class Raced:
    """``client`` is the connection to ``target``; both are None if no address took one. ``failed`` did not."""

    target: Target | None = None
    client: Client | None = None
    failed: list[tuple[Target, Outcome]] = field(default_factory=list)


async def connect(
    targets: Sequence[Target], timeouts: Timeouts, *, source_address: str = "", prepare: Prepare = lambda client: None
) -> Raced:
    """A connection to one of ``targets``, in the order of preference; ``prepare`` has each before it is made."""
    raced, waiting = Raced(), list(targets)
    made: list[Client] = []
    running: dict[asyncio.Task[Client], Target] = {}
    try:
        while waiting or running:
            if waiting:
                target = waiting.pop(0)
                running[asyncio.create_task(_open(target, timeouts, source_address, made, prepare))] = target
            done, _ = await asyncio.wait(
                running, timeout=STAGGER_S if waiting else None, return_when=asyncio.FIRST_COMPLETED
            )
            for task in done:
                _note(raced, task, running.pop(task))
            if raced.client is not None:
                break
        return raced
    finally:
        for task in running:
            task.cancel()
        for client in made:
            if client is not raced.client:  # another came first, perhaps at the same moment
                client.abort()


def _note(raced: Raced, task: asyncio.Task[Client], target: Target) -> None:
    try:
        client = task.result()
    except ConnectionFailed as failed:
        raced.failed.append((target, failed.outcome))
    else:
        if raced.client is None:
            raced.target, raced.client = target, client


async def _open(
    target: Target, timeouts: Timeouts, source_address: str, made: list[Client], prepare: Prepare
) -> Client:
    """A connection to ``target``, noted in ``made``. Raises ConnectionFailed."""
    loop = asyncio.get_running_loop()

    def make() -> Client:
        made.append(Client(loop, timeouts, target.remote))
        prepare(made[-1])
        return made[-1]

    try:
        async with asyncio.timeout(timeouts.connect_s):
            transport, client = await loop.create_connection(
                make,
                target.address,
                target.port,
                local_addr=(source_address, 0) if source_address else None,
            )
    except TimeoutError as error:
        reason = f"No connection within {timeouts.connect_s:g} s."
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
