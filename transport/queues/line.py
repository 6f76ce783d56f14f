"""All transactions of one queue in order of arrival, in pieces: a million are walked, counted off and let go of without
one long step. A dict of them all is copied, searched and made larger in one piece, which stops the loop for 100 ms."""

from __future__ import annotations

from collections.abc import Iterator
from itertools import islice
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from transport.queues.transaction import Transaction

PIECE = 500


class Piece(dict["Transaction", None]):
    """Neighbours; at most ``PIECE`` were put here."""

    __slots__ = ("number", "room")

    def __init__(self, number: int) -> None:
        self.number = number
        self.room = PIECE


class Line:
    """A transaction knows the piece it stands in (``place``), and stands in one line at most."""

    __slots__ = ("_count", "_last", "_pieces")

    def __init__(self) -> None:
        self._last = Piece(0)
        self._pieces = {0: self._last}
        self._count = 0

    def __len__(self) -> int:
        return self._count

    def __iter__(self) -> Iterator[Transaction]:
        for piece in self._pieces.values():
            yield from piece

    def append(self, transaction: Transaction) -> None:
        """It stands last; it stood nowhere."""
        last = self._last
        if not last.room:
            last = self._begin_piece()
        last.room -= 1
        last[transaction] = None
        transaction.place = last
        self._count += 1

    def remove(self, transaction: Transaction) -> None:
        """It leaves. Raises KeyError where it stands nowhere."""
        place = transaction.place
        if place is None:
            raise KeyError(transaction)
        del place[transaction]
        transaction.place = None
        self._count -= 1
        if not place and place is not self._last:
            del self._pieces[place.number]

    def pieces(self, begin: int = 0, end: int | None = None) -> Iterator[list[Transaction]]:
        """Those that are here, or between two marks, some at a time; the line may change meanwhile: who leaves early
        may not be seen."""
        for piece in list(self._pieces.values()):
            if piece and begin <= piece.number and (end is None or piece.number < end):
                yield list(piece)

    def mark(self) -> int:
        """Who comes from now on stands behind this mark, and nobody else."""
        return self._begin_piece().number

    def count(self, begin: int) -> int:
        """How many stand behind a mark."""
        return sum(len(piece) for piece in self._pieces.values() if piece.number >= begin)

    def cut(self, offset: int, limit: int) -> list[Transaction]:
        """At most ``limit`` of them, without those ``offset`` before: whole pieces are only counted."""
        found: list[Transaction] = []
        for piece in self._pieces.values():
            if len(found) >= limit:
                break
            if offset < len(piece):
                found += islice(piece, offset, offset + limit - len(found))
            offset = max(offset - len(piece), 0)
        return found

    def _begin_piece(self) -> Piece:
        full = self._last
        self._last = self._pieces[full.number + 1] = Piece(full.number + 1)
        if not full:
            del self._pieces[full.number]
        return self._last
