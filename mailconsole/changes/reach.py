"""Whether a limited role reaches an object: by its kind, and by the connectors or domains that it is about. Pure."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from typing import Any

from mailconsole.accounts.limits import Limit
from transport.config.diff import Json, ObjectChange
from transport.config.words import label_inside

_CONNECTORS = {"receive_connectors": "receive", "send_connectors": "send"}
"""A receive and a send connector may have the same id: a limit names them as ``receive/default``."""


def reaches_kind(limit: Limit | None, kind: str) -> bool:
    """Whether objects of this kind may be reached at all."""
    return limit is None or not limit.kinds or kind in limit.kinds


def reaches(limit: Limit | None, kind: str, object_id: str, value: Json, *, is_new: bool = False) -> bool:
    """Whether the object, as it is there, is within the limit. A connector that the limit names is one that is there:
    a new one is within it by its domains alone, whatever id it takes."""
    if limit is None:
        return True
    if not reaches_kind(limit, kind):
        return False
    if not (limit.connectors or limit.domains):
        return True
    connectors = [] if is_new and kind in _CONNECTORS else _connectors_of(kind, object_id, value)
    if limit.connectors and connectors and set(connectors) <= set(limit.connectors):
        return True
    domains = domains_of(kind, value)
    return bool(limit.domains and domains) and all(_is_within(one, limit.domains) for one in domains)


def out_of_reach(limit: Limit | None, changes: Iterable[ObjectChange]) -> ObjectChange | None:
    """The first that is not within the limit, as it was or as it becomes."""
    for change in changes:
        for value in (change.before, change.after):
            is_new = change.before is None
            if value is not None and not reaches(limit, change.kind, change.object_id, value, is_new=is_new):
                return change
    return None


def words_of(change: ObjectChange) -> str:
    name = f" {change.name}" if change.kind != "organization" else ""
    return f"{label_inside(change.kind)}{name}"


def _connectors_of(kind: str, object_id: str, value: Json) -> list[str]:
    """The connectors that the object is, or is about alone."""
    if kind in _CONNECTORS:
        return [connector_name(kind, object_id)]
    if kind != "mail_flow_rules":
        return []
    return [connector_name("receive_connectors", one) for one in _condition_values(value, "ReceiveConnectorIs")]


def connector_name(kind: str, object_id: str) -> str:
    return f"{_CONNECTORS[kind]}/{object_id}"


def domains_of(kind: str, value: Json) -> list[str]:
    """All domains that the object is about; none where it is about any."""
    find = _DOMAINS.get(kind)
    return find(value) if find is not None else []


def _rule_domains(value: Json) -> list[str]:
    """A rule is about those that one of its conditions holds it to."""
    return _condition_values(value, "RecipientDomainIs") or _condition_values(value, "SenderDomainIs")


def _condition_values(value: Json, kind: str) -> list[str]:
    """Conditions AND: one alone narrows the rule."""
    return next((list(one.get("values") or ()) for one in value.get("conditions") or () if one["kind"] == kind), [])


def _policy_domains(value: Json) -> list[str]:
    """Whose mail it lets out: without senders it lets out anybody's."""
    senders = list(value.get("sender_addresses") or ())
    return [*senders, *(value.get("send_as_addresses") or ())] if senders else []


def _space_domains(value: Json) -> list[str]:
    """One with home servers takes the mail of every domain whose mailboxes are there."""
    return [] if value.get("home_servers") else [one["domain"] for one in value.get("address_spaces") or ()]


_DOMAINS: dict[str, Callable[[Any], list[str]]] = {
    "accepted_domains": lambda value: [value["domain"]],
    "remote_domains": lambda value: [value["domain"]],
    "recipients": lambda value: [value["address"], *(value.get("aliases") or ())],
    "distribution_groups": lambda value: [value["address"], *(value.get("aliases") or ())],
    "address_rewriting": lambda value: [value["internal_address"], value["external_address"]],
    "relay_policies": _policy_domains,
    "mail_flow_rules": _rule_domains,
    "send_connectors": _space_domains,
    "service_accounts": lambda value: list(value.get("addresses") or ()),
}


def _is_within(text: str, allowed: Iterable[str]) -> bool:
    """``contoso.com`` holds itself and its addresses; ``*.contoso.com`` subdomains too, and the pattern."""
    pattern = text.rpartition("@")[2].lower()
    domain = pattern.removeprefix("*.")
    for one in allowed:
        tree = one.removeprefix("*.")
        if pattern == one or (one.startswith("*.") and (domain == tree or domain.endswith(f".{tree}"))):
            return True
    return False
