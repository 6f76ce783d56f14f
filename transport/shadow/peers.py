"""Which other nodes there are: told by the console, kept on disk for a start without it, in the order of preference."""

from __future__ import annotations

import json
import os
from collections.abc import Iterable, Sequence
from dataclasses import asdict
from pathlib import Path

import structlog

from transport.config.objects import ShadowPreference
from transport.ports.node import Peer

log = structlog.get_logger(__name__)
LOOPBACK = ("127.", "[::1]", "localhost")


def in_order(peers: Iterable[Peer], *, node: str, host: str, preference: ShadowPreference) -> list[Peer]:
    """Who is asked for a copy, first choice first; nodes on other machines begin with the one after us by name, so that
    not all choose the same. An address that means another machine's own loopback is of no use."""
    others = [one for one in peers if one.node != node and (one.host == host or not one.address.startswith(LOOPBACK))]
    if preference is ShadowPreference.REMOTE_ONLY:
        others = [one for one in others if one.host != host]
    elif preference is ShadowPreference.LOCAL_ONLY:
        others = [one for one in others if one.host == host]
    return sorted(others, key=lambda one: (one.host == host, one.node < node, one.node))


def read(path: Path) -> tuple[Peer, ...]:
    """The last known peers; none where they cannot be read."""
    try:
        return tuple(Peer(**row) for row in json.loads(path.read_text(encoding="utf-8")))
    except FileNotFoundError:
        return ()
    except (OSError, ValueError, TypeError) as error:
        log.warning("shadow.peers_unreadable", reason=str(error))
        return ()


def keep(path: Path, peers: Sequence[Peer]) -> None:
    """Write the peers, swapped whole. Raises OSError."""
    draft = path.with_suffix(".new")
    descriptor = os.open(draft, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600)
    with os.fdopen(descriptor, "w", encoding="utf-8") as file:
        json.dump([asdict(one) for one in peers], file)
    draft.rename(path)
