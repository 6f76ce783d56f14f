"""The live regions of queues: the table's rows, and the cards of what waits."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import datetime

from mailconsole.nodes.live.regions import Piece, piece
from mailconsole.nodes.snapshots import Live
from mailconsole.queues.merge import MergedQueue, merge_queues

MAX_ROWS = 300
"""More queues than a person reads; the filter's page and the search find the others."""
MAX_WAITING = 5


def queue_rows(live: Live, now: datetime) -> list[Piece]:
    """Every queue, or one row that says why there is none."""
    return rows_of(merge_queues(live.snapshots)) or [piece("none", "queues/_no_queue.html", live=live)]


def rows_of(queues: Iterable[MergedQueue]) -> list[Piece]:
    """These queues as rows of the table."""
    return [
        piece(queue.key, "queues/_row.html", queue=queue) for queue, _ in zip(queues, range(MAX_ROWS), strict=False)
    ]


def waiting_rows(live: Live, now: datetime) -> list[Piece]:
    """For the Overview: queues that hold mail and can't send it."""
    stuck = [queue for queue in merge_queues(live.snapshots) if queue.is_stuck][:MAX_WAITING]
    if not stuck:
        return [piece("none", "queues/_none_waiting.html", live=live)]
    return [piece(queue.key, "queues/_waiting.html", queue=queue) for queue in stuck]


def queue_cards(live: Live, now: datetime) -> list[Piece]:
    """What is queued now, and what waits longest."""
    queues = merge_queues(live.snapshots)
    waiting = [queue for queue in queues if queue.oldest_at is not None and queue.message_count]
    oldest = min(waiting, key=lambda queue: queue.oldest_at or now, default=None)
    queued = sum(snapshot.messages for snapshot in live.snapshots) if live.snapshots else None
    return [
        piece(
            "queued", "queues/_card_queued.html", queued=queued, holding=sum(1 for one in queues if one.message_count)
        ),
        piece("oldest", "queues/_card_oldest.html", oldest=oldest),
    ]
