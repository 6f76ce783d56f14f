"""What a session does while memory for messages on their way in is short: move its own to disk, and read no further
meanwhile; get it back once it is whole and has its turn. Only a full disk or too long a wait makes that a 452."""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING

from transport.listener.data import Overflow
from transport.listener.transaction import why_not_now

if TYPE_CHECKING:
    from transport.listener.finish import Body
    from transport.listener.session import Session

SPILL_FROM_BYTES = 64 * 1024
"""Less than this is not worth a file: it is held beyond the budget."""


def look(session: Session, body: Body) -> None:
    """Move to disk what is held of ``body``, if memory is short."""
    if not body.is_crowded or body.held_bytes < SPILL_FROM_BYTES:
        return
    if why_not_now(session):
        body.drop(Overflow.NO_MEMORY)
    else:
        session.run(_move_out(session, body))


async def _move_out(session: Session, body: Body) -> None:
    if body.spilled is None:
        body.spilled = session.context.spill.new()
    try:
        await body.spilled.add(body.take_out())
    except OSError:
        body.drop(Overflow.NO_MEMORY)


async def come_back(session: Session, body: Body) -> None:
    """Let ``body`` have its content, in memory that nobody else gets; else it has overflown."""
    spilled, line = body.spilled, session.context.memory.storing
    assert spilled is not None
    try:
        async with asyncio.timeout(session.connector.connection_inactivity_timeout):
            await spilled.add(body.take_out(is_whole=True))
            await line.room(spilled.size_bytes)
            body.hold_of(line, spilled.size_bytes)
            body.put_back(await spilled.read())
            body.forget_file()
    except (OSError, TimeoutError):
        body.drop(Overflow.NO_MEMORY)
    except asyncio.CancelledError:  # the peer has gone
        body.release()
        raise
