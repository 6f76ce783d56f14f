"""Every address of the console with something behind it, for tests that try them all."""

from __future__ import annotations

import uuid
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

from django.urls import URLPattern, URLResolver, get_resolver, reverse

SAMPLES: dict[str, Any] = {
    "address": "anna@contoso.example",
    "connector_id": "default",
    "form": "csv",
    "guid": uuid.UUID(int=1),
    "key": 1,
    "kind": "accepted_domains",
    "name": "mail",
    "node": "transport-1",
    "number": 1,
    "object_id": "default",
    "pk": 1,
    "queue_id": "0000000000001",
    "slug": "keys",
    "role": "editor",
}
LISTS = {"changes:list-of": {"name": "drafts"}}


@dataclass(frozen=True)
class Address:
    """One pattern of the URL configuration, filled in."""

    name: str
    path: str


def all_addresses() -> list[Address]:
    """In alphabetical order of their names; the API's are by path, for its names say little."""
    found = {one.path: one for one in _walk(get_resolver().url_patterns, ())}
    return sorted(found.values(), key=lambda one: (one.name, one.path))


def _walk(patterns: list[Any], spaces: tuple[str, ...]) -> Iterator[Address]:
    for pattern in patterns:
        if isinstance(pattern, URLResolver):
            inner = (*spaces, pattern.namespace) if pattern.namespace else spaces
            yield from _walk(pattern.url_patterns, inner)
        elif isinstance(pattern, URLPattern) and pattern.name:
            name = ":".join((*spaces, pattern.name))
            wanted = {key: SAMPLES[key] for key in pattern.pattern.regex.groupindex}
            yield Address(name, reverse(name, kwargs=wanted | LISTS.get(name, {})))
