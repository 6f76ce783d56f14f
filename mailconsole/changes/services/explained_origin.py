"""What lists say of where the mail of a relay of our own came from, for a question about an attempt. Pure."""

from __future__ import annotations

from dataclasses import replace
from datetime import datetime

from mailconsole.changes.services.list_answers import ListSource
from transport.model.verdict import Verdict
from transport.rules import from_inside as rules
from transport.rules.admission import DecisionInput
from transport.rules.dns_lists import Listing, Provider
from transport.rules.ruleset import Ruleset


def from_inside(
    ruleset: Ruleset,
    asked: DecisionInput,
    content: bytes | None,
    verdict: Verdict,
    lists: ListSource,
    *,
    now: datetime,
) -> Verdict:
    """``verdict`` with that, as the listener asks at the end of the data; as it is for any other client."""
    facts, at = asked.facts, now.timestamp()
    if not ruleset.asks_origin(facts) or asked.recipient is None:
        return verdict
    if content is None:
        return replace(verdict, trail=(*verdict.trail, rules.without_header(facts.peer)))
    found = rules.origin(ruleset, facts, content, max_header_bytes=len(content))
    providers = rules.providers_for(ruleset, facts, found, now=at)
    answers = lists(providers, found.address) if providers is not None else _nobody
    refusal, steps = rules.verdict(ruleset, found, [asked.recipient], providers, answers, now=at)
    return replace(refusal or verdict, trail=(*verdict.trail, *steps))


def _nobody(provider: Provider) -> Listing | None:
    return None
