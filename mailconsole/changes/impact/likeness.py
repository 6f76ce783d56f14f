"""Which recorded attempts must be answered alike, so that each distinct question is decided once. Pure.

A key holds all that either configuration can look at. What it leaves out has no say; where that can't be known
beforehand, as of a recipient whose entry restricts senders, the lookup tells (``Watched``) and the whole key is used.
"""

from __future__ import annotations

from bisect import bisect_left
from collections.abc import Hashable, Iterable, Iterator
from dataclasses import dataclass
from enum import Enum

from mailconsole.changes import recorded
from transport.config.document import MailFlow
from transport.config.objects import ReceiveConnector, SenderOwnership
from transport.model.address import Address, is_domain
from transport.model.session import SessionFacts
from transport.rules.admission import DecisionInput, EntryKind, LookupUnavailable, RecipientEntry
from transport.rules.networks import NetworkIndex
from transport.rules.patterns import AddressPatterns
from transport.rules.ruleset import Ruleset

Key = tuple[Hashable, ...]
MOST_PATTERNS = 16
"""Of more, the whole address is the key."""


class Inside(Enum):
    """In how many of the two configurations a recipient is of an accepted domain."""

    BOTH = 2
    ONE = 1
    NEITHER = 0


class Watched:
    """The directory as the rules ask it, each address once; ``is_picky`` once an entry looks at sender or size. Where
    the directory can't tell, a recipient is unknown that ``was_unknown``."""

    def __init__(self, finds: recorded.Finds) -> None:
        self._finds = finds
        self._known: dict[str, RecipientEntry | LookupUnavailable | None] = {}
        self.is_picky = False
        self.was_unknown = False

    def find(self, address: str) -> RecipientEntry | None:
        if address not in self._known:
            self._known[address] = self._ask(address)
        found = self._known[address]
        if isinstance(found, LookupUnavailable):
            return None if self.was_unknown else RecipientEntry(address, EntryKind.MAILBOX, address)
        if found is not None and (found.restrictions is not None or found.max_receive_bytes):
            self.is_picky = True
        return found

    def _ask(self, address: str) -> RecipientEntry | LookupUnavailable | None:
        try:
            return self._finds(address)
        except LookupUnavailable as problem:
            return problem


@dataclass(frozen=True, slots=True)
class _Class:
    """Clients that are in the same networks of both configurations; ``senders`` and ``recipients`` are what relay
    policies that may be theirs say of these, None where it is too much to compare each."""

    number: int
    senders: tuple[AddressPatterns, ...] | None
    recipients: tuple[AddressPatterns, ...] | None
    has_windows: bool


