"""How the transport is, in one word: for the top bar of every page, the Overview and `console status`."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from django.http import HttpRequest
from django.utils import timezone

from mailconsole.nodes.services import known_nodes
from mailconsole.nodes.snapshots import Live, read_live


@dataclass(frozen=True, slots=True)
class Health:
    """`words` for the pill, `sentence` for its hover; the tone is that of the page kit."""

    tone: str
    words: str
    sentence: str


def health_of(live: Live, expected: int) -> Health:
    """Pure: `expected` is how many nodes are known from the last days."""
    if not live.is_reachable:
        return Health("idle", "Transport: not visible", "Redis doesn't answer, so nodes can't be seen. Mail goes on.")
    count = len(live.snapshots)
    if not count:
        return Health("bad", "Transport: no node", "No transport node reports: no mail is taken or delivered here.")
    nodes = f"{count} node{'' if count == 1 else 's'}"
    refusing = [one for one in live.snapshots if not one.is_accepting]
    if refusing:
        first = refusing[0]
        tone = "bad" if len(refusing) == count else "warn"
        return Health(tone, f"Transport: {nodes} · not accepting", f"{first.node}: {first.why_not_accepting}")
    opened = next((one for one in live.snapshots if one.open_relay), None)
    if opened is not None:
        return Health("bad", f"Transport: {nodes} · open relay", f"{opened.node}: {opened.open_relay[0]}")
    pressed = next((one for one in live.snapshots if one.why_not_from_outside), None)
    if pressed is not None:
        return Health("warn", f"Transport: {nodes} · back pressure", f"{pressed.node}: {pressed.why_not_from_outside}")
    uncertain = next(((one.node, c.problem) for one in live.snapshots for c in one.certificates if c.problem), None)
    if uncertain is not None:
        return Health("warn", f"Transport: {nodes} · certificate", ": ".join(uncertain))
    if count < expected:
        return Health("warn", f"Transport: {count} of {expected} nodes", "Some nodes that were seen lately are silent.")
    return Health("good", f"Transport: {nodes} · accepting", "Every node takes and delivers mail.")


def transport_health(request: HttpRequest) -> Mapping[str, Any]:
    """For the slot in the top bar."""
    return {"health": health_of(read_live(), len(known_nodes(timezone.now())))}
