"""Pure: what changed between the recipients that are known and those that a source now tells of.

Recipients come as digests, so that comparing 200,000 costs no more memory than those.
"""

import dataclasses
import hashlib
import json
from collections.abc import Collection, Iterable, Mapping
from dataclasses import dataclass

from directory.errors import SuspiciousShrink
from directory.model import Recipient

DEFAULT_SHRINK_LIMIT = 0.10
SMALLEST_SUSPICIOUS_LOSS = 5  # of ten test users, two may leave without an alarm


@dataclass(frozen=True, slots=True)
class Delta:
    """Object GUIDs: what they lead to lies in the reading and in the rows, and is fetched some at a time."""

    added: tuple[str, ...]
    changed: tuple[str, ...]
    removed: tuple[str, ...]

    @property
    def is_empty(self) -> bool:
        return not (self.added or self.changed or self.removed)


@dataclass(frozen=True, slots=True)
class FieldChange:
    """One field of one recipient, before and after, as text."""

    field: str
    before: str
    after: str


def digest_of(recipient: Recipient) -> str:
    """Equal for equal recipients, in any process and at any time."""
    text = json.dumps(recipient.to_document(), sort_keys=True, ensure_ascii=False, separators=(",", ":"))
    return hashlib.sha256(text.encode()).hexdigest()


def compare(
    before: Mapping[str, str], after: Iterable[tuple[str, str]], *, shrink_limit: float = DEFAULT_SHRINK_LIMIT
) -> Delta:
    """What changed between two whole readings, each as object GUIDs with digests. `shrink_limit` is the share that may
    vanish at once; 1.0 allows everything.

    Raises SuspiciousShrink, so that half an answer never empties the directory.
    """
    added: list[str] = []
    changed: list[str] = []
    left = set(before)
    count = 0
    for guid, digest in after:
        count += 1
        if guid not in before:
            added.append(guid)
            continue
        left.discard(guid)
        if before[guid] != digest:
            changed.append(guid)
    refuse_suspicious_shrink(before=len(before), removed=len(left), after=count, limit=shrink_limit)
    return Delta(tuple(added), tuple(changed), tuple(sorted(left)))


def compare_changes(
    before: Mapping[str, str],
    after: Iterable[tuple[str, str]],
    gone: Collection[str],
    *,
    known_count: int,
    shrink_limit: float = DEFAULT_SHRINK_LIMIT,
) -> Delta:
    """The same for a reading of changes: `before` is what is known of the objects that it names, of `known_count` in
    all. Raises SuspiciousShrink."""
    said = dict(after)
    removed = tuple(sorted(guid for guid in gone if guid in before))
    refuse_suspicious_shrink(
        before=known_count, removed=len(removed), after=known_count - len(removed), limit=shrink_limit
    )
    added = tuple(guid for guid in said if guid not in before)
    changed = tuple(guid for guid, digest in said.items() if guid in before and before[guid] != digest)
    return Delta(added, changed, removed)


def refuse_suspicious_shrink(*, before: int, removed: int, after: int, limit: float) -> None:
    """Raises SuspiciousShrink where an answer is empty or lacks more than the share that may vanish at once."""
    if limit >= 1.0:
        return
    if after == 0:
        raise SuspiciousShrink(
            f"The directory answered with no recipient at all; {before:,} are known and stay. "
            "Check the base DN, the filter and what the bind account may read."
        )
    if removed > before * limit and removed >= SMALLEST_SUSPICIOUS_LOSS:
        raise SuspiciousShrink(
            f"{removed:,} of {before:,} recipients ({removed / before:.0%}) are gone from the directory's answer, "
            f"more than the {limit:.0%} that may vanish at once. The last good data stays until someone confirms."
        )


def describe(before: Recipient, after: Recipient) -> tuple[FieldChange, ...]:
    """The fields that differ, as people read them; of members that the directory hides, how many there are."""
    is_hidden = before.hides_members or after.hides_members
    return tuple(
        FieldChange(field.name, _counted(old), _counted(new))
        if is_hidden and field.name == "member_guids"
        else FieldChange(field.name, _shown(old), _shown(new))
        for field in dataclasses.fields(Recipient)
        if (old := getattr(before, field.name)) != (new := getattr(after, field.name))
    )


def _counted(members: tuple[str, ...]) -> str:
    return f"{len(members):,} that are hidden"


def _shown(value: object) -> str:
    if isinstance(value, tuple):
        text = ", ".join(str(item) for item in value[:10])
        return text + f" and {len(value) - 10} more" if len(value) > 10 else text
    if isinstance(value, bool):
        return "yes" if value else "no"
    return "" if value is None else str(value)
