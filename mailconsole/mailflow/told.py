"""What is told of objects beside their fields, worked out once for all that a page shows: hits, ends, effect."""

from __future__ import annotations

from collections.abc import Callable, Collection, Mapping
from dataclasses import dataclass
from datetime import datetime
from functools import partial
from typing import Any

from mailconsole.changes import recorded
from mailconsole.changes.models import Change
from mailconsole.changes.services.times import ending
from mailconsole.mailflow.drafts import Seen
from mailconsole.mailflow.kinds.kind import Kind
from mailconsole.mailflow.rule_page import RULES
from transport.config.validate_rules import why_never
from transport.rules.coverage import Coverage
from transport.rules.shadowed_entries import Shadows

Idle = Callable[[Any], str]


@dataclass(frozen=True, slots=True)
class Told:
    """By object id; ``idle_because`` says of an object why it can't decide anything, where that can be told."""

    uses: Mapping[str, recorded.Use]
    since: datetime | None
    endings: Mapping[str, Change]
    idle_because: Idle


def told_of(kind: Kind, seen: Seen, object_ids: Collection[str], *, now: datetime, idle: Idle | None = None) -> Told:
    """Of these objects of a section; ``idle`` where that was worked out already."""
    uses = recorded.uses(kind.name, object_ids, now=now) if kind.is_counted else recorded.ObjectUses(None, {})
    return Told(uses.by_id, uses.since, ending(kind.name, object_ids), idle or idle_in(kind, seen, now))


def idle_in(kind: Kind, seen: Seen, now: datetime) -> Idle:
    """What tells of an object of a section why it can't decide anything."""
    if kind.name == RULES:
        never = why_never(seen.document.mail_flow_rules, now)
        return lambda rule: never.get(rule.id, "")
    if kind.name == "relay_policies":
        return Coverage(seen.document.relay_policies, now=now).idle_because
    if kind.is_list:
        lists = seen.document.ip_allow_list, seen.document.ip_block_list
        return partial(Shadows(*lists, now=now).idle_because, kind.name)
    return lambda item: ""
