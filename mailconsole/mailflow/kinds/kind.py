"""What a page of mail flow says about its section: what it is for, which columns, which groups of fields."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import dataclass, field
from typing import Any

from mailconsole.changes.links import STEMS
from transport.config.document import LIST_KINDS
from transport.config.phrases import show
from transport.config.words import KIND_LABELS, KIND_PLURALS

Cell = Callable[[Any], str]


@dataclass(frozen=True, slots=True)
class Group:
    """Fields that belong together on a form; `is_open` says whether it is shown unfolded."""

    title: str
    fields: tuple[str, ...]
    is_open: bool = True


@dataclass(frozen=True, slots=True)
class Kind:
    """One section of the configuration as people see it. Fields in no group come last, folded, as *More settings*.

    ``help`` is a topic; ``is_password_made``: the console makes its password, nobody types it into the form;
    ``is_counted``: nodes tell when its objects decide; ``is_about_changes``: it stands under Changes in the navigation;
    ``nav_group``: the entry there that it shares with others; ``is_ordered``: its objects are asked in their order;
    ``told_apart``: fields that its page tells in words.
    """

    name: str
    purpose: str
    empty: str
    icon: str
    path: str
    columns: tuple[tuple[str, Cell], ...]
    groups: tuple[Group, ...]
    order: int = 0
    key: str = ""
    nav_group: str = ""
    hidden: frozenset[str] = field(default_factory=lambda: frozenset({"id"}))
    help: str = "review-and-publish"
    is_password_made: bool = False
    is_counted: bool = False
    is_about_changes: bool = False
    is_ordered: bool = False
    told_apart: frozenset[str] = frozenset()

    @property
    def stem(self) -> str:
        return STEMS[self.name]

    @property
    def singular(self) -> str:
        return {"ip_allow_list": "IP allow entry", "ip_block_list": "IP block entry"}.get(
            self.name, KIND_LABELS[self.name]
        )

    @property
    def plural(self) -> str:
        return KIND_PLURALS[self.name]

    @property
    def is_list(self) -> bool:
        """Whether its entries are known by their network instead of a name."""
        return self.name in LIST_KINDS


def some(items: Iterable[object]) -> str:
    """The first few, and how many more."""
    texts = [str(item) for item in items]
    return ", ".join(texts[:3]) + (f" and {len(texts) - 3} more" if len(texts) > 3 else "")


def until(item: Any) -> str:
    return show("expires_at", item.expires_at.isoformat()) if item.expires_at else "no end"
