"""Nodes that run something else than their number says: impossible by construction, and shown if it happens (law 4)."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime
from functools import lru_cache

from mailconsole.changes.models import Revision
from mailconsole.changes.services.revisions import load_document
from mailconsole.nodes.models import Node
from mailconsole.nodes.services import known_nodes
from transport.config.document import digest


@dataclass(frozen=True, slots=True)
class Drift:
    """One node, and in words what it runs."""

    node: str
    sentence: str


def drifting(now: datetime) -> list[Drift]:
    """Of the nodes that report now."""
    nodes = [node for node in known_nodes(now) if node.running_revision and not node.is_lost(now)]
    said = drift_of(nodes)
    return [Drift(node.name, said[node.name]) for node in nodes if node.name in said]


def drift_of(nodes: Iterable[Node]) -> dict[str, str]:
    """By the name of the node, what is wrong with what it says it runs; who is right is not in it."""
    nodes = [node for node in nodes if node.running_revision]
    ours = {one.number: one for one in Revision.objects.filter(number__in={node.running_revision for node in nodes})}
    found = {node.name: _sentence(node, ours.get(node.running_revision or 0)) for node in nodes}
    return {name: sentence for name, sentence in found.items() if sentence}


def _sentence(node: Node, revision: Revision | None) -> str:
    if revision is None:
        return f"runs revision {node.running_revision}, which is none of ours."
    if node.running_digest in ("", revision.digest, _digest_now(revision.number, revision.digest)):
        return ""
    says = f"says that it runs revision {revision.number}, but what it runs"
    other = Revision.objects.filter(digest=node.running_digest).order_by("-number").first()
    if other is not None:
        return f"{says} is revision {other.number}."
    return f"{says} (digest {node.running_digest[:12]}) is no revision of ours."


@lru_cache(maxsize=64)
def _digest_now(number: int, stored: str) -> str:
    """What a node of today's software makes of the revision: objects may have fields that it is older than."""
    return digest(load_document(Revision.objects.get(number=number, digest=stored)))
