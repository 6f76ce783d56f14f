"""The left navigation: each app registers the pages that exist, in `AppConfig.ready`."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from enum import Enum

from django.http import HttpRequest
from django.urls import NoReverseMatch, reverse


class Section(Enum):
    """The parts of the navigation, in their order."""

    MONITOR = "Monitor"
    MAIL_FLOW = "Mail flow"
    CHANGES = "Changes"
    DIRECTORY = "Directory"
    TOOLS = "Tools"
    ADMINISTRATION = "Administration"


@dataclass(frozen=True, slots=True)
class Badge:
    """A count beside an entry; `is_urgent` is for what needs a person now."""

    count: int
    label: str
    is_urgent: bool = False


@dataclass(frozen=True, slots=True)
class NavItem:
    """One page. `role` hides it from people without that role; `key` is the letter after `g`.

    Pages below its address, and below `also_under`, belong to it."""

    section: Section
    label: str
    url_name: str
    icon: str
    order: int
    role: str = ""
    key: str = ""
    badge: Callable[[HttpRequest], Badge | None] | None = None
    also_under: str = ""

    def distance(self, path: str, url: str) -> int:
        """How much of the path lies above this page: 0 where it is elsewhere; the root only for itself."""
        roots = [root for root in (url, self.also_under) if root]
        return max((len(root) for root in roots if path == root or (root != "/" and path.startswith(root))), default=0)


@dataclass(frozen=True, slots=True)
class NavEntry:
    """An item as it stands on one page."""

    item: NavItem
    url: str
    is_current: bool
    badge: Badge | None


_items: dict[str, NavItem] = {}


def register(*items: NavItem) -> None:
    """Add pages to the navigation; the same page twice is one entry."""
    for item in items:
        _items[item.url_name] = item


def navigation_for(request: HttpRequest) -> list[tuple[Section, list[NavEntry]]]:
    """Sections with the entries that this person may use, the current page marked."""
    visible = [(item, url) for item in _items.values() if _may_see(request, item) and (url := _url_of(item))]
    current = max(visible, key=lambda pair: pair[0].distance(request.path, pair[1]), default=None)
    if current is not None and not current[0].distance(request.path, current[1]):
        current = None
    sections: dict[Section, list[NavEntry]] = {section: [] for section in Section}
    for item, url in sorted(visible, key=lambda pair: pair[0].order):
        badge = item.badge(request) if item.badge else None
        sections[item.section].append(NavEntry(item, url, (item, url) == current, badge))
    return [(section, entries) for section, entries in sections.items() if entries]


def _may_see(request: HttpRequest, item: NavItem) -> bool:
    return not item.role or item.role in getattr(request.user, "role_names", frozenset())


def _url_of(item: NavItem) -> str:
    try:
        return reverse(item.url_name)
    except NoReverseMatch:
        return ""
