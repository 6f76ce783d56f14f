"""Why would this be accepted or refused? The question put to the rules that nodes run, under any document. Pure."""

from __future__ import annotations

import ipaddress
from collections.abc import Sequence
from dataclasses import replace
from datetime import datetime

from mailconsole.changes import recorded
from mailconsole.changes.recorded import Finds, Owns
from mailconsole.changes.services.explained_origin import from_inside
from mailconsole.changes.services.explanation import Directory, ExplainedStep, Explanation, Question, SentOn, Way
from mailconsole.changes.services.list_answers import ListSource, ask_nobody
from transport.config.document import MailFlow
from transport.model.address import NULL, Address, parse_mailbox, parse_path
from transport.model.session import SessionFacts, TlsFacts
from transport.model.verdict import Answer, Stage, Step, Verdict
from transport.rules import (
    admission,
    headers,
    listing,
    mail_flow_rules,
    ownership,
    remote_domains,
    replaying,
    routing,
)
from transport.rules.admission import DecisionInput, EntryKind, LookupUnavailable, RecipientEntry, RecipientLookup
from transport.rules.authors import authors
from transport.rules.mail_flow_rules import Decided
from transport.rules.recipients import Resolution, resolve, together
from transport.rules.restrictions import Sender
from transport.rules.rule_effects import Effects
from transport.rules.rule_facts import RuleFacts
from transport.rules.ruleset import Ruleset, compile_ruleset

ANY_TLS = TlsFacts("TLSv1.3", "")
_TONES = {Answer.YES: ("good", "Yes"), Answer.NO: ("idle", "No"), Answer.CANNOT_TELL: ("warn", "Can't tell")}


def explain(
    question: Question,
    *,
    document: MailFlow,
    revision: int,
    directory: Directory,
    finds: Finds,
    now: datetime,
    shows_hidden: bool = False,
    lists: ListSource = ask_nobody,
    owns: Owns = recorded.owns_what_it_says,
    nodes: Sequence[str] = (),
) -> Explanation:
    """Answer by the document. ``finds`` is the directory; without ``shows_hidden`` groups that hide their members are
    asked nothing. ``lists`` says what lists in DNS answer, ``owns`` as whom users may send; each of ``nodes`` may send
    it another way. Raises InvalidAddress."""
    ruleset = compile_ruleset(document, revision)
    recipient = parse_path(f"<{question.recipient}>", allow_postmaster=True) if question.recipient else None
    asked = DecisionInput(_facts(question, revision, now, owns), _sender(question), recipient, question.size_bytes)
    lookup = _Answering(_FINDS.get(directory, finds if shows_hidden else recorded.discreet(finds)))
    verdict = replaying.replay(ruleset, asked, lookup=lookup, now=now.timestamp())
    if verdict.is_accepted and recipient is not None:
        verdict = _listed(ruleset, asked, recipient, verdict, lists, now=now)
    if not verdict.is_accepted or recipient is None:
        return Explanation(
            verdict, tuple(_step(step) for step in verdict.trail), is_without_recipient=verdict.is_accepted
        )
    content = _content(question)
    refusal = _examined(ruleset, asked, recipient, content, lookup=lookup, now=now)
    if refusal is not None:
        verdict = replace(refusal, trail=(*verdict.trail, *refusal.trail))
        return Explanation(verdict, tuple(_step(step) for step in verdict.trail))
    verdict = from_inside(ruleset, asked, content, verdict, lists, now=now)
    if not verdict.is_accepted:
        return Explanation(verdict, tuple(_step(step) for step in verdict.trail))
    decided = _ruled(ruleset, question, asked, content, lookup=lookup, now=now)
    verdict = _after_rules(verdict, decided)
    answer = Explanation(
        verdict,
        tuple(_step(step) for step in verdict.trail),
        is_deleted=decided.effects.is_deleted,
        withheld_rules=tuple(step.name for step in decided.trail if step.is_withheld),
    )
    if not verdict.is_accepted or answer.is_deleted:
        return answer
    effects = decided.effects
    targets = list({one.key: one for one in [*(effects.recipients or [recipient]), *effects.added]}.values())
    try:
        resolution = _resolved(ruleset, targets, asked, lookup=lookup)
    except LookupUnavailable:
        return replace(answer, is_waiting=True, sent_on=_sent_on(recipient, decided))
    ways = _ways(ruleset, resolution, question.size_bytes, effects, nodes)
    sent_on = _sent_on(recipient, decided)
    return replace(answer, resolution=resolution, ways=ways, sent_on=sent_on, held_by=effects.held_by)


def _listed(
    ruleset: Ruleset,
    asked: DecisionInput,
    recipient: Address,
    verdict: Verdict,
    lists: ListSource,
    *,
    now: datetime,
) -> Verdict:
    """With the answers of lists in DNS, which come after all else at RCPT; nobody who signed in is asked about."""
    providers = listing.providers_for(ruleset, asked.facts, now=now.timestamp())
    if providers is None or asked.facts.identity:
        return verdict
    peer = asked.facts.peer
    found = listing.by_lists(providers, lists(providers, peer), peer, recipient)
    return replace(found.refusal or verdict, trail=(*verdict.trail, *found.steps))


def _content(question: Question) -> bytes | None:
    """The header with CRLF line ends, and no body; None where the question has none."""
    lines = question.header.strip().splitlines()
    return "".join(f"{line}\r\n" for line in [*lines, ""]).encode("utf-8", "replace") if lines else None


