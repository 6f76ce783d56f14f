"""Whether a client and a recipient meet the lists in DNS, for all who decide: the listener, Explain, a change's impact.
Pure: whoever calls brings the answers."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass

from transport.model.address import Address
from transport.model.session import SessionFacts
from transport.model.verdict import Answer, Step, Verdict
from transport.rules import dns_lists
from transport.rules.dns_lists import Listing, ListProviders, Provider
from transport.rules.ruleset import Ruleset

Answers = Callable[[Provider], Listing | None]
"""What a provider says of the client; None where nobody asked it."""


def providers_for(ruleset: Ruleset, facts: SessionFacts, *, now: float) -> ListProviders | None:
    """Who is asked about the client; None where nobody is: it is one that no list knows, or on the IP allow list, or a
    relay of our own."""
    providers = ruleset.list_providers
    if providers is None or facts.is_unnamed or not dns_lists.is_asked_about(facts.peer):
        return None
    if ruleset.is_inner(facts.peer):
        return None
    return providers if ruleset.ip_allow_list.find(facts.peer, now) is None else None


@dataclass(frozen=True, slots=True)
class ByLists:
    """``refusal`` of the recipient, or None. ``unasked`` would have had a say, and nobody asked them."""

    refusal: Verdict | None
    steps: tuple[Step, ...]
    unasked: tuple[Provider, ...] = ()


def by_lists(providers: ListProviders, answers: Answers, peer: str, recipient: Address) -> ByLists:
    """Those that nobody asked are passed over."""
    unasked: list[Provider] = []
    refusal, steps = dns_lists.verdict(providers, _known(providers, answers, unasked), peer, recipient)
    return ByLists(refusal, (*steps, *map(_not_asked, unasked)), tuple(unasked))


def _known(providers: ListProviders, answers: Answers, unasked: list[Provider]) -> Iterator[Listing]:
    for provider in providers.providers:
        found = answers(provider)
        if found is None:
            unasked.append(provider)
        else:
            yield found


def _not_asked(provider: Provider) -> Step:
    because = f"{provider.lookup_domain} {dns_lists.NOT_ASKED}"
    return Step(dns_lists.kind_of(provider), provider.id, provider.name, Answer.CANNOT_TELL, because)
