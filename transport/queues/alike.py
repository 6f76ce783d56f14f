"""Which recipients of a message wait alike for a next hop, and so go together. Pure."""

from __future__ import annotations

from collections.abc import Sequence

from transport.model.envelope import Recipient
from transport.model.next_hop import NextHop
from transport.model.outcome import RecipientStatus


def are_new(recipients: Sequence[Recipient], hop: NextHop) -> bool:
    """Whether they all wait alike for ``hop``, as nearly all do; False only says that it takes a closer look."""
    if len(recipients) == 1:
        return True
    for one in recipients:
        if one.next_hop is not hop or one.attempts or one.status is not RecipientStatus.READY or one.hold is not None:
            return False
    return True


def by_state(recipients: list[Recipient]) -> list[list[Recipient]]:
    """Recipients that wait alike go together: after a restart, a message's recipients may be at different points."""
    first = recipients[0]
    if all(not one.attempts and one.status == first.status and one.hold == first.hold for one in recipients):
        return [recipients]
    groups: dict[object, list[Recipient]] = {}
    for recipient in recipients:
        groups.setdefault((recipient.status, recipient.next_attempt_at, recipient.hold), []).append(recipient)
    return list(groups.values())
