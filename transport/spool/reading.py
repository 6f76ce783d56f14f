"""Reads what is stored: from the journal as long as it is there, then from the database or a file. From any thread."""

from __future__ import annotations

import sqlite3
from collections.abc import Callable, Sequence
from typing import TypeVar

from transport.model.envelope import Message
from transport.ports.spool import MessageDamaged, SpoolUnavailable
from transport.spool import rows
from transport.spool.bodies import Bodies, Piece
from transport.spool.contents import Contents
from transport.spool.failure import is_damage
from transport.spool.journal import Journal, Place
from transport.spool.recovery import read_message, read_messages
from transport.spool.schema import Readers

T = TypeVar("T")


class Reading:
    """``contents`` tells whose body is a file."""

    def __init__(self, contents: Contents, journal: Journal, readers: Readers, bodies: Bodies) -> None:
        self._contents = contents
        self._journal = journal
        self._readers = readers
        self._bodies = bodies

    def message(self, message_id: int) -> Message:
        """As it was last written, without its body. Raises SpoolUnavailable, MessageDamaged."""
        recent = self._recent_message(message_id)
        return recent or self._read(lambda connection: read_message(connection, message_id))

    def messages(self, message_ids: Sequence[int]) -> dict[int, Message]:
        """Those of them that are there. Raises as ``message``."""
        recent = {message_id: self._recent_message(message_id) for message_id in message_ids}
        found = {message_id: message for message_id, message in recent.items() if message is not None}
        others = [message_id for message_id in message_ids if message_id not in found]
        return found | self._read(lambda connection: read_messages(connection, others)) if others else found

    def _recent_message(self, message_id: int) -> Message | None:
        """A message in the journal is as it was committed; None where it is not, or no more."""
        head = self._in_journal(message_id, Place.head)
        try:
            return rows.decode_message(message_id, head) if head is not None else None
        except (ValueError, KeyError, TypeError) as error:
            raise MessageDamaged(f"its envelope cannot be read: {error!r}") from error

    def _in_journal(self, message_id: int, read: Callable[[Place], bytes | None]) -> bytes | None:
        """What ``read`` finds of it; None where it is not in the journal, or no more."""
        place = self._journal.find(message_id)
        if place is None:
            return None
        try:
            found = read(place)
        except OSError as error:
            raise SpoolUnavailable(f"a message cannot be read from the spool: {error}") from error
        if found is None and self._journal.find(message_id) is place:
            raise MessageDamaged("its checksum in the journal is wrong")
        return found

    def _read(self, read: Callable[[sqlite3.Connection], T]) -> T:
        try:
            return read(self._readers.get())
        except sqlite3.Error as error:
            if is_damage(error):
                raise MessageDamaged(f"its envelope cannot be read: {error}") from error
            raise SpoolUnavailable(f"a message cannot be read from the spool: {error}") from error

    def piece(self, message_id: int, offset: int, length: int) -> Piece:
        """Some octets of a body. Raises as ``body``."""
        if message_id in self._contents.filed:
            try:
                return self._bodies.read_piece(message_id, offset, length)
            except FileNotFoundError:
                raise KeyError(message_id) from None
            except OSError as error:
                raise SpoolUnavailable(f"a message cannot be read from the spool: {error}") from error
        body = self.body(message_id)
        return Piece(body[offset : offset + length], len(body))

    def body(self, message_id: int) -> bytes:
        """Of a stored message. Raises SpoolUnavailable, MessageDamaged, KeyError."""
        try:
            if message_id in self._contents.filed:
                return self._read_file(message_id)
            recent = self._in_journal(message_id, Place.body)
            if recent is not None:
                return recent
            row = self._readers.get().execute("SELECT body FROM message WHERE id = ?", (message_id,)).fetchone()
        except (sqlite3.Error, OSError) as error:
            if is_damage(error):
                raise MessageDamaged(f"its body cannot be read: {error}") from error
            raise SpoolUnavailable(f"a message cannot be read from the spool: {error}") from error
        if row is None or row[0] is None:
            raise KeyError(message_id)
        return bytes(row[0])

    def _read_file(self, message_id: int) -> bytes:
        try:
            return self._bodies.read(message_id)
        except FileNotFoundError:
            raise KeyError(message_id) from None
