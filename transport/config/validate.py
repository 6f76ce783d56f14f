"""Rules across objects: what one object cannot know of itself. A problem found is a place and a sentence.

An error keeps a change from being published; a warning is for the reviewer's eyes.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from datetime import datetime

from transport.config import (
    validate_accounts,
    validate_approval,
    validate_connectors,
    validate_policies,
    validate_recipients,
    validate_rewriting,
    validate_rules,
    validate_safety,
)
from transport.config.document import LIST_KINDS, OBJECT_KINDS, MailFlow
from transport.config.problem import Problem, Severity
from transport.config.words import KIND_LABELS

Rule = Callable[[MailFlow, datetime], Iterable[Problem]]


def validate(document: MailFlow, *, now: datetime) -> tuple[Problem, ...]:
    """Every problem of the document, errors first."""
    found = [problem for rule in RULES for problem in rule(document, now)]
    return tuple(sorted(found, key=lambda problem: problem.severity is not Severity.ERROR))


def errors(problems: Iterable[Problem]) -> tuple[Problem, ...]:
    return tuple(problem for problem in problems if problem.severity is Severity.ERROR)


def _names_are_unique(document: MailFlow, now: datetime) -> Iterator[Problem]:
    for kind in OBJECT_KINDS:
        seen: dict[str, str] = {}
        for item in getattr(document, kind):
            if item.name.casefold() in seen:
                sentence = f"Another {KIND_LABELS[kind].lower()} is called {item.name}: give this one its own name."
                yield Problem(kind, item.id, "name", sentence)
            seen[item.name.casefold()] = item.id


def _domains_are_unique(document: MailFlow, now: datetime) -> Iterator[Problem]:
    seen: dict[str, str] = {}
    for item in document.accepted_domains:
        if item.domain in seen:
            sentence = f"{item.domain} is accepted by {seen[item.domain]} too: delete one of them."
            yield Problem("accepted_domains", item.id, "domain", sentence)
        seen.setdefault(item.domain, item.name)


def _remote_domains_are_unique(document: MailFlow, now: datetime) -> Iterator[Problem]:
    seen: dict[str, str] = {}
    for item in document.remote_domains:
        if item.domain in seen:
            sentence = f"{item.domain} is a remote domain by {seen[item.domain]} too: delete one of them."
            yield Problem("remote_domains", item.id, "domain", sentence)
        seen.setdefault(item.domain, item.name)


def _default_domain_is_one(document: MailFlow, now: datetime) -> Iterator[Problem]:
    defaults = [item for item in document.accepted_domains if item.is_default]
    for item in defaults[1:]:
        sentence = f"{defaults[0].name} is the default domain already: only one can be."
        yield Problem("accepted_domains", item.id, "is_default", sentence)


def _entries_have_effect(document: MailFlow, now: datetime) -> Iterator[Problem]:
    for kind in LIST_KINDS:
        for entry in getattr(document, kind):
            if entry.expires_at is not None and entry.expires_at <= now:
                sentence = f"{entry.network} expired on {entry.expires_at:%Y-%m-%d}: it has no effect."
                yield Problem(kind, entry.network, "expires_at", sentence, Severity.WARNING)
    allowed = {entry.network for entry in document.ip_allow_list}
    for entry in document.ip_block_list:
        if entry.network in allowed:
            sentence = f"{entry.network} is on the IP allow list too, which wins: it is not blocked."
            yield Problem("ip_block_list", entry.network, "network", sentence, Severity.WARNING)


def _delays_are_told_in_time(document: MailFlow, now: datetime) -> Iterator[Problem]:
    said = document.organization
    is_told = said.is_delay_dsn_enabled and (said.is_internal_delay_dsn_enabled or said.is_external_delay_dsn_enabled)
    if is_told and said.delay_notification_timeout >= said.message_expiration_timeout:
        sentence = "Messages expire before senders would be told of the delay: nobody is told."
        yield Problem("organization", "organization", "delay_notification_timeout", sentence, Severity.WARNING)
    for priority in ("high", "low") if is_told and said.is_priority_queuing_enabled else ():
        name = f"{priority}_priority_delay_notification_timeout"
        if getattr(said, name) >= getattr(said, f"{priority}_priority_message_expiration_timeout"):
            sentence = f"Messages of {priority} priority expire before senders would be told of the delay."
            yield Problem("organization", "organization", name, sentence, Severity.WARNING)


RULES: tuple[Rule, ...] = (
    _names_are_unique,
    _domains_are_unique,
    _remote_domains_are_unique,
    _default_domain_is_one,
    *validate_connectors.RULES,
    *validate_policies.RULES,
    *validate_accounts.RULES,
    *validate_approval.RULES,
    *validate_recipients.RULES,
    *validate_rewriting.RULES,
    *validate_rules.RULES,
    *validate_safety.RULES,
    _entries_have_effect,
    _delays_are_told_in_time,
)

__all__ = ["Problem", "Severity", "errors", "validate"]
