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

    Pages below its address, and below `also_under`, belong to it. Pages of one `group` share an entry, named as the
    group, and are tabs of each other: so that the navigation stays short and never moves."""

    section: Section
    label: str
    url_name: str
    icon: str
    order: int
    role: str = ""
    key: str = ""
    badge: Callable[[HttpRequest], Badge | None] | None = None
    also_under: str = ""
    group: str = ""

    def distance(self, path: str, url: str) -> int:
        """How much of the path lies above this page: 0 where it is elsewhere; the root only for itself."""
        roots = [root for root in (url, self.also_under) if root]
        return max((len(root) for root in roots if path == root or (root != "/" and path.startswith(root))), default=0)


@dataclass(frozen=True, slots=True)
class NavPage:
    """An item as it stands on one page: a tab where its group has others."""

    item: NavItem
    url: str
    is_current: bool

    @property
    def label(self) -> str:
        return self.item.label


@dataclass(frozen=True, slots=True)
class NavEntry:
    """A line of the navigation: a page alone, or the pages of a group, of which the first opens."""

    pages: tuple[NavPage, ...]
    badge: Badge | None

    @property
    def label(self) -> str:
        return self.pages[0].item.group or self.pages[0].label

    @property
    def icon(self) -> str:
        return self.pages[0].item.icon

    @property
    def url(self) -> str:
        return self.pages[0].url

    @property
    def is_current(self) -> bool:
        return any(page.is_current for page in self.pages)


Navigation = list[tuple[Section, list[NavEntry]]]

_items: dict[str, NavItem] = {}


def register(*items: NavItem) -> None:
    """Add pages to the navigation; the same page twice is one entry."""
    for item in items:
        _items[item.url_name] = item


def navigation_for(request: HttpRequest) -> Navigation:
    """Sections with the entries that this person may use, the current page marked."""
    visible = [(item, url) for item in _items.values() if _may_see(request, item) and (url := _url_of(item))]
    current = max(visible, key=lambda pair: pair[0].distance(request.path, pair[1]), default=None)
    if current is not None and not current[0].distance(request.path, current[1]):
        current = None
    entries: dict[tuple[Section, str], list[NavPage]] = {}
    for item, url in sorted(visible, key=lambda pair: pair[0].order):
        page = NavPage(item, url, (item, url) == current)
        entries.setdefault((item.section, item.group or item.url_name), []).append(page)
    found: dict[Section, list[NavEntry]] = {section: [] for section in Section}
    for (section, _), pages in entries.items():
        found[section].append(NavEntry(tuple(pages), _badge_of(request, pages)))
    return [(section, lines) for section, lines in found.items() if lines]


def tabs_for(navigation: Navigation, path: str) -> tuple[NavPage, ...]:
    """The pages of the group whose page this is; none on the pages of a single object."""
    groups = (entry.pages for _, entries in navigation for entry in entries if len(entry.pages) > 1)
    return next((pages for pages in groups if any(page.url == path for page in pages)), ())


def _badge_of(request: HttpRequest, pages: list[NavPage]) -> Badge | None:
    badges = (page.item.badge(request) for page in pages if page.item.badge)
    return next((badge for badge in badges if badge), None)


def _may_see(request: HttpRequest, item: NavItem) -> bool:
    return not item.role or item.role in getattr(request.user, "role_names", frozenset())


def _url_of(item: NavItem) -> str:
    try:
        return reverse(item.url_name)
    except NoReverseMatch:
        return ""
