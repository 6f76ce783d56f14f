"""Exchange's receive protocol logs: who sends through which connector today, from what was said in each session."""

from __future__ import annotations

import csv
import io
import ipaddress
import re
from collections import deque
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field

from mailconsole.imports.seen import SeenClient

FIELDS_MARK = "#Fields:"
MAX_SESSIONS = 50_000
_PATH = re.compile(r"(?:FROM|TO)\s*:\s*<([^<>]*)>", re.IGNORECASE)
_NEEDED = ("connector-id", "session-id", "remote-endpoint", "event", "data")


class BadLog(ValueError):
    """The sentence says what is wrong."""


@dataclass(slots=True)
class _Session:
    client: SeenClient
    pending: deque[tuple[str, str]] = field(default_factory=deque)
    sender: str = ""
    taken: list[str] = field(default_factory=list)
    is_data: bool = False

    def settle(self, refusal: str = "") -> None:
        """What becomes of the recipients taken: the message may be refused after them."""
        for address in self.taken:
            if refusal:
                self.client.refused(self.sender, address, refusal)
            else:
                self.client.accepted(self.sender, address)
        self.taken.clear()
        self.is_data = False


def is_protocol_log(text: str) -> bool:
    head = text[:4000]
    return FIELDS_MARK in head and "remote-endpoint" in head and "session-id" in head


def read_logs(texts: Iterable[str]) -> list[SeenClient]:
    """Every client of every connector, the busiest first; a session may go on in the next file. Raises BadLog."""
    reader = _Reader()
    for text in texts:
        for row in _rows(text):
            reader.take(row)
    reader.end()
    return sorted(reader.clients.values(), key=lambda one: -one.outcomes)


def _rows(text: str) -> Iterator[dict[str, str]]:
    """By the fields that the file names, which a newer version of Exchange may have more of."""
    names: list[str] = []
    for values in _values(text):
        if values and values[0].startswith("#"):
            line = ",".join(values)
            if line.startswith(FIELDS_MARK):
                names = [name.strip() for name in line.removeprefix(FIELDS_MARK).split(",")]
                if missing := [name for name in _NEEDED if name not in names]:
                    raise BadLog(f"its #Fields lack {', '.join(missing)}")
        elif names and len(values) >= len(_NEEDED):
            yield dict(zip(names, values, strict=False))


def _values(text: str) -> Iterator[list[str]]:
    try:
        yield from csv.reader(io.StringIO(text))
    except csv.Error as error:
        raise BadLog(f"it is no CSV: {error}") from None


class _Reader:
    """Replies come in the order of their commands; only MAIL and RCPT are followed."""

    def __init__(self) -> None:
        self.clients: dict[tuple[str, str], SeenClient] = {}
        self._sessions: dict[str, _Session] = {}

    def take(self, row: dict[str, str]) -> None:
        session = self._session(row)
        if session is None:
            return
        session.client.meet(row.get("date-time", ""))
        event, data = row["event"], row["data"]
        if event == "<":
            self._said(session, data)
        elif event == ">":
            _answered(session, data)
        elif event == "*":
            _noted(session, data, row.get("context", ""))
        elif event == "-":
            self._sessions.pop(row["session-id"]).settle()

    def end(self) -> None:
        """Of sessions that the logs do not end."""
        for session in self._sessions.values():
            session.settle()

    def _session(self, row: dict[str, str]) -> _Session | None:
        found = self._sessions.get(row["session-id"])
        if found is not None:
            return found
        peer = _address(row["remote-endpoint"])
        if not peer:
            return None
        if len(self._sessions) >= MAX_SESSIONS:
            self._sessions.pop(next(iter(self._sessions))).settle()
        key = (row["connector-id"], peer)
        client = self.clients.setdefault(key, SeenClient(connector=row["connector-id"][:200], peer=peer))
        client.sessions += 1
        made = self._sessions[row["session-id"]] = _Session(client)
        return made

    @staticmethod
    def _said(session: _Session, data: str) -> None:
        verb = data[:4].upper()
        if verb in ("MAIL", "RSET"):
            session.settle()
        if verb in ("MAIL", "RCPT") and (match := _PATH.search(data)):
            session.pending.append((verb, match[1].lower()))
        elif verb in ("RSET", "DATA", "BDAT"):
            session.pending.clear()
            session.is_data = verb != "RSET"


def _answered(session: _Session, reply: str) -> None:
    """Of pipelined commands the replies tell theirs: 2.1.0 is about the sender, 2.1.5 about a recipient."""
    if not reply or reply[:1] not in "245" or reply[3:4] == "-":
        return
    if session.is_data and not session.pending:
        if "CHUNK received" not in reply:
            session.settle(reply if reply[:1] in "45" else "")
        return
    if not session.pending:
        return
    wanted = {"250 2.1.0": "MAIL", "250 2.1.5": "RCPT"}.get(reply[:9], session.pending[0][0])
    if session.pending[0][0] != wanted:
        return
    verb, address = session.pending.popleft()
    is_taken = reply.startswith("2")
    if verb == "MAIL":
        session.sender = address if is_taken else ""
    elif is_taken:
        session.taken.append(address)
    else:
        session.client.refused(session.sender, address, reply)


def _noted(session: _Session, data: str, context: str) -> None:
    lowered = context.lower()
    if lowered == "authenticated" and data and "anonymous" not in data.lower():
        session.client.identities[data.strip()[:200]] += 1
    elif "tls protocol" in lowered and "succeeded" in lowered:
        session.client.tls_sessions += 1


def _address(endpoint: str) -> str:
    host = endpoint.rpartition(":")[0].strip("[]").partition("%")[0]
    try:
        return str(ipaddress.ip_address(host))
    except ValueError:
        return ""
