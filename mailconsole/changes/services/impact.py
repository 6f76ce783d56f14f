"""What a change would have done to recent traffic: recorded attempts decided again, by the rules that nodes run.

Each is decided under both documents; only those whose answer differs are told.
"""

from __future__ import annotations

import ipaddress
import time
from collections.abc import Iterable
from dataclasses import dataclass, field
from datetime import datetime, timedelta

from mailconsole.changes import recorded
from mailconsole.changes.recorded import RecordedDecision
from mailconsole.changes.services.plan import Plan
from transport.config.document import MailFlow
from transport.model.address import NULL, Address, InvalidAddress, parse_mailbox
from transport.model.session import SessionFacts, TlsFacts
from transport.model.verdict import Action, Verdict
from transport.rules import admission
from transport.rules.admission import DecisionInput, EntryKind, LookupUnavailable, RecipientEntry
from transport.rules.ruleset import Ruleset, compile_ruleset

SAMPLE_SIZE = 3000
SAMPLE_AGE = timedelta(days=7)
SAMPLE_TIME_S = 2.0
EXAMPLES = 3
GROUPS = 50
_PAST = {
    Action.ACCEPT: "accepted",
    Action.DEFER: "put off",
    Action.REFUSE: "refused",
    Action.DISCONNECT: "refused, connection closed",
}


@dataclass(frozen=True, slots=True)
class Example:
    """One attempt with both answers and both trails."""

    decision: RecordedDecision
    before: Verdict
    after: Verdict


@dataclass(slots=True)
class ImpactGroup:
    """Attempts of one client network and sender domain whose answer changes in one way."""

    network: str
    sender: str
    before: str
    after: str
    is_opening: bool
    count: int = 0
    examples: list[Example] = field(default_factory=list)
    peers: set[str] = field(default_factory=set)

    @property
    def client(self) -> str:
        """The one address, or the network of several."""
        return next(iter(self.peers)) if len(self.peers) == 1 else self.network


@dataclass(frozen=True, slots=True)
class Impact:
    """`sample` attempts since `since` were decided again; `is_known` is False where nothing records any."""

    is_known: bool
    sample: int
    since: datetime
    groups: tuple[ImpactGroup, ...]

    @property
    def count(self) -> int:
        return sum(group.count for group in self.groups)


def impact_of(plan: Plan, *, now: datetime) -> Impact:
    """The impact of a plan; empty where it has no document or nothing in it decides about admission."""
    source, since = recorded.decisions(), now - SAMPLE_AGE
    if source is None or plan.document is None:
        return Impact(False, 0, since, ())
    return replay(
        source(since=since, limit=SAMPLE_SIZE), before=plan.head_document, after=plan.document, since=since, now=now
    )


def replay(
    decisions: Iterable[RecordedDecision], *, before: MailFlow, after: MailFlow, since: datetime, now: datetime
) -> Impact:
    """Decide each again under both documents, for at most SAMPLE_TIME_S."""
    old, new = compile_ruleset(before), compile_ruleset(after)
    known = _Known(recorded.directory(), recorded.owners())
    groups: dict[tuple[str, str, str, str], ImpactGroup] = {}
    sample, end = 0, time.monotonic() + SAMPLE_TIME_S
    for decision in decisions:
        if time.monotonic() > end:
            break
        sample += 1
        example = _decide(decision, old, new, known, now.timestamp())
        if example is not None and outcome(example.before) != outcome(example.after):
            _group(groups, example)
    told = sorted(groups.values(), key=lambda group: (not group.is_opening, -group.count))
    return Impact(True, sample, since, tuple(told[:GROUPS]))


@dataclass(frozen=True, slots=True)
class _Known:
    """What the directory says today: a day's attempts are decided again by it, as nodes would decide the next ones."""

    finds: recorded.Finds
    owns: recorded.Owns


def _decide(decision: RecordedDecision, old: Ruleset, new: Ruleset, known: _Known, now: float) -> Example | None:
    """Both answers; None where what was recorded can't be asked again."""
    try:
        question = _question(decision, old, known.owns)
        lookup = _Lookup(decision, known.finds)
        return Example(
            decision,
            admission.replay(old, question, lookup=lookup, now=now),
            admission.replay(new, question, lookup=lookup, now=now),
        )
    except (InvalidAddress, ValueError):
        return None


def _question(decision: RecordedDecision, ruleset: Ruleset, owns: recorded.Owns) -> DecisionInput:
    facts = SessionFacts(
        session_id="",
        peer=decision.peer,
        peer_port=0,
        binding=decision.binding or _binding_of(decision, ruleset),
        connector_id=decision.connector_id,
        revision=0,
        started_at=decision.at.timestamp(),
        helo=decision.helo,
        identity=decision.identity,
        addresses=owns(decision.identity) if decision.identity else (),
        tls=TlsFacts(decision.tls, "") if decision.tls else None,
    )
    recipient = _address(decision.recipient) if decision.recipient else None
    return DecisionInput(facts, _address(decision.sender), recipient, decision.size_bytes)


def _address(text: str) -> Address:
    return parse_mailbox(text) if text else NULL


def _binding_of(decision: RecordedDecision, ruleset: Ruleset) -> str:
    connector = ruleset.receive_connectors.get(decision.connector_id)
    return connector.bindings[0] if connector is not None else ""


class _Lookup:
    """The directory as the rules ask it; where it cannot tell, a recipient is unknown that was so then."""

    def __init__(self, decision: RecordedDecision, finds: recorded.Finds) -> None:
        self._was_unknown = "5.1.1" in decision.reply
        self._finds = finds

    def find(self, address: str) -> RecipientEntry | None:
        try:
            return self._finds(address)
        except LookupUnavailable:
            return None if self._was_unknown else RecipientEntry(address, EntryKind.MAILBOX, address)


def outcome(verdict: Verdict) -> str:
    """The answer as the peer would have got it."""
    return "accepted" if verdict.reply is None else f"{_PAST[verdict.action]}: {verdict.reply}"


def _group(groups: dict[tuple[str, str, str, str], ImpactGroup], example: Example) -> None:
    decision, before, after = example.decision, outcome(example.before), outcome(example.after)
    network, sender = _network(decision.peer), decision.sender.rpartition("@")[2] or "<>"
    key = (network, sender, before, after)
    group = groups.setdefault(key, ImpactGroup(network, sender, before, after, example.after.is_accepted))
    group.count += 1
    group.peers.add(decision.peer)
    if len(group.examples) < EXAMPLES:
        group.examples.append(example)


def _network(peer: str) -> str:
    """The client's network, as far as neighbours are probably the same people: /24, /64."""
    address = ipaddress.ip_address(peer)
    return str(ipaddress.ip_network((address, 24 if address.version == 4 else 64), strict=False))
