"""How many people the groups are that a change names: those of ours as it makes them, others as the directory has
them. Pure.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable

from pydantic import ValidationError

from transport.config.diff import ObjectChange, apply
from transport.config.document import MailFlow
from transport.ports.recipients import RecipientLookup
from transport.rules.membership import members
from transport.rules.ruleset import Ruleset

Sizes = Callable[[Iterable[str]], int | None]
"""Of some groups together, by their addresses; None where that can't be told, or must not be."""
_OF_GROUPS = ("accepted_domains", "recipients", "distribution_groups")


def not_asked(groups: Iterable[str]) -> int | None:
    """Where groups count as one address each."""
    return 0


def sizes_after(document: MailFlow, changes: Iterable[ObjectChange], lookup: RecipientLookup) -> Sizes:
    """Once ``changes`` are made to ``document``; nothing is made ready before somebody asks."""
    changes = tuple(one for one in changes if one.kind in _OF_GROUPS)
    ready: list[Ruleset] = []

    def find(groups: Iterable[str]) -> int | None:
        if not ready:
            ready.append(_ruleset(document, changes))
        found = members(ready[0], groups, lookup)
        # The number of those who are known must not tell of those who are withheld.
        return None if found.unknown is not None else len(found.keys)

    return find


def sizes_known(document: MailFlow, lookup: RecipientLookup) -> Sizes:
    """As they are; those that can't be told are nobody."""
    find = sizes_after(document, (), lookup)
    return lambda groups: find(groups) or 0


def _ruleset(document: MailFlow, changes: Iterable[ObjectChange]) -> Ruleset:
    """Of what says who is in a group alone: the rest of a document may be very much."""
    small = MailFlow.model_validate({kind: document.section(kind) for kind in _OF_GROUPS})
    try:
        return Ruleset(apply(changes, small))
    except ValidationError:  # what contradicts itself is published by nobody
        return Ruleset(small)
