"""Who gets a message: aliases, forwarding, contacts and groups resolved to addresses to deliver to. Pure.

Each address is visited once, nearest first, so that every graph ends. A loop is harmless where somebody gets the mail
all the same, and broken where forwarding alone leads back to itself. LookupUnavailable passes through to the caller.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field

from transport.config.objects import DomainType
from transport.model.address import Address, InvalidAddress, parse_mailbox
from transport.model.event import EventId
from transport.model.reply import Reply
from transport.ports.recipients import EntryKind, RecipientEntry, RecipientLookup
from transport.rules import finding
from transport.rules.disclosure import HIDES, UNTOLD, Withheld
from transport.rules.finding import Found
from transport.rules.restrictions import Objection, Sender, objection
from transport.rules.ruleset import Ruleset

MAX_DEPTH = 20
MAX_VISITED = 100_000
USER_UNKNOWN = Reply(550, "5.1.1", "User unknown")
EXPANSION_PROBLEM = Reply(550, "5.2.4", "Mailing list expansion problem")  # RFC 3463 X.2.4
FORWARDING_LOOP = Reply(550, "5.4.6", "Forwarding goes in a circle")


@dataclass(frozen=True, slots=True)
class Change:
    """One step of resolution worth a tracking event: RESOLVE, REDIRECT or EXPAND of ``address`` to ``to``."""

    event: EventId
    address: Address
    to: tuple[Address, ...]
    because: str
    untold: int = 0
    """How many members there are that who asks must not know (``disclosure``)."""


@dataclass(frozen=True, slots=True)
class Delivery:
    """An address that gets the mail; ``owner`` is that of the innermost group on the way which has one;
    ``home_server`` where the directory says its mailbox is, if a send connector asks."""

    address: Address
    owner: Address | None = None
    home_server: str = ""


@dataclass(frozen=True, slots=True)
class Refusal:
    """An address on the way that does not get it: for the sender, and for the operator."""

    address: Address
    reply: Reply
    because: str


@dataclass(frozen=True, slots=True)
class Problem:
    """Something for the operator to mend, in the entry of the address ``at``."""

    at: Address
    text: str

    def __str__(self) -> str:
        return self.text


@dataclass(slots=True)
class Resolution:
    """``deliveries``, each address once; ``changes`` that led there; ``refusals`` that the sender is to be told;
    ``problems`` for the operator. ``withheld``: of these who asks must not know whether they get it; never so on a
    node, where one of deliveries and refusals is not empty."""

    deliveries: list[Delivery] = field(default_factory=list)
    changes: list[Change] = field(default_factory=list)
    refusals: list[Refusal] = field(default_factory=list)
    problems: list[Problem] = field(default_factory=list)
    withheld: list[Problem] = field(default_factory=list)

    @property
    def untold(self) -> int:
        """How many members of groups get it that who asks must not know."""
        return sum(change.untold for change in self.changes)


def resolve(
    ruleset: Ruleset,
    address: Address,
    lookup: RecipientLookup,
    *,
    sender: Sender,
    size_bytes: int,
    is_again: bool = False,
) -> Resolution:
    """Resolve one recipient. ``is_again``: the message was resolved to ``address`` before. It was admitted then, and
    whoever else gets the message was found: only where its own mail goes by now is asked. Raises LookupUnavailable
    when the directory is needed and cannot answer."""
    if address.domain and ruleset.accepted_domain(address.domain) is None:
        return Resolution([Delivery(address)])
    expansion = _Expansion(ruleset, lookup, sender, size_bytes)
    expansion.run(address, is_again=is_again)
    return expansion.result


def together(found: Iterable[Resolution]) -> Resolution:
    """Of several recipients, in all; an address to which several lead is there as often."""
    whole = Resolution()
    for one in found:
        whole.deliveries += one.deliveries
        whole.changes += one.changes
        whole.refusals += one.refusals
        whole.problems += one.problems
        whole.withheld += one.withheld
    return whole


@dataclass(frozen=True, slots=True)
class _Visit:
    address: Address
    depth: int
    owner: Address | None
    is_again: bool = False


def _group_of(count: int) -> str:
    return "Group of one member." if count == 1 else f"Group of {count:,} members."


class _Expansion:
    """``_leads`` holds, for each address that leads to one other alone, that other: circles in it are broken loops."""

    def __init__(self, ruleset: Ruleset, lookup: RecipientLookup, sender: Sender, size_bytes: int) -> None:
        self.result = Resolution()
        self._ruleset = ruleset
        self._lookup = lookup
        self._sender = sender
        self._size_bytes = size_bytes
        self._seen: set[str] = set()
        self._ahead: deque[_Visit] = deque()
        self._leads: dict[str, Address] = {}

    def run(self, address: Address, *, is_again: bool) -> None:
        self._ahead.append(_Visit(address, 0, None, is_again))
        while self._ahead:
            self._visit(self._ahead.popleft())
        if self._leads:
            self._refuse_circles()
        result = self.result
        if not (result.deliveries or result.refusals or result.withheld or result.untold):
            self._refuse(address, EXPANSION_PROBLEM, "; ".join(map(str, result.problems)) or "It leads to nobody.")

    def _visit(self, visit: _Visit) -> None:
        address = visit.address if visit.address.domain else finding.postmaster(self._ruleset)
        if address.key in self._seen:
            return
        self._seen.add(address.key)
        domain = self._ruleset.accepted_domain(address.domain)
        found = finding.find(self._ruleset, domain, address, self._lookup) if domain is not None else None
        if found is not None:
            self._follow(visit, address, found)
        elif domain is None or domain.domain_type is not DomainType.AUTHORITATIVE:
            self._deliver(visit, address)
        else:
            self._refuse(address, USER_UNKNOWN, f"Nobody has the address, and {domain.name} is authoritative.")

    def _follow(self, visit: _Visit, address: Address, found: Found) -> None:
        if found.entry is not None:
            self._enter(visit, address, found.entry, is_own=found.own is not None)
        elif found.leads_to is None or found.leads_to.key == address.key:
            self._deliver(visit, address)
        else:
            self._change(found.event, address, (found.leads_to,), found.because)
            self._lead(visit, address, found.leads_to)

    def _enter(self, visit: _Visit, address: Address, entry: RecipientEntry, *, is_own: bool) -> None:
        primary = self._primary(address, entry)
        if primary.key != address.key:
            self._change(EventId.RESOLVE, address, (primary,), "The primary address of the recipient.")
            own = self._ruleset.own_recipients
            if not is_own and own is not None and own.find(primary.key) is not None:
                self._lead(visit, address, primary)  # what is of our own goes before the directory
                return
            self._leads[address.key] = primary
            if primary.key in self._seen:
                return
            self._seen.add(primary.key)
        try:
            because = self._objection(visit, entry)
        except Withheld:
            self.result.withheld.append(Problem(primary, UNTOLD))
            return
        if because is not None:
            self._refuse(primary, because.reply, because.because)
        elif visit.is_again and (entry.kind is EntryKind.GROUP or entry.deliver_and_forward):
            self._deliver(visit, primary, entry)  # who else gets it was found before
        elif entry.kind is EntryKind.GROUP:
            self._expand(visit, primary, entry)
        elif entry.forward_to:
            self._forward(visit, primary, entry)
        else:
            self._deliver(visit, primary, entry)

    def _objection(self, visit: _Visit, entry: RecipientEntry) -> Objection | None:
        if visit.is_again:  # by now the sender may be another than who was admitted: a group's owner
            return None
        return objection(self._ruleset, entry, self._sender, size_bytes=self._size_bytes, lookup=self._lookup)

    def _expand(self, visit: _Visit, address: Address, entry: RecipientEntry) -> None:
        if entry.is_withheld:
            self._withhold(address, entry)
            return
        members = self._parsed(entry.members, address)
        self._change(EventId.EXPAND, address, members, _group_of(len(entry.members)))
        owner = visit.owner
        if entry.owner_address:
            owner = next(iter(self._parsed((entry.owner_address,), address)), owner)
        for member in members:
            self._go(visit, address, member, owner)

    def _withhold(self, address: Address, entry: RecipientEntry) -> None:
        because = f"{_group_of(len(entry.members))} {HIDES}"
        self.result.changes.append(Change(EventId.EXPAND, address, (), because, len(entry.members)))

    def _forward(self, visit: _Visit, address: Address, entry: RecipientEntry) -> None:
        targets = self._parsed((entry.forward_to,), address)
        keeps = "delivered and forwarded" if entry.deliver_and_forward or not targets else "forwarded"
        self._change(EventId.REDIRECT, address, targets, f"The recipient's mail is {keeps}.")
        if entry.deliver_and_forward or not targets:
            self._deliver(visit, address, entry)
            for target in targets:
                self._go(visit, address, target, visit.owner)
        else:
            self._lead(visit, address, targets[0])

    def _lead(self, visit: _Visit, address: Address, target: Address) -> None:
        self._leads[address.key] = target
        self._go(visit, address, target, visit.owner)

    def _go(self, visit: _Visit, address: Address, target: Address, owner: Address | None) -> None:
        if target.key in self._seen:
            return
        if visit.depth >= MAX_DEPTH:
            because = f"Groups or forwarding deeper than {MAX_DEPTH} levels, at {address}."
            self._refuse(target, EXPANSION_PROBLEM, because)
        elif len(self._seen) + len(self._ahead) >= MAX_VISITED:
            self._refuse(address, EXPANSION_PROBLEM, f"More than {MAX_VISITED:,} recipients.")
            self._ahead.clear()
        else:
            self._ahead.append(_Visit(target, visit.depth + 1, owner))

    def _deliver(self, visit: _Visit, address: Address, entry: RecipientEntry | None = None) -> None:
        home = self._home(address, entry) if entry is not None and self._ruleset.has_home_servers else ""
        self.result.deliveries.append(Delivery(address, visit.owner, home))

    def _home(self, address: Address, entry: RecipientEntry) -> str:
        """Where the mailbox is; of addresses that are not ours, the directory has no say where they lead."""
        domain = self._ruleset.accepted_domain(address.domain)
        is_ours = domain is not None and domain.domain_type is not DomainType.EXTERNAL_RELAY
        return entry.home_server if is_ours and entry.kind is EntryKind.MAILBOX else ""

    def _refuse(self, address: Address, reply: Reply, because: str) -> None:
        self.result.refusals.append(Refusal(address, reply, because))

    def _change(self, event: EventId, address: Address, to: tuple[Address, ...], because: str) -> None:
        self.result.changes.append(Change(event, address, to, because))

    def _refuse_circles(self) -> None:
        done: set[str] = set()
        for start in self._leads:
            path: list[str] = []
            key = start
            while key in self._leads and key not in done:
                done.add(key)
                path.append(key)
                key = self._leads[key].key
            if key in path:
                circle = path[path.index(key) :]
                because = f"{' -> '.join([*circle, key])}: nobody gets the mail."
                self._refuse(self._leads[circle[-1]], FORWARDING_LOOP, because)

    def _primary(self, address: Address, entry: RecipientEntry) -> Address:
        """Exchange rewrites to the primary address; ORCPT keeps what was asked."""
        primary = next(iter(self._parsed((entry.primary_address,), address)), address)
        return address if primary.key == address.key else primary

    def _parsed(self, texts: Sequence[str], at: Address) -> tuple[Address, ...]:
        addresses = []
        for text in texts:
            try:
                addresses.append(parse_mailbox(text))
            except InvalidAddress as error:
                self.result.problems.append(Problem(at, f"{text!r} is not an address: {error}"))
        return tuple(addresses)
