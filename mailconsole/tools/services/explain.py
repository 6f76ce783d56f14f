"""Why would this be accepted or refused? The question put to the rules that nodes run, under any document. Pure."""

from __future__ import annotations

from dataclasses import dataclass, replace
from datetime import datetime
from enum import StrEnum

from mailconsole.changes.recorded import Finds
from transport.config.document import MailFlow
from transport.model.address import NULL, Address, parse_mailbox
from transport.model.session import SessionFacts, TlsFacts
from transport.model.verdict import Answer, Step, Verdict
from transport.rules import admission, routing
from transport.rules.admission import DecisionInput, EntryKind, LookupUnavailable, RecipientEntry
from transport.rules.recipients import Resolution, resolve
from transport.rules.restrictions import Sender
from transport.rules.ruleset import Ruleset, compile_ruleset

ANY_TLS = TlsFacts("TLSv1.3", "")
_TONES = {Answer.YES: ("good", "Yes"), Answer.NO: ("idle", "No"), Answer.CANNOT_TELL: ("warn", "Can't tell")}


class Directory(StrEnum):
    """What the directory answers about the recipient."""

    ASK = ""
    KNOWN = "known"
    UNKNOWN = "unknown"
    UNAVAILABLE = "unavailable"

    @property
    def sentence(self) -> str:
        return _DIRECTORY_SENTENCES[self]


_DIRECTORY_SENTENCES = {
    Directory.ASK: "As the directory says",
    Directory.KNOWN: "As if it knew the recipient",
    Directory.UNKNOWN: "As if it didn't know the recipient",
    Directory.UNAVAILABLE: "As if it could not answer",
}


@dataclass(frozen=True, slots=True)
class Question:
    """One attempt that was or might be made. ``sender`` is empty for the null reverse-path."""

    peer: str
    binding: str
    sender: str
    recipient: str
    helo: str = ""
    identity: str = ""
    is_tls: bool = False
    size_bytes: int = 0


@dataclass(frozen=True, slots=True)
class ExplainedStep:
    """One step of the trail as pages show it."""

    kind: str
    object_id: str
    name: str
    tone: str
    answer: str
    because: str


@dataclass(frozen=True, slots=True)
class Way:
    """Where an accepted message would go: the addresses that share a route."""

    addresses: tuple[str, ...]
    route: routing.Route


@dataclass(frozen=True, slots=True)
class Explanation:
    """The answer, how it was found, what would become of the recipient, and where an accepted message would go."""

    verdict: Verdict
    trail: tuple[ExplainedStep, ...]
    resolution: Resolution | None = None
    ways: tuple[Way, ...] = ()
    is_waiting: bool = False
    """Accepted, but who gets it can't be told while the directory does not answer."""


def explain(
    question: Question, *, document: MailFlow, revision: int, directory: Directory, finds: Finds, now: datetime
) -> Explanation:
    """Answer by the document. ``finds`` is the directory. Raises InvalidAddress."""
    ruleset = compile_ruleset(document, revision)
    recipient = parse_mailbox(question.recipient)
    asked = DecisionInput(_facts(question, revision, now), _sender(question), recipient, question.size_bytes)
    lookup = _Answering(_FINDS.get(directory, finds))
    verdict = admission.replay(ruleset, asked, lookup=lookup, now=now.timestamp())
    answer = Explanation(verdict, tuple(_step(step) for step in verdict.trail))
    if not verdict.is_accepted:
        return answer
    try:
        sender = Sender(asked.sender, bool(question.identity))
        resolution = resolve(ruleset, recipient, lookup, sender=sender, size_bytes=question.size_bytes)
    except LookupUnavailable:
        return replace(answer, is_waiting=True)
    return replace(answer, resolution=resolution, ways=_ways(ruleset, resolution, question.size_bytes))


def _ways(ruleset: Ruleset, resolution: Resolution, size_bytes: int) -> tuple[Way, ...]:
    """Alike are those that go the same way for the same reasons."""
    found: dict[routing.Route, list[str]] = {}
    for delivery in resolution.deliveries:
        domain, home = delivery.address.domain, delivery.home_server
        route = routing.route(ruleset, domain, size_bytes=size_bytes, home_server=home)
        found.setdefault(route, []).append(str(delivery.address))
    return tuple(Way(tuple(addresses), route) for route, addresses in found.items())


def _facts(question: Question, revision: int, now: datetime) -> SessionFacts:
    return SessionFacts(
        session_id="",
        peer=question.peer,
        peer_port=0,
        binding=question.binding,
        connector_id="",
        revision=revision,
        started_at=now.timestamp(),
        helo=question.helo,
        is_esmtp=True,
        identity=question.identity,
        tls=ANY_TLS if question.is_tls else None,
    )


def _sender(question: Question) -> Address:
    return parse_mailbox(question.sender) if question.sender else NULL


def _step(step: Step) -> ExplainedStep:
    tone, word = _TONES[step.answer]
    return ExplainedStep(step.kind.replace("_", " "), step.object_id, step.name, tone, word, step.because)


class _Answering:
    """The directory as the rules ask it."""

    def __init__(self, finds: Finds) -> None:
        self._finds = finds

    def find(self, address: str) -> RecipientEntry | None:
        return self._finds(address)


def _known(address: str) -> RecipientEntry | None:
    return RecipientEntry(address, EntryKind.MAILBOX, address)


def _unknown(address: str) -> RecipientEntry | None:
    return None


def _unavailable(address: str) -> RecipientEntry | None:
    raise LookupUnavailable("it was asked as if it could not answer")


_FINDS: dict[Directory, Finds] = {
    Directory.KNOWN: _known,
    Directory.UNKNOWN: _unknown,
    Directory.UNAVAILABLE: _unavailable,
}