def _examined(
    ruleset: Ruleset,
    asked: DecisionInput,
    recipient: Address,
    content: bytes | None,
    *,
    lookup: RecipientLookup,
    now: datetime,
) -> Verdict | None:
    """A refusal by what the header says, as the listener gives it at the end of the data, in its order."""
    if content is None:
        return None
    facts = replaying.served(ruleset, asked.facts)
    connector = ruleset.receive_connectors[facts.connector_id]
    header = headers.read(content, max_bytes=connector.max_header_size)
    header = headers.with_local_hops(header, content, connector.fqdn or ruleset.organization.hostname or "?")
    verdict = admission.data(
        ruleset,
        facts,
        asked.sender,
        [recipient],
        size_bytes=asked.size_bytes,
        header_size_bytes=header.size_bytes,
        hop_count=header.hop_count,
        local_hop_count=header.local_hop_count,
        lookup=lookup,
        now=now.timestamp(),
    )
    if not verdict.is_accepted:
        return verdict
    if ownership.asks_header(connector, facts):
        found = ownership.header(ruleset, facts, authors(headers.header_of(content)), now=now.timestamp())
        if found is not None:
            return found
    remote = ruleset.remote_domains
    return remote_domains.message(remote, [recipient], content) if remote is not None else None


def _sent_on(recipient: Address, decided: Decided) -> tuple[SentOn, ...]:
    """Whom mail flow rules send it to, and by which rule's action."""
    effects = decided.effects
    because = " ".join(step.sentence for step in decided.told if step.is_done)
    told = [] if effects.recipients is None else [SentOn("Redirected", tuple(map(str, effects.recipients)), because)]
    known = {one.key for one in effects.recipients or [recipient]}
    added = tuple(str(one) for one in effects.added if one.key not in known)
    return (*told, SentOn("Added", added, because)) if added else tuple(told)


def _ruled(
    ruleset: Ruleset,
    question: Question,
    asked: DecisionInput,
    content: bytes | None,
    *,
    lookup: RecipientLookup,
    now: datetime,
) -> Decided:
    """What mail flow rules say. Without a header they can't tell what they look for there; there is no body."""
    assert asked.recipient is not None
    facts = RuleFacts(
        session=replaying.served(ruleset, asked.facts),
        sender=asked.sender,
        recipients=[asked.recipient],
        size_bytes=question.size_bytes,
        content=content,
    )
    return mail_flow_rules.decide_rules(ruleset, facts, lookup=lookup, now=now.timestamp())


def _after_rules(verdict: Verdict, decided: Decided) -> Verdict:
    trail = (*verdict.trail, *(one.step for one in decided.trail))
    if decided.refusal is None:
        return replace(verdict, trail=trail)
    return admission.refuse(Stage.DATA, decided.refusal, decided.because, trail)


def _resolved(ruleset: Ruleset, targets: list[Address], asked: DecisionInput, *, lookup: RecipientLookup) -> Resolution:
    """Who gets it, in all. Raises LookupUnavailable."""
    sender = Sender(asked.sender, bool(asked.facts.identity))
    return together(resolve(ruleset, one, lookup, sender=sender, size_bytes=asked.size_bytes) for one in targets)


def _ways(
    ruleset: Ruleset, resolution: Resolution, size_bytes: int, effects: Effects, nodes: Sequence[str]
) -> tuple[Way, ...]:
    """One for all nodes where each goes the same way, for the same reasons; else those of each."""
    is_scoped = any(one.source_transport_servers for one in ruleset.send_connectors)
    found: dict[tuple[tuple[str, ...], routing.Route], list[str]] = {}
    for node in nodes if is_scoped else ():
        for way in _ways_on(ruleset.on_node(node), resolution, size_bytes, effects):
            found.setdefault((way.addresses, way.route), []).append(node)
    if not found:
        ways = _ways_on(ruleset, resolution, size_bytes, effects)
        return tuple(replace(way, only_on=routing.scope(ruleset, way.route)) for way in ways)
    return tuple(
        Way(addresses, route, () if len(on) == len(nodes) else tuple(on)) for (addresses, route), on in found.items()
    )


def _ways_on(ruleset: Ruleset, resolution: Resolution, size_bytes: int, effects: Effects) -> tuple[Way, ...]:
    """Alike are those that go the same way for the same reasons; each gets it once, as the categorizer sees to."""
    found: dict[routing.Route, list[str]] = {}
    by = effects.connector_id
    for delivery in resolution.deliveries:
        domain, home = delivery.address.domain, delivery.home_server
        route = routing.choose(ruleset, domain, size_bytes=size_bytes, home_server=home, by_connector=by)
        if effects.is_tls_required:
            route = replace(route, next_hop=routing.requiring_tls(route.next_hop))
        addresses = found.setdefault(route, [])
        if str(delivery.address) not in addresses:
            addresses.append(str(delivery.address))
    return tuple(Way(tuple(addresses), route) for route, addresses in found.items())


def _facts(question: Question, revision: int, now: datetime, owns: Owns) -> SessionFacts:
    return SessionFacts(
        session_id="",
        peer=_peer(question.peer),
        peer_port=0,
        binding=question.binding,
        connector_id="",
        revision=revision,
        started_at=now.timestamp(),
        helo=question.helo,
        is_esmtp=True,
        identity=question.identity,
        addresses=owns(question.identity) if question.identity else (),
        tls=_tls(question),
    )


def _peer(text: str) -> str:
    """As nodes write it: an IPv4 client of a dual-stack socket by its IPv4 address."""
    address = ipaddress.ip_address(text)
    mapped = address.ipv4_mapped if isinstance(address, ipaddress.IPv6Address) else None
    return str(mapped or address)


def _tls(question: Question) -> TlsFacts | None:
    if question.certificate:
        return replace(ANY_TLS, client_fingerprint=question.certificate)
    return ANY_TLS if question.is_tls else None


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
