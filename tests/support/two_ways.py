"""The same dialogue with a listener twice: as it is, and by the careful way alone. What comes out must be the same.

The session, the rules and the intake are the real ones; connection, spool and clock are made for it.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field, replace
from typing import Any
from unittest import mock

from tests.support.memory_spool import MemorySpool
from transport.config.document import MailFlow
from transport.listener import opening, session
from transport.listener.accounts import AccountChecker
from transport.listener.context import Context
from transport.model.envelope import Message
from transport.model.event import TrackingEvent
from transport.ports.accounts import NoAuthenticator
from transport.ports.recipients import NoDirectory, RecipientLookup
from transport.ports.secrets import no_secrets
from transport.ports.spool import SpoolUnavailable, Stored
from transport.queues.intake import EngineIntake
from transport.rules.ruleset import Ruleset
from transport.spool import rows

START = 1_800_000_000.0


@dataclass(frozen=True)
class Step:
    """The peer writes ``octets``, ``later_s`` after it wrote before. ``new`` begins another connection first."""

    octets: bytes
    later_s: float = 0.0
    is_new: bool = False


@dataclass
class Outcome:
    """What a dialogue led to."""

    said: list[bytes] = field(default_factory=list)
    stored: list[tuple[int, str, bytes, list[bytes]]] = field(default_factory=list)
    queued: list[tuple[int, list[str], bool, bool]] = field(default_factory=list)
    recorded: list[bytes] = field(default_factory=list)
    counts: Any = None


class Spool(MemorySpool):
    """Keeps what it is given as the rows that would be written; every so often (``fails_at``) it fails."""

    def __init__(self, outcome: Outcome, fails_at: Sequence[int]) -> None:
        super().__init__()
        self._outcome, self._fails_at, self._commits = outcome, fails_at, 0

    def commit_then(self, message: Message, events: Sequence[TrackingEvent], then: Stored) -> None:
        self._commits += 1
        error = SpoolUnavailable("disk full") if self._commits in self._fails_at else None
        if error is not None and self._commits % 2:
            raise error
        assert message.body is not None
        told = [event.to_json() for event in events]
        self._outcome.stored.append((message.id, rows.encode_message(message), message.body, told))
        asyncio.get_running_loop().call_soon(then, error)

    def record(self, events: Sequence[TrackingEvent]) -> None:
        self._outcome.recorded += [event.to_json() for event in events]


class Queues:
    """Where accepted mail ends."""

    def __init__(self, outcome: Outcome) -> None:
        self._outcome = outcome

    def enqueue(self, message: Message, recipients: Sequence[Any]) -> None:
        hops = [f"{one.index} {one.address} {one.next_hop}" for one in recipients]
        self._outcome.queued.append((message.id, hops, message.is_dotless, message.is_canonical))

    def fail(self, message: Message, failed: Sequence[Any]) -> None:
        self._outcome.queued.append((message.id, [f"failed {one.address}" for one, _ in failed], False, False))


class Wire:
    """A connection that keeps what is said."""

    def __init__(self, outcome: Outcome) -> None:
        self._outcome = outcome

    def get_extra_info(self, name: str, default: Any = None) -> Any:
        return {"peername": ("127.0.0.1", 50000)}.get(name, default)

    def write(self, octets: bytes) -> None:
        self._outcome.said.append(octets)

    def close(self) -> None:
        self._outcome.said.append(b"<closed>")

    abort = pause_reading = resume_reading = lambda self: None

    def get_write_buffer_size(self) -> int:
        return 0


def both_ways(
    document: MailFlow, steps: Sequence[Step], *, fails_at: Sequence[int] = (), lookup: RecipientLookup | None = None
) -> tuple[Outcome, Outcome]:
    """As it is; and by the careful way."""
    directory = lookup or NoDirectory()
    as_it_is = asyncio.run(_run(document, steps, fails_at, directory))
    with (
        mock.patch("transport.listener.greeting.regular", lambda session: None),
        mock.patch("transport.listener.arrivals.find", lambda session, peer: None),
        mock.patch("transport.queues.intake.plain_routes", lambda ruleset, message, texts: None),
    ):
        careful = asyncio.run(_run(document, steps, fails_at, directory))
    return as_it_is, careful


async def _run(
    document: MailFlow, steps: Sequence[Step], fails_at: Sequence[int], directory: RecipientLookup
) -> Outcome:
    outcome, now = Outcome(), [START]
    context = _context(Ruleset(document, 7), outcome, lambda: now[0], fails_at, directory)
    with mock.patch.object(opening, "_NUMBERS", iter(range(1_000_000))):
        talking: session.Session | None = None
        for step in steps:
            now[0] += step.later_s
            if talking is None or step.is_new:
                if talking is not None:
                    talking.connection_lost(None)
                talking = session.Session(context, "smtp", asyncio.get_running_loop())
                talking.connection_made(Wire(outcome))
            talking.data_received(step.octets)
            for _ in range(4):  # commits are told of, and what came meanwhile is answered
                await asyncio.sleep(0)
        if talking is not None:
            talking.connection_lost(None)
    outcome.counts = _counts(context, now[0])
    return outcome


def _context(
    ruleset: Ruleset,
    outcome: Outcome,
    clock: Callable[[], float],
    fails_at: Sequence[int],
    directory: RecipientLookup,
) -> Context:
    spool: Any = Spool(outcome, fails_at)
    queues: Any = Queues(outcome)
    intake = EngineIntake(spool=spool, queues=queues, lookup=directory, ruleset=ruleset, clock=clock)
    return Context(
        ruleset=ruleset,
        intake=intake,
        lookup=directory,
        authenticator=NoAuthenticator(),
        accounts=AccountChecker(no_secrets),
        certificates=None,
        hostname="relay.test",
        clock=clock,
    )


def _counts(context: Context, now: float) -> Any:
    counters = replace(context.counters, limits=context.counters.limits)
    return (
        (counters.sessions, counters.accepted, counters.refused, counters.limits.all),
        context.usage.snapshot(now),
        context.memory.reading.used_bytes,
    )
