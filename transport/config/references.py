"""Which objects of a document name another: what it is used by, and what would miss it. Pure.

Objects name each other as administrators do: by address, domain, user name or id.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import Any

from transport.config.document import OBJECT_KINDS, MailFlow, identity
from transport.config.objects import ConfigModel, MailRecipient

NOT_READ = frozenset(("id", "name", "comment", "owner", "purpose", "ticket", "password_secret"))
"""Fields that name nothing: what an object is called, and what people wrote about it."""


@dataclass(frozen=True, slots=True)
class Reference:
    """An object that names another in one of its fields."""

    kind: str
    object_id: str
    name: str
    field: str


def used_by(document: MailFlow, kind: str, item: ConfigModel, *, limit: int = 100) -> list[Reference]:
    """The objects that name ``item``, in the document's order, at most ``limit``; each field once."""
    handles = _HANDLES[kind](item) if kind in _HANDLES else frozenset()
    found: list[Reference] = []
    for other_kind, other in _all(document) if handles else ():
        if other_kind not in _ONLY_IN.get(kind, (other_kind,)):
            continue
        if (other_kind, identity(other_kind, other)) == (kind, identity(kind, item)):
            continue
        for field, value in other.__dict__.items():
            if field not in NOT_READ and any(_names(text, handles) for text in _texts(value)):
                name = str(getattr(other, "name", other_kind))
                found.append(Reference(other_kind, identity(other_kind, other), name, field))
        if len(found) >= limit:
            break
    return found[:limit]


def is_named_by_others(kind: str) -> bool:
    """Whether objects of this kind can be named by others at all."""
    return kind in _HANDLES


def _all(document: MailFlow) -> Iterator[tuple[str, Any]]:
    yield "organization", document.organization
    for kind in OBJECT_KINDS:
        for item in document.section(kind):
            yield kind, item


def _texts(value: Any) -> Iterator[str]:
    if type(value) is str:
        yield value.lower()
        if ", " in value:  # a pair of groups
            yield from value.lower().split(", ")
    elif isinstance(value, tuple):
        for one in value:
            yield from _texts(one)
    elif isinstance(value, ConfigModel):
        for one in value.__dict__.values():
            yield from _texts(one)


def _names(text: str, handles: frozenset[str]) -> bool:
    """A domain is named by patterns and by addresses in it, too."""
    return text in handles or text.removeprefix("*.") in handles or f"@{text.rpartition('@')[2]}" in handles


def _addresses(item: Any) -> frozenset[str]:
    assert isinstance(item, MailRecipient)
    return frozenset(address.lower() for address in item.addresses)


_HANDLES: dict[str, Callable[[Any], frozenset[str]]] = {
    "receive_connectors": lambda item: frozenset((item.id,)),
    "send_connectors": lambda item: frozenset((item.id,)),
    "accepted_domains": lambda item: frozenset((item.domain.lower(), f"@{item.domain.lower()}")),
    "recipients": _addresses,
    "distribution_groups": _addresses,
    "service_accounts": lambda item: frozenset((item.username.lower(),)),
    "reviewer_groups": lambda item: frozenset((item.id,)),
}
"""By what others name an object."""

_ONLY_IN = {
    "receive_connectors": ("mail_flow_rules",),
    "send_connectors": ("mail_flow_rules",),
    "service_accounts": ("relay_policies",),
    "reviewer_groups": ("approval_rules",),
}
"""Where ids and user names mean something: elsewhere the same word is something else."""
