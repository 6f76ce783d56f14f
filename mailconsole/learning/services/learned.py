"""Candidates of a window: clients by network and sender, and which policy of today admits them."""

from __future__ import annotations

import hashlib
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime

from mailconsole.changes.explain_link import explain_link
from mailconsole.changes.services.explanation import Question
from mailconsole.changes.services.revisions import head_revision, load_document
from mailconsole.imports.coverage import policy_that_covers
from mailconsole.imports.seen import Candidate, candidates
from mailconsole.learning.models import LearningWindow
from mailconsole.learning.refusals import NeverLearned
from mailconsole.learning.services.observe import Observed, observe
from mailconsole.learning.services.windows import connector_name, current_window
from transport.config.document import MailFlow

SOMEBODY = "somebody"


@dataclass(frozen=True, slots=True)
class Learned:
    """``key`` names it on the page; ``admitted_by`` is a policy of what is published; ``explain_url`` asks about mail
    as it sends: no more than domains are kept."""

    key: str
    candidate: Candidate
    admitted_by: str
    explain_url: str = ""

    @property
    def last_at(self) -> datetime | None:
        return datetime.fromisoformat(self.candidate.last_at) if self.candidate.last_at else None


@dataclass(frozen=True, slots=True)
class Lesson:
    """What a window shows."""

    observed: Observed
    learned: list[Learned]
    others: int
    """Clients that sent to our own domains only."""


@dataclass(frozen=True, slots=True)
class Learning:
    """The window that goes on or the last one, and what it has shown until now."""

    window: LearningWindow
    lesson: Lesson


def learning_of(connector_id: str, *, now: datetime) -> Learning:
    """Raises NoSuchConnector, NeverLearned."""
    name, window = connector_name(connector_id), current_window(connector_id)
    if window is None:
        raise NeverLearned(f"Nothing was learned of {name} yet: begin a window.")
    document = load_document(head_revision())
    ends_at = min(window.ends_at, now)
    return Learning(window, learn(connector_id, begins_at=window.begins_at, ends_at=ends_at, document=document))


def learn(connector_id: str, *, begins_at: datetime, ends_at: datetime, document: MailFlow) -> Lesson:
    observed = observe(connector_id, begins_at=begins_at, ends_at=ends_at)
    found = candidates(observed.clients, ours=own_domains(document))
    known = sum(len(one.clients) for one in found)
    binding = next((one.bindings[0] for one in document.receive_connectors if one.id == connector_id), "")
    learned = [
        Learned(_key(one), one, policy_that_covers(one, document.relay_policies), _explained(one, binding))
        for one in found
    ]
    return Lesson(observed, learned, len(observed.clients) - known)


def _explained(candidate: Candidate, binding: str) -> str:
    sender, recipient = (next(iter(one), "") for one in (candidate.sender_domains, candidate.recipient_domains))
    return explain_link(
        Question(
            peer=candidate.clients[0].peer,
            binding=binding,
            sender=f"{SOMEBODY}@{sender}" if sender else "",
            recipient=f"{SOMEBODY}@{recipient}" if recipient else "",
            identity=next(iter(candidate.identities), ""),
            is_tls=candidate.is_tls_always,
        )
    )


def own_domains(document: MailFlow) -> Iterable[str]:
    return [
        name
        for one in document.accepted_domains
        for name in ((one.domain, f"*.{one.domain}") if one.match_subdomains else (one.domain,))
    ]


def _key(candidate: Candidate) -> str:
    """The same for as long as the same clients send as the same domains."""
    said = [*candidate.networks, "", *candidate.sender_domains, str(candidate.is_refused), *candidate.identities]
    return hashlib.sha256("\n".join(said).encode()).hexdigest()[:16]
