"""What the objects of a change are together: many narrow ones open as much as a broad one. Pure.

Only what a change newly opens is added up, each address and network once.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass, field
from datetime import datetime

from transport.config.diff import Json, ObjectChange, as_json
from transport.config.document import LIST_KINDS
from transport.config.objects import MailFlowRule, RuleCondition
from transport.config.ranges import parse_range
from transport.config.rule_kinds import ConditionKind
from transport.config.rule_words import SHORT, action_words
from transport.config.validate_policies import BROAD_TOGETHER
from transport.rules.broad_conditions import Measure
from transport.rules.broad_domains import MANY_ADDRESSES
from transport.rules.broad_rules import taken

_OF_POLICIES = ("is_enabled", "identities", "client_certificates", "identity_match", "sender_addresses",
                "recipient_addresses", "send_as_addresses", "is_tls_required", "time_windows")  # fmt: skip
_OF_CONNECTORS = ("is_enabled", "bindings", "permission_groups")
_OF_ACCOUNTS = ("is_enabled", "username")
"""Fields that say what the networks or addresses of an object may do: where they differ, all of it is new."""
_OF_RULES = ("is_enabled", "mode", "conditions", "exceptions", "actions", "sender_address_location")


@dataclass(slots=True)
class _Sum:
    """What some of the changes, by their places, open of one sort."""

    values: set[str] = field(default_factory=set)
    places: list[int] = field(default_factory=list)

    def add(self, place: int, values: Iterable[str]) -> None:
        found = set(values)
        if found:
            self.values |= found
            self.places.append(place)


def broad_together(changes: Sequence[ObjectChange], measure: Measure) -> dict[int, str]:
    """Why those at these places are broad with others, as the rest of a sentence."""
    told: dict[int, str] = {}
    for sort in _SORTS:
        found = _Sum()
        for place, change in enumerate(changes):
            if change.after is not None:
                found.add(place, sort.opened(change.kind, change.before or {}, change.after))
        if len(found.places) > 1 and sort.is_much(found.values):
            told |= {place: sort.words.format(len(found.values)) for place in found.places if place not in told}
    for kind in LIST_KINDS:
        told |= _entries(kind, changes)
    return told | _rules(changes, measure)


def _entries(kind: str, changes: Sequence[ObjectChange]) -> dict[int, str]:
    found = _Sum()
    for place, change in enumerate(changes):
        if change.kind == kind and change.after is not None:
            is_new = change.before is None or _lasts_longer(change.before, change.after)
            found.add(place, (change.object_id,) if is_new else ())
    is_much = _are_many_networks(found.values)
    return dict.fromkeys(found.places, "is one of many networks that are broad together") if is_much else {}


@dataclass(frozen=True, slots=True)
class _Sort:
    """One sort of thing that objects open. ``opened``: what an object of a kind newly does, by before and after."""

    opened: Callable[[str, Json, Json], Iterable[str]]
    is_much: Callable[[set[str]], bool]
    words: str


def _are_many_networks(networks: Iterable[str]) -> bool:
    sizes = dict.fromkeys(BROAD_TOGETHER, 0)
    ends: dict[int, int] = {}
    for one in sorted(map(parse_range, networks), key=lambda one: (one.version, one.low)):
        sizes[one.version] += max(0, one.high - max(one.low - 1, ends.get(one.version, -1)))
        ends[one.version] = max(one.high, ends.get(one.version, -1))
    return any(sizes[version] >= most for version, most in BROAD_TOGETHER.items())


def _are_many(addresses: set[str]) -> bool:
    return len(addresses) >= MANY_ADDRESSES


def _list_of(kind: str, name: str, meaning: tuple[str, ...]) -> Callable[[str, Json, Json], Iterable[str]]:
    """What is new in a list of an object that has an effect."""

    def opened(of: str, before: Json, after: Json) -> Iterable[str]:
        if of != kind or not after["is_enabled"]:
            return ()
        is_same = not _differ(meaning, before, after) and not _lasts_longer(before, after)
        return [one for one in after[name] if not is_same or one not in before.get(name, ())]

    return opened


def _differ(names: tuple[str, ...], before: Json, after: Json) -> bool:
    return any(before.get(name) != after[name] for name in names)


def _lasts_longer(before: Json, after: Json) -> bool:
    old, new = before.get("expires_at"), after.get("expires_at")
    if old is None or old == new:
        return False
    return new is None or datetime.fromisoformat(new) > datetime.fromisoformat(old)


def _served(of: str, before: Json, after: Json) -> Iterable[str]:
    is_open = of == "receive_connectors" and "AnonymousUsers" in after["permission_groups"]
    return _list_of(of, "remote_ip_ranges", _OF_CONNECTORS)(of, before, after) if is_open else ()


def _forwarded(of: str, before: Json, after: Json) -> Iterable[str]:
    target = after.get("forwarding_address") if of == "recipients" else None
    return [after["address"], *after["aliases"]] if target and target != before.get("forwarding_address") else ()


def _rewritten(of: str, before: Json, after: Json) -> Iterable[str]:
    if of != "address_rewriting" or not after["is_enabled"]:
        return ()
    names = ("is_enabled", "internal_address", "external_address", "is_outbound_only")
    return [after["internal_address"]] if _differ(names, before, after) else ()


_SORTS = (
    _Sort(_list_of("relay_policies", "networks", _OF_POLICIES), _are_many_networks,
          "admits, with other policies of the change, networks that are broad together"),
    _Sort(_list_of("relay_policies", "send_as_addresses", _OF_POLICIES), _are_many,
          "lets, with other policies of the change, users send as {} others"),
    _Sort(_list_of("receive_connectors", "proxy_networks", _OF_CONNECTORS), _are_many_networks,
          "believes, with other connectors of the change, networks that are broad together"),
    _Sort(_served, _are_many_networks,
          "serves, without signing in, with other connectors of the change, networks that are broad together"),
    _Sort(_list_of("service_accounts", "addresses", _OF_ACCOUNTS), _are_many,
          "may, with other accounts of the change, send as {} addresses"),
    _Sort(_forwarded, _are_many, "goes with the forwarding of {} addresses"),
    _Sort(_rewritten, _are_many, "goes with the rewriting of {} addresses"),
)  # fmt: skip


def _rules(changes: Sequence[ObjectChange], measure: Measure) -> dict[int, str]:
    """Rules that differ in what they look for alone: together they take what each of them takes a part of."""
    alike: dict[tuple[str, str], _Sum] = {}
    for place, rule in _taking(changes):
        narrow = [one for one in rule.conditions if not measure.fits_much(one)]
        if len(narrow) == 1 and narrow[0].values:
            key = narrow[0].kind.value, narrow[0].header.lower()
            alike.setdefault(key, _Sum()).add(place, narrow[0].values)
    told: dict[int, str] = {}
    for (kind, header), found in alike.items():
        # More values than one condition may have.
        whole = RuleCondition.model_construct(
            kind=ConditionKind(kind), header=header, values=tuple(sorted(found.values))
        )
        if len(found.places) > 1 and measure.fits_much(whole):
            told |= {place: _taken_words(changes[place]) for place in found.places}
    return told


def _taking(changes: Sequence[ObjectChange]) -> Iterator[tuple[int, MailFlowRule]]:
    for place, change in enumerate(changes):
        if change.kind != "mail_flow_rules" or change.after is None:
            continue
        before = change.before or {}
        if not _differ(_OF_RULES, before, change.after) and not _lasts_longer(before, change.after):
            continue
        rule = MailFlowRule.model_validate(change.after)
        if taken(rule) is not None:
            yield place, rule


def _taken_words(change: ObjectChange) -> str:
    action = taken(MailFlowRule.model_validate(change.after))
    assert action is not None  # it was counted for it
    words = action_words(as_json(action), most=SHORT)
    return f"will {words}, and with other rules of the change that is for a great part of mail"