class Likeness:
    """Makes keys of questions for two configurations."""

    def __init__(self, rulesets: tuple[Ruleset, Ruleset], *, now: float) -> None:
        self._rulesets = rulesets
        self._now = now
        documents = [one.document for one in rulesets]
        self._networks = NetworkIndex(_numbered(documents))
        self._sizes = sorted({size for document in documents for size in _sizes(document)})
        connectors = [one for document in documents for one in document.receive_connectors]
        self._asks_helo = any(one.is_ehlo_domain_required for one in connectors)
        self._asks_owner = any(one.sender_ownership is not SenderOwnership.NONE for one in connectors)
        self._asks_strangers = not all(one.is_authoritative_domain_sender_accepted for one in connectors)
        self._asks_domain = any(_refuses_domains(one) for one in connectors)
        self._asks_sending = any(one.has_sending_limits for document in documents for one in document.recipients)
        self._is_picky = any(_has_picky_recipients(document) for document in documents)
        self._helos: dict[str, bool] = {}
        self._peers: dict[str, _Class] = {}
        self._classes: dict[tuple[int, ...], _Class] = {}
        self._matches: dict[tuple[int, Address], tuple[bool, ...]] = {}
        self._insides: dict[str, Inside] = {}

    def when(self, question: DecisionInput, at: float) -> float:
        """The moment to decide at: this one, or that of the attempt where a policy looks at the time of day."""
        return at if self._class_of(question.facts).has_windows else self._now

    def inside(self, recipient: Address) -> Inside:
        """In which of the two configurations the recipient is of an accepted domain."""
        known = self._insides.get(recipient.domain)
        if known is None:
            domain = recipient.domain
            found = [not domain or one.accepted_domain(domain) is not None for one in self._rulesets]
            known = Inside.BOTH if all(found) else Inside.ONE if any(found) else Inside.NEITHER
            self._insides[recipient.domain] = known
        return known

    def front_key(self, question: DecisionInput, at: float) -> Key:
        """All that has a say before the recipient is given. Raises ValueError where the peer is no address."""
        facts = question.facts
        peers = self._class_of(facts)
        return (
            peers.number,
            facts.binding,
            facts.identity,
            facts.tls and (facts.tls.client_fingerprint, facts.tls.client_subject),
            not self._asks_helo or self._has_domain(facts.helo),
            question.sender.key if self._asks_sender(facts) else "",
            bisect_left(self._sizes, question.size_bytes),
            at // 60 if peers.has_windows else 0,
        )

    def _asks_sender(self, facts: SessionFacts) -> bool:
        return (self._asks_owner or self._asks_sending) if facts.identity else self._asks_strangers

    def own_key(self, question: DecisionInput, recipient: Address, *, was_unknown: bool) -> Key:
        """Of a recipient of ours, once the client was let in: who the client is has no say, but for limits of what who
        signed in sends."""
        sender = question.sender.key if self._is_picky else ""
        size = question.size_bytes if self._is_picky else bisect_left(self._sizes, question.size_bytes)
        who = (question.facts.identity, question.sender.key) if self._asks_sending else bool(question.facts.identity)
        return recipient.key, who, was_unknown, sender, size

    def outside_key(self, front: Key, question: DecisionInput, recipient: Address) -> Key:
        """Of a recipient elsewhere: what the relay policies look at."""
        peers = self._class_of(question.facts)
        sender = self._matched(0, peers.senders, question.sender, peers)
        wanted = self._matched(1, peers.recipients, recipient, peers)
        return front, sender, wanted, self._asks_domain and recipient.domain

    def route_key(self, question: DecisionInput, recipient: Address) -> Key:
        """Which way mail for somebody elsewhere goes."""
        return recipient.domain, bisect_left(self._sizes, question.size_bytes)

    def whole_key(self, front: Key, question: DecisionInput, recipient: Address, *, was_unknown: bool) -> Key:
        """Everything: where the configurations differ in whose recipient it is."""
        return front, question.sender.key, recipient.key, question.size_bytes, was_unknown

    def _class_of(self, facts: SessionFacts) -> _Class:
        known = self._peers.get(facts.peer)
        if known is None:
            known = self._peers[facts.peer] = self._classified(facts)
        return known

    def _classified(self, facts: SessionFacts) -> _Class:
        networks = tuple(sorted(self._networks.find_all(facts.peer)))
        known = self._classes.get(networks)
        if known is None:
            policies = [policy for one in self._rulesets for policy in one.policies_for(facts.peer)]
            known = self._classes[networks] = _Class(
                len(self._classes),
                _patterns(one.senders for one in policies),
                _patterns(one.recipients for one in policies),
                any(one.has_windows for one in policies),
            )
        return known

    def _matched(
        self, which: int, patterns: tuple[AddressPatterns, ...] | None, address: Address, peers: _Class
    ) -> Hashable:
        """What each of the patterns says of the address."""
        if not patterns:
            return address.key if patterns is None else None
        key = (peers.number << 1 | which, address)
        known = self._matches.get(key)
        if known is None:
            known = self._matches[key] = tuple(one.match(address) for one in patterns)
        return known

    def _has_domain(self, helo: str) -> bool:
        known = self._helos.get(helo)
        if known is None:
            known = self._helos[helo] = not helo or is_domain(helo)
        return known


def _patterns(found: Iterable[AddressPatterns | None]) -> tuple[AddressPatterns, ...] | None:
    """Each once; none where none names any."""
    distinct = {one.patterns: one for one in found if one is not None}
    return tuple(distinct.values()) if len(distinct) <= MOST_PATTERNS else None


def _refuses_domains(connector: ReceiveConnector) -> bool:
    return (
        connector.is_single_label_recipient_domain_rejected
        or connector.is_reserved_top_level_recipient_domain_rejected
        or connector.is_reserved_second_level_recipient_domain_rejected
    )


def _numbered(documents: Iterable[MailFlow]) -> Iterator[tuple[str, int]]:
    """Each network that any of them names, once."""
    seen: dict[str, int] = {}
    for document in documents:
        for network in _named(document):
            if network not in seen:
                seen[network] = len(seen)
                yield network, seen[network]


def _named(document: MailFlow) -> Iterator[str]:
    yield from document.organization.internal_smtp_servers
    for connector in document.receive_connectors:
        yield from connector.remote_ip_ranges
        yield from connector.proxy_networks
    for policy in document.relay_policies:
        yield from policy.networks
    for entry in (*document.ip_allow_list, *document.ip_block_list):
        yield entry.network


def _sizes(document: MailFlow) -> Iterator[int]:
    """The limits at which an answer may turn."""
    organization = document.organization
    yield from (size for size in (organization.max_send_size, organization.max_receive_size) if size is not None)
    yield from (one.max_send_size for one in document.recipients if one.max_send_size)
    yield from (one.max_message_size for one in document.receive_connectors)
    yield from (one.max_message_size for one in document.relay_policies if one.max_message_size)
    yield from (one.max_message_size for one in document.send_connectors if one.max_message_size)


def _has_picky_recipients(document: MailFlow) -> bool:
    """Whether one of our own recipients looks at senders or sizes."""
    return any(
        one.is_sender_authentication_required
        or one.accept_messages_only_from
        or one.reject_messages_from
        or one.max_receive_size
        for one in (*document.recipients, *document.distribution_groups)
    )
