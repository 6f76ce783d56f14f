"""How the sections of documents are stored: each once by its digest, a long list in buckets, each of them once too.

One more address on a list of 100,000 writes one bucket and reads and validates one bucket; the others are there.
"""

from __future__ import annotations

import hashlib
import json
from collections import defaultdict
from functools import lru_cache
from typing import Any

from mailconsole.changes.models import Section
from transport.config.document import LIST_KINDS, SECTIONS, MailFlow, canonical_section
from transport.config.types import STORED

LONG_LIST = 2000
BUCKETS_KEY = "buckets"


def store_sections(document: MailFlow) -> dict[str, str]:
    """Store what is not there yet; return the manifest: the digest of each section's canonical form."""
    manifest = {}
    for name in SECTIONS:
        content = canonical_section(document, name)
        manifest[name] = hashlib.sha256(content).hexdigest()
        if Section.objects.filter(digest=manifest[name]).exists():
            continue
        stored = content.decode()
        if name in LIST_KINDS and len(document.section(name)) > LONG_LIST:
            stored = json.dumps({BUCKETS_KEY: _store_buckets(name, json.loads(content))})
        Section.objects.create(digest=manifest[name], kind=name, content=stored)
    return manifest


def _store_buckets(name: str, entries: list[dict[str, Any]]) -> list[str]:
    """Entries by the first octet of their network's hash, so that an entry's neighbours stay the same."""
    buckets: dict[int, list[dict[str, Any]]] = defaultdict(list)
    for entry in entries:
        buckets[hashlib.sha256(entry["network"].encode()).digest()[0]].append(entry)
    texts = [
        json.dumps(buckets[key], sort_keys=True, ensure_ascii=False, separators=(",", ":")) for key in sorted(buckets)
    ]
    by_digest = {hashlib.sha256(f"{name}\n{text}".encode()).hexdigest(): text for text in texts}
    there = set(Section.objects.filter(digest__in=by_digest).values_list("digest", flat=True))
    Section.objects.bulk_create(
        (Section(digest=digest, kind=name, content=text) for digest, text in by_digest.items() if digest not in there),
        batch_size=100,
    )
    return list(by_digest)


@lru_cache(maxsize=64)
def load_section(name: str, digest: str) -> Any:
    """The section's value, validated; kept by its digest in this process. Raises Section.DoesNotExist."""
    stored = json.loads(Section.objects.values_list("content", flat=True).get(digest=digest))
    if not isinstance(stored, dict) or BUCKETS_KEY not in stored:
        return MailFlow.model_validate({name: stored}, context=STORED).section(name)
    contents = dict(Section.objects.filter(digest__in=stored[BUCKETS_KEY]).values_list("digest", "content"))
    entries = [entry for digest in stored[BUCKETS_KEY] for entry in _bucket(name, contents[digest])]
    return MailFlow.model_validate({name: entries}, context=STORED).section(name)


@lru_cache(maxsize=2048)
def _bucket(name: str, content: str) -> Any:
    """The validated entries of a bucket; validating is what takes time, not reading."""
    return MailFlow.model_validate({name: json.loads(content)}, context=STORED).section(name)
