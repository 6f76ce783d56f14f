"""Which relay policies can never decide: what they grant, another grants as well, or their time is over. Pure.

Careful on purpose: where it can't be told for sure, a policy counts as needed.
"""

from __future__ import annotations

from collections.abc import Iterable
from datetime import datetime

from transport.config.objects import IdentityMatch, RelayPolicy
from transport.config.ranges import IpRange, parse_range
from transport.rules.networks import NetworkIndex
from transport.rules.patterns import parent_domains


class Coverage:
    """Answers for many policies of one document: each is compared only with those that might cover it."""

    def __init__(self, policies: Iterable[RelayPolicy], *, now: datetime) -> None:
        self._now = now
        self._wide = [one for one in policies if _may_cover(one)]
        self._anywhere = [place for place, one in enumerate(self._wide) if not one.networks]
        self._by_network = NetworkIndex(
            (network, place) for place, one in enumerate(self._wide) for network in one.networks
        )

    def idle_because(self, policy: RelayPolicy) -> str:
        """A sentence, or nothing where the policy may decide; it may be one of the document's itself."""
        if policy.is_expired(self._now):
            return f"Expired {policy.expires_at:%Y-%m-%d}: it grants nothing any more."
        if not policy.is_enabled:
            return ""
        for other in self._near(policy):
            if covers(other, policy, now=self._now) and not (
                covers(policy, other, now=self._now) and policy.id <= other.id
            ):
                return f"“{other.name}” grants all that it grants: it decides nothing by itself."
        return ""

    def _near(self, policy: RelayPolicy) -> list[RelayPolicy]:
        """Those without networks, and those of which one holds the policy's first: in the document's order."""
        places = set(self._anywhere)
        if policy.networks:
            places.update(self._by_network.find_all(policy.networks[0].partition("-")[0].partition("/")[0]))
        return [self._wide[place] for place in sorted(places)]


def idle_because(policy: RelayPolicy, others: Iterable[RelayPolicy], *, now: datetime) -> str:
    """The same for one. ``others`` may hold the policy itself."""
    return Coverage(others, now=now).idle_because(policy)


def covers(wide: RelayPolicy, narrow: RelayPolicy, *, now: datetime) -> bool:
    """Whether whatever ``narrow`` grants from ``now`` on ``wide`` grants for sure. What costs most is asked last."""
    return (
        wide.id != narrow.id
        and _may_cover(wide)
        and _lasts(wide, narrow, now)
        and (narrow.is_tls_required or not wide.is_tls_required)
        and _is_at_most(narrow.max_message_size, wide.max_message_size)
        and (not wide.time_windows or (wide.time_windows, wide.timezone) == (narrow.time_windows, narrow.timezone))
        and set(narrow.send_as_addresses) <= set(wide.send_as_addresses)
        and _within(narrow.sender_addresses, wide.sender_addresses)
        and _within(narrow.recipient_addresses, wide.recipient_addresses)
        and _names_whom(wide, narrow)
    )


def _may_cover(wide: RelayPolicy) -> bool:
    """Each policy counts for itself: one that has a limit of messages may say no where another would not."""
    return wide.is_enabled and wide.max_messages_per_hour is None and wide.max_messages_per_day is None


def _lasts(wide: RelayPolicy, narrow: RelayPolicy, now: datetime) -> bool:
    if wide.expires_at is None:
        return True
    return narrow.expires_at is not None and now < narrow.expires_at <= wide.expires_at


def _names_whom(wide: RelayPolicy, narrow: RelayPolicy) -> bool:
    if not (_is_conjunction(wide) and _is_conjunction(narrow)):
        return False
    return (
        _are_users_within(narrow.identities, wide.identities)
        and (not wide.client_certificates or _are_among(narrow.client_certificates, wide.client_certificates))
        and _are_networks_within(narrow.networks, wide.networks)
    )


def _is_conjunction(policy: RelayPolicy) -> bool:
    kinds = (policy.networks, policy.identities, policy.client_certificates)
    return policy.identity_match is IdentityMatch.ALL or sum(map(bool, kinds)) == 1


def _are_networks_within(narrow: tuple[str, ...], wide: tuple[str, ...]) -> bool:
    if not wide:
        return True
    ranges = [parse_range(network) for network in wide]
    return bool(narrow) and all(_is_inside(parse_range(network), ranges) for network in narrow)


def _is_inside(narrow: IpRange, ranges: Iterable[IpRange]) -> bool:
    return any(one.contains(narrow) for one in ranges)


def _are_users_within(narrow: tuple[str, ...], wide: tuple[str, ...]) -> bool:
    if not wide:
        return True
    return bool(narrow) and ("*" in wide or {name.lower() for name in narrow} <= {name.lower() for name in wide})


def _are_among(narrow: tuple[str, ...], wide: tuple[str, ...]) -> bool:
    return bool(narrow) and set(narrow) <= set(wide)


def _within(narrow: tuple[str, ...], wide: tuple[str, ...]) -> bool:
    """Whether each address that the patterns of ``narrow`` name is named by one of ``wide``; none names everything."""
    named = {pattern.lower() for pattern in wide}
    if not wide or "*" in named:
        return True
    return bool(narrow) and all(_is_named(pattern.lower(), named) for pattern in narrow)


def _is_named(pattern: str, named: set[str]) -> bool:
    if pattern in named:
        return True
    domain = pattern.rpartition("@")[2].removeprefix("*.")
    if "@" in pattern and domain in named:
        return True
    return any(f"*.{parent}" in named for parent in parent_domains(domain))


def _is_at_most(narrow: int | None, wide: int | None) -> bool:
    return wide is None or (narrow is not None and narrow <= wide)
