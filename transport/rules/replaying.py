"""A decision of the past, or one asked about, decided from the start under any document: Explain and the impact of a
change. Pure."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace

from transport.model.session import SessionFacts
from transport.model.verdict import Stage, Step, Verdict
from transport.ports.recipients import RecipientLookup
from transport.rules import admission, ownership, service_accounts
from transport.rules.admission import DecisionInput
from transport.rules.ruleset import Ruleset


def replay(ruleset: Ruleset, question: DecisionInput, *, lookup: RecipientLookup, now: float) -> Verdict:
    """Decide ``question`` from the start: connect, helo, mail, rcpt; the first that is not an acceptance is the answer.

    The receive connector is chosen anew. The trail is that of all stages asked.
    """
    facts = served(ruleset, question.facts)
    trail: tuple[Step, ...] = ()
    verdict = admission.connect(ruleset, facts, now=now)
    asks: tuple[Callable[[], Verdict], ...] = (
        lambda: admission.helo(ruleset, facts, now=now),
        lambda: admission.mail(ruleset, facts, question.sender, declared_size_bytes=question.size_bytes, now=now),
        lambda: _replay_rcpt(ruleset, facts, question, lookup=lookup, now=now),
    )
    for ask in asks:
        trail += verdict.trail
        if not verdict.is_accepted:
            break
        verdict = ask()
    else:
        trail += verdict.trail
    return replace(verdict, trail=trail)


def served(ruleset: Ruleset, facts: SessionFacts) -> SessionFacts:
    """The session as it would be under ``ruleset``: by the connector that serves the peer there, if any does."""
    connector = ruleset.connector_for(facts.binding, facts.peer)
    return replace(
        facts,
        connector_id=connector.id if connector else "",
        revision=ruleset.revision,
        addresses=_addresses_of(ruleset, facts),
    )


def _addresses_of(ruleset: Ruleset, facts: SessionFacts) -> tuple[str, ...]:
    """What the user owns; where nobody can tell that of a directory's user, it is no difference of rules."""
    account = ruleset.service_accounts.get(facts.identity.casefold())
    if account is not None:
        return service_accounts.addresses(account)
    return facts.addresses or (ownership.ANYTHING if facts.identity else ())


def _replay_rcpt(
    ruleset: Ruleset, facts: SessionFacts, question: DecisionInput, *, lookup: RecipientLookup, now: float
) -> Verdict:
    if question.recipient is None:
        return admission.accept(Stage.MAIL)
    return admission.rcpt(
        ruleset, facts, question.sender, question.recipient, size_bytes=question.size_bytes, lookup=lookup, now=now
    )
