"""Pure: the digest of an entry from what it says and the digest before it, and whether a copy is as it was written."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any

CHAINED_FIELDS = (
    "number",
    "at",
    "actor_name",
    "actor_id",
    "action",
    "object_kind",
    "object_id",
    "summary",
    "reason",
    "before",
    "after",
    "peer",
    "request_id",
    "via",
)
_ONLY_WHERE_SAID = ("via",)  # entries from before there was such a field keep their digests


def entry_digest(previous: str, fields: Mapping[str, Any]) -> str:
    """SHA-256 of the previous digest and the canonical JSON of the entry's fields; `at` as ISO 8601 in UTC."""
    said = {name: fields[name] for name in CHAINED_FIELDS if name not in _ONLY_WHERE_SAID or fields.get(name)}
    canonical = json.dumps(said, sort_keys=True, separators=(",", ":"), ensure_ascii=True)
    return hashlib.sha256(f"{previous}\n{canonical}".encode("ascii")).hexdigest()


@dataclass(frozen=True, slots=True)
class ChainCheck:
    """What a check found; `problem` is empty where the chain is whole. `missing` entries are not in a copy."""

    checked: int
    problem: str
    missing: int = 0

    @property
    def is_whole(self) -> bool:
        return not self.problem


def check_copy(rows: Iterable[Mapping[str, Any]]) -> ChainCheck:
    """Of rows as they are exported, in any order. Raises KeyError and TypeError where one is no such row.

    That entries are missing is no problem, as a copy may be narrowed; neighbours have to fit.
    """
    known = sorted(rows, key=lambda row: row["number"])
    before: Mapping[str, Any] | None = None
    missing = 0
    for checked, row in enumerate(known):
        number = row["number"]
        if row["digest"] != entry_digest(row["previous_digest"], row):
            return ChainCheck(checked, f"Entry {number} is not as it was written.", missing)
        if before is not None and before["number"] == number - 1 and before["digest"] != row["previous_digest"]:
            return ChainCheck(checked, f"Entry {number} does not follow the entry {number - 1} of this copy.", missing)
        if before is not None and before["number"] == number:
            return ChainCheck(checked, f"Entry {number} is there twice.", missing)
        missing += number - 1 - before["number"] if before is not None else 0
        before = row
    return ChainCheck(len(known), "", missing)
