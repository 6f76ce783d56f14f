"""How a change of one field is told: the ways that several kinds of objects have in common."""

from __future__ import annotations

from collections.abc import Callable, Iterator

from transport.config.diff import FieldChange
from transport.config.phrases import Parts, Say, join

Teller = Callable[[FieldChange], Iterator[Parts]]
"""A change of one field as the rest of one sentence or more, whose subject is the object."""


def on_off(on: str, off: str) -> Teller:
    def tell(change: FieldChange) -> Iterator[Parts]:
        yield (Say(on if change.after else off),)

    return tell


def members(*, added: str, removed: str, emptied: str, begun: str) -> Teller:
    """A list in which empty means everybody (``emptied``, ``begun``), or else nobody."""

    def tell(change: FieldChange) -> Iterator[Parts]:
        before, after = change.before, change.after
        if not after and emptied:
            yield (Say(f"{emptied}, instead of {join(before)} only"),)
        elif not before and begun:
            yield (Say(begun.format(join(after))),)
        else:
            new, gone = [one for one in after if one not in before], [one for one in before if one not in after]
            yield from [(Say(added.format(join(new))),)] if new else []
            yield from [(Say(removed.format(join(gone))),)] if gone else []

    return tell


def led(verb: str, otherwise: str) -> Teller:
    """Where mail is led by an address that may be absent."""

    def tell(change: FieldChange) -> Iterator[Parts]:
        before = f" instead of {change.before}" if change.before else ""
        yield (Say(f"{verb} {change.after}{before}" if change.after else f"{otherwise}, no longer to {change.before}"),)

    return tell
