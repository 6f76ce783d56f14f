"""Messages whose node is gone: another node delivers them from its copy, or they are lost with it. Either way their
rows say so instead of waiting for ever."""

from __future__ import annotations

from collections.abc import Iterable
from itertools import islice

from django.db import transaction
from django.db.models import QuerySet
from django.utils import timezone

from mailconsole.nodes.models import Node
from mailconsole.tracking.models import WAITING, Message, MessageRecipient
from mailconsole.tracking.states import MessageStatus, RecipientState

OPEN = [status for status in MessageStatus if not status.is_final]
CHUNK = 500
AT_ONCE = 20_000


def hand_over(taken: Iterable[tuple[str, int]]) -> None:
    """Close (node, spool id): what becomes of them is told by the node that took them, under the same queue id."""
    for node, spool_id in taken:
        found = Message.objects.filter(node__name=node, spool_id=spool_id, status__in=OPEN)
        _close(found, MessageStatus.HANDED_OVER, RecipientState.EXPANDED, "Another node delivers it from its copy.")


def mark_lost(node: Node, *, at_most: int = AT_ONCE) -> int:
    """Close what the removed node still held, so many messages at a time; returns how many it were."""
    sentence = f"The node {node.name} was removed while it held the message."
    count = 0
    while count < at_most:
        some = list(Message.objects.filter(node=node, status__in=OPEN).values_list("pk", flat=True)[:CHUNK])
        if not some:
            break
        with transaction.atomic():
            _close(Message.objects.filter(pk__in=some), MessageStatus.LOST, RecipientState.LOST, sentence)
        count += len(some)
    return count


def mark_all_lost() -> int:
    """What nodes held that were removed and did not come back."""
    return sum(mark_lost(node) for node in islice(Node.objects.exclude(removed_at=None), 100))


def _close(found: QuerySet[Message], status: MessageStatus, state: RecipientState, sentence: str) -> None:
    keys, now = list(found.values_list("pk", flat=True)), timezone.now()
    waiting = MessageRecipient.objects.filter(WAITING, message_id__in=keys)
    waiting.update(state=state, last_reason=sentence, next_attempt_at=None, updated_at=now)
    Message.objects.filter(pk__in=keys).update(status=status, finished_at=now)
