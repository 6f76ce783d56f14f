"""Who gets mail sent to this address, as a tree with the reason at each step: the rules that nodes run, asked anew."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field

from mailconsole.changes.recorded import Finds
from mailconsole.recipients.models import RecipientAddress
from mailconsole.recipients.services.search import hiding_addresses
from transport.config.document import MailFlow
from transport.model.address import NULL, Address, parse_mailbox
from transport.model.event import EventId
from transport.rules import routing
from transport.rules.admission import LookupUnavailable
from transport.rules.disclosure import discreet
from transport.rules.recipients import Change, Delivery, Refusal, Resolution, resolve
from transport.rules.restrictions import Sender
from transport.rules.ruleset import Ruleset, compile_ruleset

MAX_CHILDREN = 200
MAX_NODES = 2000
_WORDS = {
    EventId.RESOLVE: ("info", "Leads to"),
    EventId.REDIRECT: ("info", "Forwards"),
    EventId.EXPAND: ("info", "Group"),
}


@dataclass(slots=True)
class Step:
    """One address of the tree. `name` and `guid` are the directory's, where it has the address."""

    address: str
    tone: str = "idle"
    word: str = ""
    because: str = ""
    name: str = ""
    guid: str = ""
    children: list[Step] = field(default_factory=list)
    more: int = 0
    """Children beyond what is shown."""

    def walk(self) -> Iterator[Step]:
        yield self
        for child in self.children:
            yield from child.walk()


@dataclass(frozen=True, slots=True)
class WhoGets:
    """The tree, and how many addresses get the message; `unrouted_count` have no way to go, and it waits for them.
    `untold_count` members of groups that hide them are in none of these numbers. `waits_because` is why nobody can
    tell now."""

    root: Step
    delivered_count: int = 0
    refused_count: int = 0
    unrouted_count: int = 0
    untold_count: int = 0
    waits_because: str = ""
    problems: tuple[str, ...] = ()


def who_gets(
    address: str,
    *,
    sender: str = "",
    is_signed_in: bool = False,
    size_bytes: int = 0,
    shows_hidden: bool = True,
    document: MailFlow,
    revision: int,
    finds: Finds,
) -> WhoGets:
    """Resolve it as a node would; without ``shows_hidden`` groups that hide their members are asked nothing. Raises
    InvalidAddress."""
    asked = parse_mailbox(address.strip())
    ruleset = compile_ruleset(document, revision)
    who = Sender(parse_mailbox(sender.strip()) if sender.strip() else NULL, is_signed_in)
    try:
        lookup = _Lookup(finds if shows_hidden else discreet(finds, hiding_addresses))
        resolution = resolve(ruleset, asked, lookup, sender=who, size_bytes=size_bytes)
    except LookupUnavailable as error:
        return WhoGets(Step(str(asked), "warn", "Waits"), waits_because=str(error))
    root = _Tree(ruleset, resolution, size_bytes).grow(asked)
    _name(root)
    problems = tuple(dict.fromkeys(map(str, resolution.problems)))
    routes = [_route(ruleset, one, size_bytes) for one in resolution.deliveries]
    too_large = sum(one.is_too_large for one in routes)
    unrouted = sum(one.chosen is None for one in routes) - too_large
    delivered, refused = len(routes) - unrouted - too_large, len(resolution.refusals) + too_large
    return WhoGets(root, delivered, refused, unrouted, resolution.untold, problems=problems)


def _route(ruleset: Ruleset, delivery: Delivery, size_bytes: int) -> routing.Route:
    domain, home = delivery.address.domain, delivery.home_server
    return routing.route(ruleset, domain, size_bytes=size_bytes, home_server=home)


class _Lookup:
    def __init__(self, finds: Finds) -> None:
        self.find = finds


class _Tree:
    """Each address stands once with what follows from it; elsewhere it is only mentioned."""

    def __init__(self, ruleset: Ruleset, resolution: Resolution, size_bytes: int) -> None:
        self._ruleset = ruleset
        self._size_bytes = size_bytes
        self._changes: dict[str, list[Change]] = {}
        for change in resolution.changes:
            self._changes.setdefault(change.address.key, []).append(change)
        self._refused: dict[str, Refusal] = {one.address.key: one for one in resolution.refusals}
        self._delivered = {one.address.key: one for one in resolution.deliveries}
        self._withheld = {one.at.key: one.text for one in resolution.withheld}
        self._shown: set[str] = set()

    def grow(self, address: Address) -> Step:
        step = Step(str(address))
        ahead = [(step, address)]
        while ahead:  # breadth first, as the rules go: a member stands where it is reached first
            here, at = ahead.pop(0)
            ahead += self._fill(here, at)
        return step

    def _fill(self, step: Step, address: Address) -> list[tuple[Step, Address]]:
        if address.key in self._shown:
            step.word, step.because = "Again", "It stands elsewhere in this tree; everybody gets one copy."
            return []
        self._shown.add(address.key)
        changes = self._changes.get(address.key, [])
        refusal = self._refused.get(address.key)
        if refusal is not None and address.key not in self._delivered:  # else one way was closed, and another open
            step.tone, step.word = "bad", "Returned"
            step.because = f"{refusal.reply}: {refusal.because}"
        elif address.key in self._delivered:
            step.tone, step.word, step.because = self._delivery(self._delivered[address.key])
        elif address.key in self._withheld:
            step.word, step.because = "Not told", self._withheld[address.key]
        elif changes:
            step.tone, step.word = _WORDS.get(changes[0].event, ("info", changes[0].event.value.capitalize()))
            step.because = changes[0].because
        return self._children(step, changes)

    def _children(self, step: Step, changes: list[Change]) -> list[tuple[Step, Address]]:
        to = [to for change in changes for to in change.to]
        room = max(0, min(MAX_CHILDREN, MAX_NODES - len(self._shown)))
        made = [(Step(str(address)), address) for address in to[:room]]
        step.children, step.more = (
            [child for child, _ in made],
            len(to) - len(made) + sum(one.untold for one in changes),
        )
        return made

    def _delivery(self, delivery: Delivery) -> tuple[str, str, str]:
        domain, home = delivery.address.domain, delivery.home_server
        route = _route(self._ruleset, delivery, self._size_bytes)
        if route.is_too_large:
            return "bad", "Returned", "550 5.3.4: it is too large for every connector that covers the domain."
        if route.chosen is None:
            served = f"serves the home server {home} or " if home else ""
            return "warn", "Waits", f"No send connector {served}covers {domain}."
        only = ", ".join(routing.scope(self._ruleset, route))
        scope = f"Only {only} may use it: from other nodes it may go another way, which Explain tells." if only else ""
        because = (f"By the send connector {route.chosen.name}.", route.chosen.chosen_because, scope)
        return "good", "Delivered", " ".join(filter(None, because))


def _name(root: Step) -> None:
    """Names and pages of those that the directory knows."""
    steps: dict[str, list[Step]] = {}
    for step in root.walk():
        steps.setdefault(step.address.lower(), []).append(step)
    keys = list(steps)
    for start in range(0, len(keys), 500):
        rows = RecipientAddress.objects.filter(key__in=keys[start : start + 500], recipient__source__is_enabled=True)
        found: dict[str, dict[str, str]] = {}
        for key, name, guid in rows.values_list("key", "recipient__display_name", "recipient__object_guid"):
            found.setdefault(key, {})[str(guid)] = name
        for key, objects in found.items():
            if len(objects) == 1:  # an address that two objects claim is nobody's by name
                for step in steps[key]:
                    ((step.guid, step.name),) = objects.items()
