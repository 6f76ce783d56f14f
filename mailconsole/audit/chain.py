"""Pure: the digest of an audit entry from what it says and the digest before it."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Mapping
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
)


def entry_digest(previous: str, fields: Mapping[str, Any]) -> str:
    """SHA-256 of the previous digest and the canonical JSON of the entry's fields; `at` as ISO 8601 in UTC."""
    said = {name: fields[name] for name in CHAINED_FIELDS}
    canonical = json.dumps(said, sort_keys=True, separators=(",", ":"), ensure_ascii=True)
    return hashlib.sha256(f"{previous}\n{canonical}".encode("ascii")).hexdigest()
