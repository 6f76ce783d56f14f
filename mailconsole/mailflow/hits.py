"""What the one search for everything finds in mail flow: objects by their words, a page by its name."""

from __future__ import annotations

from collections.abc import Iterable

from django.http import HttpRequest
from django.urls import reverse

from mailconsole.changes.links import edit_url
from mailconsole.changes.services.revisions import head_revision, load_document
from mailconsole.common.search import Hit
from mailconsole.mailflow.kinds.table import KINDS
from transport.config.diff import ORGANIZATION, objects_of


def find_objects(request: HttpRequest, query: str) -> Iterable[Hit]:
    wanted, document = query.lower(), load_document(head_revision())
    for kind in KINDS.values():
        if wanted in kind.plural.lower():
            url = edit_url(kind.name, "")
            yield Hit(kind.plural, url, kind.purpose, kind.icon)
        if kind.name == ORGANIZATION:
            continue
        for object_id, item in objects_of(document, kind.name).items():
            if wanted in " ".join(str(value) for value in item.__dict__.values()).lower():
                name = str(getattr(item, "name", object_id))
                yield Hit(name, reverse(f"mailflow:{kind.stem}-show", args=[object_id]), kind.singular, kind.icon)
