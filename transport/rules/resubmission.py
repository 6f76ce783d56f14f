"""When mail that does not move is resolved and routed again (Exchange: MaxIdleTimeBeforeResubmit). Pure."""

from __future__ import annotations

REASON = "Nothing moved in its queue for as long as the organisation lets it: recipients and route are looked up anew."


def is_due(*, idle_since: float, max_idle_s: int | None, now: float) -> bool:
    """Whether a queue in which nothing was delivered ``idle_since`` is to be resubmitted."""
    return max_idle_s is not None and now - idle_since >= max_idle_s
