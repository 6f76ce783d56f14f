"""Which relay policies can never decide: what they grant, another grants as well, or their time is over. Pure.

Careful on purpose: where it can't be told for sure, a policy counts as needed.
"""

from __future__ import annotations

from collections.abc import Iterable
from datetime import datetime

from transport.config.objects import IdentityMatch, RelayPolicy
from transport.config.ranges import IpRange, parse_range
from transport.rules.patterns import parent_domains


def idle_because(policy: RelayPolicy, others: Iterable[RelayPolicy], *, now: datetime) -> str:
    """A sentence, or nothing where the policy may decide. ``others`` may hold the policy itself."""
    if policy.is_expired(now):
        return f"Expired {policy.expires_at:%Y-%m-%d}: it grants nothing any more."
    if not policy.is_enabled:
        return ""
    for other in others:
        if covers(other, policy, now=now) and not (covers(policy, other, now=now) and policy.id <= other.id):
            return f"“{other.name}” grants all that it grants: it decides nothing by itself."
    return ""


def covers(wide: RelayPolicy, narrow: RelayPolicy, *, now: datetime) -> bool:
    """Whether whatever ``narrow`` grants from ``now`` on ``wide`` grants for sure."""
    return (
        wide.id != narrow.id
        and wide.is_enabled
        and _lasts(wide, narrow, now)
        and _names_whom(wide, narrow)
        and _within(narrow.sender_addresses, wide.sender_addresses)
        and _within(narrow.recipient_addresses, wide.recipient_addresses)
        and set(narrow.send_as_addresses) <= set(wide.send_as_addresses)
        and (narrow.is_tls_required or not wide.is_tls_required)
        and _is_at_most(narrow.max_message_size, wide.max_message_size)
        and wide.max_messages_per_hour is None  # each policy counts for itself
        and wide.max_messages_per_day is None
        and (not wide.time_windows or (wide.time_windows, wide.timezone) == (narrow.time_windows, narrow.timezone))
    )


def _lasts(wide: RelayPolicy, narrow: RelayPolicy, now: datetime) -> bool:
    if wide.expires_at is None:
        return True
    return narrow.expires_at is not None and now < narrow.expires_at <= wide.expires_at


def _names_whom(wide: RelayPolicy, narrow: RelayPolicy) -> bool:
    if not (_is_conjunction(wide) and _is_conjunction(narrow)):
        return False
    return (
        _are_networks_within(narrow.networks, wide.networks)
        and _are_users_within(narrow.identities, wide.identities)
        and (not wide.client_certificates or _are_among(narrow.client_certificates, wide.client_certificates))
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
