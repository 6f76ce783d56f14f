"""Rules across address rewrite entries: each address is rewritten once, and mail to what the outside sees comes back.

Exchange does not check that (exchange.md 5); two people who share an external address read each other's mail.
"""

from __future__ import annotations

from collections.abc import Iterator
from datetime import datetime

from transport.config.document import MailFlow
from transport.config.objects import AddressRewriteEntry
from transport.config.problem import Problem, Severity

KIND = "address_rewriting"


def _enabled(document: MailFlow) -> list[AddressRewriteEntry]:
    return [entry for entry in document.address_rewriting if entry.is_enabled]


def _sides_are_unique(document: MailFlow, now: datetime) -> Iterator[Problem]:
    internal: dict[str, AddressRewriteEntry] = {}
    external: dict[str, AddressRewriteEntry] = {}
    for entry in _enabled(document):
        other = internal.setdefault(entry.internal_address.lower(), entry)
        if other is not entry:
            sentence = f"{other.name} rewrites {entry.internal_address} too: only one can."
            yield Problem(KIND, entry.id, "internal_address", sentence)
        other = entry if entry.is_outbound_only else external.setdefault(entry.external_address.lower(), entry)
        if other is not entry:
            sentence = (
                f"{other.name} brings mail for {entry.external_address} back too: only one can; see outbound only."
            )
            yield Problem(KIND, entry.id, "external_address", sentence)


def _nothing_is_rewritten_twice(document: MailFlow, now: datetime) -> Iterator[Problem]:
    entries = _enabled(document)
    by_side: dict[str, list[int]] = {}
    for place, entry in enumerate(entries):
        by_side.setdefault(entry.internal_address.lower(), []).append(place)
    for place, entry in enumerate(entries):
        # An entry for *.contoso.com to contoso.com covers what it makes, and makes the same of it again.
        near = sorted(at for side in _sides_over(entry.external_address) for at in by_side.get(side, ()) if at != place)
        again = next((entries[at] for at in near if _covers(entries[at], entry.external_address)), None)
        if again is not None:
            sentence = f"{entry.external_address} is itself rewritten, by {again.name}: say the last address here."
            yield Problem(KIND, entry.id, "external_address", sentence)


def _sides_over(address: str) -> Iterator[str]:
    """Internal sides that might hold the address or the domain: few of thousands of entries have to be asked."""
    domain = address.lower().rpartition("@")[2]
    yield address.lower()
    if domain != address.lower():
        yield domain
    labels = domain.split(".")
    yield from (f"*.{'.'.join(labels[at:])}" for at in range(len(labels)))


def _covers(entry: AddressRewriteEntry, address: str) -> bool:
    """Whether the entry's internal side holds the address or the domain."""
    internal, address = entry.internal_address.lower(), address.lower()
    domain = address.rpartition("@")[2]
    if "@" in internal:
        return internal == address
    if internal.startswith("*."):
        return _is_below(domain, internal) and not any(_is_below(domain, one.lower()) for one in entry.exceptions)
    return internal == domain


def _is_below(domain: str, pattern: str) -> bool:
    name = pattern.removeprefix("*.")
    return domain == name or (pattern.startswith("*.") and domain.endswith(f".{name}"))


def _what_comes_back_is_accepted(document: MailFlow, now: datetime) -> Iterator[Problem]:
    domains = {item.domain for item in document.accepted_domains}
    trees = tuple(f".{item.domain}" for item in document.accepted_domains if item.match_subdomains)
    for entry in _enabled(document):
        domain = entry.external_address.rpartition("@")[2].lower()
        if not entry.is_outbound_only and domain not in domains and not domain.endswith(trees):
            sentence = f"{domain} is not an accepted domain: mail to {entry.external_address} does not come in here."
            yield Problem(KIND, entry.id, "external_address", sentence, Severity.WARNING)


RULES = (_sides_are_unique, _nothing_is_rewritten_twice, _what_comes_back_is_accepted)
