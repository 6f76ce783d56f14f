"""What was said in the SMTP sessions of a message or a refusal: read from its node's protocol logs."""

from __future__ import annotations

import re
from dataclasses import dataclass
from datetime import datetime, timedelta

from mailconsole.common.refusals import Refusal
from mailconsole.nodes.dispatch import NodeCommand, ask_node

TIMEOUT_S = 20.0
LONGEST = timedelta(days=3)
BEFORE = timedelta(hours=1)
_ID = re.compile(r"[A-Za-z0-9_-]{1,64}")


class NoSuchId(Refusal):
    """What is asked for is neither a session id nor a queue id."""


@dataclass(frozen=True, slots=True)
class Said:
    """One line. Texts are hostile: they came over the wire."""

    date_time: str
    connector_id: str
    session_id: str
    sequence_number: str
    local_endpoint: str
    remote_endpoint: str
    event: str
    data: str
    context: str


@dataclass(frozen=True, slots=True)
class Protocol:
    """The sessions by id, in order of the log; ``is_cut`` where there may be more of them."""

    sessions: dict[str, list[Said]]
    is_cut: bool = False


CUT = "The node stopped searching after some seconds or after many lines: there may be more."


def find_protocol(*, node: str, needle: str, at: datetime, until: datetime) -> Protocol:
    """The sessions of about the time from ``at`` to ``until``, at most three days.
    Raises NoSuchId, NodeDidNotAnswer, NodeRefusedCommand."""
    if _ID.fullmatch(needle) is None:
        raise NoSuchId("A session id or a queue id is letters, digits and hyphens.")
    since, end = at - BEFORE, min(max(until, at), at + LONGEST)
    arguments = {"needle": needle, "since": since.timestamp(), "until": end.timestamp()}
    sessions: dict[str, list[Said]] = {}
    found = ask_node(node, NodeCommand.PROTOCOL, arguments, timeout_s=TIMEOUT_S)
    for row in found["rows"]:
        sessions.setdefault(row["session_id"], []).append(Said(**row))
    return Protocol(sessions, found["is_cut"])
