"""Pure: what changed between the recipients that are known and those that a source now tells of.

Known recipients come as fingerprints, so that comparing 200,000 costs no more memory than their digests.
"""

import dataclasses
import hashlib
import json
from collections.abc import Iterable, Mapping
from dataclasses import dataclass

from directory.errors import SuspiciousShrink
from directory.model import Recipient

DEFAULT_SHRINK_LIMIT = 0.10
SMALLEST_SUSPICIOUS_LOSS = 5  # of ten test users, two may leave without an alarm


@dataclass(frozen=True, slots=True)
class Fingerprint:
    """Enough of a known recipient to see that it changed and to name it."""

    object_guid: str
    digest: str
    display_name: str
    primary_address: str


@dataclass(frozen=True, slots=True)
class ChangedRecipient:
    before: Fingerprint
    after: Recipient


@dataclass(frozen=True, slots=True)
class Delta:
    added: tuple[Recipient, ...]
    changed: tuple[ChangedRecipient, ...]
    removed: tuple[Fingerprint, ...]

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


def fingerprint(recipient: Recipient) -> Fingerprint:
    return Fingerprint(
        object_guid=recipient.object_guid,
        digest=digest_of(recipient),
        display_name=recipient.display_name,
        primary_address=recipient.primary_address,
    )


def compare(
    before: Mapping[str, Fingerprint], after: Iterable[Recipient], *, shrink_limit: float = DEFAULT_SHRINK_LIMIT
) -> Delta:
    """What changed, by object GUID. `shrink_limit` is the share that may vanish at once; 1.0 allows everything.

    Raises SuspiciousShrink, so that half an answer never empties the directory.
    """
    now = {recipient.object_guid: recipient for recipient in after}
    removed = tuple(known for guid, known in before.items() if guid not in now)
    refuse_suspicious_shrink(before=len(before), removed=len(removed), after=len(now), limit=shrink_limit)
    added = tuple(recipient for guid, recipient in now.items() if guid not in before)
    changed = tuple(
        ChangedRecipient(before=before[guid], after=recipient)
        for guid, recipient in now.items()
        if guid in before and before[guid].digest != digest_of(recipient)
    )
    return Delta(added=added, changed=changed, removed=removed)


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
    """The fields that differ, as people read them."""
    return tuple(
        FieldChange(field=field.name, before=_shown(old), after=_shown(new))
        for field in dataclasses.fields(Recipient)
        if (old := getattr(before, field.name)) != (new := getattr(after, field.name))
    )


def _shown(value: object) -> str:
    if isinstance(value, tuple):
        text = ", ".join(str(item) for item in value[:10])
        return text + f" and {len(value) - 10} more" if len(value) > 10 else text
    if isinstance(value, bool):
        return "yes" if value else "no"
    return "" if value is None else str(value)
