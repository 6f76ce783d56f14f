"""The items of a change as its page shows them: the YAML of each as one diff, and what was said about it."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable
from dataclasses import dataclass

from mailconsole.changes.links import edit_url
from mailconsole.changes.models import Change, Comment
from mailconsole.changes.services.compare import yaml_diff
from mailconsole.common.templatetags.words import wire
from transport.config.diff import ObjectChange
from transport.config.words import KIND_LABELS

SHOWN_ITEMS = 200


def anchor_of(kind: str, object_id: str) -> str:
    """The id of an item on the change's page."""
    return f"item-{kind}-{object_id}"


@dataclass(frozen=True, slots=True)
class YamlLine:
    """One line of a unified diff; ``kind`` is added, removed, same or place."""

    kind: str
    text: str


@dataclass(frozen=True, slots=True)
class Item:
    """One object of the change."""

    kind: str
    object_id: str
    label: str
    name: str
    verb: str
    lines: list[YamlLine]
    url: str
    comments: list[Comment]

    @property
    def anchor(self) -> str:
        return anchor_of(self.kind, self.object_id)


def items_of(change: Change, changes: Iterable[ObjectChange]) -> list[Item]:
    said: dict[tuple[str, str], list[Comment]] = defaultdict(list)
    for comment in change.comments.exclude(kind="").select_related("author"):
        said[comment.kind, comment.object_id].append(comment)
    return [_item(one, said[one.kind, one.object_id]) for one in changes]


def _item(change: ObjectChange, comments: list[Comment]) -> Item:
    return Item(
        kind=change.kind,
        object_id=change.object_id,
        label=KIND_LABELS[change.kind],
        name=change.name if change.kind != "organization" else "",
        verb="new" if change.is_new else "deleted" if change.is_deleted else "changed",
        lines=_yaml(change),
        url="" if change.is_deleted else edit_url(change.kind, change.object_id),
        comments=comments,
    )


def _yaml(change: ObjectChange) -> list[YamlLine]:
    """Unseen characters are seen (law 8). Secrets are names in the document, so none stands here (law 9)."""
    signs = {"+": "added", "-": "removed", "@": "place"}
    return [YamlLine(signs.get(line[0], "same"), wire(line)) for line in yaml_diff(change)]
