"""IP allow and block lists. Pure."""

from __future__ import annotations

from datetime import datetime

from transport.config.objects import IpListEntry, Organization
from transport.model.reply import Reply
from transport.model.verdict import Answer, Step
from transport.rules.ruleset import Ruleset


def check(ruleset: Ruleset, peer: str, *, now: float) -> tuple[bool, tuple[Step, ...]]:
    """Whether ``peer`` is blocked, and the steps that say why. An allow entry wins over a block entry. A relay of
    our own is not asked about: its mail is, where it came from (``from_inside``)."""
    if ruleset.is_inner(peer):
        return False, ()
    allowed = ruleset.ip_allow_list.find(peer, now)
    if allowed is not None:
        return False, (_step("ip_allow_list", allowed, "allowed"),)
    blocked = ruleset.ip_block_list.find(peer, now)
    if blocked is not None:
        return True, (_step("ip_block_list", blocked, "blocked"),)
    return False, ()


def rejection(organization: Organization, peer: str, *, code: int = 554) -> Reply:
    """What a client on the block list is told (RFC 5321 3.1)."""
    return Reply(code, "5.7.1", organization.static_entry_rejection_response.replace("%0", peer))


def why_over(entry: IpListEntry, *, now: datetime) -> str:
    """That the entry has ended, as a sentence; empty while it is in force."""
    if entry.expires_at is None or now < entry.expires_at:
        return ""
    return f"It expired on {entry.expires_at:%Y-%m-%d}: it has no effect."


def _step(kind: str, entry: IpListEntry, what: str) -> Step:
    comment = f" ({entry.comment})" if entry.comment else ""
    return Step(kind, entry.network, entry.network, Answer.YES, f"The peer's address is {what} by this entry{comment}.")
