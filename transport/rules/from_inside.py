"""Mail that a relay of our own hands on (Exchange: InternalSMTPServers): IP lists and lists in DNS are asked about
where it came from, which its header says. Pure; the answers of lists in DNS come in as values.

Such mail is judged at the end of its data: one reply for all its recipients.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import replace

from transport.model.address import Address
from transport.model.session import SessionFacts
from transport.model.verdict import Action, Answer, Stage, Step, Verdict
from transport.rules import headers, ip_filter, listing, received
from transport.rules.dns_lists import ListProviders
from transport.rules.listing import Answers
from transport.rules.received import Origin
from transport.rules.ruleset import Ruleset

NAME = "InternalSMTPServers"


def origin(ruleset: Ruleset, facts: SessionFacts, content: bytes, *, max_header_bytes: int) -> Origin:
    """Where the message came from to the first server of ours."""
    header = headers.header_of(content[:max_header_bytes])
    return received.origin(header, facts.peer, ruleset.is_inner_hop)


def providers_for(ruleset: Ruleset, facts: SessionFacts, found: Origin, *, now: float) -> ListProviders | None:
    """Who is asked about that address."""
    return listing.providers_for(ruleset, facts.changed(peer=found.address), now=now) if found.address else None


def verdict(
    ruleset: Ruleset,
    found: Origin,
    recipients: Iterable[Address],
    providers: ListProviders | None,
    answers: Answers,
    *,
    now: float,
) -> tuple[Verdict | None, tuple[Step, ...]]:
    """A refusal of the message, or None; and the steps. One recipient that a list refuses it for is enough."""
    steps: tuple[Step, ...] = (step(found),)
    if not found.address:
        return None, steps
    is_blocked, by_entry = ip_filter.check(ruleset, found.address, now=now)
    steps += by_entry
    if is_blocked:
        reply = ip_filter.rejection(ruleset.organization, found.address, code=550)
        reason = f"IP block list: {by_entry[0].name}. {found.because}"
        return Verdict(Action.REFUSE, Stage.DATA, reply, reason, steps), steps
    told: dict[Step, None] = {}
    for recipient in recipients if providers is not None else ():
        assert providers is not None
        by_lists = listing.by_lists(providers, answers, found.address, recipient)
        if by_lists.refusal is not None:
            refusal, trail = by_lists.refusal, (*steps, *by_lists.steps)
            reason = f"{refusal.reason} {found.because}"
            return replace(refusal, stage=Stage.DATA, reason=reason, trail=trail), trail
        told |= dict.fromkeys(by_lists.steps)
    return None, (*steps, *told)


def step(found: Origin) -> Step:
    answer = Answer.YES if found.is_known else Answer.CANNOT_TELL
    return Step("organization", "", NAME, answer, found.because)


def without_header(peer: str) -> Step:
    """For a question that brings no header."""
    because = f"{peer} is a server of ours: lists are asked about where its mail comes from, and no header says that."
    return Step("organization", "", NAME, Answer.CANNOT_TELL, because)
