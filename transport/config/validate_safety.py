"""Rules about what keeps accepted mail safe: limits that contradict each other."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import datetime

from transport.config.document import MailFlow
from transport.config.problem import Problem

_CEILINGS = ("queue_length", "spool_disk_used", "memory_used")


def _medium_comes_before_high(document: MailFlow, now: datetime) -> Iterator[Problem]:
    said = document.organization
    for name in _CEILINGS:
        medium, high = getattr(said, f"{name}_medium"), getattr(said, f"{name}_high")
        if medium is not None and high is not None and medium >= high:
            sentence = f"Medium pressure begins at {medium}, High at {high}: Medium must come first."
            yield Problem("organization", "organization", f"{name}_medium", sentence)
    if said.spool_disk_free_medium <= said.spool_disk_free_high:
        sentence = "Medium pressure must begin while more space is free than at High."
        yield Problem("organization", "organization", "spool_disk_free_medium", sentence)


def _a_late_heartbeat_is_no_death(document: MailFlow, now: datetime) -> Iterator[Problem]:
    said = document.organization
    if said.shadow_resubmit_time_span <= said.shadow_heartbeat_frequency:
        sentence = "A node would be taken for lost between two heartbeats, and its mail sent twice: make it longer."
        yield Problem("organization", "organization", "shadow_resubmit_time_span", sentence)


RULES = (_medium_comes_before_high, _a_late_heartbeat_is_no_death)
