"""One list of restrictions, walked once: what earlier words decided about a client is not asked of later ones. Pure."""

from __future__ import annotations

import re
from collections.abc import Iterable
from dataclasses import dataclass, field
from enum import StrEnum

from mailconsole.imports.postfix.addresses import EVERYBODY, Addresses, of, union
from mailconsole.imports.postfix.decided import Decided, decided
from mailconsole.imports.postfix.restrictions import ENDING, REFUSALS, Restriction

LOOPBACK = of(("127.0.0.0/8", "::1"))
_REFUSING = ("REJECT", "DISCARD", "DEFER", "DEFER_IF_PERMIT")
_GOING_ON = ("DUNNO", "WARN", "INFO", "HOLD", "PREPEND", "FILTER", "REDIRECT", "BCC", "DEFER_IF_REJECT")
_CODE = re.compile(r"[45]\d\d(?!\d)")
BEFORE = "what stands before it in the list"


class Does(StrEnum):
    """What the action of a row does with a client (access(5))."""

    LETS_IN = "lets in"
    REFUSES = "refuses"
    REFUSES_RELAY = "refuses relay"
    GOES_ON = "goes on"
    UNKNOWN = "unknown"

    @property
    def sentence(self) -> str:
        return {
            Does.LETS_IN: "Nothing more of the list is asked.",
            Does.REFUSES: "Its mail is refused.",
            Does.REFUSES_RELAY: "It may send to domains of ours only.",
            Does.GOES_ON: "What stands after the table is asked.",
            Does.UNKNOWN: "This import does not know it.",
        }[self]


def does_of(action: str) -> Does:
    verb, _, more = action.partition(" ")
    if verb.upper() in _REFUSING or _CODE.match(verb):
        return Does.REFUSES
    if verb.upper() in ("OK", "PERMIT", "RELAY") or verb.isdecimal():
        return Does.LETS_IN
    if verb.lower() in ("reject_unauth_destination", "defer_unauth_destination") and not more.strip():
        return Does.REFUSES_RELAY
    return Does.GOES_ON if verb.upper() in _GOING_ON else Does.UNKNOWN


@dataclass(frozen=True, slots=True)
class Row:
    """A row of a table: ``addresses`` are those about whom nothing before it decides. ``doubt`` is a word before it
    that decides about some of them by what is not their address."""

    list: str
    key: str
    action: str
    does: Does
    addresses: Addresses
    cut: tuple[str, ...]
    doubt: str


@dataclass(slots=True)
class Walk:
    """What one list says of clients by their address."""

    name: str
    mynetworks: Addresses | None
    """None where they are not known."""
    end: str = ""
    """The word that decides about everybody who comes so far."""
    rows: list[Row] = field(default_factory=list)
    relayed: Addresses = field(default_factory=Addresses)
    """Whom it lets through before it refuses to relay."""
    is_refused: bool = False
    """Whether who is not let relay by now is refused."""
    met: set[Restriction] = field(default_factory=set)
    """What has been asked: when it stands there again, nothing is left for it."""
    _decided: Addresses = field(default_factory=Addresses)
    _never_relayed: Addresses = field(default_factory=Addresses)
    _may_let_in: str = ""
    _may_refuse: str = ""

    def meet(self, one: Restriction) -> None:
        """A word that is no table of clients."""
        if one.is_only_told:
            self._may_let_in = self._may_let_in or str(one) * one.is_table
            return
        if one.word == "permit_mynetworks" and self.mynetworks is not None:
            self._let_in(self.mynetworks | LOOPBACK)
        elif one.word.startswith("permit_") or one.is_table:
            self._may_let_in = self._may_let_in or str(one)
        if one.word.startswith("reject_rbl_") or one.is_table:
            self._may_refuse = self._may_refuse or str(one)
        if one.word == "permit":
            self._let_in(EVERYBODY)
        self.is_refused |= one.word in REFUSALS
        self.end = one.word if one.word in ENDING else ""

    def table(self, rows: Iterable[tuple[str, str]], *, is_first_match: bool) -> None:
        """A table of clients: networks and actions."""
        found = [self._row(row) for row in decided(rows, is_first_match=is_first_match)]
        self.rows += found
        self._let_in(_of(found, Does.LETS_IN))
        self._decided |= _of(found, Does.REFUSES, Does.UNKNOWN)
        self._never_relayed |= _of(found, Does.REFUSES_RELAY)

    def finish(self) -> None:
        """A list that ends without a refusal to relay lets all through that it does not refuse."""
        if not self.is_refused:
            self._let_in(EVERYBODY)

    def _row(self, row: Decided) -> Row:
        does, left = does_of(row.action), row.addresses - self._decided
        doubt = {Does.REFUSES: self._may_let_in, Does.LETS_IN: self._may_refuse}.get(does, "")
        cut = row.cut if left == row.addresses else (*row.cut[:5], BEFORE)
        return Row(self.name, row.key, row.action, does, left, cut, doubt)

    def _let_in(self, addresses: Addresses) -> None:
        new = addresses - self._decided
        self.relayed |= Addresses() if self.is_refused else new - self._never_relayed
        self._decided |= new


def _of(rows: Iterable[Row], *does: Does) -> Addresses:
    return union(row.addresses for row in rows if row.does in does)
