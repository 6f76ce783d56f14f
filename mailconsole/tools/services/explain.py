"""Why would this be accepted or refused? The question put to the rules that nodes run, under any document. Pure."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum
from typing import Any

from mailconsole.changes.recorded import Knows
from transport.config.document import MailFlow
from transport.model.address import NULL, Address, parse_mailbox
from transport.model.session import SessionFacts, TlsFacts
from transport.model.verdict import Answer, Step, Verdict
from transport.rules import admission, routing
from transport.rules.admission import DecisionInput, EntryKind, LookupUnavailable, RecipientEntry
from transport.rules.ruleset import compile_ruleset

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
class Explanation:
    """The answer, how it was found, and where an accepted message would go."""

    verdict: Verdict
    trail: tuple[ExplainedStep, ...]
    route: routing.Route | None


def explain(
    question: Question, *, document: MailFlow, revision: int, directory: Directory, knows: Knows, now: datetime
) -> Explanation:
    """Answer by the document. ``knows`` is the directory. Raises InvalidAddress."""
    ruleset = compile_ruleset(document, revision)
    recipient = parse_mailbox(question.recipient)
    asked = DecisionInput(_facts(question, revision, now), _sender(question), recipient, question.size_bytes)
    verdict = admission.replay(ruleset, asked, lookup=_Answering(_KNOWS.get(directory, knows)), now=now.timestamp())
    route = None
    if verdict.is_accepted:
        route = routing.route(ruleset, recipient.domain, size_bytes=question.size_bytes)
    return Explanation(verdict, tuple(_step(step) for step in verdict.trail), route)


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

    def __init__(self, knows: Knows) -> None:
        self._knows = knows

    def find(self, address: str) -> Any:
        answer = self._knows(address)
        if answer is Answer.CANNOT_TELL:
            raise LookupUnavailable("it has not been synchronised, or can't be read here")
        return RecipientEntry(address, EntryKind.MAILBOX, address) if answer is Answer.YES else None


_KNOWS: dict[Directory, Knows] = {
    Directory.KNOWN: lambda address: Answer.YES,
    Directory.UNKNOWN: lambda address: Answer.NO,
    Directory.UNAVAILABLE: lambda address: Answer.CANNOT_TELL,
}
