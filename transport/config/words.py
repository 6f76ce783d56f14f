"""The diff in words: what people read before they approve. Sentences name the thing; names stand between asterisks.

Words of a field that means something to mail stand with its kind (``connector_words``, ``access_words`` and their
like); any other field is told as a setting (``field_words``).
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from itertools import groupby

from transport.config.created_words import create_words
from transport.config.diff import ORGANIZATION, FieldChange, Json, ObjectChange, completed, object_of
from transport.config.document import LIST_KINDS, SECTIONS, MailFlow
from transport.config.field_words import field_words
from transport.config.naming import named
from transport.config.phrases import Parts, Say, em, join, show
from transport.config.rule_words import action_words

KIND_LABELS = {
    "organization": "Organisation",
    "receive_connectors": "Receive connector",
    "send_connectors": "Send connector",
    "accepted_domains": "Accepted domain",
    "remote_domains": "Remote domain",
    "recipients": "Recipient",
    "distribution_groups": "Distribution group",
    "address_rewriting": "Address rewrite entry",
    "relay_policies": "Relay policy",
    "mail_flow_rules": "Mail flow rule",
    "service_accounts": "Service account",
    "ip_block_list_providers": "Block-list provider",
    "ip_allow_list_providers": "Allow-list provider",
    "approval_rules": "Approval rule",
    "reviewer_groups": "Reviewer group",
    "ip_allow_list": "IP allow list",
    "ip_block_list": "IP block list",
}
KIND_PLURALS = {
    "organization": "Organisation",
    "receive_connectors": "Receive connectors",
    "send_connectors": "Send connectors",
    "accepted_domains": "Accepted domains",
    "remote_domains": "Remote domains",
    "recipients": "Recipients of our own",
    "distribution_groups": "Distribution groups",
    "address_rewriting": "Address rewriting",
    "relay_policies": "Relay policies",
    "mail_flow_rules": "Mail flow rules",
    "service_accounts": "Service accounts",
    "ip_block_list_providers": "Block-list providers",
    "ip_allow_list_providers": "Allow-list providers",
    "approval_rules": "Approval rules",
    "reviewer_groups": "Reviewer groups",
    "ip_allow_list": "IP allow list",
    "ip_block_list": "IP block list",
}
LISTED_AT_MOST = 5


def label_inside(kind: str) -> str:
    """A kind within a sentence: `relay policy`, but `IP block list`."""
    label = KIND_LABELS[kind]
    return label if label[:2].isupper() else label[:1].lower() + label[1:]


@dataclass(frozen=True, slots=True)
class Sentence:
    """One thing that changes. ``object_id`` is empty where the sentence is about several entries of a list."""

    kind: str
    object_id: str
    parts: Parts

    def __str__(self) -> str:
        return "".join(f"*{part.text}*" if part.is_emphasised else part.text for part in self.parts)


def in_words(changes: Iterable[ObjectChange], before: MailFlow) -> tuple[Sentence, ...]:
    """The changes as sentences, in their order; many entries of an IP list are told as one. ``before`` is the document
    that they lead from: it has the names of what they do not touch."""
    sentences: list[Sentence] = []
    for kind, group in groupby(named(map(completed, changes), before), key=lambda change: change.kind):
        tell = _list_words if kind in LIST_KINDS else _objects_words
        sentences += tell(kind, tuple(group))
    return tuple(sentences)


def _objects_words(kind: str, changes: tuple[ObjectChange, ...]) -> Iterator[Sentence]:
    for change in changes:
        for words in _change_words(change):
            yield Sentence(kind, change.object_id, (*_subject(change), *words, Say(".")))


def _subject(change: ObjectChange) -> Parts:
    label = KIND_LABELS[change.kind]
    if change.kind == ORGANIZATION:
        return (Say(f"{label} "),)
    name = name_before(change)
    return (Say(f"{label} "), em(name), Say(" "))


def name_before(change: ObjectChange) -> str:
    """The name that readers know: the one before the change, where there was one."""
    said = change.before if change.before is not None else change.after
    return str((said or {}).get("name") or change.object_id)


def _change_words(change: ObjectChange) -> Iterator[Parts]:
    if change.before is None:
        yield (Say("is new"), *create_words(change.kind, change.after or {}))
    elif change.after is None:
        yield (Say("is deleted"), *_deleted_effect(change.kind, change.before))
    else:
        for field in change.fields:
            yield from field_words(change.kind, field)


def _deleted_effect(kind: str, before: Json) -> Parts:
    """What stops with it, in one clause."""
    if kind == "relay_policies":
        who = join([*before["networks"], *before["identities"], *before["client_certificates"]])
        return (Say(f": {who} may no longer relay by it"),)
    if kind == "mail_flow_rules":
        return (Say(f": it will no longer {join(map(action_words, before['actions']))}"),)
    if kind == "accepted_domains":
        return (Say(f": mail for {before['domain']} is no longer accepted from everyone"),)
    if kind in ("recipients", "distribution_groups"):
        return (Say(f": {join([before['address'], *before['aliases']])} is no longer known by it"),)
    if kind == "address_rewriting":
        return (Say(f": {before['internal_address']} is no longer shown as {before['external_address']}"),)
    if kind == "send_connectors":
        homes = [f"the home server {one['server']}" for one in before["home_servers"]]
        spaces = [space["domain"] for space in before["address_spaces"]]
        return (Say(f": it no longer serves {join([*homes, *spaces])}"),)
    if kind == "receive_connectors":
        return (Say(f": it no longer listens on {join(before['bindings'])}"),)
    return ()


def _list_words(kind: str, changes: tuple[ObjectChange, ...]) -> Iterator[Sentence]:
    yield from _entries(kind, "gains", [change for change in changes if change.is_new])
    yield from _entries(kind, "loses", [change for change in changes if change.is_deleted])
    for change in changes:
        if change.is_new or change.is_deleted:
            continue
        for field in change.fields:
            words = (Say(f"{KIND_LABELS[kind]}: entry "), em(change.object_id), Say(" "), *_setting(field), Say("."))
            yield Sentence(kind, change.object_id, words)


def _entries(kind: str, verb: str, changes: list[ObjectChange]) -> Iterator[Sentence]:
    if not changes:
        return
    listed = changes[:LISTED_AT_MOST]
    parts: list[Say] = [Say(f"{KIND_LABELS[kind]} {verb} ")]
    if len(changes) > 1:
        parts.append(Say(f"{len(changes):,} entries: "))
    for number, change in enumerate(listed):
        parts += [Say(", " if number else ""), em(change.object_id), *_entry_note(change.after)]
    if len(changes) > len(listed):
        parts.append(Say(f" and {len(changes) - len(listed):,} more"))
    only = changes[0].object_id if len(changes) == 1 else ""
    yield Sentence(kind, only, (*(part for part in parts if part.text), Say(".")))


def _entry_note(after: Json | None) -> Parts:
    if after is None:
        return ()
    notes = [after["comment"]] if after["comment"] else []
    notes += [f"until {show('expires_at', after['expires_at'])}"] if after["expires_at"] else []
    return (Say(f" ({'; '.join(notes)})"),) if notes else ()


def _setting(field: FieldChange) -> Parts:
    return next(iter(field_words("", field)))


def plain(sentences: Iterable[Sentence]) -> str:
    """One sentence a line, for files, terminals and the audit."""
    return "\n".join(str(sentence) for sentence in sentences)


def object_name(document: MailFlow, kind: str, object_id: str) -> str:
    """The name of an object in the document; its identity where it is not there."""
    if kind in SECTIONS and kind != ORGANIZATION:
        return str(getattr(object_of(document, kind, object_id), "name", object_id))
    return ""
