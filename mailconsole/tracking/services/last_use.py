"""When and from where a user who signs in sent last."""

from __future__ import annotations

from mailconsole.changes.recorded import LastUse
from mailconsole.tracking.models import SIGNED_IN, Message


def last_use(identity: str) -> LastUse | None:
    """By the newest message that is still kept; `identity` as the node writes it."""
    found = Message.objects.filter(SIGNED_IN, identity=identity).order_by("-received_at")
    newest = found.values_list("received_at", "peer", "helo").first()
    return LastUse(*newest) if newest else None
